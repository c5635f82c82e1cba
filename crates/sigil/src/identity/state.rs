//! The state of an identity and every change that there is of it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::aging::{Line, RELEASED_ABOVE, Sweeps, nearly_due};
use super::crystals::Crystals;
use super::frequencies::Frequencies;
use super::groups::Groups;
use super::memory::{Draft, Memory, Released, Stored, idle_at, quoted};
use super::names::Names;
use super::numbers::{reach, resonance};
use super::standing::{Place, Standing};
use super::{IdentityError, Moment};

/// See the module's documentation.
#[derive(Default)]
pub struct Identity {
    pub(super) memories: BTreeMap<u64, Memory>,
    numbers: Names,
    next_number: u64,
    frequencies: Frequencies,
    groups: Groups,
    pub(super) crystals: Crystals,
    standing: Standing,
    /// Those that are due, to be taken.
    due: VecDeque<u64>,
    /// How many memories are.
    due_count: usize,
    pub(super) sweeps: Sweeps,
    /// What the sweeps multiply with.
    pub(super) rate: f64,
    /// The latest time that was heard of: what comes in later is not before it.
    elapsed: i64,
    /// Memories that were drawn and wait to be admitted.
    drawn: HashMap<Arc<str>, Memory>,
}

impl Identity {
    /// Makes a memory, which belongs to nobody until [`Identity::admit`], and gives its record.
    pub fn draw(&mut self, draft: &Draft<'_>, now: Moment) -> Result<String, IdentityError> {
        let now = self.forward(now);
        let mut memory = Memory::draw(draft, now, &self.sweeps)?;
        memory.number = self.take_number();
        let text = memory.text(0.0, None);
        self.drawn.insert(Arc::clone(&memory.id), memory);
        Ok(text)
    }

    /// Takes up a memory that was drawn, once the store has it. Says whether it is a crystal.
    pub fn admit(&mut self, id: &str) -> Option<bool> {
        let mut memory = self.drawn.remove(id)?;
        // It ages with the sweeps from now on, counted from when it was drawn.
        memory.age.settle(&self.sweeps, 0.0, memory.age.accessed());
        let crystal = memory.persistent;
        self.add(memory).then_some(crystal)
    }

    /// Drops a memory that was drawn, because the store did not take it.
    pub fn discard(&mut self, id: &str) {
        self.drawn.remove(id);
    }

    /// Takes up a memory that the store had. `false` where there is one of that id.
    pub fn load(&mut self, stored: &Stored<'_>, now: Moment) -> Result<bool, IdentityError> {
        let now = self.forward(now);
        let idle = idle_at(now, stored.last_accessed, stored.idle);
        let mut memory = Memory::recall(stored, idle, now, &self.sweeps)?;
        memory.number = self.take_number();
        Ok(self.add(memory))
    }

    /// Takes up a memory as others have stored it. `false` where it is known as it is, or is being
    /// encoded here. Its age goes on from what was stored, and its place among the others stays.
    pub fn refresh(&mut self, stored: &Stored<'_>, now: Moment) -> Result<bool, IdentityError> {
        let now = self.forward(now);
        // It was stored just now, perhaps by a machine whose calendar is another.
        let mut memory = Memory::recall(stored, stored.idle.max(0), now, &self.sweeps)?;
        if self.drawn.contains_key(&memory.id) {
            return Ok(false);
        }
        let known = self.numbers.get(&memory.id);
        if known.and_then(|number| self.memories.get(&number)).is_some_and(|one| one.is_as(&memory))
        {
            return Ok(false);
        }
        if let Some(number) = known {
            self.remove(number);
        }
        memory.number = known.unwrap_or_else(|| self.take_number());
        Ok(self.add(memory))
    }

    /// Drops a memory that the store does not have any more. `false` where there is none.
    pub fn forget(&mut self, id: &str) -> bool {
        let Some(number) = self.numbers.get(id) else { return false };
        self.crystals.remove(id);
        self.remove(number).is_some()
    }

    /// Takes up a crystal of a group that the store had.
    pub fn load_pattern(&mut self, group: i64, members: u128, text: &str) {
        self.groups.note_crystal(group, members);
        self.crystals.put_pattern(group, text.into());
    }

    fn add(&mut self, mut memory: Memory) -> bool {
        if self.numbers.contains(&memory.id) {
            return false;
        }
        let number = memory.number;
        self.numbers.insert(Arc::clone(&memory.id), number);
        self.frequencies.add(memory.frequency, number);
        self.groups.add(memory.frequency, memory.potential, &memory.id);
        if memory.persistent {
            self.crystals.put_memory(number, &memory.id);
        } else {
            memory.place = Some(self.standing.enter(memory.age.line(self.rate), number));
        }
        self.memories.insert(number, memory);
        true
    }

    fn remove(&mut self, number: u64) -> Option<Memory> {
        let memory = self.memories.remove(&number)?;
        self.numbers.remove(&memory.id);
        self.frequencies.remove(memory.frequency, number);
        self.groups.remove(memory.frequency, memory.potential, &memory.id);
        self.due_count -= usize::from(memory.due);
        if let Some(place) = memory.place {
            self.leave(place, &memory.age.line(self.rate), number);
        }
        Some(memory)
    }

    fn leave(&mut self, place: Place, line: &Line, number: u64) {
        for (other, place) in self.standing.leave(place, line, number) {
            if let Some(memory) = self.memories.get_mut(&other) {
                memory.place = Some(place);
            }
        }
    }

    /// Notes an access. `false` where there is no such memory.
    pub fn touch(&mut self, id: &str, now: Moment) -> bool {
        let now = self.forward(now);
        let Some(number) = self.number_of(id) else { return false };
        let Some(memory) = self.memories.get_mut(&number) else { return false };
        memory.access_count += 1;
        memory.last_accessed = now.calendar;
        let before = memory.age.line(self.rate);
        memory.age.settle(&self.sweeps, self.rate, now.elapsed);
        self.stand_anew(number, &before);
        true
    }

    /// A memory ages otherwise than it did.
    pub(super) fn stand_anew(&mut self, number: u64, before: &Line) {
        let place = self.memories.get(&number).and_then(|memory| memory.place);
        if let Some(place) = place {
            self.leave(place, before, number);
        }
        if let Some(memory) = self.memories.get_mut(&number).filter(|_| place.is_some()) {
            memory.place = Some(self.standing.enter(memory.age.line(self.rate), number));
        }
    }

    /// Memories age at another rate from now on. Costs nothing where there are none.
    pub fn set_rate(&mut self, rate: f64) {
        if rate != self.rate {
            self.change_rate(rate);
        }
    }

    /// A sweep: all memories age. Who is due then is for [`Identity::mark_due`] to say.
    pub fn sweep(&mut self, rate: f64, now: Moment) {
        let now = self.forward(now);
        self.bring_back_due();
        self.set_rate(rate);
        self.sweeps.add(now.elapsed);
        self.standing.advance(self.sweeps.count());
    }

    /// Memories that have decayed away by now are there for nobody any more. The next sweep brings
    /// back those that nobody takes until then.
    pub fn mark_due(&mut self) {
        let Self { memories, sweeps, rate, .. } = self;
        let is_due = |number: u64| {
            memories.get(&number).is_some_and(|one| one.age.decay(sweeps, *rate) > RELEASED_ABOVE)
        };
        let due = self.standing.take_above(nearly_due(sweeps, *rate), is_due);
        for number in &due {
            if let Some(memory) = self.memories.get_mut(number) {
                (memory.place, memory.due) = (None, true);
                self.due_count += 1;
            }
        }
        self.due.extend(due);
    }

    fn bring_back_due(&mut self) {
        for number in std::mem::take(&mut self.due) {
            if let Some(memory) = self.memories.get_mut(&number).filter(|memory| memory.due) {
                memory.due = false;
                memory.place = Some(self.standing.enter(memory.age.line(self.rate), number));
                self.due_count -= 1;
            }
        }
    }

    /// Removes memories that are due, at most so many.
    pub fn take_due(&mut self, limit: usize) -> Vec<Released> {
        let mut taken = Vec::new();
        while taken.len() < limit {
            let Some(number) = self.due.pop_front() else { break };
            // One that was heard of meanwhile is another by now.
            if self.memories.get(&number).is_some_and(|memory| memory.due) {
                taken.extend(self.remove(number).map(Released::from));
            }
        }
        taken
    }

    /// Removes the most decayed until there are as many as may be, at most so many at once.
    pub fn take_surplus(&mut self, most: usize, limit: usize) -> Vec<Released> {
        let mut taken = Vec::new();
        while taken.len() < limit && self.len() > most {
            let Some(number) = self.standing.first() else { break };
            taken.extend(self.remove(number).map(Released::from));
        }
        taken
    }

    /// Lets groups crystallize that are ready to, and gives the crystals.
    pub fn crystallize(&mut self, threshold: f64, now: Moment) -> Vec<String> {
        let ready: Vec<_> = self.groups.ready(threshold).collect();
        let made = ready.into_iter().map(|pattern| {
            self.groups.note_crystal(pattern.group, pattern.members);
            self.crystals.make_pattern(&pattern, now.calendar)
        });
        made.collect()
    }

    /// How many memories there are.
    pub fn len(&self) -> usize {
        self.memories.len() - self.due_count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is such a memory.
    pub fn has(&self, id: &str) -> bool {
        self.number_of(id).is_some()
    }

    /// A memory's record as JSON text.
    pub fn record(&self, id: &str) -> Option<String> {
        let memory = self.memories.get(&self.number_of(id)?)?;
        Some(memory.text(self.decay_of(memory), None))
    }

    /// Memories from a number on, with theirs.
    pub(super) fn present(&self, from: u64) -> impl Iterator<Item = (u64, &Memory)> {
        let all = self.memories.range(from..).map(|(number, memory)| (*number, memory));
        all.filter(|(_, memory)| !memory.due)
    }

    pub(super) fn number_of(&self, id: &str) -> Option<u64> {
        let number = self.numbers.get(id)?;
        self.memories.get(&number).is_some_and(|memory| !memory.due).then_some(number)
    }

    /// The record as it is to be stored, which is taken to be what the store has from now on.
    pub fn record_to_store(&mut self, id: &str, now: Moment) -> Option<String> {
        let now = self.forward(now);
        let memory = self.memories.get_mut(&self.number_of(id)?)?;
        memory.stored = memory.age.decay(&self.sweeps, self.rate);
        Some(memory.text(memory.stored, Some(now.elapsed - memory.age.accessed())))
    }

    /// Who resonated with a memory when it came and is still there, as JSON text.
    pub fn resonances(&self, id: &str, threshold: f64) -> Option<String> {
        let number = self.number_of(id)?;
        let own = self.memories.get(&number)?.frequency;
        let mut found: Vec<_> = self
            .frequencies
            .around(own, reach(threshold), number)
            .map(|(frequency, other)| (other, resonance(own, frequency)))
            .filter(|(_, resonance)| *resonance > threshold)
            .collect();
        found.sort_unstable_by_key(|(other, _)| *other);
        let items = found.iter().filter_map(|(other, resonance)| {
            let id = quoted(&self.memories.get(other).filter(|one| !one.due)?.id);
            Some(format!("{{\"id\":{id},\"resonance\":{resonance}}}"))
        });
        Some(format!("[{}]", items.collect::<Vec<_>>().join(",")))
    }

    pub(super) fn decay_of(&self, memory: &Memory) -> f64 {
        memory.age.decay(&self.sweeps, self.rate)
    }

    /// All memories settle at the old rate and age at the new one.
    fn change_rate(&mut self, rate: f64) {
        for memory in self.memories.values_mut() {
            memory.age.settle(&self.sweeps, self.rate, memory.age.accessed());
        }
        self.rate = rate;
        self.standing = Standing::default();
        self.standing.advance(self.sweeps.count());
        for (number, memory) in &mut self.memories {
            if memory.place.is_some() {
                memory.place = Some(self.standing.enter(memory.age.line(rate), *number));
            }
        }
    }

    fn take_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    pub(super) fn forward(&mut self, now: Moment) -> Moment {
        self.elapsed = self.elapsed.max(now.elapsed);
        Moment { elapsed: self.elapsed, ..now }
    }
}
