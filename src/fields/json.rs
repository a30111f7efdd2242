//! The JSON object at the end of a line: its fields are the paths to its values.

use std::ops::ControlFlow;

use super::{Value, Visit};

/// Objects and lists deeper than this are no JSON here.
const DEPTH_MAX: u32 = 64;
/// Places where the object may start that are tried.
const STARTS_MAX: usize = 4;

/// Where the object starts that ends the line.
pub(super) fn find(line: &[u8]) -> Option<usize> {
    let text = line.trim_ascii_end();
    if text.last() != Some(&b'}') {
        return None;
    }
    let starts = memchr::memchr_iter(b'{', text).filter(|&at| {
        let inner = text.get(at + 1..).unwrap_or_default().trim_ascii_start();
        matches!(inner.first(), Some(b'"' | b'}'))
    });
    starts.take(STARTS_MAX).find(|&at| {
        let mut walk = Walk::new(text.get(at..).unwrap_or_default(), None);
        walk.value(0).is_some() && walk.at == walk.text.len()
    })
}

/// Visits the values of an object that [`find`] has found.
pub(super) fn each<'a>(object: &'a [u8], visit: &mut Visit<'_, 'a>) -> ControlFlow<()> {
    let mut walk = Walk::new(object, Some(visit));
    let _whole = walk.value(0);
    if walk.broken { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

struct Walk<'a, 'v, 'w> {
    text: &'a [u8],
    at: usize,
    /// `None`: nothing is visited, the text is only checked.
    visit: Option<&'v mut Visit<'w, 'a>>,
    /// Names from the object down to the next value, dots between them.
    path: Vec<u8>,
    broken: bool,
}

impl<'a, 'v, 'w> Walk<'a, 'v, 'w> {
    fn new(text: &'a [u8], visit: Option<&'v mut Visit<'w, 'a>>) -> Self {
        Self { text, at: 0, visit, path: Vec::new(), broken: false }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Takes a byte if it is the next one but for blanks.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes a value. `None`: it is none, or enough has been visited.
    fn value(&mut self, depth: u32) -> Option<()> {
        self.skip_blanks();
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => {
                let value = Value::quoted(self.string()?);
                self.leaf(value)
            }
            _ => {
                let value = Value::plain(self.scalar()?);
                self.leaf(value)
            }
        }
    }

    fn leaf(&mut self, value: Value<'a>) -> Option<()> {
        if let Some(visit) = &mut self.visit
            && visit(&self.path, value).is_break()
        {
            self.broken = true;
            return None;
        }
        Some(())
    }

    fn object(&mut self, depth: u32) -> Option<()> {
        self.at += 1;
        if depth >= DEPTH_MAX {
            return None;
        }
        if self.take(b'}') {
            return Some(());
        }
        loop {
            self.skip_blanks();
            let name = Value::quoted(self.string()?);
            if !self.take(b':') {
                return None;
            }
            let before = self.enter(|| name.text().into_owned());
            self.value(depth + 1)?;
            self.path.truncate(before);
            if self.take(b'}') {
                return Some(());
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn list(&mut self, depth: u32) -> Option<()> {
        self.at += 1;
        if depth >= DEPTH_MAX {
            return None;
        }
        if self.take(b']') {
            return Some(());
        }
        for number in 0u64.. {
            let before = self.enter(|| number.to_string().into_bytes());
            self.value(depth + 1)?;
            self.path.truncate(before);
            if self.take(b']') {
                return Some(());
            }
            if !self.take(b',') {
                return None;
            }
        }
        None
    }

    /// Adds a name to the path, if anybody wants it; returns how long the path was.
    fn enter(&mut self, name: impl FnOnce() -> Vec<u8>) -> usize {
        let before = self.path.len();
        if self.visit.is_some() {
            if before > 0 {
                self.path.push(b'.');
            }
            self.path.extend(name());
        }
        before
    }

    /// Takes a string; returns what is between its quotes.
    fn string(&mut self) -> Option<&'a [u8]> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let start = self.at + 1;
        let mut at = start;
        loop {
            at += memchr::memchr2(b'"', b'\\', self.text.get(at..)?)?;
            if self.text.get(at) == Some(&b'"') {
                self.at = at + 1;
                return self.text.get(start..at);
            }
            at += 2;
        }
    }

    /// Takes a number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Option<&'a [u8]> {
        let rest = self.text.get(self.at..)?;
        let len = rest
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')));
        let value = rest.get(..len.unwrap_or(rest.len()))?;
        self.at += value.len();
        let known = matches!(value, b"true" | b"false" | b"null") || is_number(value);
        known.then_some(value)
    }
}

/// Whether a text is a number as JSON writes them.
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || whole > 1 && rest.first() == Some(&b'0') {
        return false;
    }
    let mut rest = rest.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let len = digits(fraction);
        if len == 0 {
            return false;
        }
        rest = fraction.get(len..).unwrap_or_default();
    }
    if let Some((b'e' | b'E', exponent)) = rest.split_first() {
        let exponent = exponent.strip_prefix(b"-").or_else(|| exponent.strip_prefix(b"+"));
        let exponent = exponent.unwrap_or_else(|| rest.get(1..).unwrap_or_default());
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}
