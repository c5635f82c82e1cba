//! The model: every memory in a list, and each rule applied to all of them.

use crate::identity::Moment;

pub(super) const THRESHOLD: f64 = 0.9;

#[derive(Debug, Clone)]
pub(super) struct ModelMemory {
    pub(super) id: String,
    pub(super) frequency: f64,
    pub(super) potential: f64,
    pub(super) persistent: bool,
    pub(super) base: f64,
    /// Exact, as the sum of what the sweeps have added, in milliseconds.
    pub(super) gained: i64,
    pub(super) accessed: i64,
    pub(super) last_accessed: i64,
    pub(super) accesses: u64,
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) memories: Vec<ModelMemory>,
    pub(super) rate: f64,
    /// The members with which each group has crystallized.
    pub(super) crystallized: Vec<(i64, Vec<String>)>,
}

impl ModelMemory {
    pub(super) fn decay(&self, rate: f64) -> f64 {
        (self.base + self.gained as f64 * rate / 1000.0).min(1.0)
    }

    pub(super) fn settle(&mut self, rate: f64) {
        self.base = self.decay(rate);
        self.gained = 0;
    }
}

impl Model {
    pub(super) fn age(&mut self, rate: f64, now: Moment) {
        if rate != self.rate {
            let old = self.rate;
            self.memories.iter_mut().for_each(|memory| memory.settle(old));
            self.rate = rate;
        }
        for memory in &mut self.memories {
            memory.gained += now.elapsed - memory.accessed;
        }
    }

    pub(super) fn sweep(&mut self, rate: f64, now: Moment) -> Vec<String> {
        self.age(rate, now);
        let due = |memory: &ModelMemory| !memory.persistent && memory.decay(rate) > 0.95;
        let released = self.memories.iter().filter(|memory| due(memory));
        let ids = released.map(|memory| memory.id.clone()).collect();
        self.memories.retain(|memory| !due(memory));
        ids
    }

    /// The groups that crystallize, with how many they are.
    pub(super) fn crystallize(&mut self) -> Vec<(i64, usize)> {
        let mut groups: Vec<i64> = self.memories.iter().map(group_of).collect();
        groups.sort_unstable();
        groups.dedup();
        let mut made = Vec::new();
        for group in groups {
            let members = self.memories.iter().filter(|memory| group_of(memory) == group);
            let mut ids: Vec<_> = members.clone().map(|memory| memory.id.clone()).collect();
            ids.sort();
            let strength = members.map(|one| one.potential).sum::<f64>() / ids.len() as f64;
            let before = self.crystallized.iter().position(|(other, _)| *other == group);
            let same = before.is_some_and(|at| self.crystallized[at].1 == ids);
            if ids.len() < 3 || strength <= THRESHOLD || same {
                continue;
            }
            made.push((group, ids.len()));
            if let Some(at) = before {
                self.crystallized.remove(at);
            }
            self.crystallized.push((group, ids));
        }
        made
    }
}

fn group_of(memory: &ModelMemory) -> i64 {
    (memory.frequency * 100.0).floor() as i64
}
