//! How memories have aged, on its way to a store and back. It is kept apart from the memories'
//! records, many in one, so that an identity that ends need not write every record again. What was
//! noted of a memory holds as long as nobody has accessed it since: an access writes the record.

use super::aging::Age;
use super::memory::{Aged, idle_at};
use super::{Identity, Moment};

impl Identity {
    /// Whether the store does not have how some memory has aged.
    pub fn has_aged(&self) -> bool {
        self.present(0).any(|(_, memory)| self.decay_of(memory) != memory.stored)
    }

    /// How memories from a number on have aged, which is taken to be what the store has from now on;
    /// and where the next part starts.
    pub fn ages_from(&mut self, from: u64, limit: usize, now: Moment) -> (Vec<Aged>, Option<u64>) {
        let now = self.forward(now);
        let (mut ages, mut next) = (Vec::new(), None);
        let Self { memories, sweeps, rate, .. } = self;
        for (number, memory) in memories.range_mut(from..) {
            let decay = memory.age.decay(sweeps, *rate);
            if memory.due || decay == 0.0 {
                continue;
            }
            if ages.len() == limit {
                next = Some(*number);
                break;
            }
            memory.stored = decay;
            let (id, idle) = (memory.id.clone(), now.elapsed - memory.age.accessed());
            ages.push(Aged { id, access_count: memory.access_count, decay, idle });
        }
        (ages, next)
    }

    /// Memories are as old as was noted, where nobody has accessed them since. Of several notes the
    /// latest counts.
    pub fn load_ages<'a>(
        &mut self,
        ages: impl IntoIterator<Item = (&'a str, u64, f64, i64)>,
        now: Moment,
    ) {
        let now = self.forward(now);
        for (id, access_count, decay, idle) in ages {
            let Some(number) = self.number_of(id) else { continue };
            let Some(memory) = self.memories.get_mut(&number) else { continue };
            let known = memory.age.decay(&self.sweeps, self.rate);
            let idle = idle_at(now, memory.last_accessed, idle);
            let accessed = now.elapsed.saturating_sub(idle);
            let is_later = decay > known || (decay == known && accessed < memory.age.accessed());
            if memory.access_count != access_count || !decay.is_finite() || !is_later {
                continue;
            }
            let before = memory.age.line(self.rate);
            memory.stored = decay;
            memory.age = Age::new(decay, &self.sweeps, accessed);
            self.stand_anew(number, &before);
        }
    }
}
