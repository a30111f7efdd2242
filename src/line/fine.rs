//! The tokenizer for values: runs of digits and of mixed letters and digits become slots, all else is literal.
#![expect(
    clippy::indexing_slicing,
    reason = "hot loop; every index is below the text's length by its loop's condition"
)]

use crate::line::{MARK, Tokens};

/// Changes between letters and digits above which a run is one opaque value.
const CHANGES_MAX: usize = 3;
/// A run of this many hexadecimal digits, letters among them, is one number.
const HEX_MIN: usize = 4;

const DIGIT: u8 = 1;
const LETTER: u8 = 2;
/// A letter that is a hexadecimal digit.
const HEX: u8 = 4;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0u8;
    while byte < 128 {
        classes[byte as usize] = if byte.is_ascii_digit() {
            DIGIT
        } else if byte.is_ascii_hexdigit() {
            LETTER | HEX
        } else if byte.is_ascii_alphabetic() {
            LETTER
        } else {
            0
        };
        byte += 1;
    }
    classes
};

/// Cuts the value from byte `start` to the end of `text`, which holds no mark, into literal bytes and slots.
pub(crate) fn fine(text: &[u8], start: usize, tokens: &mut Tokens) {
    tokens.begin(start);
    let mut at = start;
    while at < text.len() {
        let class = CLASSES[text[at] as usize];
        if class == 0 {
            at += 1;
            continue;
        }
        if tokens.is_full() {
            tokens.slot(text, at, text.len(), MARK);
            return;
        }
        at = match class {
            DIGIT => match tokens.time(text, at) {
                Some(end) => end,
                None => run(text, at, start, tokens),
            },
            _ => run(text, at, start, tokens),
        };
    }
    tokens.end(text);
}

/// A run of letters and digits.
fn run(text: &[u8], start: usize, row: usize, tokens: &mut Tokens) -> usize {
    let mut end = start;
    let (mut all, mut any) = (!0, 0);
    while end < text.len() {
        let class = CLASSES[text[end] as usize];
        if class == 0 {
            break;
        }
        all &= if class & HEX != 0 { HEX | LETTER } else { class };
        any |= class;
        end += 1;
    }
    let run = &text[start..end];
    if all & DIGIT != 0 {
        tokens.slot(text, start, end, MARK);
        return end;
    }
    let hex = run.iter().all(u8::is_ascii_hexdigit);
    // A group of a UUID may happen to hold letters only.
    let group = hex && matches!(run.len(), 4 | 8 | 12) && {
        (start > row && text[start - 1] == b'-') || text.get(end) == Some(&b'-')
    };
    if any & DIGIT == 0 && !group {
        return end;
    }
    let prefixed =
        run.len() > 2 && run.starts_with(b"0x") && run[2..].iter().all(u8::is_ascii_hexdigit);
    if prefixed {
        tokens.slot(text, start + 2, end, MARK);
    } else if group || (hex && run.len() >= HEX_MIN) || changes(run) > CHANGES_MAX {
        tokens.slot(text, start, end, MARK);
    } else {
        parts(text, start, end, tokens);
    }
    end
}

/// How often letters follow digits or digits letters.
fn changes(run: &[u8]) -> usize {
    let pairs = run.iter().zip(run.iter().skip(1));
    pairs.filter(|(a, b)| a.is_ascii_digit() != b.is_ascii_digit()).count()
}

/// A run with few changes: its letters are literal, its digits slots.
fn parts(text: &[u8], start: usize, end: usize, tokens: &mut Tokens) {
    let mut at = start;
    while at < end {
        let digit = text[at].is_ascii_digit();
        let mut next = at;
        while next < end && text[next].is_ascii_digit() == digit {
            next += 1;
        }
        if digit {
            tokens.slot(text, at, next, MARK);
        }
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::skeleton_of;

    #[test]
    fn values() {
        let skeleton = |value| skeleton_of(value, fine);
        assert_eq!(skeleton("blk_-1608999687919862906"), "blk_-<*>");
        assert_eq!(skeleton("10.47.1.100:53"), "<*>.<*>.<*>.<*>:<*>");
        assert_eq!(skeleton("0x7f1036df0000"), "0x<*>");
        assert_eq!(skeleton("f3d4d4ef-beef-4456-8eed-59c0d717dd08"), "<*>-<*>-<*>-<*>-<*>");
        assert_eq!(skeleton("200x200"), "<*>x<*>");
        assert_eq!(skeleton("C8bqc84K9TqNqzE9Yd"), "<*>");
        assert_eq!(skeleton("/var/log"), "/var/log");
        assert_eq!(skeleton("beef"), "beef");
        assert_eq!(skeleton(&"1 ".repeat(500)).matches("<*>").count(), 401);
    }
}
