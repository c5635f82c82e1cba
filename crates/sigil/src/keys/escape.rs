//! The escape of a part that contains a separator: `%` and the two separators, `!` and `:`, become
//! a percent sign and two hexadecimal digits, everything else stays. Escaped text contains neither
//! separator, so two escaped parts can be joined by one and taken apart again.

/// Appends the escaped form of `part` to `out`.
pub(super) fn encode(part: &str, out: &mut Vec<u8>) {
    for &byte in part.as_bytes() {
        match byte {
            b'%' => out.extend_from_slice(b"%25"),
            b'!' => out.extend_from_slice(b"%21"),
            b':' => out.extend_from_slice(b"%3A"),
            _ => out.push(byte),
        }
    }
}

/// Takes back what `encode` did; none for a percent sign that it never makes.
pub(super) fn decode(escaped: &str) -> Option<String> {
    let mut pieces = escaped.split('%');
    let mut part = pieces.next()?.to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        part.push(match digits {
            "25" => '%',
            "21" => '!',
            "3A" => ':',
            _ => return None,
        });
        part.push_str(rest);
    }
    Some(part)
}
