//! Guards the three promises of the key scheme against arguments that are chosen to break them:
//! parts are drawn from an alphabet of separators, escapes and the scheme's own words, so that two
//! random tuples often have the same concatenation.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Text that is likely to run into the scheme.
fn part() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..6).prop_map(|pieces| pieces.concat())
}

fn tenant() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 1..6).prop_map(|pieces| pieces.concat())
}

fn piece() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("!"),
        Just(":"),
        Just("%"),
        Just("%21"),
        Just("%3A"),
        Just("sigil"),
        Just("sigil:"),
        Just("!sigil!"),
        Just("sigil!tenant!"),
        Just("tenant"),
        Just("\0"),
        Just("a"),
        Just("⟐"),
        Just("\u{10ffff}"),
        Just(";"),
        Just(" "),
    ]
}

fn tuple() -> impl Strategy<Value = (Option<String>, String, String)> {
    (prop::option::of(tenant()), part(), part())
}

/// A tuple whose key is escaped.
fn special_tuple() -> impl Strategy<Value = (Option<String>, String, String)> {
    (tuple(), any::<bool>(), part()).prop_map(|((tenant, symbol, hash), in_tenant, more)| {
        match tenant {
            Some(tenant) if in_tenant => (Some(tenant + "!" + &more), symbol, hash),
            Some(tenant) => (Some(tenant), symbol + "!" + &more, hash),
            None => (None, symbol + ":" + &more, hash),
        }
    })
}

/// Every tuple that the old code would have written under this key.
fn readings(key: &str) -> Vec<RecordId<'_>> {
    let mut found = Vec::new();
    if let Some(rest) = key.strip_prefix("sigil:") {
        for (at, _) in rest.match_indices(':') {
            found.push(RecordId::shared(&rest[..at], &rest[at + 1..]).unwrap());
        }
    }
    for tenant_end in 1..key.len() {
        let Some(rest) = key.get(tenant_end..).and_then(|rest| rest.strip_prefix("!sigil!")) else {
            continue;
        };
        for (at, _) in rest.match_indices('!') {
            let (tenant, symbol, hash) = (&key[..tenant_end], &rest[..at], &rest[at + 1..]);
            found.push(RecordId::of_tenant(tenant, symbol, hash).unwrap());
        }
    }
    found
}

fn id(tuple: &(Option<String>, String, String)) -> RecordId<'_> {
    match &tuple.0 {
        Some(tenant) => RecordId::of_tenant(tenant, &tuple.1, &tuple.2).unwrap(),
        None => RecordId::shared(&tuple.1, &tuple.2).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn a_key_gives_back_its_tuple_so_no_two_tuples_share_one(tuple in tuple()) {
        let id = id(&tuple);
        let key = id.key();
        prop_assert_eq!(RecordId::decode(&key), Some(id));
    }

    #[test]
    fn what_decodes_is_the_key_of_what_it_decodes_to(text in part(), more in part()) {
        let key = text + &more;
        if let Some(id) = RecordId::decode(key.as_bytes()) {
            prop_assert_eq!(id.key(), key.as_bytes());
        }
    }

    #[test]
    fn a_tenants_prefix_covers_its_own_keys_and_no_others(tenant in tenant(), tuple in tuple()) {
        let id = id(&tuple);
        let covered = id.key().starts_with(&tenant_prefix(&tenant).unwrap());
        prop_assert_eq!(covered, id.tenant() == Some(tenant.as_str()));
        let own = RecordId::of_tenant(&tenant, id.symbol(), id.auth_hash()).unwrap();
        prop_assert!(own.key().starts_with(&tenant_prefix(&tenant).unwrap()));
    }

    #[test]
    fn the_shared_range_covers_shared_keys_and_no_others(tuple in tuple()) {
        let key = id(&tuple).key();
        let covered = key.as_slice() >= SHARED_PREFIX && key.as_slice() <= SHARED_END;
        prop_assert_eq!(covered, tuple.0.is_none());
    }

    #[test]
    fn keys_without_separators_in_the_wrong_place_stay_as_they_were(tuple in tuple()) {
        let id = id(&tuple);
        let forgeable = match id.tenant() {
            Some(tenant) => {
                tenant.contains('!')
                    || tenant.starts_with("sigil:")
                    || id.symbol().contains('!')
                    || id.symbol().is_empty()
            }
            None => id.symbol().contains(':'),
        };
        prop_assert_eq!(id.key() == id.unescaped(), !forgeable);
        prop_assert_eq!(id.is_plain(), !forgeable);
    }

    #[test]
    fn an_escaped_key_is_no_other_tenants_old_key(escaped in special_tuple()) {
        let id = id(&escaped);
        let key = id.key();
        for old in readings(std::str::from_utf8(&key).unwrap()) {
            prop_assert_eq!(old.tenant(), id.tenant());
        }
    }

    #[test]
    fn only_a_contested_key_is_also_another_tuples_old_key(new in tuple()) {
        let new = id(&new);
        let key = new.key();
        for old in readings(std::str::from_utf8(&key).unwrap()) {
            prop_assert!(old == new || new.is_contested() || old.legacy_key().is_none());
        }
    }

    #[test]
    fn an_old_record_is_its_owners_alone(old in tuple()) {
        let key = id(&old).unescaped();
        let readings = readings(std::str::from_utf8(&key).unwrap());
        for owner in &readings {
            let record = json!({
                "tenantId": owner.tenant(),
                "symbol": owner.symbol(),
                "authHash": owner.auth_hash(),
            });
            prop_assert_eq!(owner.judge(&record), Ownership::Proven);
            for other in readings.iter().filter(|other| *other != owner) {
                let judged = other.judge(&record);
                prop_assert!(judged == Ownership::Refuted || other.tenant() != owner.tenant());
                prop_assert!(judged == Ownership::Refuted || other.tenant().is_none());
            }
        }
    }

    #[test]
    fn a_symbols_records_lie_together_and_before_its_end(
        tenant in tenant(), symbol in part(), other in part(), hash in part(),
    ) {
        let end = after_symbol(&tenant, &symbol).unwrap();
        let start = RecordId::of_tenant(&tenant, &symbol, "").unwrap().key();
        let key = RecordId::of_tenant(&tenant, &other, &hash).unwrap().key();
        prop_assert_eq!(key >= start && key < end, other == symbol);
    }
}

#[test]
fn the_keys_of_the_contract() {
    let shared = RecordId::shared("⟐", "1522E9420867A300").unwrap();
    assert_eq!(shared.key(), "sigil:⟐:1522E9420867A300".as_bytes());
    let tenant = RecordId::of_tenant("acme", "⟐", "h:1!2").unwrap();
    assert_eq!(tenant.key(), "acme!sigil!⟐!h:1!2".as_bytes());
}

#[test]
fn the_escaped_keys_of_the_documentation() {
    let key = |tenant, symbol, hash| RecordId::of_tenant(tenant, symbol, hash).unwrap().key();
    assert_eq!(key("acme", "a!b", "h"), b"acme!sigil!!a%21b:h");
    assert_eq!(key("acme", "", "h"), b"acme!sigil!!:h");
    assert_eq!(key("a!b", "s", "h"), b"sigil!tenant!a%21b!sigil!s:h");
    assert_eq!(key("sigil:x", "s", "h"), b"sigil!tenant!sigil%3Ax!sigil!s:h");
    assert_eq!(RecordId::shared("a:b", "50%").unwrap().key(), b"sigil:a%3Ab!50%25");
}

#[test]
fn what_names_no_record() {
    assert_eq!(RecordId::of_tenant("", "s", "h"), Err(KeyError::EmptyTenant));
    let long = "x".repeat(MAX_PART_SIZE + 1);
    assert_eq!(RecordId::of_tenant(&long, "s", "h"), Err(KeyError::TenantTooLong));
    assert_eq!(RecordId::shared(&long, "h"), Err(KeyError::PartTooLong));
    assert_eq!(RecordId::shared("s", &long), Err(KeyError::PartTooLong));
    for key in ["", "sigil:", "sigil:a", "sigil;", "!sigil!s!h", "!sublevel!sigil:a:b", "a!sigil!b"]
    {
        assert_eq!(RecordId::decode(key.as_bytes()), None, "{key}");
    }
    assert_eq!(RecordId::decode(b"sigil:\xff:h"), None);
}

#[test]
fn a_shared_record_that_says_nothing_is_silent() {
    let id = RecordId::shared("a", "b:c").unwrap();
    assert!(id.is_contested());
    assert_eq!(id.judge(&json!({ "x": 1 })), Ownership::Silent);
    assert_eq!(id.judge(&json!({ "id": "z", "timestamp": "t" })), Ownership::Silent);
    assert_eq!(id.judge(&json!({ "id": "a", "timestamp": "b:c" })), Ownership::Proven);
    let other = json!({ "sigil": { "symbol": "a:b" }, "authHash": "c" });
    assert_eq!(id.judge(&other), Ownership::Refuted);
}

#[test]
fn a_tenants_record_proves_its_whole_tuple_or_nothing() {
    let id = RecordId::of_tenant("t", "s", "h").unwrap();
    let own = json!({ "tenantId": "t", "symbol": "s", "authHash": "h" });
    assert_eq!(id.judge(&own), Ownership::Proven);
    for field in ["tenantId", "symbol", "authHash"] {
        let mut other = own.clone();
        other[field] = json!("x");
        assert_eq!(id.judge(&other), Ownership::Refuted, "{field}");
        other.as_object_mut().unwrap().remove(field);
        assert_eq!(id.judge(&other), Ownership::Refuted, "no {field}");
    }
    assert_eq!(id.judge(&json!("text")), Ownership::Refuted);
}

#[test]
fn a_tenant_that_begins_like_the_shared_records_has_no_old_keys() {
    let id = RecordId::of_tenant("sigil:a:b", "s", "h").unwrap();
    assert_eq!(id.legacy_key(), None);
    assert_eq!(legacy_tenant_prefix("sigil:a:b"), None);
    assert_eq!(legacy_tenant_prefix("a"), None);
    assert_eq!(legacy_tenant_prefix("a!b"), Some(b"a!b!sigil!".to_vec()));
}

#[test]
fn a_misfiled_record_is_taken_out_whole() {
    let key = "⟐!sigil!1522E9420867A300![object Object]".as_bytes();
    let record = json!({ "codeHash": "e313a770e8a9" });
    let stored = json!({ "tenantId": "⟐", "symbol": "1522E9420867A300", "authHash": record });
    let found = Misfiled::recognise(key, &stored).unwrap();
    assert!(Misfiled::is_suspect(key));
    assert_eq!(found.meant.key(), "sigil:⟐:1522E9420867A300".as_bytes());
    assert_eq!(found.record, record);
}

#[test]
fn a_record_that_only_looks_misfiled_is_left_alone() {
    let key = b"t!sigil!s![object Object]";
    for stored in [
        json!({ "tenantId": "t", "symbol": "s", "authHash": "[object Object]" }),
        json!({ "tenantId": "other", "symbol": "s", "authHash": {} }),
        json!({ "tenantId": "t", "authHash": {} }),
        json!([]),
    ] {
        assert_eq!(Misfiled::recognise(key, &stored), None, "{stored}");
    }
    let plain = json!({ "tenantId": "t", "symbol": "s", "authHash": {} });
    assert_eq!(Misfiled::recognise(b"t!sigil!s!h", &plain), None);
}
