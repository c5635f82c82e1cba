//! How much of everything there is. Written in the batch that changes it, so it is exact after
//! every crash.

use crate::layout::Kind;

const FORMAT: u8 = 1;

/// See the module's documentation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) messages: u64,
    pub(crate) sessions: u64,
    pub(crate) proofs: u64,
    pub(crate) peers: u64,
    /// How often the current key has encrypted.
    pub(crate) sealed: u64,
    /// The epoch in which the database was opened last.
    pub(crate) epoch: u64,
    /// Milliseconds since 1970 of the last backup; 0 where there was none.
    pub(crate) last_backup: u64,
}

impl Counters {
    pub(crate) fn of(&mut self, kind: Kind) -> &mut u64 {
        match kind {
            Kind::Message => &mut self.messages,
            Kind::Session => &mut self.sessions,
            Kind::Proof => &mut self.proofs,
            Kind::Peer => &mut self.peers,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { messages, sessions, proofs, peers, sealed, epoch, last_backup } = *self;
        let numbers = [messages, sessions, proofs, peers, sealed, epoch, last_backup];
        std::iter::once(FORMAT).chain(numbers.iter().flat_map(|n| n.to_le_bytes())).collect()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (format, rest) = bytes.split_first()?;
        let (numbers, tail) = rest.as_chunks::<8>();
        let numbers: Vec<_> = numbers.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let [messages, sessions, proofs, peers, sealed, epoch, last_backup] = numbers[..] else {
            return None;
        };
        (*format == FORMAT && tail.is_empty()).then_some(Self {
            messages,
            sessions,
            proofs,
            peers,
            sealed,
            epoch,
            last_backup,
        })
    }
}
