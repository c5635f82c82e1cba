//! Finding a time among messages that are sorted by labels.
//!
//! Labels rise as times do, so a time is found by halving the labels between two messages and
//! looking at the nearest one. A message whose time cannot be read is stepped over.

use std::collections::BTreeMap;

use bytes::Bytes;
use sigil_leveldb::{DbIterator, Range, Snapshot};

use super::opened::{Opened, decode_message};
use crate::error::{Error, Result};
use crate::label::Label;
use crate::layout::{self, Kind, space};

/// Changes that are not in the database yet, by key; none is a removal.
pub(super) type Overlay = BTreeMap<Vec<u8>, Option<Bytes>>;

/// The messages in their order, as of a moment or with the changes that are to come.
pub(super) struct MessageOrder<'a> {
    opened: &'a Opened,
    cursor: DbIterator,
    overlay: Option<&'a Overlay>,
}

/// A message that is where it should be and can be read.
#[derive(Debug, Clone)]
struct Placed {
    label: Label,
    time: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Direction {
    Up,
    Down,
}

impl<'a> MessageOrder<'a> {
    pub(super) fn now(opened: &'a Opened, overlay: &'a Overlay) -> Result<Self> {
        let range = Range::prefix(&[space::MESSAGES]).fill_cache(true);
        Ok(Self { opened, cursor: opened.db.iter(range)?, overlay: Some(overlay) })
    }

    pub(super) fn at(opened: &'a Opened, moment: &Snapshot) -> Result<Self> {
        let range = Range::prefix(&[space::MESSAGES]).fill_cache(true);
        Ok(Self { opened, cursor: opened.db.iter_at(moment, range)?, overlay: None })
    }

    /// The last label that is in use, and the last time that can be read.
    pub(super) fn last(&mut self) -> Result<Option<(Label, Option<f64>)>> {
        let Some(last) = self.step(None, Direction::Down)? else { return Ok(None) };
        let readable = self.readable(last.clone(), Direction::Down)?;
        Ok(Some((last, readable.map(|placed| placed.time))))
    }

    /// The neighbours of a time: the last message before it, those of the same time included or
    /// not, and the one that follows that.
    pub(super) fn around(
        &mut self,
        time: f64,
        including_same: bool,
    ) -> Result<(Option<Label>, Option<Label>)> {
        let is_before = |other: f64| other < time || including_same && other == time;
        let Some(first) = self.step(None, Direction::Up)? else { return Ok((None, None)) };
        let Some(mut low) = self.readable(first.clone(), Direction::Up)? else {
            return Ok((self.step(None, Direction::Down)?, None));
        };
        if !is_before(low.time) {
            return Ok((self.step(Some(&low.label), Direction::Down)?, Some(low.label)));
        }
        let last = self.step(None, Direction::Down)?.unwrap_or(first);
        let Some(mut high) = self.readable(last, Direction::Down)? else {
            return Ok((Some(low.label), None));
        };
        if is_before(high.time) {
            let next = self.step(Some(&high.label), Direction::Up)?;
            return Ok((Some(high.label), next));
        }
        while let Some(middle) = self.between(&low.label, &high.label)? {
            if is_before(middle.time) { low = middle } else { high = middle }
        }
        // Only what cannot be read is between them.
        Ok((self.step(Some(&high.label), Direction::Down)?, Some(high.label)))
    }

    /// The labels from one on, itself included, in a direction: so many at most, and none after
    /// those whose records have so many bytes.
    pub(super) fn walk(
        &mut self,
        from: &Label,
        direction: Direction,
        count: usize,
        bytes: usize,
    ) -> Result<Vec<Label>> {
        let (mut labels, mut seen) = (Vec::new(), 0);
        let mut next = self.at_or(from, direction)?;
        while let Some(label) = next {
            let coming = self.overlay.and_then(|it| it.get(&layout::message(&label)));
            seen += match coming {
                Some(coming) => coming.as_ref().map_or(0, Bytes::len),
                None => self.cursor.value().len(),
            };
            labels.push(label);
            if labels.len() == count || seen > bytes {
                break;
            }
            next = self.step(labels.last(), direction)?;
        }
        Ok(labels)
    }

    /// A readable message strictly between two labels, near the middle; none where there is none.
    fn between(&mut self, low: &Label, high: &Label) -> Result<Option<Placed>> {
        let middle = Label::halfway(low, high);
        if let Some(below) = self.at_or(&middle, Direction::Down)?.filter(|label| label > low)
            && let Some(placed) = self.readable(below, Direction::Down)?
            && placed.label > *low
        {
            return Ok(Some(placed));
        }
        let above = self.at_or(&middle, Direction::Up)?;
        let above = match above {
            Some(label) if label == *low => self.step(Some(low), Direction::Up)?,
            other => other,
        };
        let Some(above) = above.filter(|label| label < high) else { return Ok(None) };
        Ok(self.readable(above, Direction::Up)?.filter(|placed| placed.label < *high))
    }

    /// The first message from `label` on, in a direction, whose time can be read.
    fn readable(&mut self, mut label: Label, direction: Direction) -> Result<Option<Placed>> {
        loop {
            if let Some(time) = self.time(&label)? {
                return Ok(Some(Placed { label, time }));
            }
            match self.step(Some(&label), direction)? {
                Some(next) => label = next,
                None => return Ok(None),
            }
        }
    }

    fn time(&self, label: &Label) -> Result<Option<f64>> {
        let place = layout::message(label);
        let plain = match self.overlay.and_then(|overlay| overlay.get(&place)) {
            Some(sealed) => match sealed {
                Some(sealed) => self.opened.open(Kind::Message, &place, sealed).map(Some),
                None => Ok(None),
            },
            None => self.opened.get(Kind::Message, &place, None),
        };
        match plain.and_then(|plain| plain.as_ref().map(decode_message).transpose()) {
            Ok(message) => Ok(message.map(|message| message.time)),
            Err(Error::Unreadable(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The neighbour of a label, or the first in a direction.
    fn step(&mut self, from: Option<&Label>, direction: Direction) -> Result<Option<Label>> {
        let from = from.map(layout::message);
        match (&from, direction) {
            // It is there from the last step.
            (Some(key), _) if self.cursor.valid() && self.cursor.key() == key.as_slice() => {}
            (None, Direction::Up) => self.cursor.seek_to_first()?,
            (None, Direction::Down) => self.cursor.seek_to_last()?,
            (Some(key), Direction::Up) => self.cursor.seek(key)?,
            (Some(key), Direction::Down) => self.cursor.seek_for_prev(key)?,
        }
        self.settle(from.as_deref(), false, direction)
    }

    /// The label itself if it is there, otherwise its neighbour.
    fn at_or(&mut self, label: &Label, direction: Direction) -> Result<Option<Label>> {
        let key = layout::message(label);
        match direction {
            Direction::Up => self.cursor.seek(&key)?,
            Direction::Down => self.cursor.seek_for_prev(&key)?,
        }
        self.settle(Some(&key), true, direction)
    }

    /// Moves on over what is not to be seen, and compares with what is only in the overlay.
    fn settle(
        &mut self,
        from: Option<&[u8]>,
        including: bool,
        direction: Direction,
    ) -> Result<Option<Label>> {
        while self.cursor.valid()
            && (!including && from == Some(self.cursor.key()) || self.is_changed())
        {
            match direction {
                Direction::Up => self.cursor.next()?,
                Direction::Down => self.cursor.prev()?,
            }
        }
        let stored = self.cursor.valid().then(|| self.cursor.key().to_vec());
        let coming = self.overlay.and_then(|overlay| coming(overlay, from, including, direction));
        let key = match (stored, coming) {
            (Some(stored), Some(coming)) if direction == Direction::Up => stored.min(coming),
            (Some(stored), Some(coming)) => stored.max(coming),
            (stored, coming) => match stored.or(coming) {
                Some(key) => key,
                None => return Ok(None),
            },
        };
        layout::label_of_message(&key).map(Some).ok_or(Error::Unreadable(Kind::Message))
    }

    fn is_changed(&self) -> bool {
        self.overlay.is_some_and(|overlay| overlay.contains_key(self.cursor.key()))
    }
}

/// The nearest message that the overlay adds.
fn coming(
    overlay: &Overlay,
    from: Option<&[u8]>,
    including: bool,
    direction: Direction,
) -> Option<Vec<u8>> {
    use std::ops::Bound::{Excluded, Included};
    let edge = |key: &[u8]| if including { Included(key.to_vec()) } else { Excluded(key.to_vec()) };
    let ends = (Included(vec![space::MESSAGES]), Excluded(vec![space::MESSAGES + 1]));
    let range = match (from, direction) {
        (None, _) => ends,
        (Some(key), Direction::Up) => (edge(key), ends.1),
        (Some(key), Direction::Down) => (ends.0, edge(key)),
    };
    let mut added =
        overlay.range(range).filter(|(_, value)| value.is_some()).map(|(key, _)| key.clone());
    match direction {
        Direction::Up => added.next(),
        Direction::Down => added.next_back(),
    }
}
