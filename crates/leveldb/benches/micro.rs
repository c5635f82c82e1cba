//! Single operations, each alone and warm: for seeing what a change costs, not for comparing engines
//! (`benches/compare` does that).
//!
//! `cargo bench -p sigil-leveldb --bench micro`, with a part of a name behind it for some of them.
//! Everything is in memory, the file system too, so that no disk is measured.

// A benchmark has nobody to give an error to.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Db, Durability, Options, WriteBatch};

const ROWS: u32 = 100_000;
const SCAN: u32 = 1_000;

fn open(block_cache_size: usize) -> Db {
    let env = Arc::new(MemoryEnv::new());
    let options = Options { create_if_missing: true, block_cache_size, env, ..Options::default() };
    Db::open("/db", options).unwrap()
}

/// Keys in an order that is the same in every run and looks like none.
fn key(index: u32) -> [u8; 16] {
    let mut key = [b'k'; 16];
    if let Some(end) = key.last_chunk_mut() {
        *end = (index % ROWS).wrapping_mul(2_654_435_761).to_be_bytes();
    }
    key
}

/// 300 bytes, of which half compress.
fn value(index: u32) -> Vec<u8> {
    let noise = (0..150).map(|at| (index.wrapping_mul(at * 40_503 + 1) >> 13) as u8);
    noise.chain([b'v'; 150]).collect()
}

fn filled(block_cache_size: usize) -> Db {
    let db = open(block_cache_size);
    for index in 0..ROWS {
        db.put(&key(index), &value(index), Durability::Process).unwrap();
    }
    db.compact_range(None, None).unwrap();
    for index in 0..ROWS {
        db.get(&key(index)).unwrap();
    }
    db
}

fn writes(criterion: &mut Criterion) {
    let value = value(7);
    let mut index = 0;
    let mut next = || {
        index += 1;
        key(index)
    };
    let db = open(0);
    criterion.bench_function("put", |bencher| {
        bencher.iter(|| db.put(&next(), &value, Durability::Process).unwrap());
    });
    criterion.bench_function("try_write", |bencher| {
        let mut batch = WriteBatch::new();
        bencher.iter(|| {
            batch.put(&next(), &value);
            // What a caller does who may wait: the full memtable needs a successor now and then.
            if db.try_write(&mut batch, Durability::Process).is_err() {
                db.write(std::mem::take(&mut batch), Durability::Process).unwrap();
            }
        });
    });
    let mut group = criterion.benchmark_group("batch");
    group.throughput(Throughput::Elements(100));
    group.bench_function("100 puts", |bencher| {
        let mut batch = || {
            let mut batch = WriteBatch::new();
            (0..100).for_each(|_| batch.put(&next(), &value));
            batch
        };
        let write = |batch| db.write(batch, Durability::Process).unwrap();
        bencher.iter_batched(&mut batch, write, BatchSize::SmallInput);
    });
    group.finish();
}

fn reads(criterion: &mut Criterion) {
    let cached = filled(256 << 20);
    let uncached = filled(0);
    let fresh = open(0);
    (0..SCAN).for_each(|index| fresh.put(&key(index), b"value", Durability::Process).unwrap());
    let mut index = 0;
    let mut below = |limit: u32| {
        index += 1;
        key(index % limit)
    };
    let mut group = criterion.benchmark_group("get");
    group.bench_function("memtable", |bencher| {
        bencher.iter(|| black_box(fresh.get(&below(SCAN)).unwrap()));
    });
    group.bench_function("block cache", |bencher| {
        bencher.iter(|| black_box(cached.get(&below(ROWS)).unwrap()));
    });
    // Verifies the block's checksum and decompresses it each time.
    group.bench_function("no block cache", |bencher| {
        bencher.iter(|| black_box(uncached.get(&below(ROWS)).unwrap()));
    });
    group.bench_function("if cached", |bencher| {
        bencher.iter(|| black_box(cached.get_if_cached(&below(ROWS)).unwrap()));
    });
    // Without a cache of its own the file system's memory is asked, as `read_at_if_cached`.
    group.bench_function("try_get, block cache", |bencher| {
        bencher.iter(|| black_box(cached.try_get(&below(ROWS)).unwrap()));
    });
    group.bench_function("try_get, no block cache", |bencher| {
        bencher.iter(|| black_box(uncached.try_get(&below(ROWS)).unwrap()));
    });
    group.finish();

    let mut cursor = cached.iter(..).unwrap();
    criterion.bench_function("seek", |bencher| {
        bencher.iter(|| cursor.seek(&below(ROWS)).unwrap());
    });
    let mut group = criterion.benchmark_group("scan");
    group.throughput(Throughput::Elements(SCAN.into()));
    group.bench_function("1,000 entries", |bencher| {
        bencher.iter(|| {
            cursor.seek_to_first().unwrap();
            for _ in 1..SCAN {
                black_box((cursor.key(), cursor.value()));
                cursor.next().unwrap();
            }
        });
    });
    group.finish();
}

criterion_group!(benches, writes, reads);
criterion_main!(benches);
