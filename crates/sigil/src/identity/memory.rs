//! A memory: a record with a part that never changes, kept as the JSON text it is, and the few
//! fields that do.

use std::sync::Arc;

use serde_json::Value;

use super::aging::{Age, Sweeps};
use super::numbers::{Fingerprint, PHI, Qualities, weight};
use super::standing::Place;
use super::{IdentityError, Moment};

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Memory {
    /// Its name.
    pub id: Arc<str>,
    /// In the order in which memories were drawn or loaded.
    pub(super) number: u64,
    /// The fields that never change, without the braces.
    pub(super) fixed: Box<str>,
    pub(super) frequency: f64,
    pub(super) potential: f64,
    pub(super) access_count: u64,
    /// By the calendar, for those who read it.
    pub(super) last_accessed: i64,
    /// Never decays away.
    pub(super) persistent: bool,
    pub(super) age: Age,
    /// The decay that the store has.
    pub(super) stored: f64,
    /// Among those that can decay away.
    pub(super) place: Option<Place>,
    /// A sweep has found it due: it is there for nobody any more, and only waits to be taken.
    pub(super) due: bool,
}

/// What a caller wants remembered.
pub struct Draft<'a> {
    /// The id of the memory to be.
    pub id: &'a str,
    /// JSON text of the data.
    pub data: &'a str,
    /// JSON text of the state.
    pub state: &'a str,
    /// What of the state counts.
    pub qualities: Qualities,
    /// A potential above makes the memory a crystal.
    pub crystal_above: f64,
}

/// A memory as a store had it.
pub struct Stored<'a> {
    /// Its name.
    pub id: &'a str,
    /// The fields that never change, as the text of a JSON object.
    pub fixed: &'a str,
    /// `resonanceFrequency`
    pub frequency: f64,
    /// `crystallizationPotential`
    pub potential: f64,
    /// `accessCount`
    pub access_count: u64,
    /// `lastAccessed`
    pub last_accessed: i64,
    /// `decay`
    pub decay: f64,
    /// `isPersistent`
    pub persistent: bool,
    /// `idleMilliseconds`: for how long nobody had accessed it when it was stored.
    pub idle: i64,
}

/// How a memory has aged, for the store.
#[derive(Debug, PartialEq)]
pub struct Aged {
    /// Its name.
    pub id: Arc<str>,
    /// `accessCount`: it has aged like this as long as that is the same.
    pub access_count: u64,
    /// `decay`
    pub decay: f64,
    /// For how long nobody had accessed it.
    pub idle: i64,
}

/// A memory that was let go, with what tells whether others have used it since.
#[derive(Debug)]
pub struct Released {
    /// Its name.
    pub id: Arc<str>,
    /// `accessCount`
    pub access_count: u64,
    /// `lastAccessed`
    pub last_accessed: i64,
}

impl From<Memory> for Released {
    fn from(memory: Memory) -> Self {
        let Memory { id, access_count, last_accessed, .. } = memory;
        Self { id, access_count, last_accessed }
    }
}

/// A calendar that says that nobody was running for longer than this was set. Half a year.
const LONGEST_ABSENCE: i64 = 183 * 24 * 3600 * 1000;

/// For how long nobody has accessed a memory that was idle for so long when it was stored. Over the
/// time in which nobody was running the calendar alone can tell; where it cannot be right, what was
/// stored counts.
pub(super) fn idle_at(now: Moment, last_accessed: i64, stored: i64) -> i64 {
    let known = stored.max(0);
    match now.calendar.saturating_sub(last_accessed) {
        away @ 0..=LONGEST_ABSENCE => away.max(known),
        _ => known,
    }
}

impl Memory {
    /// Whether nobody has used one since the other.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        (self.access_count, self.last_accessed) == (other.access_count, other.last_accessed)
    }

    /// Makes a memory out of what somebody wants remembered.
    pub(super) fn draw(
        draft: &Draft<'_>,
        now: Moment,
        sweeps: &Sweeps,
    ) -> Result<Self, IdentityError> {
        let fingerprint = Fingerprint::of(draft.data);
        let potential = draft.qualities.potential();
        if !potential.is_finite() {
            return Err(IdentityError::PotentialTooGreat);
        }
        let frequency = fingerprint.frequency();
        let fixed = format!(
            "\"id\":{},\"timestamp\":{},\"data\":{},\"consciousnessState\":{},\
             \"resonanceFrequency\":{frequency},\"memoryPattern\":[{}],\
             \"crystallizationPotential\":{potential}",
            quoted(draft.id),
            now.calendar,
            draft.data,
            draft.state,
            pattern(&fingerprint),
        );
        Ok(Self {
            id: draft.id.into(),
            number: 0,
            fixed: fixed.into(),
            frequency,
            potential,
            access_count: 0,
            last_accessed: now.calendar,
            persistent: potential > draft.crystal_above,
            age: Age::new(0.0, sweeps, now.elapsed),
            stored: 0.0,
            place: None,
            due: false,
        })
    }

    /// Takes up a memory that a store had, which nobody has accessed for so many milliseconds.
    pub(super) fn recall(
        stored: &Stored<'_>,
        idle: i64,
        now: Moment,
        sweeps: &Sweeps,
    ) -> Result<Self, IdentityError> {
        let inner = stored.fixed.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        let numbers = [stored.frequency, stored.potential, stored.decay];
        let fixed = inner.filter(|_| numbers.iter().all(|number| number.is_finite()));
        Ok(Self {
            id: stored.id.into(),
            number: 0,
            fixed: fixed.ok_or(IdentityError::NoMemory)?.into(),
            frequency: stored.frequency,
            potential: stored.potential,
            access_count: stored.access_count,
            last_accessed: stored.last_accessed,
            persistent: stored.persistent,
            age: Age::new(stored.decay, sweeps, now.elapsed.saturating_sub(idle)),
            stored: stored.decay,
            place: None,
            due: false,
        })
    }

    /// The record as JSON text. `idle` is for the store alone.
    pub(super) fn text(&self, decay: f64, idle: Option<i64>) -> String {
        let Self { fixed, access_count, last_accessed, .. } = self;
        let persistent = if self.persistent { ",\"isPersistent\":true" } else { "" };
        let idle = match idle {
            Some(milliseconds) if milliseconds > 0 => {
                format!(",\"idleMilliseconds\":{milliseconds}")
            }
            _ => String::new(),
        };
        format!(
            "{{{fixed},\"accessCount\":{access_count},\"lastAccessed\":{last_accessed},\
             \"decay\":{decay}{persistent}{idle}}}"
        )
    }

    /// The text of the crystal that it is.
    pub(super) fn crystal_text(&self, decay: f64) -> String {
        let text = self.text(decay, None);
        let open = text.strip_suffix('}').unwrap_or_default();
        format!("{open},\"type\":\"memory-crystal\"}}")
    }
}

fn pattern(fingerprint: &Fingerprint) -> String {
    let segments = fingerprint.parts(6).map(|part| {
        let angle = part * 2.0 * std::f64::consts::PI * PHI;
        let (radius, weight) = (part * PHI, weight(part));
        format!(
            "{{\"spiralAngle\":{angle},\"spiralRadius\":{radius},\
             \"resonanceIntensity\":{part},\"memoryWeight\":{weight}}}"
        )
    });
    segments.collect::<Vec<_>>().join(",")
}

/// A string as JSON writes it.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
