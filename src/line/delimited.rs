//! The tokenizer for delimited rows (CSV, TSV): every field is a slot.

use crate::line::{MARK, MARK_TIME, Rows, Tokens};

/// Rows looked at.
const SAMPLE: usize = 200;
/// Fields below this many are left to the tokenizer for lines.
const FIELDS_MIN: usize = 4;

/// A field with this many spaces is a message (a time has two at most). Where messages are more than one part in
/// [`MESSAGE_PART`] of the sampled bytes, the tokenizer for lines sees more in them than cutting at delimiters is worth.
const MESSAGE_SPACES: usize = 3;
const MESSAGE_PART: usize = 8;

/// A delimiter and the number of fields that most rows have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delimiter {
    byte: u8,
    fields: usize,
}

/// Finds a delimiter that cuts nine of ten sampled rows into one number of fields.
pub(crate) fn detect(rows: &Rows<'_>) -> Option<Delimiter> {
    [b'\t', b','].into_iter().find_map(|byte| {
        let mut counts = Vec::new();
        let (mut bytes, mut messages, mut documents) = (0, 0, 0);
        for (start, end) in rows.places().take(SAMPLE) {
            let text = rows.bytes().get(..end).unwrap_or_default();
            bytes += end - start;
            // A document has keys, which say more than commas.
            let is_document =
                byte == b',' && text.get(start) == Some(&b'{') && text.ends_with(b"}");
            documents += usize::from(is_document);
            let mut fields = 0;
            for (start, end) in self::fields(text, start, byte) {
                fields += 1;
                messages += if is_message(text.get(start..end)) { end - start } else { 0 };
            }
            match counts.iter_mut().find(|(known, _)| *known == fields) {
                Some((_, count)) => *count += 1,
                None => counts.push((fields, 1usize)),
            }
        }
        let total: usize = counts.iter().map(|(_, count)| count).sum();
        let &(fields, count) = counts.iter().max_by_key(|&&(fields, count)| (count, fields))?;
        (fields >= FIELDS_MIN
            && total >= 8
            && count * 10 >= total * 9
            && messages * MESSAGE_PART < bytes
            && documents * 2 < total)
            .then_some(Delimiter { byte, fields })
    })
}

fn is_message(field: Option<&[u8]>) -> bool {
    field.is_some_and(|field| memchr::memchr_iter(b' ', field).count() >= MESSAGE_SPACES)
}

/// Cuts the row from byte `start` to the end of `text` into fields, if it has as many as most; else takes nothing.
pub(crate) fn delimited(
    text: &[u8],
    start: usize,
    delimiter: Delimiter,
    tokens: &mut Tokens,
) -> bool {
    tokens.begin(start);
    for (start, end) in fields(text, start, delimiter.byte) {
        if tokens.count() == delimiter.fields || tokens.is_full() {
            tokens.undo();
            return false;
        }
        let field = text.get(..end).unwrap_or_default();
        let time = tokens.times.find(field, start) == Some(end);
        tokens.slot(text, start, end, if time { MARK_TIME } else { MARK });
    }
    let all = tokens.count() == delimiter.fields;
    if !all {
        tokens.undo();
    }
    all
}

/// Start and end of each field; a delimiter inside double quotes does not count.
fn fields(text: &[u8], start: usize, delimiter: u8) -> impl Iterator<Item = (usize, usize)> {
    let mut next = Some(start);
    std::iter::from_fn(move || {
        let start = next?;
        let mut at = start;
        loop {
            match text.get(at) {
                Some(&byte) if byte == delimiter => {
                    next = Some(at + 1);
                    return Some((start, at));
                }
                // In TSV a quote is an ordinary byte.
                Some(b'"') if delimiter == b',' => {
                    let inside = text.get(at + 1..).unwrap_or_default();
                    at = memchr::memchr(b'"', inside).map_or(text.len(), |len| at + len + 2);
                }
                Some(_) => at += 1,
                None => {
                    next = None;
                    return Some((start, text.len()));
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_mostly_messages_are_lines() {
        let found = |line: &str| detect(&Rows::lines(Some([line; 8].join("\n").as_bytes())));
        assert_eq!(found("7,ann,started the job that nobody asked for,ok"), None);
        assert!(found("2026-11-23 09:04:28 UTC,ann,7,ok").is_some());
    }

    #[test]
    fn a_quoted_comma_does_not_cut() {
        let line = "2026-11-23 09:04:28.692 UTC,\"a, \"\"b\"\"\",,7";
        let log = [line; 8].join("\n");
        let delimiter = detect(&Rows::lines(Some(log.as_bytes()))).unwrap();
        let mut tokens = Tokens::default();
        assert!(delimited(line.as_bytes(), 0, delimiter, &mut tokens));
        assert_eq!(tokens.slots, [(0, 27), (28, 38), (39, 39), (40, 41)]);
        assert!(!delimited(b"a,b", 0, delimiter, &mut tokens));
        assert!(!delimited(b"a,b,c,d,e", 0, delimiter, &mut tokens));
        assert_eq!(tokens.slots.len(), 4);
    }

    #[test]
    fn an_open_quote_takes_the_rest() {
        let found = |text: &[u8]| fields(text, 0, b',').collect::<Vec<_>>();
        assert_eq!(found(b"a,\"b,c"), [(0, 1), (2, 6)]);
        assert_eq!(found(b","), [(0, 0), (1, 1)]);
        assert_eq!(found(b"\","), [(0, 2)]);
    }
}
