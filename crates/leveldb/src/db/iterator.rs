//! The iterator that users see: keys and values of one snapshot, without the entries that newer
//! ones replaced, in both directions.
//!
//! Underneath, the merged cursor stands on internal entries. Moving forward it stands on the entry
//! that is shown. Moving backward the newest visible entry of a key comes *last*, so the key and
//! value are kept aside and the merged cursor stands before all entries of the key.

use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use super::core::Core;
use super::range::Range;
use super::sources::sources;
use super::view::View;
use crate::error::{CorruptionKind, Error, Result};
use crate::internal_key::{self, ParsedKey, SequenceNumber, ValueKind};
use crate::iterator::{InternalIterator, MergingIterator, PastDamage};
use crate::table::{ReadMode, Reading};

/// A cursor over a range of the database at one moment. It begins nowhere: move it first. After an
/// error it is nowhere again; what could not be read is never skipped. With [`Range::past_damage`] it
/// is nowhere after damage too, and the next [`next`](Self::next) or [`prev`](Self::prev) goes on from
/// there.
///
/// While it exists, the files of its moment stay on the disk, with what was deleted since: drop it
/// when it is not needed any more. It does not keep the database open: once that is closed, moving is
/// [`Error::Closed`].
pub struct DbIterator {
    core: Arc<Core>,
    view: Arc<View>,
    inner: MergingIterator,
    sequence: SequenceNumber,
    range: Range,
    past_damage: PastDamage,
    state: State,
    /// After damage was passed: what the state is once all of it was told.
    hidden: Option<State>,
    /// The key under the cursor when moving backward; a scratch key when moving forward.
    saved_key: Vec<u8>,
    saved_value: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Nowhere,
    /// On the entry that the merged cursor stands on.
    Forward,
    /// On the saved entry; the merged cursor stands before it.
    Backward,
}

impl DbIterator {
    pub(crate) fn new(
        core: &Arc<Core>,
        view: Arc<View>,
        sequence: SequenceNumber,
        range: Range,
    ) -> Result<Self> {
        let past_damage = PastDamage::new(range.past_damage);
        let mode = if range.steps.is_some() { ReadMode::NoWait } else { ReadMode::Any };
        let reading =
            Reading { fill_cache: range.fill_cache, mode, past_damage: past_damage.clone() };
        let inner = MergingIterator::new(sources(core, &view, &reading)?);
        Ok(Self {
            core: Arc::clone(core),
            view,
            inner,
            sequence,
            range,
            past_damage,
            state: State::Nowhere,
            hidden: None,
            saved_key: Vec::new(),
            saved_value: Bytes::new(),
        })
    }

    /// A second cursor over the same range at the same moment. It begins nowhere.
    pub(crate) fn twin(&self) -> Result<Self> {
        self.core.check_open()?;
        Self::new(&self.core, Arc::clone(&self.view), self.sequence, self.range.clone())
    }

    /// Whether the cursor stands on an entry.
    pub fn valid(&self) -> bool {
        self.state != State::Nowhere
    }

    /// The key under the cursor; empty where there is none.
    pub fn key(&self) -> &[u8] {
        self.key_in(self.state).unwrap_or_default()
    }

    /// The key where the cursor is, and whether it shows it: not while it tells of damage before it.
    pub(crate) fn place(&self) -> Option<(&[u8], bool)> {
        let key = self.key_in(self.hidden.unwrap_or(self.state))?;
        Some((key, self.hidden.is_none()))
    }

    fn key_in(&self, state: State) -> Option<&[u8]> {
        match state {
            State::Nowhere => None,
            State::Forward => Some(internal_key::user_key(self.inner.key())),
            State::Backward => Some(&self.saved_key),
        }
    }

    pub(crate) fn goes_past_damage(&self) -> bool {
        self.past_damage.goes_on()
    }

    /// The value under the cursor; empty where there is none.
    pub fn value(&self) -> &[u8] {
        match self.state {
            State::Nowhere => &[],
            State::Forward => self.inner.value(),
            State::Backward => &self.saved_value,
        }
    }

    /// The value under the cursor, shared instead of copied.
    pub fn value_bytes(&self) -> Bytes {
        match self.state {
            State::Nowhere => Bytes::new(),
            State::Forward => self.inner.value_bytes(),
            State::Backward => self.saved_value.clone(),
        }
    }

    /// Moves to the first entry of the range.
    pub fn seek_to_first(&mut self) -> Result<()> {
        match self.range.lower.clone() {
            Bound::Unbounded => self.guarded(|this| {
                this.inner.seek_to_first()?;
                this.find_forward(false)
            }),
            Bound::Included(key) => self.seek_forward(&key, false),
            Bound::Excluded(key) => self.seek_forward(&key, true),
        }
    }

    /// Moves to the last entry of the range.
    pub fn seek_to_last(&mut self) -> Result<()> {
        match self.range.upper.clone() {
            Bound::Unbounded => self.guarded(|this| {
                this.inner.seek_to_last()?;
                this.find_backward()
            }),
            Bound::Included(key) => self.seek_backward(&key, true),
            Bound::Excluded(key) => self.seek_backward(&key, false),
        }
    }

    /// Moves to the first entry of the range at or after `key`.
    pub fn seek(&mut self, key: &[u8]) -> Result<()> {
        if self.range.starts_after(key) {
            self.seek_to_first()
        } else {
            self.seek_forward(key, false)
        }
    }

    /// Moves to the last entry of the range at or before `key`.
    pub fn seek_for_prev(&mut self, key: &[u8]) -> Result<()> {
        if self.range.ends_before(key) {
            self.seek_to_last()
        } else {
            self.seek_backward(key, true)
        }
    }

    /// Moves on by one.
    #[allow(clippy::should_implement_trait, reason = "a cursor moves both ways and can fail")]
    pub fn next(&mut self) -> Result<()> {
        if self.go_on(State::Forward)? {
            return Ok(());
        }
        match self.state {
            State::Nowhere => self.core.check_open(),
            State::Forward => self.guarded(|this| {
                this.save_key();
                this.step_on()?;
                this.find_forward(true)
            }),
            State::Backward => self.guarded(|this| {
                // The merged cursor stands before the entries of the saved key, or before all.
                if this.inner.valid() {
                    this.step_on()?;
                } else {
                    this.inner.seek_to_first()?;
                }
                this.find_forward(true)
            }),
        }
    }

    /// Moves back by one.
    pub fn prev(&mut self) -> Result<()> {
        if self.go_on(State::Backward)? {
            return Ok(());
        }
        match self.state {
            State::Nowhere => self.core.check_open(),
            State::Forward => self.guarded(|this| {
                this.save_key();
                while this.inner.valid()
                    && internal_key::user_key(this.inner.key()) >= this.saved_key.as_slice()
                {
                    this.step_back()?;
                }
                this.find_backward()
            }),
            State::Backward => self.guarded(Self::find_backward),
        }
    }

    /// Runs a move. Whatever goes wrong in it leaves the cursor nowhere.
    fn guarded(&mut self, step: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.hidden = None;
        let outcome = self.core.check_open().and_then(|()| step(self));
        if outcome.is_err() {
            self.state = State::Nowhere;
            return outcome;
        }
        match self.past_damage.take() {
            Some(damage) => {
                self.hidden = Some(std::mem::replace(&mut self.state, State::Nowhere));
                Err(damage)
            }
            None => Ok(()),
        }
    }

    /// Behind damage: tells what else was met, then shows the entry to which the move led. Says
    /// whether that is all there is to do; an entry that a move the other way led to is only where
    /// the next one starts.
    fn go_on(&mut self, way: State) -> Result<bool> {
        let Some(hidden) = self.hidden else { return Ok(false) };
        self.core.check_open()?;
        if let Some(damage) = self.past_damage.take() {
            return Err(damage);
        }
        self.hidden = None;
        self.state = hidden;
        Ok(hidden == way || hidden == State::Nowhere)
    }

    fn seek_forward(&mut self, key: &[u8], past: bool) -> Result<()> {
        self.guarded(|this| {
            this.inner.seek(&internal_key::encode(key, internal_key::seek_tag(this.sequence)))?;
            this.saved_key.clear();
            this.saved_key.extend_from_slice(key);
            this.find_forward(past)
        })
    }

    fn seek_backward(&mut self, key: &[u8], inclusive: bool) -> Result<()> {
        self.guarded(|this| {
            // The first internal key after all entries of `key`, or before all of them.
            let tag = if inclusive { 0 } else { u64::MAX };
            this.inner.seek(&internal_key::encode(key, tag))?;
            if this.inner.valid() {
                let on_key = inclusive && internal_key::user_key(this.inner.key()) == key;
                if !on_key {
                    this.step_back()?;
                }
            } else {
                this.inner.seek_to_last()?;
            }
            this.find_backward()
        })
    }

    /// Moves the merged cursor on by an entry, if it may take another step.
    fn step_on(&mut self) -> Result<()> {
        self.count_step()?;
        self.inner.next()
    }

    /// Moves the merged cursor back by an entry, if it may take another step.
    fn step_back(&mut self) -> Result<()> {
        self.count_step()?;
        self.inner.prev()
    }

    fn count_step(&mut self) -> Result<()> {
        if let Some(steps) = &mut self.range.steps {
            *steps = steps.checked_sub(1).ok_or(Error::WouldBlock)?;
        }
        Ok(())
    }

    fn save_key(&mut self) {
        let key = internal_key::user_key(self.inner.key());
        self.saved_key.clear();
        self.saved_key.extend_from_slice(key);
    }

    /// Goes forward to the first visible value; with `skipping`, to one of a key beyond the saved
    /// one.
    fn find_forward(&mut self, mut skipping: bool) -> Result<()> {
        self.state = State::Nowhere;
        self.saved_value = Bytes::new();
        while self.inner.valid() {
            let entry = parse(&self.core, self.inner.key())?;
            let hidden = skipping && entry.user_key <= self.saved_key.as_slice();
            if entry.sequence <= self.sequence && !hidden {
                if self.range.ends_before(entry.user_key) {
                    return Ok(());
                }
                match entry.kind {
                    ValueKind::Value => {
                        self.state = State::Forward;
                        return Ok(());
                    }
                    ValueKind::Deletion => {
                        self.saved_key.clear();
                        self.saved_key.extend_from_slice(entry.user_key);
                        skipping = true;
                    }
                }
            }
            self.step_on()?;
        }
        Ok(())
    }

    /// Goes backward to the key before, and through all of its entries to the newest visible one.
    fn find_backward(&mut self) -> Result<()> {
        self.state = State::Nowhere;
        let mut found = false;
        while self.inner.valid() {
            let entry = parse(&self.core, self.inner.key())?;
            if entry.sequence <= self.sequence {
                if found && entry.user_key < self.saved_key.as_slice() {
                    break;
                }
                if self.range.starts_after(entry.user_key) {
                    break;
                }
                found = entry.kind == ValueKind::Value;
                if found {
                    self.saved_key.clear();
                    self.saved_key.extend_from_slice(entry.user_key);
                    self.saved_value = self.inner.value_bytes();
                }
            }
            self.step_back()?;
        }
        if found {
            self.state = State::Backward;
        } else {
            self.saved_value = Bytes::new();
        }
        Ok(())
    }
}

fn parse<'a>(core: &Core, key: &'a [u8]) -> Result<ParsedKey<'a>> {
    internal_key::parse(key)
        .ok_or_else(|| Error::corruption(&core.directory, None, CorruptionKind::BadKey))
}

impl fmt::Debug for DbIterator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DbIterator").field("state", &self.state).finish_non_exhaustive()
    }
}
