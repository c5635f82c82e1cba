//! A cursor of the engine beside one over a clone of the map.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;
use proptest::prelude::*;
use sigil_leveldb::{DbIterator, Error, Range};

use crate::script::{Key, Move, Span};

pub(crate) type Map = BTreeMap<Key, Bytes>;

/// The range of the engine for a span.
pub(crate) fn range_of(span: &Span) -> Range {
    match span {
        Span::Between(lower, upper) => {
            let slice = |bound| Bound::map(bound, Vec::as_slice);
            Range::between((slice(lower.as_ref()), slice(upper.as_ref())))
        }
        Span::Prefix(prefix) => Range::prefix(prefix),
    }
}

/// The part of the map that lies in a span.
pub(crate) fn part_of(map: &Map, span: &Span) -> Map {
    let inside = |key: &Key| match span {
        Span::Between(lower, upper) => {
            let after = match lower {
                Bound::Unbounded => true,
                Bound::Included(lower) => key >= lower,
                Bound::Excluded(lower) => key > lower,
            };
            let before = match upper {
                Bound::Unbounded => true,
                Bound::Included(upper) => key <= upper,
                Bound::Excluded(upper) => key < upper,
            };
            after && before
        }
        Span::Prefix(prefix) => key.starts_with(prefix),
    };
    map.iter().filter(|(key, _)| inside(key)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Both cursors.
pub(crate) struct Cursor {
    real: DbIterator,
    map: Map,
    at: Option<Key>,
}

impl Cursor {
    pub(crate) fn new(real: DbIterator, map: Map) -> Self {
        Self { real, map, at: None }
    }

    pub(crate) fn go(&mut self, to: &Move) -> Result<(), TestCaseError> {
        let moved = self.move_real(to);
        prop_assert!(moved.is_ok(), "{to:?}: {moved:?}");
        self.at = self.target(to);
        let expected = self.at.as_ref().and_then(|key| self.map.get_key_value(key));
        prop_assert_eq!(self.real.valid(), expected.is_some(), "{:?}", to);
        if let Some((key, value)) = expected {
            prop_assert_eq!(self.real.key(), key.as_slice(), "{:?}", to);
            prop_assert!(self.real.value() == value, "the value after {to:?}");
            prop_assert!(self.real.value_bytes() == value, "the shared value after {to:?}");
        } else {
            prop_assert!(self.real.key().is_empty() && self.real.value().is_empty());
        }
        Ok(())
    }

    /// The database is closed: no move works any more.
    pub(crate) fn check_closed(mut self) -> Result<(), TestCaseError> {
        for to in [Move::First, Move::Last, Move::Seek(vec![]), Move::Next, Move::Prev] {
            let moved = self.move_real(&to);
            prop_assert!(matches!(moved, Err(Error::Closed)), "{to:?}: {moved:?}");
            prop_assert!(!self.real.valid());
        }
        Ok(())
    }

    fn move_real(&mut self, to: &Move) -> sigil_leveldb::Result<()> {
        match to {
            Move::First => self.real.seek_to_first(),
            Move::Last => self.real.seek_to_last(),
            Move::Seek(key) => self.real.seek(key),
            Move::SeekForPrev(key) => self.real.seek_for_prev(key),
            Move::Next => self.real.next(),
            Move::Prev => self.real.prev(),
        }
    }

    fn target(&self, to: &Move) -> Option<Key> {
        let after = |bound| self.map.range((bound, Bound::Unbounded)).next();
        let before = |bound| self.map.range((Bound::Unbounded, bound)).next_back();
        let found = match to {
            Move::First => self.map.first_key_value(),
            Move::Last => self.map.last_key_value(),
            Move::Seek(key) => after(Bound::Included(key.clone())),
            Move::SeekForPrev(key) => before(Bound::Included(key.clone())),
            Move::Next => after(Bound::Excluded(self.at.clone()?)),
            Move::Prev => before(Bound::Excluded(self.at.clone()?)),
        };
        found.map(|(key, _)| key.clone())
    }
}
