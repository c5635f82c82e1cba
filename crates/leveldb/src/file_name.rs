//! The files of a database directory, by name.
//!
//! `NNNNNN.log` is a write-ahead log, `NNNNNN.ldb` (once `.sst`) a table, `MANIFEST-NNNNNN` the
//! history of which tables are live, `CURRENT` the name of the manifest in force, `LOCK` the lock,
//! `LOG` and `LOG.old` a text for humans, `NNNNNN.dbtmp` a file on its way to another name. One
//! counter numbers all of them, so a number names one file for ever. `RESERVE` is ours: space put
//! aside for a full disk.

use std::path::{Path, PathBuf};

/// No counter gets this far. A database that has a larger number is not continued, so that its files
/// never come near the numbers that are not recognised.
pub(crate) const LARGEST_NUMBER: u64 = 1 << 62;

/// More than any database ever numbers.
const MAX_NUMBER: u64 = u64::MAX / 2;

/// What a file of the directory is, with its number where it has one.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// A write-ahead log.
    Log(u64),
    /// A sorted table.
    Table(u64),
    /// A manifest.
    Manifest(u64),
    /// A file that is being written and not in force yet.
    Temporary(u64),
    /// The pointer to the manifest in force.
    Current,
    /// The lock.
    Lock,
    /// The text log, or the one before it.
    InfoLog,
    /// Space put aside for a full disk.
    Reserve,
    /// Not a file of ours.
    Foreign,
}

impl FileKind {
    /// What the name of `path` says it is.
    pub fn of(path: &Path) -> Self {
        path.file_name().and_then(|name| name.to_str()).map_or(Self::Foreign, Self::of_name)
    }

    fn of_name(name: &str) -> Self {
        match name {
            "CURRENT" => return Self::Current,
            "LOCK" => return Self::Lock,
            "LOG" | "LOG.old" => return Self::InfoLog,
            "RESERVE" => return Self::Reserve,
            _ => {}
        }
        if let Some(digits) = name.strip_prefix("MANIFEST-") {
            return number(digits).map_or(Self::Foreign, Self::Manifest);
        }
        let Some((digits, suffix)) = name.split_once('.') else { return Self::Foreign };
        let Some(number) = number(digits) else { return Self::Foreign };
        match suffix {
            "log" => Self::Log(number),
            "ldb" | "sst" => Self::Table(number),
            "dbtmp" => Self::Temporary(number),
            _ => Self::Foreign,
        }
    }

    /// The file's number, where it has one.
    pub fn number(self) -> Option<u64> {
        match self {
            Self::Log(number)
            | Self::Table(number)
            | Self::Manifest(number)
            | Self::Temporary(number) => Some(number),
            _ => None,
        }
    }
}

fn number(digits: &str) -> Option<u64> {
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // Numbers are handed out one by one: one that leaves no room for a next is not ours.
    decimal.then(|| digits.parse().ok()).flatten().filter(|&number: &u64| number <= MAX_NUMBER)
}

pub(crate) fn log(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:06}.log"))
}

pub(crate) fn table(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:06}.ldb"))
}

/// The name that tables had before LevelDB 1.14.
pub(crate) fn old_table(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:06}.sst"))
}

pub(crate) fn manifest(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("MANIFEST-{number:06}"))
}

pub(crate) fn temporary(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:06}.dbtmp"))
}

pub(crate) fn current(directory: &Path) -> PathBuf {
    directory.join("CURRENT")
}

pub(crate) fn lock(directory: &Path) -> PathBuf {
    directory.join("LOCK")
}

pub(crate) fn info_log(directory: &Path) -> PathBuf {
    directory.join("LOG")
}

pub(crate) fn old_info_log(directory: &Path) -> PathBuf {
    directory.join("LOG.old")
}

pub(crate) fn reserve(directory: &Path) -> PathBuf {
    directory.join("RESERVE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_recognised() {
        let directory = Path::new("/db");
        for (path, kind) in [
            (log(directory, 7), FileKind::Log(7)),
            (table(directory, 1_234_567), FileKind::Table(1_234_567)),
            (old_table(directory, 7), FileKind::Table(7)),
            (manifest(directory, 7), FileKind::Manifest(7)),
            (temporary(directory, 7), FileKind::Temporary(7)),
            (current(directory), FileKind::Current),
            (lock(directory), FileKind::Lock),
            (old_info_log(directory), FileKind::InfoLog),
        ] {
            assert_eq!(FileKind::of(&path), kind);
        }
    }

    #[test]
    fn other_names_are_foreign() {
        for name in [
            "",
            "foo",
            "foo.log",
            ".log",
            "100.lop",
            "MANIFEST-",
            "MANIFEST-x",
            "+1.log",
            "1 .log",
            "18446744073709551615.log",
            "18446744073709551616.log",
            "1.log.bak",
            "current",
        ] {
            assert_eq!(FileKind::of_name(name), FileKind::Foreign, "{name}");
        }
    }
}
