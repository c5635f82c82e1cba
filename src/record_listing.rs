//! Listing records. Chunks of records come as JSON texts of arrays, because one text of a hundred
//! records is parsed faster than a hundred texts; their size is bounded by bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use napi_derive::napi;
use parking_lot::Mutex;
use sigil_leveldb::{Db, DbIterator, Range, Snapshot};
use sigil_records::keys::{
    RecordId, SHARED_END, SHARED_PREFIX, after_symbol, legacy_tenant_prefix, tenant_prefix,
};
use sigil_records::records::{Place, left_by_old_code, place_in_listing};

use crate::boundary::{Result, guard};
use crate::bytes::{Form, Input, Output};
use crate::database::NativeDb;
use crate::failure::Failure;
use crate::job::{Promise, on_pool};
use crate::registry::{Lease, Opened};

/// Bytes of one text: about a hundred small records.
const TEXT_SIZE: usize = 40 << 10;
/// Tenants that are remembered to have nothing left by the old code.
const REMEMBERED: usize = 10_000;

/// Records in the order of their keys, as they were when the listing was made.
#[napi]
pub struct NativeListing {
    listing: Arc<Mutex<Listing>>,
}

/// Some of the records of a listing.
#[napi(object, object_from_js = false)]
pub struct RecordChunk {
    /// JSON texts of arrays of records.
    pub texts: Vec<Output>,
    /// How many records each array has.
    pub counts: Vec<u32>,
    /// Whether these were the last.
    pub ended: bool,
}

struct Listing {
    state: State,
    snapshot: Arc<Snapshot>,
    lease: Arc<Lease>,
}

enum State {
    New { tenant: Option<String>, start: Option<Start> },
    Open(Box<Walk>),
    Ended,
}

/// Where a listing goes on.
struct Start {
    key: Vec<u8>,
    /// Whether a record under that very key was seen already.
    seen: bool,
}

struct Walk {
    iterator: DbIterator,
    shared: bool,
    /// What the old code left, by the keys that the records would have.
    left: BTreeMap<Vec<u8>, Bytes>,
}

#[napi]
impl NativeDb {
    /// A listing of a tenant's records, or of the shared ones. It goes on after a symbol, or with a
    /// hash after that one record.
    #[napi]
    pub fn records(
        &self,
        tenant: Option<Input>,
        cursor_symbol: Option<Input>,
        cursor_hash: Option<Input>,
    ) -> Result<NativeListing> {
        guard(|| {
            let tenant = tenant.map(Input::text).transpose()?;
            if let Some(tenant) = &tenant {
                tenant_prefix(tenant)?;
            }
            let symbol = cursor_symbol.map(Input::text).transpose()?;
            let hash = cursor_hash.map(Input::text).transpose()?;
            let start = match (&tenant, symbol, hash) {
                (Some(tenant), Some(symbol), Some(hash)) => {
                    let key = RecordId::of_tenant(tenant, symbol, hash)?.key();
                    Some(Start { key, seen: true })
                }
                (Some(tenant), Some(symbol), None) => {
                    Some(Start { key: after_symbol(tenant, &symbol)?, seen: false })
                }
                _ => None,
            };
            let listing = Listing {
                state: State::New { tenant, start },
                snapshot: self.moment(&None)?,
                lease: Arc::clone(&self.lease),
            };
            Ok(NativeListing { listing: Arc::new(Mutex::new(listing)) })
        })
    }
}

#[napi]
impl NativeListing {
    /// About so many bytes of records.
    #[napi]
    pub fn next(&self, bytes: u32) -> Result<Promise<RecordChunk>> {
        let listing = Arc::clone(&self.listing);
        guard(|| Ok(on_pool(move || listing.lock().next(bytes as usize))))
    }

    /// How many records there are still.
    #[napi]
    pub fn count(&self) -> Result<Promise<f64>> {
        let listing = Arc::clone(&self.listing);
        guard(|| Ok(on_pool(move || listing.lock().count())))
    }

    /// Lets go of what the listing holds.
    #[napi]
    pub fn close(&self) {
        if let Some(mut listing) = self.listing.try_lock() {
            listing.state = State::Ended;
        }
    }
}

impl Listing {
    fn next(&mut self, bytes: usize) -> std::result::Result<RecordChunk, Failure> {
        let mut chunk = RecordChunk { texts: Vec::new(), counts: Vec::new(), ended: true };
        let Some(walk) = self.walk()? else { return Ok(chunk) };
        let (mut text, mut count, mut size) = (Vec::new(), 0, 0);
        while size < bytes {
            let Some(record) = walk.next()? else {
                self.state = State::Ended;
                push_text(&mut chunk, text, count);
                return Ok(chunk);
            };
            text.push(if count == 0 { b'[' } else { b',' });
            text.extend_from_slice(&record);
            size += record.len() + 1;
            count += 1;
            if text.len() >= TEXT_SIZE {
                push_text(&mut chunk, std::mem::take(&mut text), count);
                count = 0;
            }
        }
        push_text(&mut chunk, text, count);
        chunk.ended = false;
        Ok(chunk)
    }

    fn count(&mut self) -> std::result::Result<f64, Failure> {
        let mut count = 0.0;
        if let Some(walk) = self.walk()? {
            while walk.next()?.is_some() {
                count += 1.0;
            }
        }
        self.state = State::Ended;
        Ok(count)
    }

    /// The walk, begun if it was not; none where it is over.
    fn walk(&mut self) -> std::result::Result<Option<&mut Walk>, Failure> {
        if let State::New { tenant, start } = &self.state {
            let opened = self.lease.opened();
            let walk = Walk::begin(opened, &self.snapshot, tenant.as_deref(), start.as_ref())?;
            self.state = State::Open(Box::new(walk));
        }
        Ok(match &mut self.state {
            State::Open(walk) => Some(walk),
            _ => None,
        })
    }
}

impl Walk {
    fn begin(
        opened: &Opened,
        snapshot: &Snapshot,
        tenant: Option<&str>,
        start: Option<&Start>,
    ) -> std::result::Result<Self, Failure> {
        let range = match tenant {
            Some(tenant) => Range::prefix(&tenant_prefix(tenant)?),
            None => Range::between(SHARED_PREFIX..SHARED_END),
        };
        let mut left = match tenant {
            Some(tenant) => find_left(opened, snapshot, tenant)?,
            None => BTreeMap::new(),
        };
        let mut iterator = opened.db.iter_at(snapshot, range)?;
        match start {
            None => iterator.seek_to_first()?,
            Some(start) => {
                left.retain(|key, _| *key > start.key || (*key == start.key && !start.seen));
                iterator.seek(&start.key)?;
                if start.seen && iterator.valid() && iterator.key() == start.key {
                    iterator.next()?;
                }
            }
        }
        Ok(Self { iterator, shared: tenant.is_none(), left })
    }

    fn next(&mut self) -> std::result::Result<Option<Bytes>, Failure> {
        while self.iterator.valid() {
            let key = self.iterator.key();
            let shown = self.shared || place_in_listing(key, self.iterator.value()) == Place::Own;
            if shown {
                if self.left.first_key_value().is_some_and(|(own_key, _)| own_key.as_slice() < key)
                {
                    return Ok(self.left.pop_first().map(|(_, record)| record));
                }
                // A record under its own key is newer than one under the old key.
                self.left.remove(key);
                let record = self.iterator.value_bytes();
                self.iterator.next()?;
                return Ok(Some(record));
            }
            self.iterator.next()?;
        }
        Ok(self.left.pop_first().map(|(_, record)| record))
    }
}

/// What the old code left of a tenant's records, by the keys that they would have now. As a rule
/// that is nothing, and then it is not looked for again: nobody adds to it while we are open.
fn find_left(
    opened: &Opened,
    snapshot: &Snapshot,
    tenant: &str,
) -> std::result::Result<BTreeMap<Vec<u8>, Bytes>, Failure> {
    let mut left = BTreeMap::new();
    if opened.without_left.lock().contains(tenant) {
        return Ok(left);
    }
    collect_left(&opened.db, snapshot, tenant, &tenant_prefix(tenant)?, &mut left)?;
    if let Some(prefix) = legacy_tenant_prefix(tenant) {
        collect_left(&opened.db, snapshot, tenant, &prefix, &mut left)?;
    }
    if left.is_empty() {
        let mut without = opened.without_left.lock();
        if without.len() >= REMEMBERED {
            without.clear();
        }
        without.insert(tenant.to_owned());
    }
    Ok(left)
}

fn collect_left(
    db: &Db,
    snapshot: &Snapshot,
    tenant: &str,
    prefix: &[u8],
    left: &mut BTreeMap<Vec<u8>, Bytes>,
) -> std::result::Result<(), Failure> {
    let mut iterator = db.iter_at(snapshot, Range::prefix(prefix))?;
    iterator.seek_to_first()?;
    while iterator.valid() {
        if let Some(found) = left_by_old_code(tenant, iterator.key(), iterator.value()) {
            left.insert(found.own_key, iterator.value_bytes());
        }
        iterator.next()?;
    }
    Ok(())
}

fn push_text(chunk: &mut RecordChunk, mut text: Vec<u8>, count: u32) {
    if count > 0 {
        text.push(b']');
        chunk.texts.push(Output(Form::Text, Bytes::from(text)));
        chunk.counts.push(count);
    }
}
