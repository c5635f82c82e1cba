//! The state of an identity as JavaScript holds it. All calls are short and come from one thread;
//! texts of records cross as JSON.

use napi_derive::napi;
use parking_lot::Mutex;
use sigil_records::identity::{
    self, Aged, Draft, Identity, IdentityError, Ids, Moment, Page, Qualities, Released, Stored,
};

use crate::boundary::{Result, guard};
use crate::failure::Failure;

/// See the module's documentation. Moments are milliseconds, by the calendar and by a clock that
/// only goes forward.
#[napi]
#[derive(Default)]
pub struct NativeIdentity {
    state: Mutex<Identity>,
    ids: Ids,
}

/// What is to be remembered.
#[napi(object)]
pub struct NativeDraft {
    /// JSON text.
    pub data: String,
    /// JSON text.
    pub state: String,
    /// `phi`, `coherence`, `awareness` and `emotionalResonance` of the state, 0.5 where absent.
    pub qualities: (f64, f64, f64, f64),
    /// A potential above makes a crystal.
    pub crystal_above: f64,
}

/// A memory that was drawn.
#[napi(object)]
pub struct NativeDrawn {
    /// Its id.
    pub id: String,
    /// Its record as JSON text.
    pub text: String,
}

/// A memory as a store had it.
#[napi(object)]
pub struct NativeStored {
    /// Its name.
    pub id: String,
    /// JSON text of the fields that never change.
    pub fixed: String,
    /// `resonanceFrequency`
    pub frequency: f64,
    /// `crystallizationPotential`
    pub potential: f64,
    /// `accessCount`
    pub access_count: f64,
    /// `lastAccessed`
    pub last_accessed: f64,
    /// `decay`
    pub decay: f64,
    /// `isPersistent`
    pub persistent: bool,
    /// `idleMilliseconds`
    pub idle: f64,
}

impl NativeStored {
    fn as_stored(&self) -> Stored<'_> {
        Stored {
            id: &self.id,
            fixed: &self.fixed,
            frequency: self.frequency,
            potential: self.potential,
            access_count: self.access_count as u64,
            last_accessed: self.last_accessed as i64,
            decay: self.decay,
            persistent: self.persistent,
            idle: self.idle as i64,
        }
    }
}

/// A memory that was let go.
#[napi(object)]
pub struct NativeReleased {
    /// Its name.
    pub id: String,
    /// `accessCount`
    pub access_count: f64,
    /// `lastAccessed`
    pub last_accessed: f64,
}

impl From<Released> for NativeReleased {
    fn from(released: Released) -> Self {
        Self {
            id: released.id.to_string(),
            access_count: released.access_count as f64,
            last_accessed: released.last_accessed as f64,
        }
    }
}

/// How a memory has aged: its id, `accessCount`, `decay`, and for how many milliseconds nobody had
/// accessed it.
type NativeAged = (String, f64, f64, f64);

/// How some memories have aged.
#[napi(object)]
pub struct NativeAges {
    /// Of each.
    pub memories: Vec<(String, f64, f64, f64)>,
    /// Where the next part starts.
    pub next: Option<f64>,
}

/// A part of a listing.
#[napi(object)]
pub struct NativePage {
    /// JSON text of a list.
    pub items: String,
    /// Where the next page starts.
    pub next: Option<f64>,
}

impl From<Page> for NativePage {
    fn from(page: Page) -> Self {
        Self { items: page.items, next: page.next.map(|number| number as f64) }
    }
}

impl From<IdentityError> for Failure {
    fn from(error: IdentityError) -> Self {
        Self::new("INVALID_PARAMETERS", error.to_string())
    }
}

fn moment(calendar: f64, elapsed: f64) -> Moment {
    Moment { calendar: calendar as i64, elapsed: elapsed as i64 }
}

#[napi]
impl NativeIdentity {
    /// An identity without memories.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, body: impl FnOnce(&mut Identity) -> T) -> Result<T> {
        guard(|| Ok(body(&mut self.state.lock())))
    }

    /// Makes a memory that belongs to nobody until it is admitted.
    #[napi]
    pub fn draw(&self, draft: NativeDraft, calendar: f64, elapsed: f64) -> Result<NativeDrawn> {
        guard(|| {
            let now = moment(calendar, elapsed);
            let id = self.ids.next(now.calendar);
            let (phi, coherence, awareness, emotional_resonance) = draft.qualities;
            let draft = Draft {
                id: &id,
                data: &draft.data,
                state: &draft.state,
                qualities: Qualities { phi, coherence, awareness, emotional_resonance },
                crystal_above: draft.crystal_above,
            };
            let text = self.state.lock().draw(&draft, now)?;
            Ok(NativeDrawn { id, text })
        })
    }

    /// Takes up a memory that was drawn and stored. Says whether it is a crystal.
    #[napi]
    pub fn admit(&self, id: String) -> Result<Option<bool>> {
        self.with(|state| state.admit(&id))
    }

    /// Drops a memory that was drawn.
    #[napi]
    pub fn discard(&self, id: String) -> Result<()> {
        self.with(|state| state.discard(&id))
    }

    /// Takes up a memory that a store had.
    #[napi]
    pub fn load(&self, stored: NativeStored, calendar: f64, elapsed: f64) -> Result<bool> {
        guard(|| Ok(self.state.lock().load(&stored.as_stored(), moment(calendar, elapsed))?))
    }

    /// Takes up a memory as others have stored it.
    #[napi]
    pub fn refresh(&self, stored: NativeStored, calendar: f64, elapsed: f64) -> Result<bool> {
        guard(|| Ok(self.state.lock().refresh(&stored.as_stored(), moment(calendar, elapsed))?))
    }

    /// Drops a memory that the store does not have any more.
    #[napi]
    pub fn forget(&self, id: String) -> Result<bool> {
        self.with(|state| state.forget(&id))
    }

    /// Takes up a pattern that a store had.
    #[napi]
    pub fn load_pattern(&self, group: f64, members: String, text: String) -> Result<()> {
        self.with(|state| {
            // Members that cannot be read are members that have changed.
            let members = u128::from_str_radix(&members, 16).unwrap_or_default();
            state.load_pattern(group as i64, members, &text);
        })
    }

    /// Notes an access.
    #[napi]
    pub fn touch(&self, id: String, calendar: f64, elapsed: f64) -> Result<bool> {
        self.with(|state| state.touch(&id, moment(calendar, elapsed)))
    }

    /// A sweep, in which all age.
    #[napi]
    pub fn sweep(&self, rate: f64, elapsed: f64) -> Result<()> {
        self.with(|state| state.sweep(rate, moment(0.0, elapsed)))
    }

    /// Sets at what rate memories age until a sweep says another.
    #[napi]
    pub fn set_rate(&self, rate: f64) -> Result<()> {
        self.with(|state| state.set_rate(rate))
    }

    /// Memories that have decayed away are gone for everybody, and wait to be taken.
    #[napi]
    pub fn mark_due(&self) -> Result<()> {
        self.with(Identity::mark_due)
    }

    /// Removes memories that are due.
    #[napi]
    pub fn take_due(&self, limit: u32) -> Result<Vec<NativeReleased>> {
        self.with(|state| released(state.take_due(limit as usize)))
    }

    /// Removes the most decayed beyond a number of memories.
    #[napi]
    pub fn take_surplus(&self, most: f64, limit: u32) -> Result<Vec<NativeReleased>> {
        self.with(|state| released(state.take_surplus(most as usize, limit as usize)))
    }

    /// Lets groups crystallize; gives the crystals' records as JSON texts.
    #[napi]
    pub fn crystallize(&self, threshold: f64, calendar: f64) -> Result<Vec<String>> {
        self.with(|state| state.crystallize(threshold, moment(calendar, 0.0)))
    }

    /// How many memories there are.
    #[napi]
    pub fn size(&self) -> Result<f64> {
        self.with(|state| state.len() as f64)
    }

    /// Whether there is such a memory.
    #[napi]
    pub fn has(&self, id: String) -> Result<bool> {
        self.with(|state| state.has(&id))
    }

    /// A memory's record.
    #[napi]
    pub fn record(&self, id: String) -> Result<Option<String>> {
        self.with(|state| state.record(&id))
    }

    /// A memory's record as it is to be stored.
    #[napi]
    pub fn record_to_store(&self, id: String, elapsed: f64) -> Result<Option<String>> {
        self.with(|state| state.record_to_store(&id, moment(0.0, elapsed)))
    }

    /// Who resonated with a memory when it came.
    #[napi]
    pub fn resonances(&self, id: String, threshold: f64) -> Result<Option<String>> {
        self.with(|state| state.resonances(&id, threshold))
    }

    /// Memories with their ids.
    #[napi]
    pub fn memories_page(&self, from: f64, limit: u32) -> Result<NativePage> {
        self.with(|state| state.memories_page(from as u64, limit as usize).into())
    }

    /// Ids of memories.
    #[napi]
    pub fn ids_page(&self, from: f64, limit: u32) -> Result<NativePage> {
        self.with(|state| state.ids_page(from as u64, limit as usize).into())
    }

    /// Ids of memories whose decay the store does not have.
    #[napi]
    pub fn unsaved_page(&self, from: f64, limit: u32) -> Result<NativePage> {
        self.with(|state| state.unsaved_page(from as u64, limit as usize).into())
    }

    /// Whether the store does not have how some memory has aged.
    #[napi]
    pub fn has_aged(&self) -> Result<bool> {
        self.with(|state| state.has_aged())
    }

    /// How memories have aged.
    #[napi]
    pub fn ages_page(&self, from: f64, limit: u32, elapsed: f64) -> Result<NativeAges> {
        self.with(|state| {
            let now = moment(0.0, elapsed);
            let (ages, next) = state.ages_from(from as u64, limit as usize, now);
            let memories = ages.into_iter().map(|Aged { id, access_count, decay, idle }| {
                (id.to_string(), access_count as f64, decay, idle as f64)
            });
            NativeAges { memories: memories.collect(), next: next.map(|number| number as f64) }
        })
    }

    /// Memories have aged as a store says.
    #[napi]
    pub fn load_ages(&self, memories: Vec<NativeAged>, calendar: f64, elapsed: f64) -> Result<()> {
        self.with(|state| {
            let ages = memories.iter().map(|(id, access_count, decay, idle)| {
                (id.as_str(), *access_count as u64, *decay, *idle as i64)
            });
            state.load_ages(ages, moment(calendar, elapsed));
        })
    }

    /// How many crystals there are.
    #[napi]
    pub fn crystal_count(&self) -> Result<f64> {
        self.with(|state| state.crystal_count() as f64)
    }

    /// A crystal's record.
    #[napi]
    pub fn crystal(&self, id: String) -> Result<Option<String>> {
        self.with(|state| state.crystal(&id))
    }

    /// Crystals with their ids.
    #[napi]
    pub fn crystals_page(&self, from: f64, limit: u32) -> Result<NativePage> {
        self.with(|state| state.crystals_page(from as u64, limit as usize).into())
    }
}

/// The sigil of a new identity, as JSON text.
#[napi]
pub fn own_sigil(random: String, calendar: f64) -> Result<String> {
    guard(|| Ok(identity::own_sigil(&random, calendar as i64)))
}

fn released(memories: Vec<Released>) -> Vec<NativeReleased> {
    memories.into_iter().map(NativeReleased::from).collect()
}
