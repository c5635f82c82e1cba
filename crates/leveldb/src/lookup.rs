//! What a point read looks for.

use crate::key_hash::key_hash;

/// The newest entry of a user key with a tag of `seek_tag` at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup<'a> {
    pub(crate) user_key: &'a [u8],
    pub(crate) seek_tag: u64,
    /// The key's, made once: the filters of the memtables and of every table are asked with it.
    pub(crate) hash: u32,
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(user_key: &'a [u8], seek_tag: u64) -> Self {
        Self { user_key, seek_tag, hash: key_hash(user_key) }
    }
}
