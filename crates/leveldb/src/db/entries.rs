//! A range as a standard iterator.

use bytes::Bytes;

use super::iterator::DbIterator;
use crate::error::Result;

/// The entries of a range, one after another. It ends after the first error.
#[derive(Debug)]
pub struct Entries {
    cursor: DbIterator,
    direction: Direction,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Direction {
    Forward,
    Backward,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    NotBegun,
    Running,
    Ended,
}

impl Entries {
    /// From the first entry of the cursor's range to the last.
    pub fn forward(cursor: DbIterator) -> Self {
        Self { cursor, direction: Direction::Forward, state: State::NotBegun }
    }

    /// From the last entry of the cursor's range to the first.
    pub fn backward(cursor: DbIterator) -> Self {
        Self { cursor, direction: Direction::Backward, state: State::NotBegun }
    }

    /// The keys alone.
    pub fn keys(mut self) -> impl Iterator<Item = Result<Vec<u8>>> {
        std::iter::from_fn(move || {
            self.step().map(|moved| moved.map(|()| self.cursor.key().to_vec()))
        })
    }

    fn step(&mut self) -> Option<Result<()>> {
        let moved = match (self.state, self.direction) {
            (State::Ended, _) => return None,
            (State::NotBegun, Direction::Forward) => self.cursor.seek_to_first(),
            (State::NotBegun, Direction::Backward) => self.cursor.seek_to_last(),
            (State::Running, Direction::Forward) => self.cursor.next(),
            (State::Running, Direction::Backward) => self.cursor.prev(),
        };
        self.state =
            if moved.is_ok() && self.cursor.valid() { State::Running } else { State::Ended };
        match moved {
            Ok(()) if self.state == State::Ended => None,
            moved => Some(moved),
        }
    }
}

impl Iterator for Entries {
    type Item = Result<(Vec<u8>, Bytes)>;

    fn next(&mut self) -> Option<Self::Item> {
        let moved = self.step()?;
        Some(moved.map(|()| (self.cursor.key().to_vec(), self.cursor.value_bytes())))
    }
}
