//! What the store adds to a tenant's record: whose it is, and when it was written.

use crate::keys::RecordId;

/// Adds the fields to the JSON text of an object that has none of them. `updated_at` is a time in
/// ISO form. Gives the text back as it was where it is not that of an object.
pub fn stamp(mut text: Vec<u8>, id: &RecordId<'_>, updated_at: &str) -> Vec<u8> {
    if text.first() != Some(&b'{') || text.pop_if(|last| *last == b'}').is_none() {
        return text;
    }
    text.reserve(96 + 3 * (id.symbol().len() + id.auth_hash().len()) + updated_at.len());
    let mut separator = if text.len() == 1 { "" } else { "," };
    let fields = [
        ("tenantId", id.tenant().unwrap_or_default()),
        ("symbol", id.symbol()),
        ("sigilId", id.symbol()),
        ("authHash", id.auth_hash()),
        ("updatedAt", updated_at),
    ];
    for (name, value) in fields {
        text.extend_from_slice(separator.as_bytes());
        text.push(b'"');
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"\":");
        push_string(&mut text, value);
        separator = ",";
    }
    text.push(b'}');
    text
}

/// Appends the JSON text of a string.
fn push_string(text: &mut Vec<u8>, value: &str) {
    if value.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        // Writing into a vector does not fail.
        let _ = serde_json::to_writer(text, value);
    } else {
        text.push(b'"');
        text.extend_from_slice(value.as_bytes());
        text.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_fields_stand_behind_those_of_the_record() {
        let id = RecordId::of_tenant("acme", "s-1", "h").unwrap();
        let text = stamp(br#"{"n":1}"#.to_vec(), &id, "2024-01-01T00:00:00.000Z");
        let expected = concat!(
            r#"{"n":1,"tenantId":"acme","symbol":"s-1","sigilId":"s-1","authHash":"h","#,
            r#""updatedAt":"2024-01-01T00:00:00.000Z"}"#
        );
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn what_json_escapes_is_escaped_and_an_empty_record_stays_one() {
        let id = RecordId::of_tenant("a\"b\\", "s\n\u{1}\u{2028}é", "").unwrap();
        let stamped: Value = serde_json::from_slice(&stamp(b"{}".to_vec(), &id, "now")).unwrap();
        let expected = json!({
            "tenantId": "a\"b\\", "symbol": "s\n\u{1}\u{2028}é", "sigilId": "s\n\u{1}\u{2028}é",
            "authHash": "", "updatedAt": "now",
        });
        assert_eq!(stamped, expected);
    }

    #[test]
    fn text_of_something_else_is_left_alone() {
        let id = RecordId::of_tenant("a", "s", "h").unwrap();
        for text in ["", "[]", "null", "{", "{\"a\":1"] {
            assert_eq!(stamp(text.as_bytes().to_vec(), &id, "now"), text.as_bytes());
        }
    }
}
