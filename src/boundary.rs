//! The one way out of Rust.
//!
//! A panic that unwinds into Node aborts the process, and with it everything else that the host was
//! doing. `guard` catches it and throws an error with the code `INTERNAL_ERROR`, which names the
//! place in the source and nothing of the data that was being worked on.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use crate::failure::Failure;

/// The public code of a failure, as napi wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(&'static str);

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        self.0
    }
}

/// What every export returns. The name is what the `#[napi]` macro recognises a fallible export by.
pub type Result<T> = napi::Result<T, Code>;

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs the body of an export; failures and panics become errors in JavaScript.
pub fn guard<T>(body: impl FnOnce() -> std::result::Result<T, Failure>) -> Result<T> {
    note_panics();
    // What the body was changing may be half changed after a panic. Shared state is behind locks
    // that its owners check, or it is dropped with the call.
    let outcome = panic::catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        let place = LAST_PANIC.take().unwrap_or_else(|| "an unknown place".into());
        Err(Failure::new("INTERNAL_ERROR", format!("a defect in the addon, at {place}")))
    });
    outcome.map_err(|failure| napi::Error::new(Code(failure.code()), failure.details()))
}

/// Keeps the place of a panic instead of printing it: the addon is silent, and a panic's message
/// may contain what is stored. The hook is this library's own, not that of other addons.
fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if !cfg!(test) {
            panic::set_hook(Box::new(note_panic));
        }
    });
}

fn note_panic(info: &PanicHookInfo<'_>) {
    let place = info.location().map(|at| format!("{}:{}", at.file(), at.line()));
    LAST_PANIC.set(place);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_passes() {
        assert_eq!(guard(|| Ok(7)).unwrap(), 7);
    }

    #[test]
    fn a_failure_keeps_its_code() {
        let error = guard::<()>(|| Err(Failure::new("STORAGE_ERROR", "no"))).unwrap_err();
        assert_eq!(error.status.as_ref(), "STORAGE_ERROR");
        assert_eq!(error.reason, r#"{"message":"no"}"#);
    }

    #[test]
    fn a_panic_is_an_error_that_tells_nothing_of_the_data() {
        let error = guard::<()>(|| panic!("secret")).unwrap_err();
        assert_eq!(error.status.as_ref(), "INTERNAL_ERROR");
        assert!(!error.reason.contains("secret"));
    }
}
