//! Eyes for what a test would not see by itself: a panic in a thread of the engine, which the
//! thread's join swallows, and a call that never comes back.

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

static PANICS: AtomicUsize = AtomicUsize::new(0);
static HOOK: Once = Once::new();

/// Counts panics in threads of the engine from now on.
fn count_panics() {
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().name().is_some_and(|name| name.starts_with("sigil-")) {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            previous(info);
        }));
    });
}

/// Runs a test, and fails it if an engine thread panics or if it takes longer than `limit`.
pub fn watched(limit: Duration, test: impl FnOnce() + Send + 'static) {
    count_panics();
    let (done, finished) = mpsc::channel();
    let runner = std::thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    if let Err(mpsc::RecvTimeoutError::Timeout) = finished.recv_timeout(limit) {
        panic!("something hangs: the test is not done after {limit:?}");
    }
    if let Err(panic) = runner.join() {
        std::panic::resume_unwind(panic);
    }
    assert_eq!(PANICS.load(Ordering::SeqCst), 0, "threads of the engine panicked");
}
