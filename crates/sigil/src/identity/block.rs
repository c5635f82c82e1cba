//! A few hundred memories, and who of them is the most decayed, now and after any number of sweeps
//! to come.
//!
//! Decays are lines over the number of sweeps ([`Line`]). Those who lead at some time from now on are
//! the upper hull of the lines. It is kept as a stack with the present leader on top, each with the
//! number of sweeps at which the one below takes over. So a sweep looks at the top alone, and a
//! memory that ages more slowly than all others, as one just used does, is put on top after those
//! are dropped who will not lead any more. The stack is made anew when one that is on it leaves.

use super::aging::Line;

/// So many memories are kept together. A sweep looks at one of them; a change may look at all. Few
/// in tests, so that these have many blocks.
const FULL: usize = if cfg!(test) { 8 } else { 256 };
/// So few are better moved elsewhere.
const SPARSE: usize = FULL / 4;

/// A memory, known by a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) line: Line,
    pub(super) who: u64,
}

impl Entry {
    /// Whether this one is before another: more decayed; of equals, accessed first; of these, older.
    pub(super) fn leads(&self, other: &Self, sweeps: u64) -> bool {
        let (own, others) = (self.line.at(sweeps), other.line.at(sweeps));
        own > others || (own == others && self.key() < other.key())
    }

    /// From those who age fast to those who age slowly.
    fn key(&self) -> (i64, u64) {
        (self.line.accessed, self.who)
    }
}

#[derive(Debug, Clone, Copy)]
struct Leader {
    entry: Entry,
    /// Leads for fewer sweeps than this.
    until: u64,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// In the order of their keys.
    entries: Vec<Entry>,
    leaders: Vec<Leader>,
}

impl Block {
    /// The most decayed.
    pub(super) fn head(&self) -> Option<&Entry> {
        self.leaders.last().map(|leader| &leader.entry)
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= FULL
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn is_sparse(&self) -> bool {
        self.entries.len() < SPARSE
    }

    pub(super) fn enter(&mut self, entry: Entry, sweeps: u64) {
        let at = self.entries.partition_point(|other| other.key() < entry.key());
        let is_slowest = at == self.entries.len();
        self.entries.insert(at, entry);
        if is_slowest {
            self.put_on_top(entry, sweeps);
        } else {
            self.find_leaders(sweeps);
        }
    }

    pub(super) fn leave(&mut self, line: &Line, who: u64, sweeps: u64) {
        let key = (line.accessed, who);
        let Ok(at) = self.entries.binary_search_by_key(&key, Entry::key) else { return };
        self.entries.remove(at);
        if self.leaders.iter().any(|leader| leader.entry.who == who) {
            self.find_leaders(sweeps);
        }
    }

    /// There have been so many sweeps.
    pub(super) fn advance(&mut self, sweeps: u64) {
        while self.leaders.last().is_some_and(|leader| leader.until <= sweeps) {
            self.leaders.pop();
        }
    }

    /// Takes out those of whom something holds.
    pub(super) fn take(&mut self, sweeps: u64, taken: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let (out, left) = std::mem::take(&mut self.entries).into_iter().partition(taken);
        self.entries = left;
        self.find_leaders(sweeps);
        out
    }

    fn find_leaders(&mut self, sweeps: u64) {
        self.leaders.clear();
        for at in 0..self.entries.len() {
            if let Some(entry) = self.entries.get(at).copied() {
                self.put_on_top(entry, sweeps);
            }
        }
    }

    /// With one more, who ages more slowly than all on the stack.
    fn put_on_top(&mut self, entry: Entry, sweeps: u64) {
        while let Some(top) = self.leaders.last() {
            if top.entry.leads(&entry, sweeps) {
                return;
            }
            let until = entry.line.ahead_until(&top.entry.line, sweeps);
            if until < top.until {
                self.leaders.push(Leader { entry, until });
                return;
            }
            // When the top would lead the new one, somebody else leads both already.
            self.leaders.pop();
        }
        self.leaders.push(Leader { entry, until: u64::MAX });
    }
}
