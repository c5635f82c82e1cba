//! How memories age: the rule of the sweeps as a formula.
//!
//! The rule: each sweep adds to every memory (seconds since its last access × rate). After sweeps at
//! the times s₁ … sₖ a memory that was last accessed at `a` has gained rate × Σ(sᵢ − a), which is
//! rate × (Σsᵢ − k·a). The two sums over all sweeps, their number and the sum of their times, are
//! kept once for everybody; a memory notes what they were when it was last settled. So a sweep
//! changes two numbers, and what a memory's decay is can be computed when somebody asks. Times are
//! whole milliseconds of a clock that only goes forward, so the sums are exact; docs/identity.md has
//! the derivation.

/// A memory above this is released.
pub(super) const RELEASED_ABOVE: f64 = 0.95;

/// The sweeps that there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sweeps {
    count: u64,
    /// The sum of the times at which they were.
    sum: i128,
}

impl Sweeps {
    /// Notes a sweep.
    pub(super) fn add(&mut self, time: i64) {
        self.count += 1;
        self.sum += i128::from(time);
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The milliseconds that a memory accessed at a time has gained in the sweeps since `mark`.
    fn gained_since(&self, mark: &Sweeps, accessed: i64) -> i128 {
        (self.sum - mark.sum) - i128::from(self.count - mark.count) * i128::from(accessed)
    }
}

/// How old one memory is in the eyes of the sweeps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age {
    /// The decay when it was settled.
    base: f64,
    /// The sweeps that were included then.
    mark: Sweeps,
    /// The time of the last access.
    accessed: i64,
}

impl Age {
    /// Of a memory that was last accessed at a time, and has a decay already.
    pub(super) fn new(base: f64, sweeps: &Sweeps, accessed: i64) -> Self {
        Self { base, mark: *sweeps, accessed }
    }

    /// The decay after the sweeps.
    pub(super) fn decay(&self, sweeps: &Sweeps, rate: f64) -> f64 {
        let gained = sweeps.gained_since(&self.mark, self.accessed);
        (self.base + gained as f64 * rate / 1000.0).min(1.0)
    }

    /// Includes all sweeps so far in the base; from now on the memory ages from another access, or
    /// at another rate.
    pub(super) fn settle(&mut self, sweeps: &Sweeps, rate: f64, accessed: i64) {
        *self = Self::new(self.decay(sweeps, rate), sweeps, accessed);
    }

    /// The time of the last access.
    pub(super) fn accessed(&self) -> i64 {
        self.accessed
    }

    /// The memory among the others: see [`Line`].
    pub(super) fn line(&self, rate: f64) -> Line {
        let start = (self.base * unit(rate)) as i128;
        if rate == 0.0 {
            return Line { level: start, slope: 0, accessed: self.accessed };
        }
        let included = self.mark.sum.saturating_mul(FIXED);
        let counted = i128::from(self.mark.count).saturating_mul(i128::from(self.accessed));
        let level = start.saturating_sub(included).saturating_add(counted.saturating_mul(FIXED));
        Line { level, slope: self.accessed, accessed: self.accessed }
    }
}

/// Milliseconds are compared in fixed point, so that comparing is exact and a decay has its digits
/// at every rate that an identity can be given.
const FIXED: i128 = 1 << 56;

/// A decay of one in fixed point. At a rate of zero nothing ages, and any unit does.
fn unit(rate: f64) -> f64 {
    if rate > 0.0 { 1000.0 / rate * FIXED as f64 } else { 1e18 }
}

/// What the value of a line is above, of every memory that is to be released after the sweeps; and
/// of a few that are nearly.
pub(super) fn nearly_due(sweeps: &Sweeps, rate: f64) -> i128 {
    let decayed = ((RELEASED_ABOVE - 1e-6) * unit(rate)) as i128;
    let common = if rate > 0.0 { sweeps.sum.saturating_mul(FIXED) } else { 0 };
    decayed.saturating_sub(common)
}

/// A memory's decay up to what all have in common: after n sweeps, level − slope × n. The greater,
/// the more decayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    level: i128,
    slope: i64,
    /// The time of the last access, which is the slope wherever memories age.
    pub(super) accessed: i64,
}

impl Line {
    /// The value after so many sweeps.
    pub(super) fn at(&self, sweeps: u64) -> i128 {
        let fallen = i128::from(self.slope).saturating_mul(i128::from(sweeps));
        self.level.saturating_sub(fallen.saturating_mul(FIXED))
    }

    /// The number of sweeps at which another, which is behind, will have caught up.
    pub(super) fn ahead_until(&self, other: &Line, sweeps: u64) -> u64 {
        let closing = (i128::from(self.slope) - i128::from(other.slope)).saturating_mul(FIXED);
        if closing <= 0 {
            return u64::MAX;
        }
        let ahead = self.at(sweeps).saturating_sub(other.at(sweeps));
        let steps = (ahead.saturating_add(closing - 1) / closing).max(1);
        sweeps.saturating_add(u64::try_from(steps).unwrap_or(u64::MAX))
    }
}
