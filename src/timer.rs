//! One thread that calls at regular times, for all of this process who want to be called.
//!
//! The thread is there while anybody is: the first who comes starts it, and who goes last waits for
//! its end, so that nothing is left. A caller is called again only after saying that the last call
//! is dealt with; times that passed meanwhile are left out, not made up for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

type Call = Box<dyn Fn() + Send>;

struct Entry {
    call: Call,
    period: Duration,
    due: Instant,
    /// Called, and not dealt with yet.
    busy: bool,
    /// On which thread it was added.
    owner: ThreadId,
}

#[derive(Default)]
struct Shared {
    entries: Mutex<HashMap<u64, Entry>>,
    changed: Condvar,
}

static SHARED: LazyLock<Arc<Shared>> = LazyLock::new(Arc::default);
/// Held while the thread is started or ended. The thread itself never takes it.
static THREAD: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);

/// Calls every so often until [`remove`] of the number that it gives. The thread may be missing
/// where the system has none left; that is an error.
pub fn add(period: Duration, call: Call) -> std::io::Result<u64> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let owner = thread::current().id();
    let entry = Entry { call, period, due: Instant::now() + period, busy: false, owner };
    let mut running = THREAD.lock();
    if running.is_none() {
        let shared = Arc::clone(&SHARED);
        // It would end at once, were there nobody.
        shared.entries.lock().insert(number, entry);
        match thread::Builder::new().name("sigil-timer".into()).spawn(move || run(&shared)) {
            Ok(handle) => *running = Some(handle),
            Err(error) => {
                SHARED.entries.lock().remove(&number);
                return Err(error);
            }
        }
    } else {
        SHARED.entries.lock().insert(number, entry);
        SHARED.changed.notify_one();
    }
    Ok(number)
}

/// The last call of a number is dealt with.
pub fn done(number: u64) {
    let mut entries = SHARED.entries.lock();
    if let Some(entry) = entries.get_mut(&number) {
        entry.busy = false;
        let now = Instant::now();
        while entry.due <= now {
            let late = now.duration_since(entry.due).as_nanos() / entry.period.as_nanos().max(1);
            entry.due += entry.period * u32::try_from(late + 1).unwrap_or(u32::MAX);
        }
        SHARED.changed.notify_one();
    }
}

/// Calls a number no more. When this returns, no call is under way, and with the last number the
/// thread has ended.
pub fn remove(number: u64) {
    remove_where(|other, _| other == number);
}

/// Removes everything that was added on a thread.
pub fn remove_all_of(owner: ThreadId) {
    remove_where(|_, entry| entry.owner == owner);
}

fn remove_where(gone: impl Fn(u64, &Entry) -> bool) {
    let mut running = THREAD.lock();
    let mut entries = SHARED.entries.lock();
    let removed: Vec<_> = entries.extract_if(|number, entry| gone(*number, entry)).collect();
    let nobody = entries.is_empty();
    drop(entries);
    drop(removed);
    if nobody {
        SHARED.changed.notify_one();
        if let Some(handle) = running.take() {
            // It panics nowhere, and if it did there would be nothing left to end.
            let _ = handle.join();
        }
    }
}

fn run(shared: &Shared) {
    let mut entries = shared.entries.lock();
    while !entries.is_empty() {
        let now = Instant::now();
        for entry in entries.values_mut().filter(|entry| !entry.busy && entry.due <= now) {
            entry.busy = true;
            // Only puts a message into a queue, so it may be done with the lock held.
            (entry.call)();
        }
        let next = entries.values().filter(|entry| !entry.busy).map(|entry| entry.due).min();
        match next {
            Some(due) => {
                shared.changed.wait_until(&mut entries, due);
            }
            None => shared.changed.wait(&mut entries),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    // All in one test: the thread is one of the process.
    #[test]
    fn calls_are_regular_never_twice_and_the_thread_ends_with_the_last() {
        let period = Duration::from_millis(20);
        let listen = || -> (u64, Receiver<Instant>) {
            let (told, calls) = channel();
            let call = Box::new(move || told.send(Instant::now()).unwrap_or_default());
            (add(period, call).unwrap(), calls)
        };
        let (one, calls) = listen();
        let (other, others) = listen();
        let wait = Duration::from_secs(20);
        calls.recv_timeout(wait).unwrap();
        // Not called again before it is dealt with, and then not twice at once.
        assert!(calls.recv_timeout(period * 10).is_err());
        let again = Instant::now();
        done(one);
        assert!(calls.recv_timeout(wait).unwrap() <= again + wait);
        assert!(calls.try_recv().is_err());
        others.recv_timeout(wait).unwrap();
        remove(one);
        assert!(THREAD.lock().is_some());
        done(one);
        done(other);
        others.recv_timeout(wait).unwrap();
        remove_all_of(thread::current().id());
        assert!(THREAD.lock().is_none());
        remove(other);
    }
}
