//! The tokenizer for whole lines: words, and structured values taken whole.
#![expect(
    clippy::indexing_slicing,
    reason = "hot loop; every index is below the line's length by its loop's condition"
)]

use crate::column::timestamp;
use crate::line::{MARK, MARK_TIME, Tokens, place};

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

/// How the tokenizer comes to a slot: in a line in which the same bytes lead there, what it looks for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// A word, or the rest of the line behind too many.
    Word,
    /// Anything within a string that is none itself, as long as nothing behind makes it one: it is not looked for again.
    Inside,
    /// A time.
    Time,
    /// What stands behind `=` or a JSON colon.
    Bare,
    /// A string that is a value.
    String,
    /// A string that is a time.
    StringTime,
    /// A long string.
    Text,
}

impl Lead {
    /// Whether the slot is all that is between two quotes.
    pub(crate) fn is_quoted(self) -> bool {
        matches!(self, Self::String | Self::StringTime | Self::Text)
    }
}

/// A slot, and where the tokenizer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    lead: Lead,
    start: usize,
    end: usize,
    next: usize,
}

impl Tokens {
    /// Takes a slot; returns where the tokenizer goes on.
    fn take(&mut self, text: &[u8], found: Found) -> usize {
        let mark = match found.lead {
            Lead::Time | Lead::StringTime => MARK_TIME,
            _ => MARK,
        };
        self.slot(text, found.start, found.end, mark);
        self.leads.push((place(self.skeleton.len() - 1), found.lead));
        found.next
    }

    /// Takes the slot at byte `at` of `text`, if it is one to which `lead` leads; returns its end, and where the tokenizer goes
    /// on. The skeleton does not grow.
    pub(crate) fn follow(&mut self, text: &[u8], at: usize, lead: Lead) -> Option<(usize, usize)> {
        let found = match lead {
            Lead::Inside => None,
            Lead::Time => time(text, at, self),
            Lead::Word if matches!(text.get(at), Some(b':' | b'#' | b'@')) => None,
            Lead::Word if time(text, at, self).is_some() => None,
            Lead::Word => word(text, at).0,
            Lead::Bare => bare(text, at, self),
            Lead::String | Lead::StringTime => {
                let end = closing(text, at).filter(|&end| text.get(end + 1) != Some(&b':'))?;
                string(text, at, end, self)
            }
            Lead::Text => {
                let end = closing(text, at).filter(|&end| text.get(end + 1) != Some(&b':'))?;
                long(text, at, end)
            }
        };
        let found = found.filter(|found| found.lead == lead)?;
        self.place(found.start, found.end);
        Some((found.end, found.next))
    }
}

/// Cuts the line from byte `start` to the end of `text`, which holds no mark, into literal words and slots.
pub(crate) fn coarse(text: &[u8], start: usize, tokens: &mut Tokens) {
    tokens.begin(start);
    coarse_from(text, start, start, tokens);
}

/// Cuts the rest of a line that has been cut up to byte `at`.
pub(crate) fn coarse_from(text: &[u8], start: usize, mut at: usize, tokens: &mut Tokens) {
    let mut search = SEARCH_MAX;
    while at < text.len() {
        let byte = text[at];
        let class = CLASSES[byte as usize];
        if class == 0 {
            at += 1;
            continue;
        }
        if tokens.is_full() {
            let (end, next) = (text.len(), text.len());
            tokens.take(text, Found { lead: Lead::Word, start: at, end, next });
            return;
        }
        let (found, next) = if class & WORD != 0 {
            first_word(text, at, tokens)
        } else if byte == b'=' {
            let after_word = at > start && CLASSES[text[at - 1] as usize] & WORD != 0;
            (if after_word { bare(text, at + 1, tokens) } else { None }, at + 1)
        } else {
            quoted(text, at, start, &mut search, tokens)
        };
        at = found.map_or(next, |found| tokens.take(text, found));
    }
    tokens.end(text);
}

/// The time that starts at byte `at`, if one does.
fn time(text: &[u8], at: usize, tokens: &mut Tokens) -> Option<Found> {
    if class(text, at) & TIME == 0 {
        return None;
    }
    let end = tokens.times.find(text, at)?;
    Some(Found { lead: Lead::Time, start: at, end, next: end })
}

/// What a word is: a time, a slot if it holds a digit, else literal; and where it ends.
fn first_word(text: &[u8], start: usize, tokens: &mut Tokens) -> (Option<Found>, usize) {
    if let Some(found) = time(text, start, tokens) {
        return (Some(found), start);
    }
    let (found, end) = word(text, start);
    if let Some(Found { start: first, .. }) = found
        && first > start
        && let Some(found) = time(text, first, tokens)
    {
        return (Some(found), end);
    }
    (found, end)
}

/// A word that is no time: a slot if it holds a digit; and where it ends.
fn word(text: &[u8], start: usize) -> (Option<Found>, usize) {
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
        return (None, at);
    }
    let mut first = start;
    while matches!(text[first], b':' | b'#' | b'@') {
        first += 1;
    }
    let mut last = at;
    while matches!(text[last - 1], b':' | b'.' | b'!' | b'?' | b'%') {
        last -= 1;
    }
    (Some(Found { lead: Lead::Word, start: first, end: last, next: at }), at)
}

/// The value behind `=` or a JSON colon: a slot whatever it is made of, up to the next delimiter.
fn bare(text: &[u8], start: usize, tokens: &mut Tokens) -> Option<Found> {
    if class(text, start) & WORD == 0 {
        return None;
    }
    if let Some(found) = time(text, start, tokens) {
        return Some(found);
    }
    let mut end = start;
    while class(text, end) & WORD != 0 {
        end += 1;
    }
    Some(Found { lead: Lead::Bare, start, end, next: end })
}

/// A quoted string: key, value, or text; and where the tokenizer goes on if it is no slot. The line starts at byte `row`.
fn quoted(
    text: &[u8],
    open: usize,
    row: usize,
    search: &mut usize,
    tokens: &mut Tokens,
) -> (Option<Found>, usize) {
    let start = open + 1;
    let searched = text.len().min(start + *search);
    let closing = closing(&text[..searched], start);
    *search -= closing.unwrap_or(searched) - start;
    let Some(end) = closing else { return (None, start) };
    if text.get(end + 1) == Some(&b':') {
        return key(text, end, tokens);
    }
    let before = text[row..open].iter().rev().find(|&&byte| byte != b' ');
    let found = if matches!(before, Some(b':' | b'=')) && text.get(end + 1) != Some(&b'"') {
        string(text, start, end, tokens)
    } else {
        long(text, start, end)
    };
    (found, start)
}

/// A string that is a value.
fn string(text: &[u8], start: usize, end: usize, tokens: &mut Tokens) -> Option<Found> {
    if text.get(end + 1) == Some(&b'"') {
        return None;
    }
    let is_time =
        class(text, start) & TIME != 0 && tokens.times.find(&text[..end], start) == Some(end);
    let lead = if is_time { Lead::StringTime } else { Lead::String };
    Some(Found { lead, start, end, next: end + 1 })
}

/// A string that is a value because of its length and what it holds.
fn long(text: &[u8], start: usize, end: usize) -> Option<Found> {
    let string = &text[start..end];
    let is_long = string.len() >= QUOTED_MIN
        && string.iter().any(u8::is_ascii_digit)
        && string.iter().any(|byte| matches!(byte, b' ' | b'/'));
    is_long.then_some(Found { lead: Lead::Text, start, end, next: end + 1 })
}

/// A JSON key, whose quote closes at byte `close`: literal, and its value a slot if it is a bare word.
fn key(text: &[u8], close: usize, tokens: &mut Tokens) -> (Option<Found>, usize) {
    let mut at = close + 2;
    while text.get(at) == Some(&b' ') {
        at += 1;
    }
    (bare(text, at, tokens), at)
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
