//! Escapes in quoted text.

/// Resolves the escapes of JSON; what is none stays as it is.
pub(super) fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (before, escape) = rest.split_at(at);
        text.extend_from_slice(before);
        let (len, single) = match escape.get(1) {
            Some(b'"') => (2, Some(b'"')),
            Some(b'\\') => (2, Some(b'\\')),
            Some(b'/') => (2, Some(b'/')),
            Some(b'b') => (2, Some(8)),
            Some(b'f') => (2, Some(12)),
            Some(b'n') => (2, Some(b'\n')),
            Some(b'r') => (2, Some(b'\r')),
            Some(b't') => (2, Some(b'\t')),
            Some(b'u') => (unicode(escape, &mut text), None),
            _ => (1, Some(b'\\')),
        };
        text.extend(single);
        rest = escape.get(len..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
    text
}

/// Appends the character that `\u` and four digits stand for, two of them where they are a pair; returns the length of the escape.
fn unicode(escape: &[u8], text: &mut Vec<u8>) -> usize {
    let Some(first) = unit(escape) else {
        text.push(b'\\');
        return 1;
    };
    let second = escape.get(6..).and_then(unit);
    let pair = second.filter(|_| (0xd800..0xdc00).contains(&first));
    let pair = pair.filter(|second| (0xdc00..0xe000).contains(second));
    let (code, len) = match pair {
        Some(second) => (0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00), 12),
        None => (first, 6),
    };
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    len
}

fn unit(escape: &[u8]) -> Option<u32> {
    let digits = escape.strip_prefix(b"\\u")?.get(..4)?;
    let value = |value: u32, &digit: &u8| Some(value << 4 | char::from(digit).to_digit(16)?);
    digits.iter().try_fold(0, value)
}
