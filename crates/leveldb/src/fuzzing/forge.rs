//! Puts files together from pieces that an input gives, with checksums and handles that are right.

use crate::checksum::masked_crc32c;
use crate::format::LOG_BLOCK_SIZE;
use crate::table::{BlockHandle, Footer};

/// The pieces of an input: each has its length before it, in two bytes. What is left behind the
/// last whole one is a piece as well.
pub(super) fn pieces(mut input: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = input.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_le_bytes(*length));
        let (piece, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        input = rest;
        Some(piece)
    })
}

/// A log. Each piece is a physical record: its type, then its payload. Those that do not fit what
/// is left of a block begin the next.
pub(super) fn log(input: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    for piece in pieces(input) {
        let Some((kind, payload)) = piece.split_first() else { continue };
        let left = LOG_BLOCK_SIZE - file.len() % LOG_BLOCK_SIZE;
        if left < piece.len() + 6 {
            file.resize(file.len() + left, 0);
        }
        let payload = payload.get(..LOG_BLOCK_SIZE - 7).unwrap_or(payload);
        file.extend_from_slice(&masked_crc32c(&[&[*kind], payload]).to_le_bytes());
        file.extend_from_slice(&(payload.len() as u16).to_le_bytes());
        file.push(*kind);
        file.extend_from_slice(payload);
    }
    file
}

/// A log whose records are the pieces.
pub(super) fn log_of_records(input: &[u8]) -> Vec<u8> {
    let mut physical = Vec::new();
    for piece in pieces(input) {
        physical.extend_from_slice(&(piece.len() as u16 + 1).to_le_bytes());
        physical.push(1);
        physical.extend_from_slice(piece);
    }
    log(&physical)
}

/// A table. Each piece is a block: its compression type, then its content. The last two are the
/// metaindex and the index; the handles in them are the input's own affair.
pub(super) fn table(input: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut handles = Vec::new();
    for piece in pieces(input) {
        let (kind, content) = piece.split_first().unwrap_or((&0, &[]));
        handles.push(BlockHandle { offset: file.len() as u64, size: content.len() as u64 });
        file.extend_from_slice(content);
        file.push(*kind);
        file.extend_from_slice(&masked_crc32c(&[content, &[*kind]]).to_le_bytes());
    }
    if let [.., metaindex, index] = handles[..] {
        file.extend_from_slice(&Footer { metaindex, index }.encode());
    }
    file
}
