//! Whether a checksum that is wrong would be right if a single byte were another.
//!
//! crc32c is linear: the checksum of bytes with an error in them differs from that of the bytes by
//! something that depends on the error and on its distance from the end alone. An error in the last
//! byte is a difference in the lowest eight bits, taken through the eight steps that a byte makes;
//! every byte behind it takes that difference through eight more. The steps can be undone. So
//! walking back from the difference that was found, an error in a single byte shows at its distance
//! from the end as a difference that fits a byte. Every such error is found.
//!
//! Other damage looks like an error in one byte by chance in `length * 255` of 2^32 cases.

use crate::checksum::{masked_crc32c, unmask};

const POLYNOMIAL: u32 = 0x82f6_3b78;

/// Undoes what a zero byte does to a checksum.
fn step_back(crc: u32) -> u32 {
    (0..8).fold(crc, |crc, _| {
        // A step shifts down and adds the polynomial, whose highest bit is set, for a bit that
        // falls out. So that bit is the highest one now.
        if crc >> 31 == 1 { ((crc ^ POLYNOMIAL) << 1) | 1 } else { crc << 1 }
    })
}

/// Whether changing one byte, of `covered` or of the checksum `stored` for it, makes them match.
pub(super) fn one_byte_is_wrong(stored: u32, covered: &[u8]) -> bool {
    let computed = masked_crc32c(&[covered]);
    let wrong_bytes = (stored ^ computed).to_le_bytes().iter().filter(|&&byte| byte != 0).count();
    if wrong_bytes == 1 {
        return true;
    }
    let mut difference = unmask(stored) ^ unmask(computed);
    covered.iter().any(|_| {
        difference = step_back(difference);
        (1..=0xff).contains(&difference)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_single_wrong_byte_is_recognised() {
        let bytes: Vec<u8> = (0..300u32).map(|index| (index * index % 251) as u8).collect();
        let checksum = masked_crc32c(&[&bytes]);
        for index in 0..bytes.len() {
            for error in [1, 0x80, 0xff, bytes[index]] {
                let mut wrong = bytes.clone();
                wrong[index] ^= error;
                assert!(error == 0 || one_byte_is_wrong(checksum, &wrong));
            }
        }
        for bit in 0..32 {
            assert!(one_byte_is_wrong(checksum ^ (1 << bit), &bytes));
        }
    }

    #[test]
    fn more_than_one_wrong_byte_is_not_taken_for_one() {
        let bytes = [7u8; 300];
        let checksum = masked_crc32c(&[&bytes]);
        for index in 1..bytes.len() {
            let mut wrong = bytes;
            wrong[index] = 0;
            wrong[index - 1] = 0;
            assert!(!one_byte_is_wrong(checksum, &wrong));
        }
    }
}
