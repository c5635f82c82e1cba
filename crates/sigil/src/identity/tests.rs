//! The identity against a model: a plain list of memories to which the contract's rules are applied
//! one after the other, with every record visited at every sweep. Clocks are virtual; that of the
//! calendar jumps by years.

mod model;

use proptest::collection::vec;
use proptest::prelude::*;

use self::model::{Model, ModelMemory, THRESHOLD};
use super::numbers::{Fingerprint, PHI};
use super::{Aged, Draft, Identity, Moment, Qualities, Stored};

const YEAR: i64 = 365 * 24 * 3600 * 1000;
const HALF_A_YEAR: i64 = 183 * 24 * 3600 * 1000;

fn stored_of<'a>(memory: &'a ModelMemory, fixed: &'a str, decay: f64, idle: i64) -> Stored<'a> {
    Stored {
        id: &memory.id,
        fixed,
        frequency: memory.frequency,
        potential: memory.potential,
        access_count: memory.accesses,
        last_accessed: memory.last_accessed,
        decay,
        persistent: memory.persistent,
        idle,
    }
}

/// Read as JavaScript reads it, which `serde_json` does not in the last bit.
fn decay_in(record: &str) -> f64 {
    let (_, rest) = record.split_once("\"decay\":").unwrap();
    rest.split([',', '}']).next().unwrap().parse().unwrap()
}

#[derive(Debug, Clone)]
enum Step {
    Encode {
        data: u8,
        high: u8,
    },
    /// With a decay and for how long it has been idle.
    Load {
        data: u8,
        decay: f64,
        idle: i64,
    },
    /// Drawn, and admitted a few steps later.
    EncodeLate {
        data: u8,
    },
    Refused {
        data: u8,
    },
    Touch(usize),
    /// Somebody else has used it, and stored it so long ago.
    TouchElsewhere(usize, i64),
    /// Somebody else has let it go.
    GoneElsewhere(usize),
    Sweep,
    /// Twice, and it is for somebody else to release what is due.
    SweepElsewhere,
    Rate(usize),
    Crystallize,
    Limit(usize),
    Pass(i64),
    SetCalendar(i64),
    /// All goes to the store and comes back after so long.
    Restart(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0_u8..40, 0_u8..4).prop_map(|(data, high)| Step::Encode { data, high }),
        2 => (0_u8..40, 0.0..1.0, 0_i64..900_000)
            .prop_map(|(data, decay, idle)| Step::Load { data, decay, idle }),
        1 => (0_u8..40).prop_map(|data| Step::EncodeLate { data }),
        1 => (0_u8..40).prop_map(|data| Step::Refused { data }),
        6 => (0_usize..1000).prop_map(Step::Touch),
        1 => (0_usize..1000, 0_i64..900_000)
            .prop_map(|(at, idle)| Step::TouchElsewhere(at, idle)),
        1 => (0_usize..1000).prop_map(Step::GoneElsewhere),
        6 => Just(Step::Sweep),
        1 => Just(Step::SweepElsewhere),
        1 => (0_usize..4).prop_map(Step::Rate),
        2 => Just(Step::Crystallize),
        1 => (0_usize..60).prop_map(Step::Limit),
        6 => (0_i64..90_000).prop_map(Step::Pass),
        2 => prop_oneof![Just(YEAR), Just(-YEAR)].prop_map(Step::SetCalendar),
        1 => prop_oneof![Just(0), 0_i64..HALF_A_YEAR, Just(YEAR)].prop_map(Step::Restart),
    ];
    vec(step, 1..200)
}

struct Pair {
    identity: Identity,
    model: Model,
    now: Moment,
    rate: f64,
    made: u32,
    /// With the steps that are left until then.
    late: Option<(ModelMemory, u8)>,
}

impl Pair {
    fn new() -> Self {
        let mut identity = Identity::default();
        identity.set_rate(0.001);
        Self {
            identity,
            model: Model { rate: 0.001, ..Model::default() },
            now: Moment { calendar: 50 * YEAR, elapsed: 1000 },
            rate: 0.001,
            made: 0,
            late: None,
        }
    }

    fn draw(&mut self, data: u8, high: u8) -> ModelMemory {
        self.made += 1;
        let id = format!("m{:05}", self.made);
        let quality = if high == 0 { 1.0 } else { 0.9 };
        let qualities = Qualities {
            phi: quality,
            coherence: quality,
            awareness: quality,
            emotional_resonance: quality,
        };
        let data = data.to_string();
        let crystal_above = if high == 0 { THRESHOLD } else { 2.0 };
        let draft = Draft { id: &id, data: &data, state: "{}", qualities, crystal_above };
        self.identity.draw(&draft, self.now).unwrap();
        ModelMemory {
            id,
            frequency: Fingerprint::of(&data).frequency(),
            potential: qualities.potential(),
            persistent: high == 0,
            base: 0.0,
            gained: 0,
            accessed: self.now.elapsed,
            last_accessed: self.now.calendar,
            accesses: 0,
        }
    }

    fn load(&mut self, memory: &ModelMemory, decay: f64, idle: i64) {
        let fixed = format!("{{\"id\":\"{}\"}}", memory.id);
        let stored = stored_of(memory, &fixed, decay, idle);
        assert!(self.identity.load(&stored, self.now).unwrap());
    }

    fn touch_elsewhere(&mut self, at: usize, idle: i64) {
        let rate = self.model.rate;
        let calendar = self.now.calendar;
        let memory = &mut self.model.memories[at];
        memory.settle(rate);
        memory.accessed = self.now.elapsed - idle;
        memory.last_accessed = calendar - idle - YEAR / 100;
        memory.accesses += 2;
        let memory = memory.clone();
        let fixed = format!("{{\"id\":\"{}\"}}", memory.id);
        let stored = stored_of(&memory, &fixed, memory.base, idle);
        assert!(self.identity.refresh(&stored, self.now).unwrap());
        assert!(!self.identity.refresh(&stored, self.now).unwrap());
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Encode { data, high } => {
                let memory = self.draw(data, high);
                assert_eq!(self.identity.admit(&memory.id), Some(memory.persistent));
                self.model.memories.push(memory);
            }
            Step::Load { data, decay, idle } => {
                self.made += 1;
                let memory = ModelMemory {
                    id: format!("m{:05}", self.made),
                    frequency: f64::from(data) / 25.0,
                    potential: 0.5,
                    persistent: false,
                    base: decay,
                    gained: 0,
                    accessed: self.now.elapsed - idle,
                    last_accessed: self.now.calendar - idle,
                    accesses: 3,
                };
                self.load(&memory, decay, idle);
                self.model.memories.push(memory);
            }
            Step::EncodeLate { data } if self.late.is_none() => {
                self.late = Some((self.draw(data, 1), 4));
            }
            Step::Refused { data } => {
                let memory = self.draw(data, 0);
                self.identity.discard(&memory.id);
                assert_eq!(self.identity.admit(&memory.id), None);
            }
            Step::Touch(at) if !self.model.memories.is_empty() => {
                let rate = self.model.rate;
                let at = at % self.model.memories.len();
                let memory = &mut self.model.memories[at];
                memory.accessed = self.now.elapsed;
                memory.last_accessed = self.now.calendar;
                memory.accesses += 1;
                assert!(self.identity.touch(&memory.id, self.now));
                memory.settle(rate);
            }
            Step::TouchElsewhere(at, idle) if !self.model.memories.is_empty() => {
                self.touch_elsewhere(at % self.model.memories.len(), idle);
            }
            Step::GoneElsewhere(at) if !self.model.memories.is_empty() => {
                let gone = self.model.memories.remove(at % self.model.memories.len());
                assert!(self.identity.forget(&gone.id));
                assert!(!self.identity.forget(&gone.id));
                assert!(self.identity.crystal(&gone.id).is_none());
            }
            Step::Sweep => self.sweep(),
            Step::SweepElsewhere => self.sweep_and_leave(),
            Step::Rate(which) => self.rate = [0.001, 0.0, 0.02, 0.000_1][which],
            Step::Crystallize => {
                let made = self.identity.crystallize(THRESHOLD, self.now);
                let expected = self.model.crystallize();
                assert_eq!(made.len(), expected.len());
                for (text, (group, count)) in made.iter().zip(expected) {
                    let crystal: serde_json::Value = serde_json::from_str(text).unwrap();
                    assert_eq!(crystal["group"], group);
                    assert_eq!(crystal["memoryCount"], count);
                }
            }
            Step::Limit(most) => self.limit(most),
            Step::Pass(milliseconds) => {
                self.now.elapsed += milliseconds;
                self.now.calendar += milliseconds;
            }
            Step::SetCalendar(jump) => self.now.calendar += jump,
            Step::Restart(down) => self.restart(down),
            _ => {}
        }
    }

    fn admit_late(&mut self) {
        match self.late.take() {
            Some((memory, 0)) => {
                assert_eq!(self.identity.admit(&memory.id), Some(false));
                self.model.memories.push(memory);
            }
            Some((memory, steps)) => self.late = Some((memory, steps - 1)),
            None => {}
        }
    }

    fn sweep(&mut self) {
        let mut expected = self.model.sweep(self.rate, self.now);
        self.identity.sweep(self.rate, self.now);
        self.identity.mark_due();
        let mut released = Vec::new();
        loop {
            // Before they are taken, too, nobody meets those that are due.
            for id in &expected {
                assert!(!self.identity.touch(id, self.now));
                assert!(!self.identity.has(id));
                assert_eq!(self.identity.record(id), None);
            }
            self.check();
            let taken = self.identity.take_due(3);
            if taken.is_empty() {
                break;
            }
            released.extend(taken.iter().map(|one| one.id.to_string()));
        }
        released.sort();
        expected.sort();
        assert_eq!(released, expected);
    }

    /// A view of memories that others release: they stay, and somebody may use them.
    fn sweep_and_leave(&mut self) {
        self.model.age(self.rate, self.now);
        self.identity.sweep(self.rate, self.now);
        self.identity.mark_due();
        self.identity.sweep(self.rate, self.now);
        self.model.age(self.rate, self.now);
    }

    fn limit(&mut self, most: usize) {
        for gone in self.identity.take_surplus(most, usize::MAX) {
            let rate = self.model.rate;
            let memories = &mut self.model.memories;
            assert!(memories.len() > most);
            let at = memories.iter().position(|memory| *memory.id == *gone.id).unwrap();
            let memory = memories.remove(at);
            assert!(!memory.persistent);
            let mortal = memories.iter().filter(|other| !other.persistent);
            let decay = |one: &ModelMemory| one.base + one.gained as f64 * rate / 1000.0;
            for other in mortal {
                assert!(decay(other) <= decay(&memory) + 1e-9);
                // Of those that are equally old the one that was used longest ago, then the first.
                if (other.base, other.gained) == (memory.base, memory.gained) {
                    assert!((memory.accessed, &memory.id) < (other.accessed, &other.id));
                }
            }
        }
        let over = self.model.memories.len() > most;
        assert!(!over || self.model.memories.iter().all(|memory| memory.persistent));
    }

    /// Nothing is known afterwards but what the store has.
    fn restart(&mut self, down: i64) {
        // In the order of keys.
        self.model.memories.sort_by(|one, other| one.id.cmp(&other.id));
        let ages = self.note_ages();
        assert!(!self.identity.has_aged());
        let texts: Vec<String> = self
            .model
            .memories
            .iter()
            .map(|memory| self.identity.record_to_store(&memory.id, self.now).unwrap())
            .collect();
        assert_eq!(self.identity.unsaved_page(0, usize::MAX).items, "[]");
        self.identity = Identity::default();
        self.late = None;
        self.now.elapsed = 7;
        self.now.calendar += down;
        for (group, ids) in &self.model.crystallized {
            let half = |id: &String| Fingerprint::of(id).half();
            let members = ids.iter().map(half).fold(0, u128::wrapping_add);
            self.identity.load_pattern(*group, members, "{}");
        }
        let old_rate = self.model.rate;
        self.identity.set_rate(self.rate);
        self.model.rate = self.rate;
        for (at, text) in texts.iter().enumerate() {
            let record: serde_json::Value = serde_json::from_str(text).unwrap();
            let idle = record["idleMilliseconds"].as_i64().unwrap_or(0);
            let memory = &mut self.model.memories[at];
            memory.settle(old_rate);
            let away = self.now.calendar - memory.last_accessed;
            let believed = if (0..=HALF_A_YEAR).contains(&away) { away } else { 0 };
            memory.accessed = self.now.elapsed - idle.max(believed);
            let decay = decay_in(text);
            assert_eq!(decay, memory.base);
            let memory = memory.clone();
            // Of every second one, its own record is from when it was encoded or accessed.
            let is_stale = at % 2 == 0 && decay > 0.0;
            let (decay, idle) = if is_stale { (0.0, 0) } else { (decay, idle) };
            self.load(&memory, decay, idle);
        }
        let notes = ages.iter().flat_map(|(aged, late)| {
            let Aged { id, access_count, decay, idle } = aged;
            // What was noted before, or before an access, is not true any more.
            let (before, accessed) = ((*decay / 2.0, *idle), (1.0, 0));
            let right = (&**id, *access_count, *decay, *idle);
            let old = (&**id, *access_count, before.0, before.1);
            let other = (&**id, *access_count + 1, accessed.0, accessed.1);
            if *late { [old, other, right] } else { [right, other, old] }
        });
        self.identity.load_ages(notes, self.now);
        assert!(!self.identity.has_aged());
    }

    fn note_ages(&mut self) -> Vec<(Aged, bool)> {
        let (mut ages, mut from) = (Vec::new(), Some(0));
        while let Some(start) = from {
            let (some, next) = self.identity.ages_from(start, 2, self.now);
            ages.extend(some.into_iter().enumerate().map(|(at, aged)| (aged, at == 0)));
            from = next;
        }
        ages
    }

    fn check(&self) {
        assert_eq!(self.identity.len(), self.model.memories.len());
        for memory in &self.model.memories {
            let text = self.identity.record(&memory.id).unwrap();
            let record: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(record["accessCount"], memory.accesses);
            assert_eq!(record["lastAccessed"], memory.last_accessed);
            let decay = decay_in(&text);
            assert_eq!(decay, memory.decay(self.model.rate), "of {}", memory.id);
        }
        let found: Vec<serde_json::Value> = match self.model.memories.last() {
            Some(last) => {
                serde_json::from_str(&self.identity.resonances(&last.id, 0.85).unwrap()).unwrap()
            }
            None => return,
        };
        let last = &self.model.memories[self.model.memories.len() - 1];
        let resonates = |other: &&ModelMemory| {
            other.id < last.id && (-(last.frequency - other.frequency).abs() / PHI).exp() > 0.85
        };
        let expected = self.model.memories.iter().filter(resonates);
        let mut expected: Vec<_> = expected.map(|other| other.id.clone()).collect();
        let mut found: Vec<_> =
            found.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }
}

proptest! {
    #[test]
    fn the_identity_does_what_the_model_does(steps in steps()) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.step(step);
            pair.admit_late();
            pair.check();
        }
    }
}
