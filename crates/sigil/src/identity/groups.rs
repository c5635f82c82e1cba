//! Groups of memories with nearly the same frequency, which crystallize to patterns together.
//!
//! A group is counted and summed as memories come and go, in fixed point, so that the sums do not
//! drift and do not depend on the order. What tells whether it has changed since it crystallized is
//! the sum of its members' fingerprints: it is the same after a restart, and for the same members.

use std::collections::BTreeMap;

use super::numbers::{Fingerprint, group_of};

/// As few do not make a pattern.
const SMALLEST: u64 = 3;
const FIXED: f64 = (1_u64 << 63) as f64;

#[derive(Default)]
struct Group {
    count: u64,
    potentials: i128,
    members: u128,
    crystallized: Option<u128>,
}

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Groups {
    groups: BTreeMap<i64, Group>,
}

/// A group that is ready to crystallize.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pattern {
    /// Which group.
    pub group: i64,
    /// Its members' mean potential.
    pub strength: f64,
    /// How many they are.
    pub count: u64,
    /// Who they are, as one number.
    pub members: u128,
}

impl Groups {
    /// Adds a memory.
    pub(super) fn add(&mut self, frequency: f64, potential: f64, id: &str) {
        let group = self.groups.entry(group_of(frequency)).or_default();
        group.count += 1;
        group.potentials = group.potentials.saturating_add(fixed(potential));
        group.members = group.members.wrapping_add(Fingerprint::of(id).half());
    }

    /// Takes a memory out.
    pub(super) fn remove(&mut self, frequency: f64, potential: f64, id: &str) {
        let key = group_of(frequency);
        let Some(group) = self.groups.get_mut(&key) else { return };
        group.count = group.count.saturating_sub(1);
        group.potentials = group.potentials.saturating_sub(fixed(potential));
        group.members = group.members.wrapping_sub(Fingerprint::of(id).half());
        if group.count == 0 && group.crystallized.is_none() {
            self.groups.remove(&key);
        }
    }

    /// Notes with which members a group has crystallized.
    pub(super) fn note_crystal(&mut self, group: i64, members: u128) {
        self.groups.entry(group).or_default().crystallized = Some(members);
    }

    /// The groups that are to crystallize: strong enough, and changed since the last time.
    pub(super) fn ready(&self, threshold: f64) -> impl Iterator<Item = Pattern> {
        self.groups.iter().filter_map(move |(key, group)| {
            if group.count < SMALLEST || group.crystallized == Some(group.members) {
                return None;
            }
            let strength = group.potentials as f64 / FIXED / group.count as f64;
            let (count, members) = (group.count, group.members);
            (strength > threshold).then_some(Pattern { group: *key, strength, count, members })
        })
    }
}

/// Beyond what a potential can sensibly be it counts as the bound, so that no sum overflows.
fn fixed(potential: f64) -> i128 {
    (potential.clamp(-1e9, 1e9) * FIXED) as i128
}
