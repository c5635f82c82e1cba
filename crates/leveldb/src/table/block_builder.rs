//! Makes blocks: entries go in sorted, each sharing what it can with the key before it, with a
//! restart point every so many entries. `docs/format/table.md` has the layout.

use crate::coding::put_varint64;
use crate::key_digest::common_prefix;

/// A block in the making.
pub(crate) struct BlockBuilder {
    restart_interval: usize,
    buffer: Vec<u8>,
    restarts: Vec<u32>,
    /// Entries since the last restart point.
    run: usize,
    entries: usize,
    last_key: Vec<u8>,
}

impl BlockBuilder {
    pub(crate) fn new(restart_interval: usize) -> Self {
        Self {
            restart_interval: restart_interval.max(1),
            buffer: Vec::new(),
            restarts: vec![0],
            run: 0,
            entries: 0,
            last_key: Vec::new(),
        }
    }

    /// Adds an entry. Keys must come in order.
    pub(crate) fn add(&mut self, key: &[u8], value: &[u8]) {
        let shared = if self.run == self.restart_interval {
            self.restarts.push(self.buffer.len() as u32);
            self.run = 0;
            0
        } else if self.entries == 0 {
            0
        } else {
            common_prefix(&self.last_key, key)
        };
        let rest = key.get(shared..).unwrap_or_default();
        put_varint64(&mut self.buffer, shared as u64);
        put_varint64(&mut self.buffer, rest.len() as u64);
        put_varint64(&mut self.buffer, value.len() as u64);
        self.buffer.extend_from_slice(rest);
        self.buffer.extend_from_slice(value);
        self.last_key.truncate(shared);
        self.last_key.extend_from_slice(rest);
        self.run += 1;
        self.entries += 1;
    }

    /// The key that was added last, also behind a `reset`.
    pub(crate) fn last_key(&self) -> &[u8] {
        &self.last_key
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Bytes that the block has so far, finished.
    pub(crate) fn size(&self) -> usize {
        self.buffer.len() + 4 * self.restarts.len() + 4
    }

    /// Appends the restart points. The whole block is the answer; `reset` comes before the next.
    pub(crate) fn finish(&mut self) -> &[u8] {
        for restart in &self.restarts {
            self.buffer.extend_from_slice(&restart.to_le_bytes());
        }
        self.buffer.extend_from_slice(&(self.restarts.len() as u32).to_le_bytes());
        &self.buffer
    }

    /// Starts the next block, keeping the buffers.
    pub(crate) fn reset(&mut self) {
        self.buffer.clear();
        self.restarts.clear();
        self.restarts.push(0);
        self.run = 0;
        self.entries = 0;
    }
}
