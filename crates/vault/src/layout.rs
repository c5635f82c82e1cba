//! The keys of the database: which places there are. `docs/format/vault.md` has the table.

use crate::label::Label;
use crate::names::{NAME, Name, NameKey};

/// What is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A message, which has a time and peers.
    Message,
    /// A session, by peer.
    Session,
    /// A proof, by id.
    Proof,
    /// A peer, by id.
    Peer,
}

/// The first byte of a key: what stands under it.
pub(crate) mod space {
    pub(crate) const COUNTERS: u8 = b'c';
    pub(crate) const MESSAGES: u8 = b'm';
    pub(crate) const MESSAGE_IDS: u8 = b'i';
    pub(crate) const BY_PEER: u8 = b'p';
    pub(crate) const SESSIONS: u8 = b's';
    pub(crate) const SESSION_IDS: u8 = b'S';
    pub(crate) const PROOFS: u8 = b'x';
    pub(crate) const PROOF_IDS: u8 = b'X';
    pub(crate) const PEERS: u8 = b'e';
    pub(crate) const PEER_IDS: u8 = b'E';
}

/// Every space whose values are encrypted.
pub(crate) const SEALED: [u8; 9] = [
    space::COUNTERS,
    space::MESSAGES,
    space::MESSAGE_IDS,
    space::SESSIONS,
    space::SESSION_IDS,
    space::PROOFS,
    space::PROOF_IDS,
    space::PEERS,
    space::PEER_IDS,
];

impl Kind {
    pub(crate) const ITEMS: [Self; 3] = [Self::Session, Self::Proof, Self::Peer];

    /// Where the values of a kind are.
    pub(crate) fn values(self) -> u8 {
        match self {
            Self::Message => space::MESSAGES,
            Self::Session => space::SESSIONS,
            Self::Proof => space::PROOFS,
            Self::Peer => space::PEERS,
        }
    }

    /// Where the ids of a kind are, apart from the values: an id can so be told although its value
    /// cannot be read.
    pub(crate) fn ids(self) -> u8 {
        match self {
            Self::Message => space::MESSAGE_IDS,
            Self::Session => space::SESSION_IDS,
            Self::Proof => space::PROOF_IDS,
            Self::Peer => space::PEER_IDS,
        }
    }

    /// The kind whose values or ids are in a space.
    pub(crate) fn of_space(of: u8) -> Option<Self> {
        let kinds = [Self::Message, Self::Session, Self::Proof, Self::Peer];
        kinds.into_iter().find(|kind| [kind.values(), kind.ids()].contains(&of))
    }
}

/// The place of the counters.
pub(crate) const COUNTERS: [u8; 1] = [space::COUNTERS];

/// The name of an id.
pub(crate) fn name_of(names: &NameKey, kind: Kind, id: &str) -> Name {
    names.name(kind.ids(), id)
}

/// The name of a peer in the index.
pub(crate) fn peer_name(names: &NameKey, peer: &str) -> Name {
    names.name(space::BY_PEER, peer)
}

/// Where something with a name stands.
pub(crate) fn named(space: u8, name: &Name) -> Vec<u8> {
    [&[space], name.as_slice()].concat()
}

/// Where a message stands.
pub(crate) fn message(label: &Label) -> Vec<u8> {
    [&[space::MESSAGES], label.bytes()].concat()
}

/// The entry that says that a message is one of a peer's.
pub(crate) fn by_peer(peer: &Name, label: &Label) -> Vec<u8> {
    [&[space::BY_PEER], peer.as_slice(), label.bytes()].concat()
}

/// The label in a key of [`message`].
pub(crate) fn label_of_message(key: &[u8]) -> Option<Label> {
    Label::from_bytes(key.split_first()?.1)
}

/// The label in a key of [`by_peer`].
pub(crate) fn label_of_peer_entry(key: &[u8]) -> Option<Label> {
    Label::from_bytes(key.get(1 + NAME..)?)
}

/// The name in a key of [`named`].
pub(crate) fn name_in(key: &[u8]) -> Option<Name> {
    key.get(1..)?.try_into().ok()
}
