//! What is remembered of a code to tell, when its digest does not fit, how it differs: with other
//! line ends it is the same; where hardly one of its lines is left it is other code.

use super::seal::Key;

/// Lines that are remembered of a code.
const KEPT: usize = 32;
/// With fewer lines nothing can be said.
const ENOUGH: usize = 4;
/// Shorter lines are in every code.
const SHORTEST: usize = 8;
const DIGITS: usize = 16;

/// The code with one kind of line ends.
pub(super) fn with_plain_ends(code: &str) -> String {
    code.replace("\r\n", "\n").replace('\r', "\n")
}

/// Keyed digests of some of a code's lines: those with the smallest.
pub(super) fn lines_of(key: &Key, code: &str) -> Vec<String> {
    let mut digests = all_lines(key, code);
    digests.truncate(KEPT);
    digests
}

/// Whether a code has so little of what was remembered that it must be another.
pub(super) fn is_other_code(key: &Key, code: &str, remembered: &[&str]) -> bool {
    if remembered.len() < ENOUGH {
        return false;
    }
    let lines = all_lines(key, code);
    let left = remembered
        .iter()
        .filter(|line| lines.binary_search_by(|other| other.as_str().cmp(line)).is_ok());
    left.count() * ENOUGH < remembered.len()
}

fn all_lines(key: &Key, code: &str) -> Vec<String> {
    let lines = code.lines().map(str::trim).filter(|line| line.len() >= SHORTEST);
    let digest = |line: &str| {
        let mut digest = key.digest("line", &[line.as_bytes()]);
        digest.truncate(DIGITS);
        digest
    };
    let mut digests: Vec<String> = lines.map(digest).collect();
    digests.sort_unstable();
    digests.dedup();
    digests
}
