//! Listing records. Chunks of records come as JSON texts of arrays; their size is bounded by bytes.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use napi::bindgen_prelude::{ToNapiValue, TypeName};
use napi_derive::napi;
use parking_lot::Mutex;
use sigil_leveldb::{Db, DbIterator, Range, Snapshot};
use sigil_records::keys::{
    RecordId, SHARED_END, SHARED_PREFIX, after_symbol, legacy_tenant_prefix, tenant_prefix,
};
use sigil_records::records::{Place, is_json, left_by_old_code, place_in_listing};

use crate::array_texts::ArrayTexts;
use crate::boundary::{Result, guard};
use crate::bytes::{Input, Output};
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
    shared: Arc<SharedListing>,
}

struct SharedListing {
    listing: Mutex<Listing>,
    /// Nobody wants more of it; whoever is at work ends it.
    closed: AtomicBool,
}

/// Some of the records of a listing.
#[napi(object, object_from_js = false)]
pub struct RecordChunk {
    /// JSON texts of arrays of records.
    pub texts: Vec<Output>,
    /// Whether these were the last.
    pub ended: bool,
}

/// What has ended holds nothing any more: a snapshot keeps everything that is overwritten.
enum Listing {
    New { tenant: Option<String>, start: Option<Start>, held: Held },
    Open(Box<Walk>),
    Ended,
}

struct Held {
    snapshot: Arc<Snapshot>,
    // Dropped after the snapshot, which lives inside of what it holds open.
    lease: Arc<Lease>,
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
    // Dropped after the iterator.
    _held: Held,
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
            let held = Held { snapshot: self.moment(&None)?, lease: Arc::clone(&self.lease) };
            let listing = Mutex::new(Listing::New { tenant, start, held });
            let shared = SharedListing { listing, closed: AtomicBool::new(false) };
            Ok(NativeListing { shared: Arc::new(shared) })
        })
    }
}

#[napi]
impl NativeListing {
    /// About so many bytes of records.
    #[napi]
    pub fn next(&self, bytes: u32) -> Result<Promise<RecordChunk>> {
        self.with_listing(move |listing| listing.next(bytes as usize))
    }

    /// How many records there are still.
    #[napi]
    pub fn count(&self) -> Result<Promise<f64>> {
        self.with_listing(Listing::count)
    }

    /// Lets go of what the listing holds.
    #[napi]
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.shared.end_if_closed();
    }

    fn with_listing<T: ToNapiValue + TypeName + Send + 'static>(
        &self,
        body: impl FnOnce(&mut Listing) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> Result<Promise<T>> {
        let shared = Arc::clone(&self.shared);
        guard(|| {
            Ok(on_pool(move || {
                let answer = body(&mut shared.listing.lock());
                shared.end_if_closed();
                answer
            }))
        })
    }
}

impl SharedListing {
    /// Asked for after closing, and after each piece of work: so one of the two finds both that it is
    /// closed and that nobody is at work.
    fn end_if_closed(&self) {
        if self.closed.load(Ordering::SeqCst)
            && let Some(mut listing) = self.listing.try_lock()
        {
            *listing = Listing::Ended;
        }
    }
}

impl Listing {
    fn next(&mut self, bytes: usize) -> std::result::Result<RecordChunk, Failure> {
        let Some(walk) = self.walk()? else {
            return Ok(RecordChunk { texts: Vec::new(), ended: true });
        };
        let (mut texts, mut size) = (ArrayTexts::new(TEXT_SIZE, bytes), 0);
        while size < bytes {
            let Some(record) = walk.next()? else {
                *self = Self::Ended;
                return Ok(RecordChunk { texts: texts.finish(), ended: true });
            };
            if !is_json(&record) {
                let message = "a stored record is not JSON; the doctor says which";
                return Err(Failure::new("STORAGE_ERROR", message));
            }
            texts.push(&record);
            size += record.len() + 1;
        }
        Ok(RecordChunk { texts: texts.finish(), ended: false })
    }

    fn count(&mut self) -> std::result::Result<f64, Failure> {
        let mut count = 0.0;
        if let Some(walk) = self.walk()? {
            while walk.next()?.is_some() {
                count += 1.0;
            }
        }
        *self = Self::Ended;
        Ok(count)
    }

    /// The walk, begun if it was not; none where it is over.
    fn walk(&mut self) -> std::result::Result<Option<&mut Walk>, Failure> {
        *self = match mem::replace(self, Self::Ended) {
            Self::New { tenant, start, held } => {
                Self::Open(Box::new(Walk::begin(held, tenant.as_deref(), start.as_ref())?))
            }
            begun => begun,
        };
        Ok(match self {
            Self::Open(walk) => Some(walk),
            _ => None,
        })
    }
}

impl Walk {
    fn begin(
        held: Held,
        tenant: Option<&str>,
        start: Option<&Start>,
    ) -> std::result::Result<Self, Failure> {
        let (opened, snapshot) = (held.lease.opened(), &held.snapshot);
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
        Ok(Self { iterator, shared: tenant.is_none(), left, _held: held })
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
