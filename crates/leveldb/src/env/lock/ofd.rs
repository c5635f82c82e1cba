//! Locks that belong to an open file, as Linux has them.
//!
//! The system names the process that holds a record lock, but not the one that holds a lock of an
//! open file. So we write our process id into the lock file. That text is a hint for humans: one
//! that died leaves it behind, and in containers the same number means different processes. It is
//! reported only when `/proc` confirms that the process has a lock on this very file.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::F_UNLCK;
use parking_lot::Mutex;

use super::{LockError, identity, is_named, write_lock};

/// Lock files that C++ LevelDB has locked in this very process. Closing ours would let go of its
/// lock, so they stay open until we get the lock ourselves; the next attempt uses them again.
static PARKED: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A process that is being started shares our open files for a moment, until it runs its own
/// program, and with them a lock that we have let go of meanwhile. Then the hint names us although
/// we hold nothing, and a little patience gets the lock.
const FORK_PATIENCE: Duration = Duration::from_millis(50);
const PAUSE: Duration = Duration::from_millis(1);

/// More digits than a process id has.
const HINT_LIMIT: u64 = 20;

#[derive(Debug)]
pub(in crate::env) struct FileLock {
    /// Closing it lets go of the lock. Doing so by hand first would leave a moment in which C++
    /// LevelDB in this process can take the lock and then lose it by our closing.
    pub(super) _file: File,
}

pub(super) fn acquire(path: &Path) -> Result<FileLock, LockError> {
    // Held to the end: a file that another thread has opened must not be closed unseen.
    let mut parked = PARKED.lock();
    let mut file = match take(&mut parked, path) {
        Some(file) => file,
        None => super::open(path)?,
    };
    let mut patience = FORK_PATIENCE;
    loop {
        match fcntl(&file, FcntlArg::F_OFD_SETLK(&write_lock())) {
            Ok(_) if !is_named(&file, path)? => {
                file = super::open(path)?;
                continue;
            }
            Ok(_) => {
                leave_hint(&file);
                return Ok(FileLock { _file: file });
            }
            Err(Errno::EAGAIN | Errno::EACCES) => {}
            Err(errno) => return Err(LockError::Io(errno.into())),
        }
        let own = Some(std::process::id());
        let recorded = record_lock_holder(&file);
        if recorded.is_some() {
            if recorded == own {
                parked.push(file);
            }
            return Err(LockError::Held { holder: recorded });
        }
        let hint = hint(&file);
        let holder = hint.filter(|pid| holds_lock(*pid, &file));
        if holder.is_some() || hint != own || patience.is_zero() {
            return Err(LockError::Held { holder });
        }
        patience = patience.saturating_sub(PAUSE);
        thread::sleep(PAUSE);
    }
}

fn take(parked: &mut Vec<File>, path: &Path) -> Option<File> {
    let wanted = identity(&fs::metadata(path).ok()?);
    let index = parked
        .iter()
        .position(|file| file.metadata().is_ok_and(|metadata| identity(&metadata) == wanted))?;
    Some(parked.swap_remove(index))
}

/// A hint that cannot be written is no reason not to hold the lock: the disk may be full.
fn leave_hint(file: &File) {
    let hint = std::process::id().to_string();
    let _ = file.set_len(0).and_then(|()| file.write_all_at(hint.as_bytes(), 0));
}

/// The process with a record lock on the file. For locks of open files the system says -1, and 0
/// for processes that this one cannot see.
fn record_lock_holder(file: &File) -> Option<u32> {
    let mut found = write_lock();
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut found)).ok()?;
    let held = i32::from(found.l_type) != F_UNLCK && found.l_pid > 0;
    held.then(|| u32::try_from(found.l_pid).ok()).flatten()
}

fn hint(file: &File) -> Option<u32> {
    let mut text = String::new();
    let mut start = file;
    start.rewind().ok()?;
    start.take(HINT_LIMIT).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Whether one of the open files of a process is this file, with a lock of an open file on it.
fn holds_lock(pid: u32, file: &File) -> bool {
    let Ok(file) = file.metadata().map(|metadata| identity(&metadata)) else { return false };
    let process = Path::new("/proc").join(pid.to_string());
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return false };
    descriptors.flatten().any(|descriptor| {
        // This asks about the file and does not open it.
        fs::metadata(descriptor.path()).is_ok_and(|metadata| identity(&metadata) == file)
            && fs::read_to_string(process.join("fdinfo").join(descriptor.file_name()))
                .is_ok_and(|info| info.contains("OFDLCK"))
    })
}
