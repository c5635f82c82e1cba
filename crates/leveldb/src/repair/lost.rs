//! The folder `lost/`, which takes what could not be used whole.
//!
//! A file gets its second name there *before* the repaired database is put in force, and loses the
//! first one after. So at no moment does an interruption leave it to be removed by the next opening,
//! or leave the next repair without it. Nothing in the folder is ever overwritten.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::files;
use super::workshop::Workshop;
use crate::directory::copy;
use crate::env::Env;
use crate::error::{Error, IoOperation, Result};
use crate::file_name;

const PIECE: usize = 64 * 1024;

/// Gives every file of `paths` a durable second name in `lost/`, and says which.
pub(super) fn keep(workshop: &mut Workshop, paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let folder = files::lost(&workshop.directory);
    let env = std::sync::Arc::clone(&workshop.env);
    env.create_dir_all(&folder).map_err(Error::io(IoOperation::CreateDir, &folder))?;
    let mut kept = Vec::new();
    for path in paths {
        kept.push(keep_one(workshop, &*env, path, &folder)?);
    }
    env.sync_dir(&folder).map_err(Error::io(IoOperation::SyncDir, &folder))?;
    Ok(kept)
}

fn keep_one(workshop: &mut Workshop, env: &dyn Env, path: &Path, folder: &Path) -> Result<PathBuf> {
    for attempt in 0u32.. {
        let target = folder.join(name(path, attempt));
        if env.size(&target).is_ok() {
            // From an earlier repair; from one that was interrupted it may be this very file.
            if is_same(env, path, &target)? {
                return Ok(target);
            }
            continue;
        }
        workshop.will_make(&target);
        if env.hard_link(path, &target).is_err() {
            // Under another name first: what is in the folder is whole.
            let temporary = file_name::temporary(folder, workshop.take_number());
            workshop.will_make(&temporary);
            copy(env, path, &temporary)?;
            let renamed = env.rename(&temporary, &target);
            renamed.map_err(Error::io(IoOperation::Rename, &target))?;
        }
        return Ok(target);
    }
    Err(Error::io(IoOperation::Link, folder)(ErrorKind::AlreadyExists.into()))
}

/// The file's name, with a number behind it where it is not the first of that name.
fn name(path: &Path, attempt: u32) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    if attempt > 0 {
        name.push(format!(".{attempt}"));
    }
    name.into()
}

fn is_same(env: &dyn Env, a: &Path, b: &Path) -> Result<bool> {
    let open = |path: &Path| env.open(path).map_err(Error::io(IoOperation::Open, path));
    let (a_file, b_file) = (open(a)?, open(b)?);
    let (mut a_bytes, mut b_bytes) = (vec![0; PIECE], vec![0; PIECE]);
    let mut offset = 0;
    loop {
        let a_read =
            a_file.read_at(offset, &mut a_bytes).map_err(Error::io(IoOperation::Read, a))?;
        let b_read =
            b_file.read_at(offset, &mut b_bytes).map_err(Error::io(IoOperation::Read, b))?;
        if a_read != b_read || a_bytes.get(..a_read) != b_bytes.get(..b_read) {
            return Ok(false);
        }
        if a_read < PIECE {
            return Ok(true);
        }
        offset += a_read as u64;
    }
}
