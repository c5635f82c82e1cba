//! What a header keeps secret.

use zeroize::Zeroizing;

use crate::error::Result;
use crate::keys::{KEY, SecretKey};

const FRESH: u8 = 1;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// The store is being made: there may be no data yet, and nothing was promised.
    pub(crate) fresh: bool,
    /// How often the store was opened under the watch of a host's counter.
    pub(crate) epoch: u64,
    /// Which directory has the data.
    pub(crate) directory: u64,
    /// The id of the next key. No id is used twice.
    pub(crate) next_key: u32,
    /// What names are made with.
    pub(crate) names: SecretKey,
    /// What records are encrypted with; the last one is in use, those before it are being replaced.
    pub(crate) records: Vec<(u32, SecretKey)>,
}

impl Secrets {
    /// Those of a store that is being made.
    pub(crate) fn fresh() -> Result<Self> {
        Ok(Self {
            fresh: true,
            epoch: 0,
            directory: 1,
            next_key: 2,
            names: SecretKey::random()?,
            records: vec![(1, SecretKey::random()?)],
        })
    }

    pub(crate) fn copy(&self) -> Self {
        let records = self.records.iter().map(|(id, key)| (*id, key.copy())).collect();
        Self { names: self.names.copy(), records, ..*self }
    }

    /// Those of a new directory: nothing that was encrypted before can be read with them.
    pub(crate) fn for_new_directory(&self, names: SecretKey) -> Result<Self> {
        Ok(Self {
            fresh: false,
            directory: self.directory + 1,
            next_key: self.next_key + 1,
            names,
            records: vec![(self.next_key, SecretKey::random()?)],
            ..*self
        })
    }

    /// Those with one more key for records.
    pub(crate) fn with_next_key(&self) -> Result<Self> {
        let mut secrets = self.copy();
        secrets.records.push((self.next_key, SecretKey::random()?));
        secrets.next_key += 1;
        Ok(secrets)
    }

    /// Those with the newest key alone.
    pub(crate) fn with_last_key(&self) -> Self {
        let mut secrets = self.copy();
        secrets.records.drain(..secrets.records.len().saturating_sub(1));
        secrets
    }

    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let size = 1 + 8 + 8 + 4 + KEY + 1 + self.records.len() * (4 + KEY);
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        bytes.push(if self.fresh { FRESH } else { 0 });
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        bytes.extend_from_slice(&self.directory.to_le_bytes());
        bytes.extend_from_slice(&self.next_key.to_le_bytes());
        bytes.extend_from_slice(self.names.bytes());
        bytes.push(u8::try_from(self.records.len()).unwrap_or(u8::MAX));
        for (id, key) in &self.records {
            bytes.extend_from_slice(&id.to_le_bytes());
            bytes.extend_from_slice(key.bytes());
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (flags, rest) = bytes.split_first()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let (directory, rest) = rest.split_first_chunk()?;
        let (next_key, rest) = rest.split_first_chunk()?;
        let (names, rest) = rest.split_first_chunk()?;
        let (count, mut rest) = rest.split_first()?;
        let mut records = Vec::with_capacity((*count).into());
        for _ in 0..*count {
            let (id, after) = rest.split_first_chunk()?;
            let (key, after) = after.split_first_chunk()?;
            records.push((u32::from_le_bytes(*id), SecretKey::new(key)));
            rest = after;
        }
        let whole = *flags <= FRESH && !records.is_empty() && rest.is_empty();
        whole.then(|| Self {
            fresh: *flags == FRESH,
            epoch: u64::from_le_bytes(*epoch),
            directory: u64::from_le_bytes(*directory),
            next_key: u32::from_le_bytes(*next_key),
            names: SecretKey::new(names),
            records,
        })
    }
}
