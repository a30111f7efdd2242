//! The tokenizer for whole lines: words, and structured values taken whole.
#![expect(
    clippy::indexing_slicing,
    reason = "hot loop; every index is below the line's length by its loop's condition"
)]

use crate::column::timestamp;
use crate::line::{MARK, MARK_TIME, Tokens};

/// A byte that words are made of.
const WORD: u8 = 1;
/// A digit.
const DIGIT: u8 = 2;

const CLASSES: [u8; 256] = {
    let mut classes = [WORD; 256];
    let mut byte = 0;
    while byte <= b' ' {
        classes[byte as usize] = 0;
        byte += 1;
    }
    let hard = b"\"'()[]{}<>,;=|\x7f";
    let mut i = 0;
    while i < hard.len() {
        classes[hard[i] as usize] = 0;
        i += 1;
    }
    let mut digit = b'0';
    while digit <= b'9' {
        classes[digit as usize] = WORD | DIGIT;
        digit += 1;
    }
    classes
};

/// A quoted string of this length with a digit and a space or slash is one value.
const QUOTED_MIN: usize = 12;

fn class(line: &[u8], at: usize) -> u8 {
    if at < line.len() { CLASSES[line[at] as usize] } else { 0 }
}

/// Cuts `line`, which holds no mark, into literal words and slots.
pub(crate) fn coarse(line: &[u8], tokens: &mut Tokens) {
    tokens.clear();
    let mut at = 0;
    while at < line.len() {
        if tokens.is_full() {
            tokens.slot(at, line.len(), MARK);
            return;
        }
        let byte = line[at];
        at = if CLASSES[byte as usize] & WORD != 0 {
            word(line, at, tokens)
        } else if byte == b'"' {
            quoted(line, at, tokens)
        } else {
            tokens.skeleton.push(byte);
            let value = byte == b'=' && at > 0 && class(line, at - 1) & WORD != 0;
            if value { bare_value(line, at + 1, tokens) } else { at + 1 }
        };
    }
}

/// A word: a slot if it holds a digit, else literal.
fn word(line: &[u8], start: usize, tokens: &mut Tokens) -> usize {
    if timestamp::may_start(line[start])
        && let Some((len, _)) = timestamp::scan(&line[start..])
    {
        tokens.slot(start, start + len, MARK_TIME);
        return start + len;
    }
    let mut at = start;
    let mut classes = 0;
    while at < line.len() && CLASSES[line[at] as usize] & WORD != 0 {
        classes |= CLASSES[line[at] as usize];
        at += 1;
    }
    if classes & DIGIT == 0 {
        tokens.literal(&line[start..at]);
        return at;
    }
    let mut first = start;
    while matches!(line[first], b':' | b'#' | b'@') {
        first += 1;
    }
    let mut last = at;
    while matches!(line[last - 1], b':' | b'.' | b'!' | b'?' | b'%') {
        last -= 1;
    }
    tokens.literal(&line[start..first]);
    if first > start
        && let Some((len, _)) = timestamp::scan(&line[first..])
    {
        tokens.slot(first, first + len, MARK_TIME);
        return first + len;
    }
    tokens.slot(first, last, MARK);
    tokens.literal(&line[last..at]);
    at
}

/// The value behind `=` or a JSON colon: a slot whatever it is made of, up to the next delimiter.
fn bare_value(line: &[u8], start: usize, tokens: &mut Tokens) -> usize {
    if class(line, start) & WORD == 0 {
        return start;
    }
    if timestamp::may_start(line[start])
        && let Some((len, _)) = timestamp::scan(&line[start..])
    {
        tokens.slot(start, start + len, MARK_TIME);
        return start + len;
    }
    let mut at = start;
    while class(line, at) & WORD != 0 {
        at += 1;
    }
    tokens.slot(start, at, MARK);
    at
}

/// A quoted string: key, value, or text.
fn quoted(line: &[u8], open: usize, tokens: &mut Tokens) -> usize {
    tokens.skeleton.push(b'"');
    let start = open + 1;
    let Some(end) = closing(line, start) else { return start };
    let text = &line[start..end];
    if line.get(end + 1) == Some(&b':') {
        return key(line, start, end, tokens);
    }
    let before = line[..open].iter().rev().find(|&&byte| byte != b' ');
    if matches!(before, Some(b':' | b'=')) && line.get(end + 1) != Some(&b'"') {
        let time = !text.is_empty() && timestamp::may_start(text[0]);
        match timestamp::scan(text) {
            Some((len, _)) if time && len == text.len() => tokens.slot(start, end, MARK_TIME),
            _ => tokens.slot(start, end, MARK),
        }
        tokens.skeleton.push(b'"');
        return end + 1;
    }
    let long = text.len() >= QUOTED_MIN
        && text.iter().any(u8::is_ascii_digit)
        && text.iter().any(|byte| matches!(byte, b' ' | b'/'));
    if long {
        tokens.slot(start, end, MARK);
        tokens.skeleton.push(b'"');
        return end + 1;
    }
    start
}

/// A JSON key: literal, and its value a slot if it is a bare word.
fn key(line: &[u8], start: usize, end: usize, tokens: &mut Tokens) -> usize {
    tokens.literal(&line[start..end + 2]);
    let mut at = end + 2;
    while line.get(at) == Some(&b' ') {
        tokens.skeleton.push(b' ');
        at += 1;
    }
    bare_value(line, at, tokens)
}

/// The quote that ends the string which starts at `start`; a backslash takes the byte behind it along.
fn closing(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', &line[at..])?;
        if line[found] == b'"' {
            return Some(found);
        }
        at = found + 2;
        if at > line.len() {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skeleton(line: &str) -> String {
        let mut tokens = Tokens::default();
        coarse(line.as_bytes(), &mut tokens);
        String::from_utf8(tokens.skeleton).unwrap().replace('\0', "<*>").replace('\x01', "<t>")
    }

    #[test]
    fn syslog() {
        assert_eq!(
            skeleton(
                "Jun 17 20:55:07 combo sshd[24275]: Failed password for root from 112.95.230.3 port 46577"
            ),
            "<t> combo sshd[<*>]: Failed password for root from <*> port <*>"
        );
    }

    #[test]
    fn json() {
        assert_eq!(
            skeleton(
                r#"{"a":"2018-03-24T17:15:20.8Z","b":true,"c":"x \"y\"","d":{"e":[1,2]},"f":""}"#
            ),
            r#"{"a":"<t>","b":<*>,"c":"<*>","d":{"e":[<*>,<*>]},"f":"<*>"}"#
        );
    }

    #[test]
    fn access_log() {
        assert_eq!(
            skeleton(
                r#"83.149.9.216 - - [17/May/2015:10:05:47 +0000] "GET /a/b1 HTTP/1.1" 200 26185 "-" "Mozilla/5.0 (X11)""#
            ),
            r#"<*> - - [<t>] "<*>" <*> <*> "-" "<*>""#
        );
    }

    #[test]
    fn key_value() {
        assert_eq!(
            skeleton("logname= uid=0 tty=ssh user=root"),
            "logname= uid=<*> tty=<*> user=<*>"
        );
    }
}
