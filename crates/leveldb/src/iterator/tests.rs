//! Merged and concatenated cursors move like one cursor over all their entries, and pass errors on.

use std::cmp::Ordering;
use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::error::{CorruptionKind, Error};
use crate::internal_key::{compare, encode, pack_tag};

type Entry = (Vec<u8>, Vec<u8>);

/// A cursor over sorted entries that fails when it comes to an entry whose value is "bad".
struct Listed {
    entries: Vec<Entry>,
    at: Option<usize>,
}

impl Listed {
    fn go(&mut self, at: Option<usize>) -> Result<()> {
        self.at = at.filter(|&at| at < self.entries.len());
        if self.value() == b"bad" {
            self.at = None;
            return Err(Error::corruption(Path::new("bad"), None, CorruptionKind::Checksum));
        }
        Ok(())
    }

    fn boxed(entries: &[Entry]) -> Box<dyn InternalIterator> {
        Box::new(Self { entries: entries.to_vec(), at: None })
    }
}

impl InternalIterator for Listed {
    fn valid(&self) -> bool {
        self.at.is_some()
    }
    fn seek_to_first(&mut self) -> Result<()> {
        self.go(Some(0))
    }
    fn seek_to_last(&mut self) -> Result<()> {
        self.go(self.entries.len().checked_sub(1))
    }
    fn seek(&mut self, target: &[u8]) -> Result<()> {
        self.go(self.entries.iter().position(|(key, _)| compare(key, target) != Ordering::Less))
    }
    fn next(&mut self) -> Result<()> {
        self.go(self.at.map(|at| at + 1))
    }
    fn prev(&mut self) -> Result<()> {
        self.go(self.at.and_then(|at| at.checked_sub(1)))
    }
    fn key(&self) -> &[u8] {
        self.at.map_or(&[], |at| &self.entries[at].0)
    }
    fn value(&self) -> &[u8] {
        self.at.map_or(&[], |at| &self.entries[at].1)
    }
    fn value_bytes(&self) -> Bytes {
        Bytes::copy_from_slice(self.value())
    }
}

struct Files(Vec<Vec<Entry>>);

impl FileList for Files {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn largest(&self, index: usize) -> &[u8] {
        &self.0[index].last().unwrap().0
    }
    fn smallest(&self, index: usize) -> &[u8] {
        &self.0[index][0].0
    }
    fn open(&self, index: usize) -> Result<Box<dyn InternalIterator>> {
        if self.0[index].len() == 3 && self.0[index][1].1 == b"missing" {
            return Err(Error::corruption(Path::new("gone"), None, CorruptionKind::MissingFile));
        }
        Ok(Listed::boxed(&self.0[index]))
    }
}

fn key(user: u16, sequence: u64) -> Vec<u8> {
    encode(&user.to_be_bytes(), pack_tag(sequence, crate::internal_key::ValueKind::Value))
}

fn entry(user: u16, sequence: u64) -> Entry {
    (key(user, sequence), format!("{user}@{sequence}").into_bytes())
}

/// Distinct entries in order.
fn sorted(keys: &[(u16, u64)]) -> Vec<Entry> {
    let mut all: Vec<Entry> = keys.iter().map(|&(user, sequence)| entry(user, sequence)).collect();
    all.sort_by(|a, b| compare(&a.0, &b.0));
    all.dedup();
    all
}

fn check_moves(cursor: &mut dyn InternalIterator, all: &[Entry], moves: &[(u8, u16, u64)]) {
    let mut place: Option<usize> = None;
    for &(action, user, sequence) in moves {
        match action {
            0 => {
                cursor.seek_to_first().unwrap();
                place = Some(0);
            }
            1 => {
                cursor.seek_to_last().unwrap();
                place = all.len().checked_sub(1);
            }
            2 => {
                let target = key(user, sequence);
                cursor.seek(&target).unwrap();
                place = all.iter().position(|(key, _)| compare(key, &target) != Ordering::Less);
            }
            3..=5 => {
                cursor.next().unwrap();
                place = place.map(|at| at + 1);
            }
            _ => {
                cursor.prev().unwrap();
                place = place.and_then(|at| at.checked_sub(1));
            }
        }
        place = place.filter(|&at| at < all.len());
        assert_eq!(cursor.valid(), place.is_some());
        let here = place.map(|at| all[at].clone()).unwrap_or_default();
        assert_eq!((cursor.key(), cursor.value()), (&here.0[..], &here.1[..]));
        assert_eq!(cursor.value_bytes(), here.1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_merge_moves_like_one_cursor(
        keys in prop::collection::vec((0..40u16, 0..6u64), 0..120),
        children in 0..12usize,
        moves in prop::collection::vec((0..9u8, 0..45u16, 0..8u64), 1..100),
    ) {
        let all = sorted(&keys);
        let mut parts = vec![Vec::new(); children];
        for (index, entry) in all.iter().enumerate().filter(|_| children > 0) {
            parts[index * index / 3 % children].push(entry.clone());
        }
        let all = if children > 0 { all } else { Vec::new() };
        let mut merge = MergingIterator::new(parts.iter().map(|p| Listed::boxed(p)).collect());
        check_moves(&mut merge, &all, &moves);
    }

    #[test]
    fn files_move_like_one_cursor(
        keys in prop::collection::vec((0..40u16, 0..6u64), 0..120),
        file_size in 1..30usize,
        moves in prop::collection::vec((0..9u8, 0..45u16, 0..8u64), 1..100),
    ) {
        let all = sorted(&keys);
        let files = Files(all.chunks(file_size).map(<[Entry]>::to_vec).collect());
        check_moves(&mut ConcatenatingIterator::new(files), &all, &moves);
    }
}

#[test]
fn an_entry_that_two_children_have_comes_from_the_earlier() {
    let first = vec![(key(1, 1), b"first".to_vec()), entry(2, 1)];
    let second = vec![(key(1, 1), b"second".to_vec())];
    let mut merge = MergingIterator::new(vec![Listed::boxed(&first), Listed::boxed(&second)]);
    merge.seek_to_first().unwrap();
    assert_eq!(merge.value(), b"first");
    merge.next().unwrap();
    assert_eq!(merge.value(), b"second");
    merge.next().unwrap();
    assert_eq!(merge.value(), b"2@1");
    merge.next().unwrap();
    assert!(!merge.valid());
}

#[test]
fn errors_of_children_leave_the_cursor_nowhere() {
    let bad = (key(5, 1), b"bad".to_vec());
    let good = sorted(&[(1, 1), (6, 1)]);
    let damaged = vec![entry(2, 1), bad.clone(), entry(9, 1)];
    let mut merge = MergingIterator::new(vec![Listed::boxed(&good), Listed::boxed(&damaged)]);
    merge.seek_to_first().unwrap();
    merge.next().unwrap();
    assert!(merge.next().is_err());
    assert!(!merge.valid() && merge.key().is_empty());
    merge.next().unwrap();
    assert!(!merge.valid());
    assert!(merge.seek(&key(3, 1)).is_err());
    assert!(!merge.valid());
    merge.seek(&key(6, 1)).unwrap();
    assert!(merge.valid());
    assert!(merge.prev().is_err());
    assert!(!merge.valid());

    let missing = vec![entry(10, 1), (key(11, 1), b"missing".to_vec()), entry(12, 1)];
    let mut files = ConcatenatingIterator::new(Files(vec![good[..1].to_vec(), missing, damaged]));
    files.seek_to_first().unwrap();
    assert!(files.next().is_err());
    assert!(!files.valid() && files.value().is_empty());
    files.seek(&key(1, 1)).unwrap();
    assert!(files.valid());
    files.prev().unwrap();
    assert!(!files.valid());
}

/// A cursor whose list gets one more entry right after a search, just before the entry found.
struct Growing {
    listed: Listed,
    arrives: Option<Entry>,
}

impl InternalIterator for Growing {
    fn valid(&self) -> bool {
        self.listed.valid()
    }
    fn seek_to_first(&mut self) -> Result<()> {
        self.listed.seek_to_first()
    }
    fn seek_to_last(&mut self) -> Result<()> {
        self.listed.seek_to_last()
    }
    fn seek(&mut self, target: &[u8]) -> Result<()> {
        self.listed.seek(target)?;
        if compare(target, &entry(3, 1).0) == Ordering::Equal
            && let Some(arrived) = self.arrives.take()
        {
            let at = self.listed.at.unwrap_or(self.listed.entries.len());
            self.listed.entries.insert(at, arrived);
            self.listed.at = self.listed.at.map(|at| at + 1);
        }
        Ok(())
    }
    fn next(&mut self) -> Result<()> {
        self.listed.next()
    }
    fn prev(&mut self) -> Result<()> {
        self.listed.prev()
    }
    fn key(&self) -> &[u8] {
        self.listed.key()
    }
    fn value(&self) -> &[u8] {
        self.listed.value()
    }
    fn value_bytes(&self) -> Bytes {
        self.listed.value_bytes()
    }
}

#[test]
fn an_entry_that_arrives_while_the_cursor_turns_does_not_bring_back_the_current_one() {
    for later in [vec![], vec![entry(5, 1)]] {
        let mut entries = vec![entry(1, 1)];
        entries.extend(later);
        let listed = Listed { entries, at: None };
        let growing = Growing { listed, arrives: Some(entry(4, 9)) };
        let fixed = Listed::boxed(&[entry(2, 1), entry(3, 1)]);
        let mut merged = MergingIterator::new(vec![Box::new(growing), fixed]);
        merged.seek(&key(3, 7)).unwrap();
        assert_eq!(merged.key(), key(3, 1));
        merged.prev().unwrap();
        assert_eq!(merged.key(), key(2, 1));
        merged.prev().unwrap();
        assert_eq!(merged.key(), key(1, 1));
    }
}
