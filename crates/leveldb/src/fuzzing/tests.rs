//! The stored corpus, and mutations of it, through every target: a smoke run of what the fuzzer
//! does for hours. `fuzz/README.md` says how the corpus came about.

use std::fs;
use std::path::Path;

use crate::random::Random;

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 6] = [
    ("log", super::log),
    ("block", super::block),
    ("table", super::table),
    ("manifest", super::manifest),
    ("batch", super::batch),
    ("database", super::database),
];

/// Mutations of each entry.
const MUTATIONS: u64 = 50;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut paths: Vec<_> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{target} has no corpus");
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

fn choose(random: &mut Random, bound: usize) -> usize {
    random.below(bound.max(1) as u64) as usize
}

/// Bytes changed, cut out, doubled or taken from elsewhere.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=choose(random, 4) {
        let at = choose(random, bytes.len());
        let end = (at + 1 + choose(random, 16)).min(bytes.len());
        let from = choose(random, other.len());
        let piece = other[from..(from + 16).min(other.len())].to_vec();
        match choose(random, 5) {
            0 if at < end => bytes[at] ^= 1 << choose(random, 8),
            1 if at < end => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][choose(random, 5)],
            2 => drop(bytes.drain(at.min(end)..end)),
            3 => drop(bytes.splice(at..at, piece)),
            _ => drop(bytes.splice(at.min(end)..end, piece)),
        }
    }
}

#[test]
fn the_corpus_and_its_mutations_are_survived() {
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        let mut random = Random::new(name.len() as u64);
        for entry in &corpus {
            target(entry);
            for _ in 0..MUTATIONS {
                let mut mutated = entry.clone();
                let other = choose(&mut random, corpus.len());
                mutate(&mut random, &mut mutated, &corpus[other]);
                target(&mutated);
            }
        }
    }
}

#[test]
fn forged_files_are_whole() {
    // Or the targets would never get past the checksums.
    let piece = |bytes: &[u8]| [&(bytes.len() as u16).to_le_bytes()[..], bytes].concat();
    let log = super::forge::log(&[piece(b"\x01one"), piece(b"\x02tw"), piece(b"\x04o")].concat());
    let file = super::parsers::in_memory(Path::new("/1.log"), &log).unwrap();
    let reader = crate::log::LogReader::new(file, "/1.log".into());
    assert_eq!(super::parsers::records(reader), (vec![b"one".to_vec(), b"two".to_vec()], false));
    let empty = piece(&[0, 0, 0, 0, 0, 1, 0, 0, 0]);
    let table = super::forge::table(&[empty.clone(), empty].concat());
    let file = super::parsers::in_memory(Path::new("/1.ldb"), &table).unwrap();
    let table = crate::table::Table::open(file, "/1.ldb".into(), 1, None, None).unwrap();
    assert_eq!(table.verify().unwrap().entries, 0);
}
