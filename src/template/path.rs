//! Where in a JSON document a slot stands: the keys that lead to it.
//!
//! Rows of one program leave keys out and put others in. The text before a slot differs then; its path does not.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Objects and lists nested deeper are taken to be at this depth.
const DEPTH_MAX: usize = 32;

/// Follows the constant text of a template, and knows the path behind what it has seen.
#[derive(Debug, Default)]
pub(crate) struct Path {
    /// The path of each object and list that is open.
    open: Vec<u64>,
    /// The path of the value that comes next.
    here: u64,
    /// Whether a slot stood in a string that has not been closed.
    in_string: bool,
}

impl Path {
    /// Takes the text between two slots. Returns the path of the value behind it; 0 outside of documents.
    pub(crate) fn follow(&mut self, text: &[u8]) -> u64 {
        let mut at = 0;
        if self.in_string {
            let Some(end) = string_end(text, 0) else { return self.here };
            self.in_string = false;
            at = end + 1;
        }
        while let Some(&byte) = text.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    let Some(end) = string_end(text, at) else {
                        self.in_string = true;
                        break;
                    };
                    if text.get(end + 1) == Some(&b':') {
                        let key = text.get(at..end).unwrap_or_default();
                        self.here = xxh3_64_with_seed(key, self.open.last().copied().unwrap_or(0));
                    }
                    at = end + 1;
                }
                b'{' | b'[' if self.open.len() < DEPTH_MAX => self.open.push(self.here),
                b'}' | b']' => self.here = self.open.pop().unwrap_or(0),
                _ => {}
            }
        }
        if self.open.is_empty() { 0 } else { self.here }
    }
}

/// Where the quote is that ends the string which `text` is in at `start`.
fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(found) == Some(&b'"') {
            return Some(found);
        }
        at = found + 2;
    }
}
