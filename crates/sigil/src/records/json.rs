//! Whether what is stored is a record. Texts of records are put together to one, for JavaScript to
//! parse at once: one that is no JSON by itself could become some together with its neighbours.

use serde::de::IgnoredAny;

/// Whether these bytes are the JSON text of one value.
pub fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_any_depth_is_json_and_a_piece_of_one_is_not() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for whole in [r#"{"a":[1,"x"]}"#, " null ", "1e999", r#""\ud800""#, &deep] {
            assert!(is_json(whole.as_bytes()), "{:.20}", whole);
        }
        let pieces = ["", "{", r#"{"a":1},{"x":""#, r#""}"#, "1],[2", "2]}", "{},{}", "{} {}"];
        for piece in pieces {
            assert!(!is_json(piece.as_bytes()), "{piece}");
        }
    }
}
