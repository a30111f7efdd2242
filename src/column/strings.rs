//! Many byte strings in one buffer.

/// Byte strings, one after the other, with their ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Strings {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Strings {
    /// No string, and room for so many of so many bytes together.
    pub(crate) fn with_room(strings: usize, bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ends: Vec::with_capacity(strings) }
    }

    /// Number of strings.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// All bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The end of each string.
    pub(crate) fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// Appends the part of `text` from `start` to `end`: quicker than `push` for short parts of a longer text.
    pub(crate) fn push_part(&mut self, text: &[u8], start: usize, end: usize) {
        extend_part(&mut self.bytes, text, start, end);
        self.end();
    }

    /// Appends a string. A block is shorter than 2^32 bytes, and so is a column of it.
    pub(crate) fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.end();
    }

    /// Appends a string that `write` appends to the buffer.
    pub(crate) fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.end();
    }

    /// The same, for what may fail: then the strings are of no more use.
    pub(crate) fn try_push_with<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        write(&mut self.bytes)?;
        self.end();
        Ok(())
    }

    fn end(&mut self) {
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }

    /// String `index`, empty if there is none.
    pub(crate) fn get(&self, index: usize) -> &[u8] {
        let (start, end) = self.place(index);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Start and end of string `index` in the bytes.
    pub(crate) fn place(&self, index: usize) -> (usize, usize) {
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(0),
            None => 0,
        };
        let end = self.ends.get(index).copied().unwrap_or(start);
        (start as usize, end as usize)
    }

    /// All strings, each with `byte` behind it.
    pub(crate) fn each_followed_by(&self, byte: u8) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes.len() + self.ends.len() + SHORT);
        let mut start = 0;
        for end in self.ends.iter().map(|&end| end as usize) {
            extend_part(&mut bytes, &self.bytes, start, end);
            bytes.push(byte);
            start = end;
        }
        bytes
    }

    /// The strings in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let value = self.bytes.get(start as usize..end as usize).unwrap_or_default();
            start = end;
            value
        })
    }
}

/// Bytes that are copied or compared without a call.
const SHORT: usize = 16;

/// Appends the part of `text` from `start` to `end`: quicker than a slice for short parts of a longer text.
pub(crate) fn extend_part(dst: &mut Vec<u8>, text: &[u8], start: usize, end: usize) {
    let whole = text.get(start..).and_then(<[u8]>::first_chunk::<SHORT>);
    match (whole, end.checked_sub(start)) {
        (Some(whole), Some(len @ 0..=SHORT)) => {
            // A copy of known length needs no call; what is too much is cut off again.
            let keep = dst.len() + len;
            dst.extend_from_slice(whole);
            dst.truncate(keep);
        }
        _ => dst.extend_from_slice(text.get(start..end).unwrap_or_default()),
    }
}

/// Whether the part of `text` from byte `at` on starts with the part of `other` from `start` to `end`: quicker than slices for short
/// parts of longer texts.
pub(crate) fn starts_with_part(
    text: &[u8],
    at: usize,
    other: &[u8],
    (start, end): (usize, usize),
) -> bool {
    let whole = |text: &[u8], at: usize| {
        let bytes = text.get(at..).and_then(<[u8]>::first_chunk::<SHORT>);
        bytes.map(|&bytes| u128::from_le_bytes(bytes))
    };
    match (whole(text, at), whole(other, start), end.checked_sub(start)) {
        (Some(a), Some(b), Some(len @ 0..=SHORT)) if end <= other.len() => {
            (a ^ b).trailing_zeros() as usize >= 8 * len
        }
        _ => {
            let part = other.get(start..end);
            part.is_some_and(|part| text.get(at..).unwrap_or_default().starts_with(part))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_pushed() {
        let mut strings = Strings::default();
        strings.push(b"ab");
        strings.push(b"");
        let pushed: Result<(), ()> = strings.try_push_with(|dst| {
            dst.push(b'c');
            Ok(())
        });
        assert!(pushed.is_ok());
        assert_eq!(strings.iter().collect::<Vec<_>>(), [&b"ab"[..], b"", b"c"]);
        strings.push_part(b"0123456789abcdefghij", 1, 3);
        strings.push_part(b"0123456789abcdefghij", 18, 20);
        strings.push_part(b"0123456789abcdefghij", 0, 20);
        assert_eq!(strings.ends(), [2, 2, 3, 5, 7, 27]);
        assert_eq!(strings.get(3), b"12");
        assert_eq!(strings.get(4), b"ij");
        assert_eq!(strings.get(2), b"c");
        assert_eq!(strings.get(6), b"");
        assert_eq!(strings.each_followed_by(b'|'), b"ab||c|12|ij|0123456789abcdefghij|");
    }

    #[test]
    fn parts_start_as_slices_do() {
        let text = b"abababababababababababababababac";
        for at in 0..=text.len() {
            for start in 0..=text.len() {
                for end in start..=text.len() {
                    let expected = text[at..].starts_with(&text[start..end]);
                    assert_eq!(starts_with_part(text, at, text, (start, end)), expected);
                }
            }
        }
    }
}
