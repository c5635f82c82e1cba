//! Making changes.

use sigil_leveldb::Error as EngineError;

use super::change::Change;
use super::count;
use super::opened::Opened;
use super::plan::{Plan, Tail};
use super::{Inner, Store};
use crate::error::{Error, Result};
use crate::layout;
use crate::options::Event;
use crate::record::Counters;

/// A batch takes no more changes beyond this many bytes.
const GROUP_LIMIT: usize = 4 << 20;

/// GCM with random nonces: NIST allows 2^32 under one key.
const MOST_SEALED: u64 = 1 << 32;

/// What whoever writes knows of the database.
pub(super) struct Writer {
    pub(super) counters: Counters,
    pub(super) tail: Option<Tail>,
    /// Whether the counters were counted since the store was opened; what is lost is not in them
    /// then.
    is_recounted: bool,
    /// Why nothing can be written any more.
    refusal: Option<Error>,
}

impl Writer {
    pub(super) fn new(counters: Counters, tail: Option<Tail>) -> Self {
        Self { counters, tail, is_recounted: false, refusal: None }
    }

    pub(super) fn close(&mut self) {
        self.refusal = Some(Error::Closed);
    }

    /// After this, what is written might not be what is found after a restart.
    pub(super) fn refuse(&mut self, error: Error) {
        self.refusal = Some(error);
    }

    /// From here on what is written is what is found after a restart.
    pub(super) fn allow(&mut self) {
        if !matches!(self.refusal, Some(Error::Closed)) {
            self.refusal = None;
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        self.refusal.clone().map_or(Ok(()), Err)
    }
}

impl Store {
    /// Makes one change.
    pub fn write(&self, change: Change) -> Result<()> {
        self.write_all(&[change]).pop().unwrap_or(Err(Error::Closed))
    }

    /// Makes changes, in their order and with as few syncs as can be. Each happens by itself,
    /// whatever becomes of the others; a crash leaves those that come first.
    pub fn write_all(&self, changes: &[Change]) -> Vec<Result<()>> {
        self.inner.write_all(changes)
    }
}

impl Inner {
    fn write_all(&self, changes: &[Change]) -> Vec<Result<()>> {
        let mut writer = self.writer.lock();
        let opened = match writer.check().and_then(|()| self.opened()) {
            Ok(opened) => opened,
            Err(error) => return changes.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut results = Vec::with_capacity(changes.len());
        while results.len() < changes.len() {
            let rest = changes.get(results.len()..).unwrap_or_default();
            results.extend(self.write_group(&opened, &mut writer, rest));
        }
        self.metrics.lock().counters = writer.counters;
        results
    }

    /// Makes the first of the changes, at least one.
    fn write_group(
        &self,
        opened: &Opened,
        writer: &mut Writer,
        changes: &[Change],
    ) -> Vec<Result<()>> {
        let mut plan = Plan::new(opened, writer.counters, writer.tail.clone());
        let mut results = Vec::new();
        for change in changes {
            if plan.bytes > GROUP_LIMIT {
                break;
            }
            results.push(self.check(change, &plan).and_then(|()| plan.add(change)));
        }
        let Err(error) = self.commit(writer, &mut plan) else { return results };
        // One change too large, or without room, does not take the others down.
        let apart = matches!(&error, Error::Engine(EngineError::InvalidArgument(_)))
            || matches!(&error, Error::Engine(error) if error.is_out_of_space());
        let many = results.iter().filter(|result| result.is_ok()).count() > 1;
        for (result, change) in results.iter_mut().zip(changes) {
            if result.is_ok() {
                *result = if apart && many {
                    let alone = self.write_group(opened, writer, std::slice::from_ref(change));
                    alone.into_iter().next().unwrap_or(Ok(()))
                } else {
                    Err(error.clone())
                };
            }
        }
        results
    }

    /// Counts everything anew, because the counters are known to be wrong.
    pub(super) fn recount(&self, opened: &Opened, writer: &mut Writer) -> Result<()> {
        let mut counters = writer.counters;
        count::all(opened, &opened.db.snapshot()?, &mut counters)?;
        counters.sealed += 1;
        let sealed = opened.sealer.load().seal(&layout::COUNTERS, &counters.encode())?;
        opened.db.put(&layout::COUNTERS, &sealed, self.options.durability)?;
        writer.counters = counters;
        self.metrics.lock().counters = counters;
        self.options.tell(Event::CountersRebuilt);
        Ok(())
    }

    fn check(&self, change: &Change, plan: &Plan<'_>) -> Result<()> {
        change.check(self.options.max_value_size)?;
        let adds = matches!(change, Change::SaveMessage(_) | Change::SaveItem { .. });
        if adds && plan.counters.sealed >= MOST_SEALED {
            return Err(Error::KeyExhausted);
        }
        Ok(())
    }

    pub(super) fn commit(&self, writer: &mut Writer, plan: &mut Plan<'_>) -> Result<()> {
        if let Some(batch) = plan.batch()? {
            plan.opened.write(batch, self.options.durability, plan.changes_messages)?;
            writer.counters = plan.counters;
            writer.tail = plan.tail.take();
            self.metrics.lock().moved += plan.moved;
            if plan.is_miscounted && !writer.is_recounted {
                writer.is_recounted = true;
                self.recount(plan.opened, writer)?;
            }
        }
        Ok(())
    }
}
