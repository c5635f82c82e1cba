//! The files of a damaged directory, by the names they have. Repair takes every file whose name is
//! one of the format's, under whichever of its names; opening looks for canonical names only.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::directory::Listing;
use crate::env::Env;
use crate::error::{Error, IoOperation, Result};
use crate::file_name::{FileKind, LARGEST_NUMBER};

/// The folder inside the directory that takes what could not be used whole.
pub(super) fn lost(directory: &Path) -> PathBuf {
    directory.join("lost")
}

/// The numbered files, each with its path, by number.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) tables: Vec<(u64, PathBuf)>,
    pub(super) logs: Vec<(u64, PathBuf)>,
    pub(super) manifests: Vec<(u64, PathBuf)>,
    pub(super) temporaries: Vec<(u64, PathBuf)>,
    /// Tables whose number another file of the directory has too, which is the one that is read.
    pub(super) doubles: Vec<PathBuf>,
    has_current: bool,
    /// The largest number in the directory and in `lost/`.
    last_number: u64,
}

impl Files {
    /// Lists the directory. One without any data is not a database.
    pub(super) fn read(env: &dyn Env, directory: &Path) -> Result<Self> {
        let nothing = || Error::DoesNotExist { path: directory.to_path_buf() };
        let names = match env.list(directory) {
            Ok(names) => names,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(nothing()),
            Err(error) => return Err(Error::io(IoOperation::List, directory)(error)),
        };
        let mut files = Self::default();
        for name in &names {
            files.add(directory.join(name));
        }
        let data = [&files.tables, &files.logs, &files.manifests];
        if !files.has_current && data.iter().all(|files| files.is_empty()) {
            return Err(nothing());
        }
        files.order();
        // Numbers are not given twice, so that nothing in `lost/` is taken for something else.
        for name in env.list(&lost(directory)).unwrap_or_default() {
            let number = FileKind::of(&name).number().filter(|&number| number <= LARGEST_NUMBER);
            files.last_number = files.last_number.max(number.unwrap_or(0));
        }
        Ok(files)
    }

    fn add(&mut self, path: PathBuf) {
        let kind = FileKind::of(&path);
        if kind.number().is_some_and(|number| number > LARGEST_NUMBER) {
            return;
        }
        self.last_number = self.last_number.max(kind.number().unwrap_or(0));
        match kind {
            FileKind::Table(number) => self.tables.push((number, path)),
            FileKind::Log(number) => self.logs.push((number, path)),
            FileKind::Manifest(number) => self.manifests.push((number, path)),
            FileKind::Temporary(number) => self.temporaries.push((number, path)),
            FileKind::Current => self.has_current = true,
            _ => {}
        }
    }

    fn order(&mut self) {
        for files in [&mut self.tables, &mut self.logs, &mut self.manifests] {
            files.sort();
        }
        // `.ldb` sorts before `.sst`, and is what opening prefers.
        let mut last = None;
        let doubles =
            self.tables.extract_if(.., |(number, _)| last.replace(*number) == Some(*number));
        self.doubles = doubles.map(|(_, path)| path).collect();
    }

    /// Whether there is a file `CURRENT`.
    pub(super) fn has_current(&self) -> bool {
        self.has_current
    }

    /// A number above all that are taken.
    pub(super) fn next_number(&self) -> u64 {
        self.last_number + 1
    }

    /// The same as opening lists it.
    pub(super) fn listing(&self) -> Listing {
        let numbers = |files: &[(u64, PathBuf)]| files.iter().map(|(number, _)| *number).collect();
        Listing {
            logs: numbers(&self.logs),
            tables: numbers(&self.tables),
            manifests: numbers(&self.manifests),
            temporaries: numbers(&self.temporaries),
        }
    }
}
