//! The tokenizer for delimited rows (CSV, TSV): every field is a slot.

use crate::column::timestamp;
use crate::line::{MARK, MARK_TIME, Tokens};

/// Rows looked at.
const SAMPLE: usize = 200;
/// Fields below this many are left to the tokenizer for lines.
const FIELDS_MIN: usize = 4;

/// A delimiter and the number of fields that most rows have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delimiter {
    byte: u8,
    fields: usize,
}

/// Finds a delimiter that cuts nine of ten sampled lines into one number of fields.
pub(crate) fn detect<'a>(lines: &(impl Iterator<Item = &'a [u8]> + Clone)) -> Option<Delimiter> {
    [b'\t', b','].into_iter().find_map(|byte| {
        let mut counts = Vec::new();
        for line in lines.clone().take(SAMPLE) {
            let fields = fields(line, byte).count();
            match counts.iter_mut().find(|(known, _)| *known == fields) {
                Some((_, count)) => *count += 1,
                None => counts.push((fields, 1usize)),
            }
        }
        let total: usize = counts.iter().map(|(_, count)| count).sum();
        let &(fields, count) = counts.iter().max_by_key(|&&(fields, count)| (count, fields))?;
        (fields >= FIELDS_MIN && total >= 8 && count * 10 >= total * 9)
            .then_some(Delimiter { byte, fields })
    })
}

/// Cuts `line` into fields, if it has as many as most.
pub(crate) fn delimited(line: &[u8], delimiter: Delimiter, tokens: &mut Tokens) -> bool {
    tokens.clear();
    for (count, (start, end)) in fields(line, delimiter.byte).enumerate() {
        if count == delimiter.fields || tokens.is_full() {
            return false;
        }
        if count > 0 {
            tokens.skeleton.push(delimiter.byte);
        }
        let field = line.get(start..end).unwrap_or_default();
        let time = timestamp::scan(field).is_some_and(|(len, _)| len == field.len());
        tokens.slot(start, end, if time { MARK_TIME } else { MARK });
    }
    tokens.slots.len() == delimiter.fields
}

/// Start and end of each field; a delimiter inside double quotes does not count.
fn fields(line: &[u8], delimiter: u8) -> impl Iterator<Item = (usize, usize)> {
    let mut start = 0;
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        let rest = line.get(start..).unwrap_or_default();
        let mut inside = false;
        let len = memchr::memchr2_iter(delimiter, b'"', rest).find(|&at| {
            let quote = rest.get(at) == Some(&b'"');
            // In TSV a quote is an ordinary byte.
            inside ^= quote && delimiter == b',';
            !quote && !inside
        });
        let end = start + len.unwrap_or(rest.len());
        done = len.is_none();
        let field = (start, end);
        start = end + 1;
        Some(field)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_comma_does_not_cut() {
        let line = br#"2026-11-23 09:04:28.692 UTC,"a, ""b""",,7"#;
        let rows = [&line[..]; 8];
        let delimiter = detect(&rows.iter().copied()).unwrap();
        let mut tokens = Tokens::default();
        assert!(delimited(line, delimiter, &mut tokens));
        assert_eq!(tokens.slots, [(0, 27), (28, 38), (39, 39), (40, 41)]);
        assert!(!delimited(b"a,b", delimiter, &mut tokens));
    }
}
