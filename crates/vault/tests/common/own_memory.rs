//! The memory of this process, searched for what should not be in it any more.

use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;

/// What every byte is masked with.
pub(crate) const MASK: u8 = 0x15;

/// Bytes that are looked for, in a form that is not found itself.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Masked(Vec<u8>);

impl Masked {
    pub(crate) fn new(masked: &[u8]) -> Self {
        Self(masked.to_vec())
    }

    fn is(&self, window: &[u8]) -> bool {
        window.iter().zip(&self.0).all(|(byte, masked)| *byte == masked ^ MASK)
    }
}

/// How often bytes stand in memory that can be written. `buffer` is not looked at.
pub(crate) fn sightings(wanted: &Masked, buffer: &mut [u8]) -> usize {
    let memory = File::open("/proc/self/mem").unwrap();
    let size = wanted.0.len();
    let own = buffer.as_ptr() as u64;
    let own = own..own + buffer.len() as u64;
    let mut found = 0;
    for line in read_to_string("/proc/self/maps").unwrap().lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        if !rest.starts_with("rw") || rest.contains("[v") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let address = |text| u64::from_str_radix(text, 16).unwrap();
        let (mut at, to) = (address(from), address(to));
        while at + size as u64 <= to {
            let length = buffer.len().min((to - at) as usize);
            let read = memory.read_at(&mut buffer[..length], at).unwrap_or(0);
            if read < size {
                break;
            }
            let windows = buffer[..read].windows(size).enumerate();
            let seen = windows.filter(|(_, window)| wanted.is(window));
            found += seen.filter(|(offset, _)| !own.contains(&(at + *offset as u64))).count();
            // What lies across the end of this piece lies in the next.
            at += (read - size + 1) as u64;
        }
        // Nothing of what was read stays where the next look would find it.
        buffer.fill(0);
    }
    found
}
