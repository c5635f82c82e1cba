//! An identity: memories that resonate, decay and crystallize.
//!
//! [`Identity`] is the state and its rules. It knows neither clock nor store: time comes in as a
//! [`Moment`], and what is to be written or deleted goes out as ids and texts. Memories are known by
//! numbers in the order in which they came; every index speaks of these numbers.

mod ages;
mod aging;
mod block;
mod crystals;
mod frequencies;
mod groups;
mod ids;
mod memory;
mod names;
mod numbers;
mod own_sigil;
mod pages;
mod standing;
mod state;
#[cfg(test)]
mod tests;

pub use ids::Ids;
pub use memory::{Aged, Draft, Released, Stored};
pub use numbers::{PHI, Qualities, resonance};
pub use own_sigil::own_sigil;
pub use pages::Page;
pub use state::Identity;

/// A moment by two clocks, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// By the calendar, which can be set: for those who read it, never for what is due.
    pub calendar: i64,
    /// Since some moment in the past, by a clock that nobody can set.
    pub elapsed: i64,
}

/// Why something cannot be remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The numbers of a state are beyond what a number can be.
    #[error("the state's numbers are too great")]
    PotentialTooGreat,
    /// What a store had is no memory.
    #[error("the record is not a memory")]
    NoMemory,
}
