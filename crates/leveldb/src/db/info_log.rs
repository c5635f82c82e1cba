//! `LOG`: a few lines for whoever looks into the directory later. What was opened, flushed,
//! compacted and what failed, with times and numbers and never a key. Nothing depends on it, so
//! failing to write it is not an error.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::env::{Env, WritableFile};
use crate::file_name;

/// The log stops growing here, so that it can never fill a disk.
const SIZE_LIMIT: usize = 1 << 20;

#[derive(Debug, Default)]
pub(crate) struct InfoLog {
    state: Mutex<Option<(Arc<dyn WritableFile>, usize)>>,
}

impl InfoLog {
    /// Begins a log; the one before it becomes `LOG.old`.
    pub(crate) fn create(env: &dyn Env, directory: &Path) -> Self {
        let path = file_name::info_log(directory);
        let _ = env.rename(&path, &file_name::old_info_log(directory));
        Self { state: Mutex::new(env.create(&path).ok().map(|file| (file, 0))) }
    }

    pub(crate) fn line(&self, text: fmt::Arguments<'_>) {
        let mut state = self.state.lock();
        let Some((file, size)) = state.as_mut() else { return };
        let line = format!("{} {text}\n", Timestamp::now());
        *size += line.len();
        if *size > SIZE_LIMIT || file.append(line.as_bytes()).is_err() {
            *state = None;
        }
    }

    pub(crate) fn close(&self) {
        *self.state.lock() = None;
    }
}

/// A time in UTC, to the microsecond.
struct Timestamp {
    seconds: u64,
    micros: u32,
}

impl Timestamp {
    fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { seconds: since.as_secs(), micros: since.subsec_micros() }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_date(self.seconds / 86_400);
        let second = self.seconds % 86_400;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}/{month:02}/{day:02}-{hour:02}:{minute:02}:{second:02}.{:06}",
            self.micros
        )
    }
}

/// The Gregorian date of a day counted from 1970-01-01. Years are counted from March, so that the
/// day that leap years add is the last of its year.
fn civil_date(days_since_1970: u64) -> (u64, u64, u64) {
    let days = days_since_1970 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_around_leap_days() {
        assert_eq!(civil_date(0), (1970, 1, 1));
        assert_eq!(civil_date(11_016), (2000, 2, 29));
        assert_eq!(civil_date(11_017), (2000, 3, 1));
        assert_eq!(civil_date(19_782), (2024, 2, 29));
        assert_eq!(civil_date(20_453), (2025, 12, 31));
    }
}
