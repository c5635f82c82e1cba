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
        // The unit of decay in fixed point, so that comparing is exact. The decay of a memory that
        // cannot age stays as it is.
        let unit = if rate > 0.0 { 1000.0 / rate * FIXED as f64 } else { 1e18 };
        let accessed = if rate > 0.0 { i128::from(self.accessed) * FIXED } else { 0 };
        let included = if rate > 0.0 { self.mark.sum * FIXED } else { 0 };
        let start = (self.base * unit) as i128;
        Line {
            level: start
                .saturating_sub(included)
                .saturating_add(i128::from(self.mark.count).saturating_mul(accessed)),
            slope: accessed,
        }
    }
}

const FIXED: i128 = 1 << 32;

/// A memory's decay up to what all have in common: after n sweeps, level − slope × n. The greater,
/// the more decayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    level: i128,
    slope: i128,
}

impl Line {
    fn at(&self, sweeps: u64) -> i128 {
        self.level.saturating_sub(self.slope.saturating_mul(i128::from(sweeps)))
    }

    /// Whether this one is before another: more decayed, or as much and growing faster.
    pub(super) fn leads(&self, other: &Line, sweeps: u64) -> bool {
        let (own, others) = (self.at(sweeps), other.at(sweeps));
        own > others || (own == others && self.slope <= other.slope)
    }

    /// The number of sweeps at which another, which is behind, will be before this one.
    pub(super) fn led_until(&self, other: &Line, sweeps: u64) -> u64 {
        let closing = self.slope.saturating_sub(other.slope);
        if closing <= 0 {
            return u64::MAX;
        }
        let ahead = self.at(sweeps).saturating_sub(other.at(sweeps));
        let steps = (ahead.saturating_add(closing - 1) / closing).max(1);
        sweeps.saturating_add(u64::try_from(steps).unwrap_or(u64::MAX))
    }
}
