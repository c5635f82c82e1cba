//! The error numbers of the system for the faults that tests inject.

/// Error numbers of the system.
pub mod errno {
    /// The device failed.
    pub const EIO: i32 = if cfg!(windows) { 1117 } else { 5 };
    /// The disk is full.
    pub const ENOSPC: i32 = if cfg!(windows) { 112 } else { 28 };
    /// The user's quota is used up.
    pub const EDQUOT: i32 = if cfg!(windows) {
        1295
    } else if cfg!(target_vendor = "apple") {
        69
    } else {
        122
    };
    /// The file system is read-only.
    pub const EROFS: i32 = if cfg!(windows) { 19 } else { 30 };
    /// The process has too many files open.
    pub const EMFILE: i32 = if cfg!(windows) { 4 } else { 24 };
    /// Access is denied.
    pub const EACCES: i32 = if cfg!(windows) { 5 } else { 13 };
}
