//! The tokenizer for values: runs of digits and of mixed letters and digits become slots, all else is literal.
#![expect(
    clippy::indexing_slicing,
    reason = "hot loop; every index is below the value's length by its loop's condition"
)]

use crate::column::timestamp;
use crate::line::{MARK, MARK_TIME, Tokens};

/// Changes between letters and digits above which a run is one opaque value.
const CHANGES_MAX: usize = 3;
/// A run of this many hexadecimal digits, letters among them, is one number.
const HEX_MIN: usize = 4;

/// Cuts `value`, which holds no mark, into literal bytes and slots.
pub(crate) fn fine(value: &[u8], tokens: &mut Tokens) {
    tokens.clear();
    let mut at = 0;
    while at < value.len() {
        if tokens.is_full() {
            tokens.slot(at, value.len(), MARK);
            return;
        }
        let byte = value[at];
        if !byte.is_ascii_alphanumeric() {
            tokens.skeleton.push(byte);
            at += 1;
            continue;
        }
        if byte.is_ascii_digit()
            && let Some((len, _)) = timestamp::scan(&value[at..])
        {
            tokens.slot(at, at + len, MARK_TIME);
            at += len;
            continue;
        }
        at = run(value, at, tokens);
    }
}

/// A run of letters and digits.
fn run(value: &[u8], start: usize, tokens: &mut Tokens) -> usize {
    let mut end = start;
    let (mut digits, mut hex, mut changes) = (0, 0, 0);
    let mut last_digit = value[start].is_ascii_digit();
    while end < value.len() && value[end].is_ascii_alphanumeric() {
        let digit = value[end].is_ascii_digit();
        digits += usize::from(digit);
        hex += usize::from(value[end].is_ascii_hexdigit());
        changes += usize::from(digit != last_digit);
        last_digit = digit;
        end += 1;
    }
    let len = end - start;
    // A group of a UUID may happen to hold letters only.
    let beside_dash = (start > 0 && value[start - 1] == b'-') || value.get(end) == Some(&b'-');
    let group = hex == len && matches!(len, 4 | 8 | 12) && beside_dash;
    let prefixed = len > 2 && value[start..end].starts_with(b"0x") && hex == len - 1;
    if prefixed {
        tokens.literal(b"0x");
        tokens.slot(start + 2, end, MARK);
    } else if digits == 0 && !group {
        tokens.literal(&value[start..end]);
    } else if digits == len || group || (hex == len && len >= HEX_MIN) || changes > CHANGES_MAX {
        tokens.slot(start, end, MARK);
    } else {
        parts(value, start, end, tokens);
    }
    end
}

/// A run with few changes: its letters are literal, its digits slots.
fn parts(value: &[u8], start: usize, end: usize, tokens: &mut Tokens) {
    let mut at = start;
    while at < end {
        let digit = value[at].is_ascii_digit();
        let mut next = at;
        while next < end && value[next].is_ascii_digit() == digit {
            next += 1;
        }
        if digit {
            tokens.slot(at, next, MARK);
        } else {
            tokens.literal(&value[at..next]);
        }
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skeleton(value: &str) -> String {
        let mut tokens = Tokens::default();
        fine(value.as_bytes(), &mut tokens);
        String::from_utf8(tokens.skeleton).unwrap().replace('\0', "<*>").replace('\x01', "<t>")
    }

    #[test]
    fn values() {
        assert_eq!(skeleton("blk_-1608999687919862906"), "blk_-<*>");
        assert_eq!(skeleton("10.47.1.100:53"), "<*>.<*>.<*>.<*>:<*>");
        assert_eq!(skeleton("0x7f1036df0000"), "0x<*>");
        assert_eq!(skeleton("f3d4d4ef-beef-4456-8eed-59c0d717dd08"), "<*>-<*>-<*>-<*>-<*>");
        assert_eq!(skeleton("200x200"), "<*>x<*>");
        assert_eq!(skeleton("C8bqc84K9TqNqzE9Yd"), "<*>");
        assert_eq!(skeleton("/var/log"), "/var/log");
    }
}
