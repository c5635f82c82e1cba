//! The numbered files of a database: logs, tables, manifests and temporary ones, by number.

use std::collections::BTreeSet;
use std::path::Path;

use crate::env::Env;
use crate::error::{Error, IoOperation, Result};
use crate::file_name::FileKind;

/// The numbered files of a directory.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) logs: BTreeSet<u64>,
    pub(crate) tables: BTreeSet<u64>,
    pub(crate) manifests: BTreeSet<u64>,
    pub(crate) temporaries: BTreeSet<u64>,
}

impl Listing {
    pub(crate) fn read(env: &dyn Env, directory: &Path) -> Result<Self> {
        let paths = env.list(directory).map_err(Error::io(IoOperation::List, directory))?;
        let mut listing = Self::default();
        for path in paths {
            match FileKind::of(&path) {
                FileKind::Log(number) => listing.logs.insert(number),
                FileKind::Table(number) => listing.tables.insert(number),
                FileKind::Manifest(number) => listing.manifests.insert(number),
                FileKind::Temporary(number) => listing.temporaries.insert(number),
                _ => false,
            };
        }
        Ok(listing)
    }

    /// A number above all that are taken.
    pub(crate) fn next_number(&self) -> u64 {
        let kinds = [&self.logs, &self.tables, &self.manifests, &self.temporaries];
        kinds.iter().filter_map(|numbers| numbers.last()).max().map_or(1, |last| last + 1)
    }
}
