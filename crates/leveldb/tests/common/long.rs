//! `SIGIL_LONG=1` asks for the long forms of the tests.

/// Whether the long forms were asked for.
pub(crate) fn is_long() -> bool {
    std::env::var_os("SIGIL_LONG").is_some_and(|value| value == "1")
}
