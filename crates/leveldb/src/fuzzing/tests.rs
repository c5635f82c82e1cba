//! The stored corpus, and mutations of it, through every target: a smoke run of what the fuzzer
//! does for hours. `fuzz/README.md` says how the corpus came about.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::test_runner::{RngAlgorithm, TestRng};
use proptest::prelude::RngCore;

use super::TARGETS;

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut paths: Vec<_> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{target} has no corpus");
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}
