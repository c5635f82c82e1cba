//! A range as a standard iterator, from either end or from both.
//!
//! What is taken from the other end comes from a second cursor over the same moment, made when it is
//! first asked for. The two end where they meet: each entry is given once, by one of them.

use std::cmp::Ordering;
use std::iter::FusedIterator;

use bytes::Bytes;

use super::iterator::DbIterator;
use crate::error::Result;

/// The entries of a range, one after another; `next_back` and `rev` take them from the other end. It
/// ends after the first error, except where its range goes [past damage](super::Range::past_damage):
/// then it gives the damage and goes on.
///
/// Like a [`DbIterator`], it keeps the files of its moment on the disk until it is dropped.
#[derive(Debug)]
pub struct Entries {
    near: End,
    far: Option<End>,
    ended: bool,
}

/// A cursor that goes one way from where its range begins, seen that way.
#[derive(Debug)]
struct End {
    cursor: DbIterator,
    direction: Direction,
    begun: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Direction {
    Forward,
    Backward,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Near,
    Far,
}

impl Entries {
    /// From the first entry of the cursor's range to the last.
    pub fn forward(cursor: DbIterator) -> Self {
        Self::new(cursor, Direction::Forward)
    }

    /// From the last entry of the cursor's range to the first.
    pub fn backward(cursor: DbIterator) -> Self {
        Self::new(cursor, Direction::Backward)
    }

    /// The keys alone.
    pub fn keys(self) -> impl DoubleEndedIterator<Item = Result<Vec<u8>>> + FusedIterator {
        Keys(self)
    }

    fn new(cursor: DbIterator, direction: Direction) -> Self {
        Self { near: End::new(cursor, direction), far: None, ended: false }
    }

    /// Takes a step from one side and gives what is read off the cursor there.
    fn take_from<T>(
        &mut self,
        side: Side,
        read: impl FnOnce(&DbIterator) -> T,
    ) -> Option<Result<T>> {
        if self.ended {
            return None;
        }
        let taken = self.step(side).map(|cursor| cursor.map(read)).transpose();
        self.ended = match &taken {
            Some(Ok(_)) => false,
            Some(Err(error)) => !(error.is_corruption() && self.near.cursor.goes_past_damage()),
            None => true,
        };
        taken
    }

    /// The cursor of a side on its next entry, unless the other side has given that one.
    fn step(&mut self, side: Side) -> Result<Option<&DbIterator>> {
        let (end, other) = match side {
            Side::Near => (&mut self.near, self.far.as_ref()),
            Side::Far => {
                let far = match self.far.take() {
                    Some(far) => far,
                    None => End::new(self.near.cursor.twin()?, self.near.direction.opposite()),
                };
                (self.far.insert(far), Some(&self.near))
            }
        };
        end.advance()?;
        Ok((end.cursor.valid() && !end.has_met(other)).then_some(&end.cursor))
    }
}

impl End {
    fn new(cursor: DbIterator, direction: Direction) -> Self {
        Self { cursor, direction, begun: false }
    }

    fn advance(&mut self) -> Result<()> {
        match (std::mem::replace(&mut self.begun, true), self.direction) {
            (false, Direction::Forward) => self.cursor.seek_to_first(),
            (false, Direction::Backward) => self.cursor.seek_to_last(),
            (true, Direction::Forward) => self.cursor.next(),
            (true, Direction::Backward) => self.cursor.prev(),
        }
    }

    /// Whether the entry is one that the other end has given.
    fn has_met(&self, other: Option<&Self>) -> bool {
        let Some(other) = other.filter(|other| other.begun) else { return false };
        // One that is at no place has gone through all of them, and only has damage to tell of.
        let Some((place, is_given)) = other.cursor.place() else { return true };
        match (self.cursor.key().cmp(place), self.direction) {
            (Ordering::Equal, _) => is_given,
            (order, Direction::Forward) => order.is_gt(),
            (order, Direction::Backward) => order.is_lt(),
        }
    }
}

impl Direction {
    fn opposite(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}

fn entry(cursor: &DbIterator) -> (Vec<u8>, Bytes) {
    (cursor.key().to_vec(), cursor.value_bytes())
}

impl Iterator for Entries {
    type Item = Result<(Vec<u8>, Bytes)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take_from(Side::Near, entry)
    }
}

impl DoubleEndedIterator for Entries {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.take_from(Side::Far, entry)
    }
}

impl FusedIterator for Entries {}

/// [`Entries`] that leave the values where they are.
struct Keys(Entries);

impl Iterator for Keys {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take_from(Side::Near, |cursor| cursor.key().to_vec())
    }
}

impl DoubleEndedIterator for Keys {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.take_from(Side::Far, |cursor| cursor.key().to_vec())
    }
}

impl FusedIterator for Keys {}
