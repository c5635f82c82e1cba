//! Watches over the cases: none may take long, take much memory, or end a background thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, Once};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// No case takes a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// All files of the database are a few hundred KiB, and its caches are kept small.
const MEMORY: usize = 64 << 20;
const PIECE: usize = 4 << 20;

static TAKEN: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
static LARGEST: AtomicUsize = AtomicUsize::new(0);

struct Counting;

impl Counting {
    fn take(size: usize) {
        let taken = TAKEN.fetch_add(size, Ordering::Relaxed) + size;
        MOST.fetch_max(taken, Ordering::Relaxed);
        LARGEST.fetch_max(size, Ordering::Relaxed);
    }
}

// SAFETY: everything is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::take(layout.size());
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::take(layout.size());
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are the same.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Cases that are running, and panics of the database's own threads.
static RUNNING: LazyLock<Mutex<HashMap<ThreadId, (Instant, String)>>> =
    LazyLock::new(Mutex::default);
static BACKGROUND_PANICS: AtomicUsize = AtomicUsize::new(0);
static WATCH: Once = Once::new();

/// Runs a case under watch.
pub(crate) fn watched<T>(name: String, case: impl FnOnce() -> T) -> T {
    WATCH.call_once(start_watch);
    RUNNING.lock().unwrap().insert(thread::current().id(), (Instant::now(), name));
    let outcome = case();
    assert_eq!(BACKGROUND_PANICS.load(Ordering::Relaxed), 0, "a thread of the database panicked");
    let (most, largest) = (MOST.load(Ordering::Relaxed), LARGEST.load(Ordering::Relaxed));
    assert!(most < MEMORY, "{most} bytes of memory");
    assert!(largest < PIECE, "{largest} bytes of memory at once");
    RUNNING.lock().unwrap().remove(&thread::current().id());
    outcome
}

fn start_watch() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = thread::current();
        if thread.name().is_some_and(|name| name.starts_with("sigil-")) {
            BACKGROUND_PANICS.fetch_add(1, Ordering::Relaxed);
        }
        if let Some((_, name)) = RUNNING.lock().unwrap().get(&thread.id()) {
            eprintln!("in the case: {name}");
        }
        usual(panic);
    }));
    thread::spawn(|| {
        loop {
            thread::sleep(Duration::from_secs(1));
            let running = RUNNING.lock().unwrap();
            for (start, name) in running.values() {
                if start.elapsed() > PATIENCE {
                    eprintln!("hangs: {name}");
                    std::process::abort();
                }
            }
        }
    });
}
