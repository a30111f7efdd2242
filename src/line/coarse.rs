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
/// A word may be a time if it starts with this.
const TIME: u8 = 4;
/// What stands behind may be a value.
const LEADS: u8 = 8;

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
    classes[b'"' as usize] = LEADS;
    classes[b'=' as usize] = LEADS;
    let mut digit = b'0';
    while digit <= b'9' {
        classes[digit as usize] = WORD | DIGIT;
        digit += 1;
    }
    let mut byte = 0;
    while byte < 128 {
        if timestamp::may_start(byte) {
            classes[byte as usize] |= TIME;
        }
        byte += 1;
    }
    classes
};

/// A quoted string of this length with a digit and a space or slash is one value.
const QUOTED_MIN: usize = 12;

/// Bytes in which the ends of a line's quoted strings are searched, so that nested quotes cost no more than the line is worth.
const SEARCH_MAX: usize = 1 << 18;

fn class(text: &[u8], at: usize) -> u8 {
    text.get(at).map_or(0, |&byte| CLASSES[byte as usize])
}

/// Cuts the line from byte `start` to the end of `text`, which holds no mark, into literal words and slots.
pub(crate) fn coarse(text: &[u8], start: usize, tokens: &mut Tokens) {
    tokens.begin(start);
    let mut search = SEARCH_MAX;
    let mut at = start;
    while at < text.len() {
        let byte = text[at];
        let class = CLASSES[byte as usize];
        if class == 0 {
            at += 1;
            continue;
        }
        if tokens.is_full() {
            tokens.slot(text, at, text.len(), MARK);
            return;
        }
        at = if class & WORD != 0 {
            word(text, at, tokens)
        } else if byte == b'=' {
            let after_word = at > start && CLASSES[text[at - 1] as usize] & WORD != 0;
            if after_word { bare_value(text, at + 1, tokens) } else { at + 1 }
        } else {
            quoted(text, at, start, &mut search, tokens)
        };
    }
    tokens.end(text);
}

/// A word: a slot if it holds a digit, else literal.
fn word(text: &[u8], start: usize, tokens: &mut Tokens) -> usize {
    if CLASSES[text[start] as usize] & TIME != 0
        && let Some(end) = tokens.time(text, start)
    {
        return end;
    }
    let mut at = start;
    let mut classes = 0;
    while at < text.len() {
        let class = CLASSES[text[at] as usize];
        if class & WORD == 0 {
            break;
        }
        classes |= class;
        at += 1;
    }
    if classes & DIGIT == 0 {
        return at;
    }
    let mut first = start;
    while matches!(text[first], b':' | b'#' | b'@') {
        first += 1;
    }
    let mut last = at;
    while matches!(text[last - 1], b':' | b'.' | b'!' | b'?' | b'%') {
        last -= 1;
    }
    if first > start
        && let Some(end) = tokens.time(text, first)
    {
        return end;
    }
    tokens.slot(text, first, last, MARK);
    at
}

/// The value behind `=` or a JSON colon: a slot whatever it is made of, up to the next delimiter.
fn bare_value(text: &[u8], start: usize, tokens: &mut Tokens) -> usize {
    let first = class(text, start);
    if first & WORD == 0 {
        return start;
    }
    if first & TIME != 0
        && let Some(end) = tokens.time(text, start)
    {
        return end;
    }
    let mut at = start;
    while class(text, at) & WORD != 0 {
        at += 1;
    }
    tokens.slot(text, start, at, MARK);
    at
}

/// A quoted string: key, value, or text. The line starts at byte `row`.
fn quoted(text: &[u8], open: usize, row: usize, search: &mut usize, tokens: &mut Tokens) -> usize {
    let start = open + 1;
    let searched = text.len().min(start + *search);
    let closing = closing(&text[..searched], start);
    *search -= closing.unwrap_or(searched) - start;
    let Some(end) = closing else { return start };
    if text.get(end + 1) == Some(&b':') {
        return key(text, end, tokens);
    }
    let before = text[row..open].iter().rev().find(|&&byte| byte != b' ');
    let string = &text[start..end];
    if matches!(before, Some(b':' | b'=')) && text.get(end + 1) != Some(&b'"') {
        let time =
            class(text, start) & TIME != 0 && tokens.times.find(&text[..end], start) == Some(end);
        tokens.slot(text, start, end, if time { MARK_TIME } else { MARK });
        return end + 1;
    }
    let long = string.len() >= QUOTED_MIN
        && string.iter().any(u8::is_ascii_digit)
        && string.iter().any(|byte| matches!(byte, b' ' | b'/'));
    if long {
        tokens.slot(text, start, end, MARK);
        return end + 1;
    }
    start
}

/// A JSON key, whose quote closes at byte `close`: literal, and its value a slot if it is a bare word.
fn key(text: &[u8], close: usize, tokens: &mut Tokens) -> usize {
    let mut at = close + 2;
    while text.get(at) == Some(&b' ') {
        at += 1;
    }
    bare_value(text, at, tokens)
}

/// The quote that ends the string which starts at `start`; a backslash takes the byte behind it along.
fn closing(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[found] == b'"' {
            return Some(found);
        }
        at = found + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::skeleton_of;

    fn skeleton(line: &str) -> String {
        skeleton_of(line, coarse)
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

    #[test]
    fn odd_ends() {
        assert_eq!(skeleton("\"a\\"), "\"a\\");
        assert_eq!(skeleton("\"a\":"), "\"a\":");
        assert_eq!(skeleton("=x ::1: #"), "=x ::<*>: #");
        assert_eq!(skeleton(&"1 ".repeat(500)).matches("<*>").count(), 401);
    }
}
