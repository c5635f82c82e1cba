//! Edits come back as they were written, and bytes that are no edit are refused.

use proptest::prelude::*;

use super::*;
use crate::internal_key::{ValueKind, encode, pack_tag};

fn key() -> impl Strategy<Value = Vec<u8>> {
    (prop::collection::vec(any::<u8>(), 0..20), 0..=MAX_SEQUENCE, any::<bool>()).prop_map(
        |(user, sequence, put)| {
            let kind = if put { ValueKind::Value } else { ValueKind::Deletion };
            encode(&user, pack_tag(sequence, kind))
        },
    )
}

fn file() -> impl Strategy<Value = NewFile> {
    (any::<u64>(), any::<u64>(), key(), key()).prop_map(|(number, size, a, b)| {
        let (smallest, largest) =
            if internal_key::compare(&a, &b).is_le() { (a, b) } else { (b, a) };
        NewFile { number, size, smallest, largest }
    })
}

fn edit() -> impl Strategy<Value = VersionEdit> {
    let number = || prop::option::of(any::<u64>());
    let level = || 0..LEVELS;
    (
        prop::option::of("[ -~]{0,30}"),
        (number(), number(), number(), prop::option::of(0..=MAX_SEQUENCE)),
        prop::collection::vec((level(), key()), 0..4),
        prop::collection::vec((level(), any::<u64>()), 0..4),
        prop::collection::vec((level(), file()), 0..4),
    )
        .prop_map(|(comparator, numbers, compact_pointers, deleted_files, new_files)| {
            let (log_number, prev_log_number, next_file_number, last_sequence) = numbers;
            VersionEdit {
                comparator,
                log_number,
                prev_log_number,
                next_file_number,
                last_sequence,
                compact_pointers,
                deleted_files,
                new_files,
            }
        })
}

proptest! {
    #[test]
    fn any_edit_comes_back(edit in edit()) {
        let mut bytes = Vec::new();
        edit.encode(&mut bytes);
        prop_assert_eq!(VersionEdit::decode(&bytes), Ok(edit));
    }

    #[test]
    fn any_bytes_are_an_edit_or_refused(bytes in prop::collection::vec(0u8..12, 0..60)) {
        let _ = VersionEdit::decode(&bytes);
    }
}

#[test]
fn an_edit_is_the_bytes_that_the_format_says() {
    let key = encode(b"k", pack_tag(1, ValueKind::Value));
    let edit = VersionEdit {
        comparator: Some("c".into()),
        log_number: Some(300),
        prev_log_number: Some(0),
        next_file_number: Some(5),
        last_sequence: Some(6),
        compact_pointers: vec![(1, key.clone())],
        deleted_files: vec![(2, 9)],
        new_files: vec![(3, NewFile { number: 4, size: 128, smallest: key.clone(), largest: key })],
    };
    let mut bytes = Vec::new();
    edit.encode(&mut bytes);
    let key = b"\x09k\x01\x01\0\0\0\0\0\0";
    let expected: [&[u8]; 6] = [
        b"\x01\x01c\x02\xac\x02\x09\x00\x03\x05\x04\x06\x05\x01",
        key,
        b"\x06\x02\x09\x07\x03\x04\x80\x01",
        key,
        key,
        b"",
    ];
    assert_eq!(bytes, expected.concat());
}

#[test]
fn what_is_no_edit_is_refused() {
    let cases: [(&[u8], CorruptionKind); 12] = [
        (b"\x08", CorruptionKind::UnknownType),
        (b"\x0a\x01", CorruptionKind::UnknownType),
        (b"\x02", CorruptionKind::BadLength),
        (b"\x02\x80", CorruptionKind::BadLength),
        (b"\x01\x05abc", CorruptionKind::BadLength),
        (b"\x01\x01\xff", CorruptionKind::BadMagic),
        (b"\x06\x07\x01", CorruptionKind::Inconsistent),
        (b"\x05\x00\x07abcdefg", CorruptionKind::BadKey),
        (b"\x05\x00\x08\x02\0\0\0\0\0\0\0", CorruptionKind::BadKey),
        (b"\x07\x00\x01\x01", CorruptionKind::BadLength),
        (b"\x02\x01\x00", CorruptionKind::UnknownType),
        (b"\x04\xff\xff\xff\xff\xff\xff\xff\xff\x01", CorruptionKind::BadKey),
    ];
    for (bytes, kind) in cases {
        assert_eq!(VersionEdit::decode(bytes), Err(kind), "{bytes:?}");
    }
    let (a, b) = (encode(b"a", 1), encode(b"b", 1));
    let file = NewFile { number: 1, size: 1, smallest: b, largest: a };
    let edit = VersionEdit { new_files: vec![(0, file)], ..VersionEdit::default() };
    let mut bytes = Vec::new();
    edit.encode(&mut bytes);
    assert_eq!(VersionEdit::decode(&bytes), Err(CorruptionKind::BadKey));
}
