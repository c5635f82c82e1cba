//! What has to be written so that a tuple has a record, or has none.

use std::collections::HashMap;

use serde_json::Value;

use super::find::{find_left, holds_own, is_simple, judge};
use crate::keys::{Ownership, RecordId};

/// A change that a caller wants.
#[derive(Debug, Clone)]
pub struct Write<'a> {
    /// Whose record.
    pub id: RecordId<'a>,
    /// Its text; none to delete it.
    pub text: Option<&'a [u8]>,
}

/// A change of the map of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: Vec<u8>,
    /// The key's value; none to delete it.
    pub value: Option<Vec<u8>>,
}

/// The changes that carry out some writes, one after the other, to be made all together. What is
/// read must not change until then.
pub fn plan<V: AsRef<[u8]>, E>(
    writes: &[Write<'_>],
    get: impl Fn(&[u8]) -> Result<Option<V>, E>,
) -> Result<Vec<Change>, E> {
    let mut planned = Planned { changes: Vec::with_capacity(writes.len()), latest: HashMap::new() };
    for write in writes {
        if is_simple(&write.id) {
            planned.add(write.id.key(), write.text.map(<[u8]>::to_vec));
        } else {
            planned.decide(write, &get)?;
        }
    }
    Ok(planned.changes)
}

/// The changes so far. Later writes see them.
struct Planned {
    changes: Vec<Change>,
    /// The index of the last change of a key.
    latest: HashMap<Vec<u8>, usize>,
}

impl Planned {
    fn add(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.latest.insert(key.clone(), self.changes.len());
        self.changes.push(Change { key, value });
    }

    fn get<V: AsRef<[u8]>, E>(
        &self,
        key: &[u8],
        get: impl Fn(&[u8]) -> Result<Option<V>, E>,
    ) -> Result<Option<Vec<u8>>, E> {
        match self.latest.get(key).and_then(|&index| self.changes.get(index)) {
            Some(change) => Ok(change.value.clone()),
            None => Ok(get(key)?.map(|value| value.as_ref().to_vec())),
        }
    }

    fn decide<V: AsRef<[u8]>, E>(
        &mut self,
        Write { id, text }: &Write<'_>,
        get: impl Fn(&[u8]) -> Result<Option<V>, E>,
    ) -> Result<(), E> {
        let key = id.key();
        let present = self.get(&key, &get)?;
        let others = match &present {
            Some(value) if !holds_own(id, value, |key| self.get(key, &get))? => Some(value),
            _ => None,
        };
        let left = match id.legacy_key() {
            Some(old) => find_left(id, &old, |key| self.get(key, &get))?.map(|_| old),
            None => None,
        };
        if let (Some(value), Some(_)) = (others, text) {
            self.make_way(value, &key, &get)?;
        }
        if let Some(old) = left {
            self.add(old, None);
        }
        match text {
            Some(text) => {
                if needs_claim(id, text) {
                    self.add(id.claim_key(), Some(Vec::new()));
                }
                self.add(key, Some(text.to_vec()));
            }
            None if others.is_none() && present.is_some() => {
                if id.is_contested() && id.tenant().is_none() {
                    self.add(id.claim_key(), None);
                }
                self.add(key, None);
            }
            None => {}
        }
        Ok(())
    }

    /// Moves a record that proves to be another tuple's to that tuple's own key, unless it has a
    /// newer one there.
    fn make_way<V: AsRef<[u8]>, E>(
        &mut self,
        value: &[u8],
        key: &[u8],
        get: impl Fn(&[u8]) -> Result<Option<V>, E>,
    ) -> Result<(), E> {
        let record: Value = serde_json::from_slice(value).unwrap_or(Value::Null);
        let Some(owner) = RecordId::owner_of_left(key, &record) else { return Ok(()) };
        let own_key = owner.key();
        if self.get(&own_key, get)?.is_none() {
            self.add(own_key, Some(value.to_vec()));
        }
        Ok(())
    }
}

/// Whether a record that is written under its own, contested key does not itself say whose it is.
fn needs_claim(id: &RecordId<'_>, text: &[u8]) -> bool {
    id.tenant().is_none() && id.is_contested() && judge(id, text) != Ownership::Proven
}
