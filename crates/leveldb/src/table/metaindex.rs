//! The metaindex: a block that maps names to the handles of blocks which are not data. The filter
//! and our statistics are in it; names that a reader does not know are skipped.

use super::block::Block;
use super::block_handle::BlockHandle;
use crate::error::CorruptionKind;
use crate::format::{BLOOM_META_KEY, STATISTICS_META_KEY};

/// The handles that are known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Metaindex {
    pub(crate) filter: Option<BlockHandle>,
    pub(crate) statistics: Option<BlockHandle>,
}

impl Metaindex {
    pub(crate) fn parse(block: &Block) -> Result<Self, CorruptionKind> {
        let mut metaindex = Self::default();
        let mut name = Vec::new();
        let mut at = 0;
        while at < block.entries_end() {
            let entry = block.entry(at)?;
            if entry.shared > name.len() {
                return Err(CorruptionKind::BadLength);
            }
            name.truncate(entry.shared);
            name.extend_from_slice(block.key_rest(&entry));
            let known = if name == BLOOM_META_KEY.as_bytes() {
                Some(&mut metaindex.filter)
            } else if name == STATISTICS_META_KEY.as_bytes() {
                Some(&mut metaindex.statistics)
            } else {
                None
            };
            if let Some(slot) = known {
                let handle = block.bytes().get(entry.value()).and_then(BlockHandle::decode);
                *slot = Some(handle.ok_or(CorruptionKind::BadLength)?);
            }
            at = entry.end;
        }
        Ok(metaindex)
    }
}
