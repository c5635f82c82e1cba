//! Signed files, and what becomes of them when anything is edited.

use proptest::prelude::*;

use super::canonical::canonical;
use super::{
    AuthenticatorError, DEEPEST, Draft, Key, Reason, Signed, check_header, find, sign, verify,
};

fn key(digit: char) -> Key {
    Key::from_hex(&digit.to_string().repeat(64)).unwrap()
}

fn signed(code: &str) -> Signed {
    let draft = Draft {
        code,
        state: r#"{"b":1.5,"a":[1,2e3,true,null]}"#,
        context: "{}",
        tenant: "",
        signed_at: "2026-01-01T00:00:00.000Z",
    };
    sign(&key('7'), &draft).unwrap()
}

fn judge(key: &Key, file: &str, record: &str) -> Option<Result<(), Reason>> {
    let found = find(file)?;
    Some(check_header(key, "", &found).and_then(|()| verify(key, &found, record)))
}

#[test]
fn digests_are_framed_and_made_for_a_purpose() {
    let key = key('7');
    let digest = key.digest("code", &[b"ab", b"c"]);
    assert_ne!(digest, key.digest("code", &[b"a", b"bc"]));
    assert_ne!(digest, key.digest("line", &[b"ab", b"c"]));
    assert_ne!(digest, self::key('8').digest("code", &[b"ab", b"c"]));
    assert_eq!(digest.len(), 64);
    for bad in ["", "7", "é", &"g".repeat(64), &"7".repeat(66)] {
        assert!(Key::from_hex(bad).is_err());
    }
}

#[test]
fn texts_that_say_the_same_are_one() {
    let text_of = |text: &str| canonical(&serde_json::from_str(text).unwrap());
    assert_eq!(text_of(r#"{"a":[1,2],"b":1e3}"#), text_of(r#" {"b":1000.0, "a":[1.0,2]}"#));
    assert_ne!(text_of(r#"{"a":"1"}"#), text_of(r#"{"a":1}"#));
    for number in ["1e300", "-0.0", "0.1", "5e-324", "9007199254740993", "18446744073709551616"] {
        assert_eq!(text_of(number), text_of(&text_of(number)));
    }
}

#[test]
fn what_could_not_be_read_again_is_not_signed() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let sign_with = |state: &str, context: &str| {
        let signed_at = "2026-01-01T00:00:00.000Z";
        let draft = Draft { code: "code", state, context, tenant: "", signed_at };
        sign(&key('7'), &draft)
    };
    let deepest = nested(DEEPEST);
    let Signed { file, record, .. } = sign_with(&deepest, &deepest).unwrap();
    assert_eq!(judge(&key('7'), &file, &record), Some(Ok(())));
    let too_deep = [DEEPEST + 1, 127, 100_000].map(nested);
    for text in &too_deep {
        assert_eq!(sign_with(text, "{}").err(), Some(AuthenticatorError::TooDeep));
        assert_eq!(sign_with("{}", text).err(), Some(AuthenticatorError::TooDeep));
    }
    let brackets = format!(r#""\"{}""#, "[".repeat(200));
    assert!(sign_with(&brackets, "{}").is_ok());
    for text in [r#""\ud800""#, "", "{", "1e999"] {
        assert_eq!(sign_with(text, "{}").err(), Some(AuthenticatorError::Json));
    }
}

#[test]
fn who_has_another_key_makes_nothing_of_it() {
    let Signed { file, record, .. } = signed("code");
    assert_eq!(judge(&key('7'), &file, &record), Some(Ok(())));
    assert_eq!(judge(&key('8'), &file, &record), Some(Err(Reason::HeaderChanged)));
}

proptest! {
    #[test]
    fn no_edit_is_authentic(
        code in "(#![a-c/*]{0,6}\r?\n)?[a-c/*\r\n é]{0,80}",
        at in any::<prop::sample::Index>(),
        removed in 0_usize..3,
        added in "[a-c/*\r\n #é]{0,3}",
    ) {
        let Signed { file, record, .. } = signed(&code);
        prop_assert_eq!(judge(&key('7'), &file, &record), Some(Ok(())));
        let characters: Vec<char> = file.chars().collect();
        let at = at.index(characters.len() + 1);
        let (before, after) = characters.split_at(at);
        let after = after.iter().skip(removed);
        let edited: String =
            before.iter().copied().chain(added.chars()).chain(after.copied()).collect();
        if edited != file {
            prop_assert_ne!(judge(&key('7'), &edited, &record), Some(Ok(())));
        }
    }

    #[test]
    fn any_text_can_be_looked_at(file in "[\\PC\n\r/*:]{0,200}") {
        if let Some(found) = find(&file) {
            prop_assert_eq!(check_header(&key('7'), "", &found), Err(Reason::HeaderChanged));
        }
    }
}
