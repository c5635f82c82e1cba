//! What a script is made of: the settings of a database, and steps.

use std::ops::Bound;

use proptest::prelude::*;
use proptest::sample::select;
use sigil_leveldb::Compression;

/// How the database is opened.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) compression: Compression,
    pub(crate) bloom_bits_per_key: usize,
    pub(crate) block_cache_size: usize,
    pub(crate) block_restart_interval: usize,
    pub(crate) block_size: usize,
    pub(crate) max_open_files: usize,
    pub(crate) max_pending_memtables: usize,
}

pub(crate) fn setting() -> impl Strategy<Value = Setting> {
    (
        select(vec![Compression::None, Compression::Snappy, Compression::Zstd(1)]),
        select(vec![0, 1, 10]),
        select(vec![0, 64 << 10, 8 << 20]),
        select(vec![1, 2, 16]),
        select(vec![256, 1 << 10, 4 << 10]),
        select(vec![16, 1_000]),
        1..=4_usize,
    )
        .prop_map(|(compression, bloom, cache, restart, block, files, pending)| Setting {
            compression,
            bloom_bits_per_key: bloom,
            block_cache_size: cache,
            block_restart_interval: restart,
            block_size: block,
            max_open_files: files,
            max_pending_memtables: pending,
        })
}

pub(crate) type Key = Vec<u8>;

/// A value, by how long it is and what it is filled with.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub(crate) length: usize,
    pub(crate) fill: u32,
}

impl Value {
    /// Half of the bytes compress well, the others do not.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut state = self.fill | 1;
        let mut bytes = Vec::with_capacity(self.length);
        while bytes.len() < self.length {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            bytes.extend_from_slice(&state.to_le_bytes());
            bytes.extend_from_slice(&self.fill.to_le_bytes());
        }
        bytes.truncate(self.length);
        bytes
    }
}

/// A change within a batch; `None` deletes.
pub(crate) type Change = (Key, Option<Value>);

/// The range of a cursor.
#[derive(Debug, Clone)]
pub(crate) enum Span {
    Between(Bound<Key>, Bound<Key>),
    Prefix(Key),
}

/// A move of a cursor.
#[derive(Debug, Clone)]
pub(crate) enum Move {
    First,
    Last,
    Seek(Key),
    SeekForPrev(Key),
    Next,
    Prev,
}

/// One thing that a caller does. What a step needs and is not there (a snapshot, a cursor, a
/// follower) makes it do nothing, so that scripts stay valid when they are shortened.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Put(Key, Value),
    Delete(Key),
    Batch(Vec<Change>),
    TryWrite(Vec<Change>),
    Fill { from: u8, count: u8, value: Value },
    Get(Key),
    GetMany(Vec<Key>),
    GetIfCached(Key),
    Snapshot,
    DropSnapshot(usize),
    GetAt(usize, Key),
    GetIfCachedAt(usize, Key),
    ScanAt(usize, Span),
    Cursor(Span, Option<usize>),
    DropCursor(usize),
    Move(usize, Vec<Move>),
    Scan(Span),
    Flush,
    Compact(Option<Key>, Option<Key>),
    Reopen { close: bool },
    Kill,
    Checkpoint,
    Verify,
    ApproximateSize(Key, Key),
    OpenFollower,
    Refresh,
    FollowerGet(Key),
    FollowerScan(Span),
    FollowerSnapshot,
    FollowerGetAt(Key),
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..120)
}

/// Keys of a small alphabet, so that steps meet on them.
pub(crate) fn key() -> impl Strategy<Value = Key> {
    let mut keys: Vec<Key> = vec![
        vec![],
        vec![0],
        vec![0, 0],
        vec![0, 0xff],
        vec![0xff],
        vec![0xff, 0xff],
        vec![0xff; 3],
        vec![0xff; 300],
        vec![b'l'; 3_000],
        [vec![b'l'; 3_000], vec![0]].concat(),
        [vec![b'l'; 2_999], vec![b'm']].concat(),
    ];
    for text in ["a", "aa", "ab", "a\0", "b", "ba", "key", "key-1", "key-2", "kez", "z"] {
        keys.push(text.into());
    }
    prop_oneof![6 => select(keys), 2 => (0..40_u8).prop_map(numbered)]
}

/// The keys that filling uses.
pub(crate) fn numbered(index: u8) -> Key {
    format!("key-{index:03}").into_bytes()
}

fn value() -> impl Strategy<Value = Value> {
    let length = prop_oneof![
        2 => Just(0_usize),
        6 => 1..100_usize,
        4 => 100..2_000_usize,
        2 => 2_000..9_000_usize,
        1 => 20_000..40_000_usize,
    ];
    (length, any::<u32>()).prop_map(|(length, fill)| Value { length, fill })
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((key(), prop::option::weighted(0.7, value())), 0..8)
}

fn bound() -> impl Strategy<Value = Bound<Key>> {
    prop_oneof![
        Just(Bound::Unbounded),
        key().prop_map(Bound::Included),
        key().prop_map(Bound::Excluded),
    ]
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        2 => Just(Span::Between(Bound::Unbounded, Bound::Unbounded)),
        4 => (bound(), bound()).prop_map(|(lower, upper)| Span::Between(lower, upper)),
        1 => key().prop_map(Span::Prefix),
    ]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        1 => Just(Move::First),
        1 => Just(Move::Last),
        2 => key().prop_map(Move::Seek),
        2 => key().prop_map(Move::SeekForPrev),
        6 => Just(Move::Next),
        6 => Just(Move::Prev),
    ];
    prop::collection::vec(one, 1..12)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => writing(),
        30 => reading(),
        25 => holding(),
        12 => keeping_house(),
        6 => following(),
    ]
}

fn writing() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (key(), value()).prop_map(|(key, value)| Step::Put(key, value)),
        4 => key().prop_map(Step::Delete),
        3 => changes().prop_map(Step::Batch),
        3 => changes().prop_map(Step::TryWrite),
        3 => (0..40_u8, 1..40_u8, value())
            .prop_map(|(from, count, value)| Step::Fill { from, count, value }),
    ]
}

fn reading() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => key().prop_map(Step::Get),
        2 => prop::collection::vec(key(), 0..10).prop_map(Step::GetMany),
        3 => key().prop_map(Step::GetIfCached),
        3 => span().prop_map(Step::Scan),
        1 => (key(), key()).prop_map(|(from, to)| Step::ApproximateSize(from, to)),
    ]
}

fn holding() -> impl Strategy<Value = Step> {
    let which = 0..4_usize;
    prop_oneof![
        3 => Just(Step::Snapshot),
        1 => which.clone().prop_map(Step::DropSnapshot),
        4 => (which.clone(), key()).prop_map(|(which, key)| Step::GetAt(which, key)),
        1 => (which.clone(), key()).prop_map(|(which, key)| Step::GetIfCachedAt(which, key)),
        2 => (which.clone(), span()).prop_map(|(which, span)| Step::ScanAt(which, span)),
        4 => (span(), prop::option::weighted(0.3, which.clone()))
            .prop_map(|(span, snapshot)| Step::Cursor(span, snapshot)),
        1 => which.clone().prop_map(Step::DropCursor),
        9 => (which, moves()).prop_map(|(which, moves)| Step::Move(which, moves)),
    ]
}

fn keeping_house() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => Just(Step::Flush),
        5 => (prop::option::of(key()), prop::option::of(key()))
            .prop_map(|(from, to)| Step::Compact(from, to)),
        1 => any::<bool>().prop_map(|close| Step::Reopen { close }),
        1 => Just(Step::Kill),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Verify),
    ]
}

fn following() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::OpenFollower),
        3 => Just(Step::Refresh),
        3 => key().prop_map(Step::FollowerGet),
        2 => span().prop_map(Step::FollowerScan),
        1 => Just(Step::FollowerSnapshot),
        2 => key().prop_map(Step::FollowerGetAt),
    ]
}
