//! What the enumerations of crashes and faults share: a workload whose every state is known, a file
//! system that tells of each call, the questions that a recovered database has to answer, and eyes
//! for panics and hangs in other threads.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing)]

pub mod checkers;
pub mod gate;
pub mod recovered;
pub mod tap;
pub mod task;
pub mod watch;
pub mod workload;

#[path = "../common/long.rs"]
pub mod long;
#[path = "../common/random.rs"]
pub mod random;

/// Ends a check with a message where something does not hold.
macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err(format!($($message)+));
        }
    };
}
pub(crate) use ensure;
