//! `name=value` and `name: value` in text.

use std::ops::ControlFlow;

use super::{Value, Visit};

/// The longest name.
const NAME_MAX: usize = 128;

/// Visits the pairs of a text. Takes time in proportion to its length: no byte is looked at more than a few times.
pub(super) fn each<'a>(text: &'a [u8], visit: &mut Visit<'_, 'a>) -> ControlFlow<()> {
    let mut at = 0;
    // A quote that nothing closes closes nothing behind it either.
    let mut quotes = true;
    while let Some(found) = memchr::memchr2(b'=', b':', text.get(at..).unwrap_or_default()) {
        let mark = at + found;
        let begin = at;
        at = mark + 1;
        let Some(name) = name(text.get(begin..mark).unwrap_or_default(), begin, text) else {
            continue;
        };
        let is_colon = text.get(mark) == Some(&b':');
        let start = if is_colon {
            let blanks = text.get(at..).unwrap_or_default();
            let blanks = blanks.iter().take(8).take_while(|&&byte| byte == b' ').count();
            if blanks == 0 {
                continue;
            }
            at + blanks
        } else {
            at
        };
        let rest = text.get(start..).unwrap_or_default();
        let (value, len) = match rest.first() {
            Some(&quote @ (b'"' | b'\'')) => {
                if !quotes {
                    continue;
                }
                let Some(value) = quoted(rest, quote) else {
                    quotes = false;
                    continue;
                };
                (value, value.raw.len() + 2)
            }
            _ => match bare(rest, is_colon) {
                Some(found) => found,
                None => continue,
            },
        };
        visit(name, value)?;
        at = start + len;
    }
    ControlFlow::Continue(())
}

/// The name at the end of a text.
pub(super) fn name_of(text: &[u8]) -> Option<&[u8]> {
    name(text, 0, text)
}

/// The name at the end of `before`, which starts at byte `begin` of `text`.
fn name<'a>(before: &'a [u8], begin: usize, text: &[u8]) -> Option<&'a [u8]> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let len = before.iter().rev().take(NAME_MAX + 1).take_while(|byte| is_part(byte)).count();
    let (rest, name) = before.split_at(before.len() - len);
    let previous = rest.last().or_else(|| text.get(begin.checked_sub(1)?));
    let trimmed = name.iter().position(|byte| !matches!(byte, b'.' | b'-'))?;
    let name = name.get(trimmed..)?;
    let starts = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let inside = previous.is_some_and(|byte| !byte.is_ascii() || matches!(byte, b'\\' | b'='));
    (starts && len <= NAME_MAX && !inside).then_some(name)
}

/// What stands between quotes at the start of a text.
fn quoted(text: &[u8], quote: u8) -> Option<Value<'_>> {
    let inner = text.get(1..)?;
    if quote == b'\'' {
        return Some(Value::plain(inner.get(..memchr::memchr(quote, inner)?)?));
    }
    let mut at = 0;
    loop {
        at += memchr::memchr2(quote, b'\\', inner.get(at..)?)?;
        if inner.get(at) == Some(&quote) {
            return Some(Value::quoted(inner.get(..at)?));
        }
        at += 2;
    }
}

/// The value without quotes at the start of a text, and how much of it that takes.
fn bare(text: &[u8], is_colon: bool) -> Option<(Value<'_>, usize)> {
    let ends = |byte: &u8| {
        byte.is_ascii_whitespace()
            || matches!(byte, b',' | b';' | b'&' | b'|' | b'"' | b'\'')
            || matches!(byte, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>')
    };
    let len = text.iter().position(ends).unwrap_or(text.len());
    let value = text.get(..len)?;
    if value.is_empty() {
        let next = text.first();
        let open = next.is_some_and(|byte| matches!(byte, b'(' | b'[' | b'{' | b'<' | b'>'));
        return (!is_colon && !open).then_some((Value::plain(value), 0));
    }
    // `a==b` compares, and `error: code=5` says what the code is.
    let is_pair = memchr::memchr(b'=', value);
    if is_pair == Some(0) || is_colon && (is_pair.is_some() || value.ends_with(b":")) {
        return None;
    }
    let trimmed = value.iter().rposition(|byte| !matches!(byte, b'.' | b':'));
    let trimmed = value.get(..trimmed.map_or(0, |last| last + 1))?;
    (!trimmed.is_empty()).then_some((Value::plain(trimmed), len))
}
