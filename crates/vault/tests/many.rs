//! What must not cost more when there is more: a page of messages wherever it is, and the counts.
//! Counted in operations of the disk, with almost nothing kept in memory. The long form has a million
//! messages, the short one twenty thousand.
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::sync::Arc;

use sigil_leveldb::env::{FaultEnv, RealEnv};
use sigil_leveldb::{Durability, IoOperation};
use sigil_storage::{Before, Options, Query, Store};

use common::{PASSWORD, message, options};

#[path = "common/mod.rs"]
mod common;

const PAGE: usize = 50;

fn is_long() -> bool {
    std::env::var_os("SIGIL_LONG").is_some_and(|value| value == "1")
}

/// A store on the disk of which hardly anything is kept in memory, with that many messages.
fn filled(directory: &Path, count: u32) -> (FaultEnv, Store) {
    let env = FaultEnv::new(Arc::new(RealEnv::new()));
    let options = || Options {
        durability: Durability::Process,
        opened_cache_size: 0,
        block_cache_size: 0,
        ..options(&env)
    };
    let store = Store::open(directory, PASSWORD, options()).unwrap();
    let numbers: Vec<_> = (0..count).collect();
    for numbers in numbers.chunks(5_000) {
        let change = |number: &u32| {
            let (id, time) = (number.to_string(), f64::from(*number));
            message(&id, time, if number.is_multiple_of(2) { "even" } else { "odd" }, "me")
        };
        let changes: Vec<_> = numbers.iter().map(change).collect();
        store.write_all(&changes).into_iter().for_each(Result::unwrap);
    }
    // Everything into tables.
    store.purge().unwrap();
    store.close().unwrap();
    env.set_cold(true);
    let store = Store::open(directory, PASSWORD, options()).unwrap();
    // Tables are opened once.
    drop(store.messages(&Query { limit: usize::MAX, ..Query::default() }).unwrap());
    (env, store)
}

/// Reads all pages, and gives how often each asked the disk.
fn page_costs(env: &FaultEnv, store: &Store, peer: Option<&str>, expected: u32) -> Vec<u64> {
    let (mut costs, mut seen, mut cursor) = (Vec::new(), 0, None::<Vec<u8>>);
    let mut last = u32::MAX;
    loop {
        let before = env.op_count_of(IoOperation::Read, None);
        let from = cursor.as_deref().map(Before::Cursor);
        let page = store.messages(&Query { peer, limit: PAGE, before: from }).unwrap();
        costs.push(env.op_count_of(IoOperation::Read, None) - before);
        for value in &page.values {
            let number: u32 = std::str::from_utf8(value).unwrap().parse().unwrap();
            assert!(number < last, "{number} after {last}");
            last = number;
            seen += 1;
        }
        match page.cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, expected);
    costs
}

#[test]
fn a_page_costs_the_same_wherever_it_is() {
    let count = if is_long() { 1_000_000 } else { 20_000 };
    let directory = tempfile::tempdir().unwrap();
    let (env, store) = filled(directory.path(), count);
    for (peer, expected) in [(None, count), (Some("odd"), count / 2)] {
        let costs = page_costs(&env, &store, peer, expected);
        assert!(costs.len() >= expected as usize / PAGE);
        let mean = |costs: &[u64]| costs.iter().sum::<u64>() as f64 / costs.len() as f64;
        let tenth = costs.len() / 10;
        let (first, last) = (mean(&costs[..tenth]), mean(&costs[costs.len() - tenth..]));
        let most = costs.iter().max().unwrap();
        println!("{count} messages, {peer:?}: reads a page {first:.1}, {last:.1}, most {most}");
        assert!(last <= first * 1.5 + 2.0, "{first} reads a page at first, {last} at last");
        assert!(*most <= 4 * PAGE as u64, "{most} reads for one page");
    }
}

#[test]
fn counting_asks_the_disk_nothing_however_much_there_is() {
    for count in [1_000, if is_long() { 1_000_000 } else { 100_000 }] {
        let directory = tempfile::tempdir().unwrap();
        let (env, store) = filled(directory.path(), count);
        let before = env.op_count();
        let stats = store.stats().unwrap();
        assert_eq!(env.op_count(), before);
        assert_eq!(stats.messages, u64::from(count));
        assert_eq!(stats.total_size, files_in(directory.path()), "{count} messages");
    }
}

/// The bytes of all files below.
fn files_in(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => files_in(&entry.path()),
            false => entry.metadata().unwrap().len(),
        })
        .sum()
}
