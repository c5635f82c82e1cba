//! JSON texts of arrays, put together from the texts of their members: one text of a hundred values
//! is parsed faster than a hundred texts. They are cut by their size, because V8 has no text of more
//! than half a GiB, and parsing one keeps its thread.

use crate::bytes::{Form, Output};

/// Texts that follow each other, the last one still open.
pub struct ArrayTexts {
    closed: Vec<Vec<u8>>,
    open: Vec<u8>,
    most: usize,
}

impl ArrayTexts {
    /// Texts of `most` bytes, the brackets beside; of more only where one member has more. About so
    /// many bytes are going to be all members together.
    pub fn new(most: usize, bytes: usize) -> Self {
        Self { closed: Vec::new(), open: Vec::with_capacity(most.min(bytes) + 2), most }
    }

    /// Adds the text of a member.
    pub fn push(&mut self, member: &[u8]) {
        if !self.open.is_empty() && self.open.len() + member.len() > self.most {
            self.close();
        }
        self.open.push(if self.open.is_empty() { b'[' } else { b',' });
        self.open.extend_from_slice(member);
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.open.push(b']');
            self.closed.push(std::mem::take(&mut self.open));
        }
    }

    /// The texts; none where there is no member.
    pub fn finish(mut self) -> Vec<Output> {
        self.close();
        self.closed.into_iter().map(|text| Output(Form::Text, text.into())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(most: usize, members: &[&str]) -> Vec<String> {
        let mut texts = ArrayTexts::new(most, 0);
        members.iter().for_each(|member| texts.push(member.as_bytes()));
        let texts = texts.finish().into_iter();
        texts.map(|Output(_, text)| String::from_utf8(text.to_vec()).unwrap()).collect()
    }

    #[test]
    fn members_stand_in_their_order_and_no_text_has_too_many() {
        assert_eq!(texts(100, &[]), [""; 0]);
        assert_eq!(texts(100, &["1", "[2]"]), ["[1,[2]]"]);
        assert_eq!(texts(4, &["1", "2", "3", "4", "5"]), ["[1,2]", "[3,4]", "[5]"]);
        assert_eq!(texts(4, &["1", "\"long text\"", "2"]), ["[1]", "[\"long text\"]", "[2]"]);
    }
}
