//! Damaged tables give their data or an error, never something else, and never take the process
//! down.

use std::cmp::Reverse;

use super::*;
use crate::checksum::masked_crc32c;
use crate::coding::put_varint64;
use crate::error::{CorruptionKind, Error};
use crate::format::{FOOTER_SIZE, TABLE_MAGIC};
use crate::internal_key::seek_tag;
use crate::lookup::Lookup;

/// Reads everything in every way; answers whether any of it failed.
fn read_all(bytes: &[u8], model: &Model) -> bool {
    let table = match open(bytes, None) {
        Ok(table) => table,
        Err(error) => return is_corruption(&error),
    };
    let mut failed = false;
    for (key, Reverse(sequence)) in model.keys() {
        match table.get(&Lookup::new(key, seek_tag(*sequence)), ReadMode::Any) {
            Ok(found) => {
                let value = found.map(|hit| (hit.tag as u8 == 1).then(|| hit.value.to_vec()));
                assert_eq!(value, expected(model, key, *sequence));
            }
            Err(error) => failed |= is_corruption(&error),
        }
    }
    match scan(&mut table.iter(false)) {
        Ok(found) => assert_eq!(found, entries(model)),
        Err(error) => failed |= is_corruption(&error),
    }
    match table.verify() {
        Ok(_) => assert!(!failed, "verify overlooked what a read found"),
        Err(error) => failed |= is_corruption(&error),
    }
    failed
}

fn is_corruption(error: &Error) -> bool {
    assert!(error.is_corruption(), "{error}");
    assert!(error.to_string().contains("000005.ldb"));
    true
}

#[test]
fn every_changed_byte_is_found() {
    let model = sample(40);
    for compression in ALL_COMPRESSIONS {
        let (bytes, _) = build(&model, options(compression));
        assert!(!read_all(&bytes, &model));
        for at in 0..bytes.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                assert!(read_all(&damaged, &model), "byte {at} ^ {change} of {}", bytes.len());
            }
        }
    }
}

#[test]
fn every_cut_is_found() {
    let (bytes, _) = build(&sample(40), options(Compression::Snappy));
    for length in 0..bytes.len() {
        assert!(is_corruption(&open(&bytes[..length], None).err().unwrap()), "{length}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(open(&longer, None).is_err());
}

#[test]
fn a_size_other_than_recorded_is_found() {
    let (bytes, _) = build(&sample(4), options(Compression::Snappy));
    let env = MemoryEnv::new();
    env.create_dir_all(Path::new("/db")).unwrap();
    env.write_file(&path(), &bytes[..]).unwrap();
    let open = |size| Table::open(env.open(&path()).unwrap(), path(), 5, Some(size), None);
    assert!(open(bytes.len() as u64).is_ok());
    let Err(Error::Corruption { kind, .. }) = open(bytes.len() as u64 + 1) else { panic!() };
    assert_eq!(kind, CorruptionKind::WrongSize);
}

/// A table of one data block and an index, both given, with checksums that match.
fn forge(data: &[u8], index: impl Fn(u64) -> Vec<u8>) -> Vec<u8> {
    fn put_block(out: &mut Vec<u8>, content: &[u8]) -> (u64, u64) {
        let handle = (out.len() as u64, content.len() as u64);
        out.extend_from_slice(content);
        out.push(0);
        out.extend_from_slice(&masked_crc32c(&[content, &[0]]).to_le_bytes());
        handle
    }
    let mut out = Vec::new();
    put_block(&mut out, data);
    let metaindex = put_block(&mut out, &[0, 0, 0, 0, 1, 0, 0, 0]);
    let index = put_block(&mut out, &index(data.len() as u64));
    let mut footer = Vec::new();
    for field in [metaindex.0, metaindex.1, index.0, index.1] {
        put_varint64(&mut footer, field);
    }
    footer.resize(FOOTER_SIZE - 8, 0);
    footer.extend_from_slice(&TABLE_MAGIC.to_le_bytes());
    out.extend_from_slice(&footer);
    out
}

fn block(entries: &[(u64, &[u8], u64, &[u8])], restarts: &[u32]) -> Vec<u8> {
    let mut out = Vec::new();
    for (shared, rest, value_length, value) in entries {
        put_varint64(&mut out, *shared);
        put_varint64(&mut out, rest.len() as u64);
        put_varint64(&mut out, *value_length);
        out.extend_from_slice(rest);
        out.extend_from_slice(value);
    }
    for restart in restarts {
        out.extend_from_slice(&restart.to_le_bytes());
    }
    out.extend_from_slice(&(restarts.len() as u32).to_le_bytes());
    out
}

fn index_of(offset: u64, size: u64) -> Vec<u8> {
    let mut handle = Vec::new();
    put_varint64(&mut handle, offset);
    put_varint64(&mut handle, size);
    block(&[(0, &internal(b"z", 1, true), handle.len() as u64, &handle)], &[0])
}

#[test]
fn forged_blocks_are_errors() {
    let (a, b) = (internal(b"a", 9, true), internal(b"b", 9, true));
    let unknown_kind = crate::internal_key::encode(b"a", 0x0102);
    let (a, b, unknown_kind) = (&a[..], &b[..], &unknown_kind[..]);
    let good = block(&[(0, a, 1, b"1"), (0, b, 1, b"2")], &[0]);
    let table = open(&forge(&good, |size| index_of(0, size)), None).unwrap();
    assert_eq!(table.verify().unwrap().entries, 2);
    assert_eq!(table.statistics(), None);
    let forged: [(&str, Vec<u8>); 14] = [
        ("empty content", vec![]),
        ("no restart points", block(&[(0, a, 1, b"1")], &[])),
        ("huge restart count", [&block(&[(0, a, 1, b"1")], &[0])[..], &[0xff; 4]].concat()),
        ("restart point outside", block(&[(0, a, 1, b"1")], &[0, 999])),
        ("restart points not rising", block(&[(0, a, 1, b"1"), (0, b, 1, b"2")], &[0, 0])),
        ("first restart point not the start", block(&[(0, a, 1, b"1"), (0, b, 1, b"2")], &[13])),
        ("restart point within an entry", block(&[(0, a, 1, b"1"), (0, b, 1, b"2")], &[0, 5])),
        ("sharing at a restart point", block(&[(1, a, 1, b"1")], &[0])),
        ("sharing more than there is", block(&[(0, a, 1, b"1"), (40, b, 1, b"2")], &[0])),
        ("value beyond the block", block(&[(0, a, u64::from(u32::MAX), b"1")], &[0])),
        ("varint beyond 32 bits", block(&[(0, a, 1 << 40, b"1")], &[0])),
        ("key without a tag", block(&[(0, b"1234567", 1, b"1")], &[0])),
        ("unknown kind", block(&[(0, unknown_kind, 1, b"1")], &[0])),
        ("keys out of order", block(&[(0, b, 1, b"1"), (0, a, 1, b"2")], &[0])),
    ];
    for (name, data) in forged {
        let bytes = forge(&data, |size| index_of(0, size));
        let table = open(&bytes, None).unwrap();
        assert!(is_corruption(&table.verify().unwrap_err()), "{name}");
        for key in [&b""[..], b"a", b"aa", b"b", b"y"] {
            let _ = table
                .get(&Lookup::new(key, seek_tag(100)), ReadMode::Any)
                .map_err(|e| is_corruption(&e));
        }
        let mut cursor = table.iter(true);
        let _ = scan(&mut cursor).map_err(|e| is_corruption(&e));
        let _ = cursor.seek_to_last().map_err(|e| is_corruption(&e));
        while cursor.valid() {
            let _ = cursor.prev().map_err(|e| is_corruption(&e));
        }
    }
}

#[test]
fn forged_index_handles_are_refused_when_opening() {
    let data = block(&[(0, &internal(b"a", 9, true), 1, b"1")], &[0]);
    for (offset, size) in [
        (0, u64::MAX),
        (u64::MAX, 1),
        (u64::MAX - 10, 5),
        (0, data.len() as u64 + 1),
        (1 << 40, 10),
        (0, 1 << 31),
    ] {
        let error = open(&forge(&data, |_| index_of(offset, size)), None).err().unwrap();
        assert!(is_corruption(&error));
    }
    for index in [
        block(&[(0, &internal(b"a", 1, true), 0, b"")], &[0]),
        block(&[(0, &internal(b"a", 1, true), 3, &[0, 1, 0])], &[0]),
        block(&[(0, b"a", 2, &[0, 1])], &[0]),
        vec![0; 4],
    ] {
        assert!(open(&forge(&data, |_| index.clone()), None).is_err());
    }
}
