//! The block comment that says by which record a file is to be recognised.
//!
//! It stands before the code, or behind a first line that tells the system how to run it. Its fields
//! are sealed; nothing else may be in it, so that it can be compared with what it would be if it
//! were written again.

const OPEN: &str = "/*\n";
const CLOSE: &str = " */\n";
const SIGIL: &str = "Consciousness Sigil";
const DNA: &str = "Code DNA";
const HASH: &str = "Authentication Hash";
const TENANT: &str = "Tenant Tag";
const SIGNED: &str = "Signed At";
const KEY: &str = "Key";
const SEAL: &str = "Seal";

/// What a header says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Header {
    /// The sigil's symbol.
    pub symbol: String,
    /// The code's sequence.
    pub sequence: String,
    /// What names the record beside the symbol.
    pub auth_hash: String,
    /// Whose it is, in a form that only those tell who have the key. Empty where it is nobody's.
    pub tenant_tag: String,
    /// ISO time.
    pub signed_at: String,
    /// Which key the seal is made with.
    pub key_id: String,
    /// The digest of the other fields.
    pub seal: String,
}

impl Header {
    /// As text, with its line ends.
    pub(super) fn render(&self) -> String {
        let fields = [
            (SIGIL, &self.symbol),
            (DNA, &self.sequence),
            (HASH, &self.auth_hash),
            (TENANT, &self.tenant_tag),
            (SIGNED, &self.signed_at),
            (KEY, &self.key_id),
            (SEAL, &self.seal),
        ];
        let lines = fields
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!(" * {name}: {value}\n"));
        format!("{OPEN}{}{CLOSE}", lines.collect::<String>())
    }

    /// All that is sealed.
    pub(super) fn parts(&self) -> [&[u8]; 6] {
        let Self { symbol, sequence, auth_hash, tenant_tag, signed_at, key_id, .. } = self;
        [symbol, sequence, auth_hash, tenant_tag, signed_at, key_id].map(String::as_bytes)
    }
}

/// A header in a file.
pub struct Found {
    /// What it says.
    pub header: Header,
    /// Its text, from `at` on.
    pub(super) text: String,
    pub(super) at: usize,
    /// The file without it.
    pub(super) code: String,
}

/// Finds the header of a file: a block comment with the three lines by which files are recognised.
/// It is the one where headers belong, or else the first; a line before it may open a comment that is
/// none.
pub fn find(file: &str) -> Option<Found> {
    let place = place_in(file);
    if file.get(place..).is_some_and(|rest| rest.starts_with("/*")) {
        let found = find_at(file, place).and_then(|comment| comment.found);
        if found.is_some() {
            return found;
        }
    }
    let mut from = 0;
    loop {
        let at = from + file.get(from..)?.find("/*")?;
        let comment = find_at(file, at)?;
        if comment.found.is_some() {
            return comment.found;
        }
        from = comment.end;
    }
}

struct Comment {
    end: usize,
    found: Option<Found>,
}

/// The comment that starts somewhere; none where it has no end.
fn find_at(file: &str, at: usize) -> Option<Comment> {
    let comment = file.get(at..)?;
    // Past the opening, whose star closes nothing.
    let length = comment.get(2..)?.find("*/")? + 4;
    let rest = comment.get(length..)?;
    let end = ["\r\n", "\n", "\r"].iter().find(|end| rest.starts_with(**end));
    let text = comment.get(..length + end.map_or(0, |end| end.len()))?;
    let header = read(text);
    let names = [&header.symbol, &header.sequence, &header.auth_hash];
    if names.iter().any(|one| one.is_empty()) {
        return Some(Comment { end: at + length, found: None });
    }
    let code = format!("{}{}", file.get(..at)?, comment.get(text.len()..)?);
    Some(Comment { end: at + length, found: Some(Found { header, text: text.into(), at, code }) })
}

/// Where the header of a file belongs: behind a line that says how to run it.
pub(super) fn place_in(code: &str) -> usize {
    if code.starts_with("#!") { code.find('\n').map_or(0, |at| at + 1) } else { 0 }
}

fn read(text: &str) -> Header {
    let field = |name: &str| {
        let value = text.split(['\n', '\r']).find_map(|line| {
            let line = line.trim().trim_start_matches('*').trim_start();
            line.strip_prefix(name)?.strip_prefix(':')
        });
        value.map(|value| value.trim().to_owned()).unwrap_or_default()
    };
    Header {
        symbol: field(SIGIL),
        sequence: field(DNA),
        auth_hash: field(HASH),
        tenant_tag: field(TENANT),
        signed_at: field(SIGNED),
        key_id: field(KEY),
        seal: field(SEAL),
    }
}
