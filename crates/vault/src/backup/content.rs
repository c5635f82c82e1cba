//! What is in a backup, as a row of frames: one byte that says what it is, then its fields, each
//! with its length before it. The first frame is the beginning, the last one counts all others and
//! has the hash of everything before it.

use std::io::{self, Read, Write};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::BackupReport;
use super::chunk_reader::damaged;
use crate::label::Label;
use crate::layout::Kind;

const BEGIN: u8 = 1;
const MESSAGE: u8 = 2;
const SESSION: u8 = 3;
const PROOF: u8 = 4;
const PEER: u8 = 5;
const END: u8 = 6;

/// No field has more bytes: a value is stored with what belongs to it. What was compressed says so
/// little of its size that a small file can have any.
const LONGEST: u32 = sigil_leveldb::MAX_VALUE_SIZE as u32;

/// One thing in a backup.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    /// A message with its place; its id where that could be read.
    Message { label: Label, id: Option<String>, plain: Bytes },
    /// A session, a proof or a peer.
    Item { kind: Kind, id: String, value: Bytes },
}

/// Writes frames.
pub(super) struct ContentWriter<W> {
    pub(super) inner: W,
    hash: Sha256,
    report: BackupReport,
}

impl<W: Write> ContentWriter<W> {
    /// Begins with the masked key of the names, without which labels and names mean nothing.
    pub(super) fn begin(inner: W, created: u64, names: &[u8]) -> io::Result<Self> {
        let report = BackupReport { created, ..BackupReport::default() };
        let mut writer = Self { inner, hash: Sha256::new(), report };
        writer.frame(BEGIN, &[names])?;
        Ok(writer)
    }

    pub(super) fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        match entry {
            Entry::Message { label, id, plain } => {
                self.report.messages += 1;
                let id = id.as_deref().unwrap_or_default();
                self.frame(MESSAGE, &[label.bytes(), id.as_bytes(), plain])
            }
            Entry::Item { kind, id, value } => {
                let (number, count) = match kind {
                    Kind::Session => (SESSION, &mut self.report.sessions),
                    Kind::Proof => (PROOF, &mut self.report.proofs),
                    _ => (PEER, &mut self.report.peers),
                };
                *count += 1;
                self.frame(number, &[id.as_bytes(), value])
            }
        }
    }

    /// Writes the last frame.
    pub(super) fn end(mut self, skipped: u64) -> io::Result<(W, BackupReport)> {
        self.report.skipped = skipped;
        let counts = counts(&self.report);
        let hash = self.hash.clone().finalize();
        self.frame(END, &[&counts, &hash])?;
        Ok((self.inner, self.report))
    }

    fn frame(&mut self, number: u8, fields: &[&[u8]]) -> io::Result<()> {
        self.put(&[number])?;
        for field in fields {
            let length = u32::try_from(field.len()).map_err(io::Error::other)?;
            self.put(&length.to_le_bytes())?;
            self.put(field)?;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.inner.write_all(bytes)
    }
}

fn counts(report: &BackupReport) -> Vec<u8> {
    let BackupReport { created, messages, sessions, proofs, peers, skipped, .. } = *report;
    let numbers = [created, messages, sessions, proofs, peers, skipped];
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Reads frames.
pub(super) struct ContentReader<R> {
    inner: R,
    hash: Sha256,
    report: BackupReport,
}

impl<R: Read> ContentReader<R> {
    /// The reader behind the first frame, and what that has.
    pub(super) fn begin(inner: R, created: u64) -> io::Result<(Self, Bytes)> {
        let report = BackupReport { created, ..BackupReport::default() };
        let mut reader = Self { inner, hash: Sha256::new(), report };
        if reader.number()? != BEGIN {
            return Err(damaged("its beginning is missing"));
        }
        let names = reader.field()?;
        Ok((reader, names))
    }

    /// The next entry; none at the end, which is checked.
    pub(super) fn next(&mut self) -> io::Result<Option<Entry>> {
        let hash = self.hash.clone();
        let kind = match self.number()? {
            MESSAGE => return self.message().map(Some),
            SESSION => Kind::Session,
            PROOF => Kind::Proof,
            PEER => Kind::Peer,
            END => return self.end(hash).map(|()| None),
            _ => return Err(damaged("it has something that is not known")),
        };
        let id = String::from_utf8(self.field()?.into());
        let id = id.map_err(|_| damaged("an id is no text"))?;
        let value = self.field()?;
        *match kind {
            Kind::Session => &mut self.report.sessions,
            Kind::Proof => &mut self.report.proofs,
            _ => &mut self.report.peers,
        } += 1;
        Ok(Some(Entry::Item { kind, id, value }))
    }

    pub(super) fn into_parts(self) -> (R, BackupReport) {
        (self.inner, self.report)
    }

    fn message(&mut self) -> io::Result<Entry> {
        let label = Label::from_bytes(&self.field()?).ok_or_else(|| damaged("a place is none"))?;
        let id = String::from_utf8(self.field()?.into());
        let id = id.map_err(|_| damaged("an id is no text"))?;
        let plain = self.field()?;
        self.report.messages += 1;
        Ok(Entry::Message { label, id: Some(id).filter(|id| !id.is_empty()), plain })
    }

    fn end(&mut self, hash: Sha256) -> io::Result<()> {
        let (counted, expected) = (self.field()?, self.field()?);
        if hash.finalize().as_slice() != expected.as_ref() {
            return Err(damaged("its content has another hash"));
        }
        let skipped = counted.last_chunk().ok_or_else(|| damaged("it counts nothing"))?;
        self.report.skipped = u64::from_le_bytes(*skipped);
        if counts(&self.report) != counted {
            return Err(damaged("it has not what it counts"));
        }
        if self.inner.read(&mut [0])? > 0 {
            return Err(damaged("something follows its end"));
        }
        Ok(())
    }

    fn number(&mut self) -> io::Result<u8> {
        let mut number = [0];
        self.take(&mut number)?;
        let [number] = number;
        Ok(number)
    }

    fn field(&mut self) -> io::Result<Bytes> {
        let mut length = [0; 4];
        self.take(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length > LONGEST {
            return Err(damaged("it has more in one place than any store"));
        }
        let mut field = Vec::new();
        // Grows with what is there: a length alone takes no memory.
        let read = (&mut self.inner).take(length.into()).read_to_end(&mut field)?;
        if u32::try_from(read) != Ok(length) {
            return Err(damaged("it ends too early"));
        }
        self.hash.update(&field);
        Ok(Bytes::from(field))
    }

    fn take(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.inner.read_exact(bytes)?;
        self.hash.update(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_that_no_store_has_is_not_waited_for() {
        let begin = |length: u32| {
            let bytes = [&[BEGIN][..], &length.to_le_bytes()].concat();
            ContentReader::begin(&bytes[..], 0).map(drop).unwrap_err().to_string()
        };
        assert_eq!(begin(LONGEST), "it ends too early");
        for length in [LONGEST + 1, u32::MAX] {
            assert_eq!(begin(length), "it has more in one place than any store");
        }
    }
}
