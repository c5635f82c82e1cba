use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;

use serde_json::json;

use super::*;
use crate::keys::RecordId;

/// A map of bytes as a store has it.
#[derive(Default)]
struct Store(RefCell<BTreeMap<Vec<u8>, Vec<u8>>>);

impl Store {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.borrow().get(key).cloned())
    }

    fn write(&self, writes: &[Write<'_>]) {
        for Change { key, value } in plan(writes, |key| self.get(key)).unwrap() {
            match value {
                Some(value) => self.0.borrow_mut().insert(key, value),
                None => self.0.borrow_mut().remove(&key),
            };
        }
    }

    fn put(&self, id: &RecordId<'_>, text: &str) {
        self.write(&[Write { id: id.clone(), text: Some(text.as_bytes()) }]);
    }

    fn delete(&self, id: &RecordId<'_>) {
        self.write(&[Write { id: id.clone(), text: None }]);
    }

    fn leave(&self, key: &str, text: &str) {
        self.0.borrow_mut().insert(key.into(), text.into());
    }

    fn find(&self, id: &RecordId<'_>) -> Option<String> {
        find(id, |key| self.get(key)).unwrap().map(|text| String::from_utf8(text).unwrap())
    }
}

fn shared<'a>(symbol: &'a str, hash: &'a str) -> RecordId<'a> {
    RecordId::shared(symbol, hash).unwrap()
}

fn of_tenant<'a>(tenant: &'a str, symbol: &'a str, hash: &'a str) -> RecordId<'a> {
    RecordId::of_tenant(tenant, symbol, hash).unwrap()
}

fn owned(tenant: &str, symbol: &str, hash: &str, x: u32) -> String {
    json!({ "tenantId": tenant, "symbol": symbol, "authHash": hash, "x": x }).to_string()
}

#[test]
fn a_record_left_by_the_old_code_is_found_by_whom_it_names_alone() {
    let store = Store::default();
    store.leave("a!sigil!b!c!d", &owned("a", "b!c", "d", 1));
    assert!(store.find(&of_tenant("a", "b!c", "d")).is_some());
    assert_eq!(store.find(&of_tenant("a", "b", "c!d")), None);
    assert_eq!(store.find(&of_tenant("a", "b!c", "e")), None);
}

#[test]
fn whoever_writes_under_a_contested_key_moves_the_record_of_another() {
    let store = Store::default();
    let (plain, escaped) = (of_tenant("a", "b", "c!d"), of_tenant("a", "b!c", "d"));
    store.leave("a!sigil!b!c!d", &owned("a", "b!c", "d", 1));
    store.put(&plain, &owned("a", "b", "c!d", 2));
    assert_eq!(store.find(&escaped), Some(owned("a", "b!c", "d", 1)));
    assert_eq!(store.find(&plain), Some(owned("a", "b", "c!d", 2)));
}

#[test]
fn in_one_batch_a_moved_record_does_not_replace_a_newer_one() {
    let store = Store::default();
    let (plain, escaped) = (of_tenant("a", "b", "c!d"), of_tenant("a", "b!c", "d"));
    store.leave("a!sigil!b!c!d", &owned("a", "b!c", "d", 1));
    let (one, other) = (owned("a", "b!c", "d", 2), owned("a", "b", "c!d", 3));
    store.write(&[
        Write { id: escaped.clone(), text: Some(one.as_bytes()) },
        Write { id: plain.clone(), text: Some(other.as_bytes()) },
    ]);
    assert_eq!(store.find(&escaped), Some(one));
    assert_eq!(store.find(&plain), Some(other));
}

#[test]
fn a_deleted_record_does_not_come_back_from_its_old_key() {
    let store = Store::default();
    let escaped = of_tenant("a", "b!c", "d");
    store.leave("a!sigil!b!c!d", &owned("a", "b!c", "d", 1));
    store.put(&escaped, &owned("a", "b!c", "d", 2));
    store.delete(&escaped);
    assert_eq!(store.find(&escaped), None);
    assert!(store.0.borrow().is_empty());
}

#[test]
fn deleting_a_tuple_leaves_the_record_of_another_under_its_key() {
    let store = Store::default();
    store.leave("a!sigil!b!c!d", &owned("a", "b!c", "d", 1));
    store.delete(&of_tenant("a", "b", "c!d"));
    assert!(store.find(&of_tenant("a", "b!c", "d")).is_some());
}

#[test]
fn a_silent_shared_record_is_claimed_by_its_writer() {
    let store = Store::default();
    let (plain, escaped) = (shared("a", "b:c"), shared("a:b", "c"));
    store.leave("sigil:a:b:c", "{}");
    assert!(store.find(&plain).is_some() && store.find(&escaped).is_some());
    store.put(&plain, r#"{"x":1}"#);
    assert_eq!(store.find(&escaped), None);
    store.delete(&plain);
    assert!(store.0.borrow().is_empty());
}

#[test]
fn a_shared_record_that_names_another_is_still_its_writers() {
    let store = Store::default();
    let (plain, escaped) = (shared("a", "b:c"), shared("a:b", "c"));
    let text = r#"{"symbol":"a:b","authHash":"c"}"#;
    store.put(&plain, text);
    assert_eq!(store.find(&plain).as_deref(), Some(text));
    assert_eq!(store.find(&escaped), None);
}

#[test]
fn a_listing_shows_a_left_record_at_its_own_key_and_no_record_of_others() {
    let key = b"a!sigil!b!c!d";
    let own = owned("a", "b", "c!d", 1);
    assert_eq!(place_in_listing(key, own.as_bytes()), Place::Own);
    assert_eq!(left_by_old_code("a", key, own.as_bytes()), None);
    let old = owned("a", "b!c", "d", 1);
    assert_eq!(place_in_listing(key, old.as_bytes()), Place::Elsewhere);
    let own_key = of_tenant("a", "b!c", "d").key();
    let left = Some(Left { own_key, key: key.to_vec() });
    assert_eq!(left_by_old_code("a", key, old.as_bytes()), left);
    let others = owned("x", "b!c", "d", 1);
    assert_eq!(left_by_old_code("a", key, others.as_bytes()), None);
}
