//! Iterators, and deleting a range. A cursor belongs to the moment at which it was made, and does
//! all its reading on the pool, a chunk of entries a call; chunks are bounded by bytes.

use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi_derive::napi;
use parking_lot::Mutex;
use sigil_leveldb::{Db, DbIterator, Range, Snapshot, WriteBatch};

use crate::boundary::{Result, guard};
use crate::bytes::{Form, Input, Output};
use crate::database::NativeDb;
use crate::failure::Failure;
use crate::job::{Promise, on_pool};
use crate::open_options::durability;
use crate::reads::Given;
use crate::registry::Lease;

/// Bytes of a batch of deletions.
const CLEAR_BATCH: usize = 64 << 10;

/// Which entries an iterator shows, and what of them.
#[napi(object)]
pub struct RangeOptions {
    /// From the last entry on.
    pub reverse: Option<bool>,
    /// Less than 0, or nothing, is no limit.
    pub limit: Option<f64>,
    /// Whether keys are wanted.
    pub keys: Option<bool>,
    /// Whether values are wanted.
    pub values: Option<bool>,
    /// Keys as strings, not buffers.
    pub keys_as_text: Option<bool>,
    /// Values as strings, not buffers.
    pub values_as_text: Option<bool>,
    /// Keep in the block cache what is read.
    pub fill_cache: Option<bool>,
}

/// One end of a range: the key, and whether it belongs to the range.
struct End {
    key: Input,
    inclusive: bool,
}

/// A cursor over a range.
#[napi]
#[derive(Default)]
pub struct NativeIterator {
    cursor: Arc<Mutex<Option<Cursor>>>,
    ended: Arc<AtomicBool>,
    /// Set to make a chunk that is being read the last.
    aborted: Arc<AtomicBool>,
}

struct Cursor {
    iterator: Option<DbIterator>,
    snapshot: Arc<Snapshot>,
    range: Range,
    reverse: bool,
    left: u64,
    target: Option<Vec<u8>>,
    key_form: Option<Form>,
    value_form: Option<Form>,
    // Dropped last: the rest lives inside of what it holds open.
    lease: Arc<Lease>,
}

#[napi]
impl NativeDb {
    /// A cursor over the keys between two ends.
    #[napi]
    pub fn iterator(
        &self,
        lower: Option<Input>,
        lower_inclusive: bool,
        upper: Option<Input>,
        upper_inclusive: bool,
        options: RangeOptions,
        snapshot: Given,
    ) -> Result<NativeIterator> {
        guard(|| {
            let form = |wanted: Option<bool>, text: Option<bool>| {
                wanted.unwrap_or(true).then(|| Form::of(text.unwrap_or(false)))
            };
            let range = range(end(lower, lower_inclusive), end(upper, upper_inclusive));
            // abstract-level allows an iterator on a closed snapshot, and refuses to use it.
            let closed = snapshot.as_ref().is_some_and(|snapshot| snapshot.held().is_err());
            if closed {
                return Ok(NativeIterator::default());
            }
            let cursor = Cursor {
                iterator: None,
                snapshot: self.moment(&snapshot)?,
                range: range.fill_cache(options.fill_cache.unwrap_or(false)),
                reverse: options.reverse.unwrap_or(false),
                left: limit(options.limit),
                target: None,
                key_form: form(options.keys, options.keys_as_text),
                value_form: form(options.values, options.values_as_text),
                lease: Arc::clone(&self.lease),
            };
            Ok(NativeIterator {
                cursor: Arc::new(Mutex::new(Some(cursor))),
                ended: Arc::default(),
                aborted: Arc::default(),
            })
        })
    }

    /// Deletes the keys between two ends that exist now, or existed in the snapshot.
    #[napi]
    #[allow(clippy::too_many_arguments, reason = "values are cheaper to cross than objects")]
    pub fn clear(
        &self,
        lower: Option<Input>,
        lower_inclusive: bool,
        upper: Option<Input>,
        upper_inclusive: bool,
        reverse: bool,
        limited_to: f64,
        level: u32,
        snapshot: Given,
    ) -> Result<Promise<()>> {
        let moment = guard(|| self.moment(&snapshot))?;
        let range = range(end(lower, lower_inclusive), end(upper, upper_inclusive));
        let left = limit(Some(limited_to));
        self.on_pool(move |db| clear(db, &moment, range, reverse, left, level))
    }
}

#[napi]
impl NativeIterator {
    /// The next entries, at most `count` and about `bytes` bytes of them: what was asked for of
    /// each, one after the other. Fewer than that are no sign of the end; [`Self::ended`] is.
    #[napi]
    pub fn next(&self, count: u32, bytes: u32) -> Result<Promise<Vec<Output>>> {
        let (cursor, ended) = (Arc::clone(&self.cursor), Arc::clone(&self.ended));
        let aborted = Arc::clone(&self.aborted);
        guard(|| {
            Ok(on_pool(move || {
                let mut cursor = cursor.lock();
                let Some(cursor) = cursor.as_mut() else { return Err(closed()) };
                let chunk = cursor.next(count as usize, bytes as usize, &aborted)?;
                if cursor.left == 0 || cursor.iterator.as_ref().is_none_or(|it| !it.valid()) {
                    ended.store(true, Ordering::Release);
                }
                Ok(chunk)
            }))
        })
    }

    /// Whether everything was given.
    #[napi(getter)]
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Moves to a key; the next chunk begins there. Outside of the range there is nothing.
    #[napi]
    pub fn seek(&self, target: Input) -> Result<()> {
        guard(|| {
            // Only a chunk under way could hold the lock, and callers wait for it.
            let mut cursor = self.cursor.lock();
            let Some(cursor) = cursor.as_mut() else { return Err(closed()) };
            let is_outside = !cursor.range.contains(&target.0);
            cursor.target = Some(target.0);
            self.ended.store(is_outside || cursor.left == 0, Ordering::Release);
            Ok(())
        })
    }

    /// Ends a chunk under way early.
    #[napi]
    pub fn abort(&self) {
        self.aborted.store(true, Ordering::Release);
    }

    /// Lets go of what the cursor holds.
    #[napi]
    pub fn close(&self) {
        self.aborted.store(true, Ordering::Release);
        // A chunk under way lets go of it when it is done and the last reference is dropped.
        if let Some(mut cursor) = self.cursor.try_lock() {
            cursor.take();
        }
    }
}

impl Cursor {
    fn next(
        &mut self,
        count: usize,
        bytes: usize,
        aborted: &AtomicBool,
    ) -> std::result::Result<Vec<Output>, Failure> {
        self.position()?;
        let Some(iterator) = self.iterator.as_mut() else { return Ok(Vec::new()) };
        let (mut chunk, mut entries, mut size) = (Vec::new(), 0, 0);
        while entries < count && self.left > 0 && iterator.valid() && size < bytes {
            if aborted.load(Ordering::Acquire) {
                break;
            }
            if let Some(form) = self.key_form {
                size += iterator.key().len();
                chunk.push(Output(form, bytes::Bytes::copy_from_slice(iterator.key())));
            }
            if let Some(form) = self.value_form {
                let value = iterator.value_bytes();
                size += value.len();
                chunk.push(Output(form, value));
            }
            entries += 1;
            self.left -= 1;
            if self.reverse {
                iterator.prev()?;
            } else {
                iterator.next()?;
            }
        }
        Ok(chunk)
    }

    /// Makes the cursor on its first use and carries out a seek.
    fn position(&mut self) -> std::result::Result<(), Failure> {
        let db = &self.lease.opened().db;
        let fresh = self.iterator.is_none();
        let iterator = match &mut self.iterator {
            Some(iterator) => iterator,
            None => self.iterator.insert(db.iter_at(&self.snapshot, self.range.clone())?),
        };
        match (self.target.take(), self.reverse) {
            (Some(target), false) => iterator.seek(&target)?,
            (Some(target), true) => iterator.seek_for_prev(&target)?,
            (None, false) if fresh => iterator.seek_to_first()?,
            (None, true) if fresh => iterator.seek_to_last()?,
            (None, _) => {}
        }
        Ok(())
    }
}

fn clear(
    db: &Db,
    moment: &Snapshot,
    range: Range,
    reverse: bool,
    mut left: u64,
    level: u32,
) -> std::result::Result<(), Failure> {
    let mut iterator = db.iter_at(moment, range)?;
    if reverse {
        iterator.seek_to_last()?;
    } else {
        iterator.seek_to_first()?;
    }
    let mut batch = WriteBatch::new();
    while iterator.valid() && left > 0 {
        batch.delete(iterator.key());
        left -= 1;
        if batch.byte_size() > CLEAR_BATCH {
            db.write(std::mem::take(&mut batch), durability(level))?;
        }
        if reverse {
            iterator.prev()?;
        } else {
            iterator.next()?;
        }
    }
    Ok(db.write(batch, durability(level))?)
}

fn end(key: Option<Input>, inclusive: bool) -> Option<End> {
    key.map(|key| End { key, inclusive })
}

fn range(lower: Option<End>, upper: Option<End>) -> Range {
    fn bound(end: &Option<End>) -> Bound<&[u8]> {
        match end {
            None => Bound::Unbounded,
            Some(end) if end.inclusive => Bound::Included(&end.key.0),
            Some(end) => Bound::Excluded(&end.key.0),
        }
    }
    Range::between((bound(&lower), bound(&upper)))
}

fn limit(limit: Option<f64>) -> u64 {
    limit.filter(|&limit| limit >= 0.0 && limit.is_finite()).map_or(u64::MAX, |limit| limit as u64)
}

fn closed() -> Failure {
    Failure::new("LEVEL_DATABASE_NOT_OPEN", "the iterator is closed")
}
