//! Blocks coded by a model: the templates in an ordinary section, all values in one of the model's.

use crate::block::sink::{Sink, length};
use crate::block::tree::Tree;
use crate::error::Result;
use crate::format::BlockStats;
use crate::limits::Limits;
use crate::line::Rows;
use crate::model;
use crate::template::{Mode, parse};
use crate::wire::varint;

/// Levels from this on use a model.
pub(crate) const LEVEL_MODEL: u8 = 8;

/// Writes the lines of a block of `raw_len` bytes to `sink`, behind the number of lines; `None` if the model refuses them.
pub(crate) fn encode(
    lines: &Rows<'_>,
    level: u8,
    raw_len: usize,
    sink: &mut Sink,
) -> Result<Option<BlockStats>> {
    if raw_len > model::BLOCK_BYTES_MAX {
        return Ok(None);
    }
    let parsed = parse(lines, Mode::Lines);
    let templates = length(parsed.templates.len())?;
    let mut table = Vec::new();
    varint::put(&mut table, templates.into());
    let mut columns = 0;
    for &column in &parsed.slot_columns {
        let new = column == columns;
        varint::put(&mut table, if new { 0 } else { u64::from(column) + 1 });
        columns += u32::from(new);
    }
    let texts = parsed.templates.clone();
    let Ok(code) = model::encode(parsed, raw_len, level) else { return Ok(None) };
    for template in &texts {
        sink.string(template);
    }
    sink.tree.extend_from_slice(&table);
    sink.model(code);
    Ok(Some(BlockStats { templates, ..BlockStats::default() }))
}

/// Decodes all columns of a block. `tree` is its templates section `meta`, taken apart.
pub(crate) fn decode(
    tree: &Tree,
    meta: &[u8],
    code: &[u8],
    raw_len: usize,
    limits: &Limits,
) -> Result<model::Table> {
    let templates = 0..tree.table.templates();
    // A mark of either kind stands for the slots between the pieces.
    let pieces = templates.map(|template| {
        let pieces = tree.table.pieces_of(template).iter().map(|span| span.of(meta));
        pieces.collect::<Vec<_>>().join(&crate::line::MARK)
    });
    let texts: Vec<Vec<u8>> = pieces.collect();
    let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    model::decode(code, &texts, tree.table.slot_columns().to_vec(), (tree.rows, raw_len), limits)
}

#[cfg(test)]
mod tests {
    use crate::block::{Decoder, Encoder};
    use crate::limits::Limits;
    use crate::wire::checksum;

    fn log() -> Vec<u8> {
        let line = |i: u32| {
            let user = ["root", "alice", "bob"][i as usize % 3];
            let id = i.wrapping_mul(2_654_435_761);
            format!(
                "2026-11-24 10:{:02}:{:02} user {user} did {} of {id:08x} on 10.0.{}.7{}\n",
                i / 60,
                i % 60,
                i * i,
                i % 5,
                if i.is_multiple_of(7) { " again" } else { "" },
            )
        };
        (0..40).flat_map(|i| line(i).into_bytes()).collect()
    }

    /// Decodes the log with its code changed, as if the file had been made that way; `None` for an error.
    fn decode(change: impl FnOnce(&mut Vec<u8>)) -> Option<Vec<u8>> {
        let log = log();
        let mut encoded = Encoder::new(9).encode(&log).unwrap();
        let [templates, model] = &mut encoded.sections[..] else { panic!("one code") };
        let mut code = encoded.payload.split_off(templates.stored_len as usize);
        change(&mut code);
        model.stored_len = u32::try_from(code.len()).unwrap();
        model.decoded_len = model.stored_len;
        model.stored_check = checksum::section(&code);
        model.decoded_check = model.stored_check;
        encoded.payload.extend_from_slice(&code);
        let mut raw = Vec::new();
        let len = u32::try_from(log.len()).unwrap();
        let mut decoder = Decoder::new(&Limits::default());
        decoder.decode(&encoded.sections, &encoded.payload, len, &mut raw).ok().map(|()| raw)
    }

    #[test]
    fn a_changed_code_is_an_error_or_other_lines() {
        assert!(decode(|_| ()).unwrap() == log());
        let len = {
            let mut len = 0;
            decode(|code| len = code.len()).unwrap();
            len
        };
        for at in 0..len {
            // What it decodes to is not looked at: the block's checksum is the reader's to verify.
            drop(decode(|code| code[at] ^= 1 << (at % 8)));
        }
    }

    #[test]
    fn a_code_cut_short_or_with_something_behind_it_is_noticed() {
        let mut len = 0;
        decode(|code| len = code.len()).unwrap();
        for end in 0..len {
            let cut = decode(|code| code.truncate(end));
            assert!(cut.is_none_or(|raw| raw != log()), "{end} of {len}");
        }
        assert!(decode(|code| code.push(0)).is_none());
    }

    #[test]
    fn memory_beyond_the_limits_is_refused() {
        assert!(decode(|code| code[1] = 23).is_none());
        assert!(decode(|code| code[0] = 77).is_none());
    }
}
