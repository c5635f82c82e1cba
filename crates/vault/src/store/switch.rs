//! Replacing all data at once.
//!
//! The data is in a directory that the header names. Another one is made beside it, whole and
//! synced, and writing the header is the moment at which it takes over: whatever ends the process,
//! a restart finds all of the old or all of the new. What the header does not name is removed: now,
//! when the last of its readers is done, or when the store is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use sigil_leveldb::env::Env;
use sigil_leveldb::{Compression, Db, Options as EngineOptions};

use super::Inner;
use super::found_before::FoundBefore;
use super::header_state::NotWritten;
use super::ids::LostIds;
use super::opened::Opened;
use super::plan::Tail;
use super::write::Writer;
use crate::error::Result;
use crate::header::Secrets;
use crate::header::slots;
use crate::names::NameKey;
use crate::opened_cache::OpenedCache;
use crate::options::Options;
use crate::record::Counters;
use crate::seal::{Sealer, StoreId};

const PREFIX: &str = "data-";

/// Of so many bytes of decrypted messages in memory it is kept where one more is.
const FOUND_SHARE: usize = 64;

/// How long a switch waits for readers of the old data before it leaves it to the background.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn data_directory(root: &Path, number: u64) -> PathBuf {
    root.join(format!("{PREFIX}{number}"))
}

pub(super) fn is_data_directory(name: &str) -> bool {
    let number = name.strip_prefix(PREFIX);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

pub(super) fn open_data(
    root: &Path,
    store: StoreId,
    secrets: &Secrets,
    options: &Options,
    create: bool,
) -> Result<Opened> {
    let directory = data_directory(root, secrets.directory);
    let engine = EngineOptions {
        create_if_missing: create,
        // Nothing is left to compress in what is encrypted.
        compression: Compression::None,
        erase_within: options.erase_within,
        write_buffer_size: options.write_buffer_size,
        block_cache_size: options.block_cache_size,
        env: Arc::clone(&options.env),
        ..EngineOptions::default()
    };
    Ok(Opened {
        db: Db::open(&directory, engine)?,
        directory,
        names: NameKey::new(&secrets.names)?,
        sealer: ArcSwap::from_pointee(Sealer::new(store, &secrets.records)?),
        cache: OpenedCache::new(options.opened_cache_size),
        found_before: FoundBefore::new(options.opened_cache_size / FOUND_SHARE),
        lost_ids: LostIds::default(),
    })
}

/// Removes a directory of data that no header names, as far as that is possible.
pub(super) fn remove_data(env: &dyn Env, directory: &Path) {
    for name in env.list(directory).unwrap_or_default() {
        let _ = env.remove(&directory.join(name));
    }
    let _ = env.remove_dir(directory);
}

impl Inner {
    /// Replaces the data by what `fill` writes into a new directory. Nobody writes meanwhile, and
    /// `writer` is what knows the new data afterwards.
    pub(super) fn replace_data(
        &self,
        writer: &mut Writer,
        secrets: Secrets,
        fill: impl FnOnce(&Opened) -> Result<(Counters, Option<Tail>)>,
    ) -> Result<()> {
        self.mend_header()?;
        let store = self.with_header(|state| state.header.store)?;
        let directory = data_directory(&self.root, secrets.directory);
        let env = &*self.options.env;
        remove_data(env, &directory);
        let filled = open_data(&self.root, store, &secrets, &self.options, true)
            .and_then(|opened| fill(&opened).map(|known| (opened, known)));
        let (fresh, (counters, tail)) = match filled {
            Ok(filled) => filled,
            Err(error) => {
                remove_data(env, &directory);
                return Err(error);
            }
        };
        match self.write_secrets(|_| Ok(secrets)) {
            Ok(()) => {}
            Err(NotWritten::Unchanged(error)) => {
                let _ = fresh.db.close();
                remove_data(env, &directory);
                return Err(error);
            }
            Err(NotWritten::Unknown(error)) => {
                // A restart finds either; what is written until then might not be in it.
                writer.refuse(error.clone());
                return Err(error);
            }
        }
        *writer = Writer::new(counters, tail);
        self.metrics.lock().counters = counters;
        if let Some(old) = self.opened.swap(Some(Arc::new(fresh))) {
            self.retire(old);
        }
        Ok(())
    }

    /// Removes the old data, once nobody reads it.
    fn retire(&self, old: Arc<Opened>) {
        let begun = Instant::now();
        self.retired.lock().push(old);
        while self.remove_retired() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.signal.look();
    }

    /// Removes data that was replaced and that nobody reads any more; whether there is other.
    pub(super) fn remove_retired(&self) -> bool {
        let mut retired = self.retired.lock();
        retired.retain(|old| {
            let is_read = Arc::strong_count(old) > 1;
            if !is_read {
                let _ = old.db.close();
                remove_data(&*self.options.env, &old.directory);
            }
            is_read
        });
        !retired.is_empty()
    }

    /// What is there and the header does not name.
    pub(super) fn leftovers(&self) -> Result<Vec<PathBuf>> {
        let directory = self.with_header(|state| state.header.secrets.directory)?;
        let directory = data_directory(&self.root, directory);
        let is_left = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(is_data_directory) && *path != directory
        };
        let names = self.options.env.list(&self.root).unwrap_or_default().into_iter();
        Ok(names.map(|name| self.root.join(name)).filter(is_left).collect())
    }

    /// Removes what switches that were interrupted have left. To be called when both files of the
    /// header are whole.
    pub(super) fn remove_leftovers(&self) -> Result<()> {
        let env = &*self.options.env;
        for name in slots::FILES {
            let _ = env.remove(&slots::fresh(&self.root, name));
        }
        let left = self.leftovers()?;
        // IMPORTANT: whoever left them may not have come to make the names of the header durable.
        if !left.is_empty() && slots::sync_names(env, &self.root).is_ok() {
            left.iter().for_each(|directory| remove_data(env, directory));
        }
        Ok(())
    }
}
