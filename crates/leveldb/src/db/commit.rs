//! The commit queue: writers that arrive while another writes are committed by one of them.
//!
//! The first writer becomes the leader and commits alone, at once. Writers that arrive meanwhile
//! wait in line; when the leader is done, the first of them becomes the next leader and takes those
//! behind it along: one log record, one `fdatasync`, one publication for all. Under load the cost of
//! a sync is so shared by everyone who waits for it, and without load nobody waits for company.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::core::Core;
use super::write_log::WriteLog;
use crate::error::{Error, Result};
use crate::options::Durability;
use crate::write_batch::WriteBatch;

/// A group takes no more writers beyond this many bytes.
const GROUP_LIMIT: usize = 1 << 20;

/// A leader with a small batch takes no more than this along, so that it does not wait long for
/// others.
const SMALL_GROUP_EXTRA: usize = 128 << 10;

/// See the module's documentation.
pub(crate) struct CommitQueue {
    line: Mutex<Line>,
    log: Mutex<WriteLog>,
}

#[derive(Default)]
struct Line {
    led: bool,
    waiting: VecDeque<Arc<Ticket>>,
}

/// A writer in line.
struct Ticket {
    state: Mutex<TicketState>,
    changed: Condvar,
    bytes: usize,
    durability: Durability,
}

enum TicketState {
    Waiting(WriteBatch),
    /// A leader has the batch.
    Taken,
    /// The writer is the next leader.
    Leads(WriteBatch),
    Done(Result<()>),
}

impl CommitQueue {
    pub(crate) fn new(log: WriteLog) -> Self {
        Self { line: Mutex::default(), log: Mutex::new(log) }
    }

    /// The log, for those who change it besides writers: closing, flushing, syncing.
    pub(crate) fn log(&self) -> MutexGuard<'_, WriteLog> {
        self.log.lock()
    }

    /// Commits a batch, alone or in a group, and gives the answer of the commit.
    pub(crate) fn commit(
        &self,
        core: &Core,
        batch: WriteBatch,
        durability: Durability,
    ) -> Result<()> {
        let batch = match self.join(batch, durability) {
            Joined::Leader(batch) => batch,
            Joined::Follower(ticket) => match ticket.wait() {
                TicketState::Leads(batch) => batch,
                TicketState::Done(answer) => return answer,
                TicketState::Waiting(_) | TicketState::Taken => return Err(Error::Closed),
            },
        };
        let _leadership = Leadership { queue: self };
        let mut log = self.log.lock();
        // Room is made first: what arrives while the leader waits for room joins the group.
        log.make_room(core)?;
        let group = self.gather(batch.byte_size(), durability);
        let answer = log.append(core, &group.merged_with(batch), durability);
        drop(log);
        group.answer(&answer);
        answer
    }

    /// Commits a batch on the spot if nothing has to be waited for; takes it only if so.
    pub(crate) fn try_commit(
        &self,
        core: &Core,
        batch: &mut WriteBatch,
        durability: Durability,
    ) -> Result<()> {
        if durability == Durability::Sync || core.pressure.would_delay() {
            return Err(Error::WouldBlock);
        }
        {
            let mut line = self.line.try_lock().ok_or(Error::WouldBlock)?;
            if line.led {
                return Err(Error::WouldBlock);
            }
            line.led = true;
        }
        let _leadership = Leadership { queue: self };
        let mut log = self.log.try_lock().ok_or(Error::WouldBlock)?;
        if !log.has_room(core) {
            return Err(Error::WouldBlock);
        }
        log.append(core, batch, durability)?;
        batch.clear();
        Ok(())
    }

    fn join(&self, batch: WriteBatch, durability: Durability) -> Joined {
        let mut line = self.line.lock();
        if !line.led {
            line.led = true;
            return Joined::Leader(batch);
        }
        let bytes = batch.byte_size();
        let state = Mutex::new(TicketState::Waiting(batch));
        let ticket = Arc::new(Ticket { state, changed: Condvar::new(), bytes, durability });
        line.waiting.push_back(Arc::clone(&ticket));
        Joined::Follower(ticket)
    }

    /// Takes those from the head of the line who fit into one group with a batch of `bytes`.
    fn gather(&self, mut bytes: usize, durability: Durability) -> Group {
        let limit = GROUP_LIMIT.min(bytes + SMALL_GROUP_EXTRA).max(bytes);
        let mut line = self.line.lock();
        let mut group = Group { members: Vec::new() };
        while let Some(next) = line.waiting.front() {
            // A writer who needs a sync is not served by a group that makes none.
            if bytes + next.bytes > limit || next.durability > durability {
                break;
            }
            bytes += next.bytes;
            group.members.extend(line.waiting.pop_front());
        }
        group
    }

    fn pass_on(&self) {
        let mut line = self.line.lock();
        match line.waiting.pop_front() {
            Some(next) => next.lead(),
            None => line.led = false,
        }
    }
}

enum Joined {
    Leader(WriteBatch),
    Follower(Arc<Ticket>),
}

/// Passes the leadership on when the leader is done, however it ends.
struct Leadership<'a> {
    queue: &'a CommitQueue,
}

impl Drop for Leadership<'_> {
    fn drop(&mut self) {
        self.queue.pass_on();
    }
}

/// The followers of one commit. None of them is left without an answer.
struct Group {
    members: Vec<Arc<Ticket>>,
}

impl Group {
    fn merged_with(&self, mut batch: WriteBatch) -> WriteBatch {
        for member in &self.members {
            let state = mem::replace(&mut *member.state.lock(), TicketState::Taken);
            if let TicketState::Waiting(other) = state {
                batch.append(&other);
            }
        }
        batch
    }

    fn answer(mut self, answer: &Result<()>) {
        for member in self.members.drain(..) {
            member.done(answer.clone());
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for member in &self.members {
            member.done(Err(Error::Closed));
        }
    }
}

impl Ticket {
    fn wait(&self) -> TicketState {
        let mut state = self.state.lock();
        while matches!(*state, TicketState::Waiting(_) | TicketState::Taken) {
            self.changed.wait(&mut state);
        }
        mem::replace(&mut *state, TicketState::Taken)
    }

    fn lead(&self) {
        let mut state = self.state.lock();
        if let TicketState::Waiting(batch) = mem::replace(&mut *state, TicketState::Taken) {
            *state = TicketState::Leads(batch);
            self.changed.notify_one();
        }
    }

    fn done(&self, answer: Result<()>) {
        *self.state.lock() = TicketState::Done(answer);
        self.changed.notify_one();
    }
}
