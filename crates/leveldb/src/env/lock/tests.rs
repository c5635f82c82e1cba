//! The lock excludes other threads, other processes and C++ LevelDB, and ends with its process.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};

use super::*;

const CHILD_PATH: &str = "SIGIL_LOCK_TEST_PATH";
const CHILD_FAMILY: &str = "SIGIL_LOCK_TEST_FAMILY";

fn holder(path: &Path) -> Result<(), Option<u32>> {
    match acquire(path) {
        Ok(_) => Ok(()),
        Err(LockError::Held { holder }) => Err(holder),
        Err(error) => panic!("{error:?}"),
    }
}

/// Locks as C++ LevelDB does, for as long as the file is open.
fn lock_as_cpp(path: &Path) -> Option<File> {
    let file = open(path).unwrap();
    fcntl(&file, FcntlArg::F_SETLK(&write_lock())).is_ok().then_some(file)
}

/// Not a test of its own: what a child process runs, which says how its attempt went and stays.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD_PATH).map(PathBuf::from) else { return };
    let outcome = if std::env::var_os(CHILD_FAMILY).is_some_and(|family| family == "cpp") {
        lock_as_cpp(&path).map(drop_at_exit).ok_or_else(String::new)
    } else {
        acquire(&path).map(drop_at_exit).map_err(|error| format!("{error:?}"))
    };
    println!("\noutcome {outcome:?}");
    std::io::stdout().flush().unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

fn drop_at_exit<T>(value: T) {
    std::mem::forget(value);
}

struct Process(Child);

impl Process {
    /// A process that has tried to take the lock, and whether it got it.
    fn locking(path: &Path, family: &str) -> (Self, bool) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "env::lock::tests::child", "--nocapture"])
            .env(CHILD_PATH, path)
            .env(CHILD_FAMILY, family)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let outcome = { lines }.find(|line| line.starts_with("outcome")).unwrap();
        (Self(child), outcome == "outcome Ok(())")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn lock_file() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("LOCK");
    (directory, path)
}

#[test]
fn a_second_lock_in_the_process_conflicts_and_disturbs_nothing() {
    let (_directory, path) = lock_file();
    let own = Some(std::process::id());
    let lock = acquire(&path).unwrap();
    for _ in 0..3 {
        assert_eq!(holder(&path), Err(own));
    }
    drop(std::fs::read(&path).unwrap());
    assert!(!Process::locking(&path, "ours").1);
    drop(lock);
    assert_eq!(holder(&path), Ok(()));
}

#[test]
fn a_process_that_holds_it_is_named_and_lets_go_when_killed() {
    let (_directory, path) = lock_file();
    for family in ["ours", "cpp"] {
        let (process, locked) = Process::locking(&path, family);
        assert!(locked);
        assert_eq!(holder(&path), Err(Some(process.0.id())), "{family}");
        let killed = Instant::now();
        drop(process);
        assert_eq!(holder(&path), Ok(()));
        assert!(killed.elapsed() < Duration::from_millis(100));
    }
}

#[test]
fn a_hint_is_not_trusted() {
    let (_directory, path) = lock_file();
    let lock = acquire(&path).unwrap();
    for hint in ["1", "", "4294967296", "-1", "not a number", &"9".repeat(1000)] {
        std::fs::write(&path, hint).unwrap();
        assert_eq!(holder(&path), Err(None), "{hint}");
    }
    drop(lock);
    let (process, _) = Process::locking(&path, "ours");
    std::fs::write(&path, std::process::id().to_string()).unwrap();
    assert_eq!(holder(&path), Err(None), "our own attempt is no proof that we hold it");
    drop(process);
}

#[test]
fn a_file_left_behind_does_not_block() {
    let (_directory, path) = lock_file();
    std::fs::write(&path, "1").unwrap();
    let _lock = acquire(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), std::process::id().to_string());
}

#[test]
fn cpp_leveldb_is_excluded_in_the_same_process() {
    let (_directory, path) = lock_file();
    let lock = acquire(&path).unwrap();
    assert!(lock_as_cpp(&path).is_none());
    assert!(!Process::locking(&path, "cpp").1, "its attempt left ours alone");
    drop(lock);

    let cpp = lock_as_cpp(&path).unwrap();
    for _ in 0..3 {
        assert_eq!(holder(&path), Err(Some(std::process::id())));
    }
    assert!(!Process::locking(&path, "cpp").1, "our attempts left its lock alone");
    drop(cpp);
    assert_eq!(holder(&path), Ok(()));
}

#[test]
fn a_process_that_is_being_started_does_not_keep_the_lock() {
    let (_directory, path) = lock_file();
    let lock = acquire(&path).unwrap();
    // It has the lock's open file as its output, as it would have before it runs its program.
    let output = lock._file.try_clone().unwrap();
    let starting =
        Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::from(output)).spawn().unwrap();
    let starting = Process(starting);
    drop(lock);
    assert_eq!(holder(&path), Err(None));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(5));
            drop(starting);
        });
        assert_eq!(holder(&path), Ok(()));
    });
}

#[test]
fn one_of_fifty_threads_gets_it() {
    let (_directory, path) = lock_file();
    let start = Barrier::new(50);
    for _ in 0..20 {
        let attempts: Vec<_> = std::thread::scope(|scope| {
            let attempt = || {
                start.wait();
                acquire(&path)
            };
            let threads: Vec<_> = (0..50).map(|_| scope.spawn(attempt)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(attempts.iter().filter(|attempt| attempt.is_ok()).count(), 1);
    }
}

/// As a database is destroyed: the file goes while its lock is held. Who has opened it before that
/// must not hold a lock that the next one, with a new file, does not meet.
#[test]
fn a_lock_on_a_file_that_was_removed_counts_for_nothing() {
    let (_directory, path) = lock_file();
    let inside = AtomicUsize::new(0);
    let taken = AtomicUsize::new(0);
    let began = Instant::now();
    let attempts = || {
        while began.elapsed() < Duration::from_secs(1) || taken.load(Ordering::SeqCst) <= 100 {
            assert!(began.elapsed() < Duration::from_secs(60), "{taken:?}");
            let Ok(lock) = acquire(&path) else { continue };
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
            taken.fetch_add(1, Ordering::SeqCst);
            inside.fetch_sub(1, Ordering::SeqCst);
            // From here on the next one may come in, with a new file.
            std::fs::remove_file(&path).unwrap();
            drop(lock);
        }
    };
    std::thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(attempts)));
    });
}

#[test]
fn without_a_directory_it_is_an_error_of_the_system() {
    let error = acquire(Path::new("/none/LOCK")).unwrap_err();
    assert!(matches!(error, LockError::Io(error) if error.kind() == io::ErrorKind::NotFound));
}

/// The locks of other systems, as far as they work here.
#[test]
fn a_record_lock_excludes_this_process_and_others_until_it_is_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("LOCK");
    let lock = record::acquire(&path).unwrap();
    let again = record::acquire(&path).unwrap_err();
    assert!(matches!(again, LockError::Held { holder: Some(us) } if us == std::process::id()));
    // The attempt has not let go of the lock by closing the file.
    assert!(!Process::locking(&path, "cpp").1);
    // Another one is of no concern to it.
    drop(record::acquire(&directory.path().join("OTHER")).unwrap());
    assert!(!Process::locking(&path, "cpp").1);
    drop(lock);
    let (other, has_it) = Process::locking(&path, "cpp");
    assert!(has_it);
    let refused = record::acquire(&path).unwrap_err();
    assert!(matches!(refused, LockError::Held { holder: Some(pid) } if pid == other.0.id()));
    drop(other);
    let lock = record::acquire(&path).unwrap();
    // A file that has taken the name is another one.
    std::fs::remove_file(&path).unwrap();
    drop(record::acquire(&path).unwrap());
    drop(lock);
    let nowhere = record::acquire(&directory.path().join("no/LOCK")).unwrap_err();
    assert!(matches!(nowhere, LockError::Io(error) if error.kind() == io::ErrorKind::NotFound));
}

#[test]
fn a_lock_of_the_standard_library_excludes_until_it_is_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("LOCK");
    let lock = exclusive::acquire(&path).unwrap();
    let again = exclusive::acquire(&path).unwrap_err();
    assert!(matches!(again, LockError::Held { holder: None }));
    drop(lock);
    drop(exclusive::acquire(&path).unwrap());
    let nowhere = exclusive::acquire(&directory.path().join("no/LOCK")).unwrap_err();
    assert!(matches!(nowhere, LockError::Io(error) if error.kind() == io::ErrorKind::NotFound));
}
