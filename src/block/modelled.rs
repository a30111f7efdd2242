//! Blocks coded by a model: one section, all of it the model's.

use std::collections::BTreeSet;

use crate::block::sink::{Sink, length};
use crate::error::Result;
use crate::format::BlockStats;
use crate::limits::Limits;
use crate::line::Rows;
use crate::model::{self, Equipment, ModelFile, Repeats};
use crate::template::{Mode, Parsed, parse};
use crate::wire::varint;

/// Levels from this on use a model.
pub(crate) const LEVEL_MODEL: u8 = 8;

/// Codes the lines of a block of `raw_len` bytes; `None` if the model refuses them.
pub(crate) fn encode(
    body: &[u8],
    lines: &Rows<'_>,
    (terminated, raw_len): (bool, usize),
    (level, equipment): (u8, &Equipment),
) -> Result<Option<(Sink, BlockStats)>> {
    if raw_len > model::BLOCK_BYTES_MAX {
        return Ok(None);
    }
    let given = equipment.trained.as_ref();
    let repeats = if given.is_none() { Repeats::find(lines) } else { None };
    let parsed = match (given, &repeats) {
        (None, None) => Some(model::merge(parse(lines, Mode::Lines))),
        (None, Some(repeats)) => {
            let kept = repeats.kept(lines).collect::<Vec<_>>().join(&b'\n');
            Some(model::merge(parse(&Rows::lines(Some(&kept)), Mode::Lines)))
        }
        (Some(given), _) => behind(given, (body, lines)),
    };
    let Some(parsed) = parsed else { return Ok(None) };
    let rows = given.map_or(0, |given| given.rows().ids.len());
    let used: BTreeSet<u32> = parsed.ids.iter().skip(rows).copied().collect();
    let templates = length(used.len())?;
    let parsed = (&parsed, repeats.as_ref());
    let Ok(code) = model::encode(parsed, terminated, raw_len, level, equipment) else {
        return Ok(None);
    };
    let stats = BlockStats { templates, ..BlockStats::default() };
    Ok(Some((Sink::of_model(code), stats)))
}

/// Takes the lines of a block apart together with those of a model file, and puts them behind what that says of its own.
fn behind(given: &ModelFile, (body, lines): (&[u8], &Rows<'_>)) -> Option<Parsed> {
    if lines.len() == 0 {
        return Some(given.rows().clone());
    }
    let all = [given.sample(), body].concat();
    let parsed = model::merge(parse(&Rows::lines(Some(&all)), Mode::Lines));
    model::behind(given.rows(), &parsed)
}

/// What the templates section of a block would hold if a model had not coded it; without ids and columns.
pub(crate) fn templates(
    code: &[u8],
    raw_len: usize,
    means: (&Limits, &Equipment),
) -> Result<Vec<u8>> {
    let head = model::head(code, raw_len, means)?;
    let mut section = Vec::new();
    let texts = &head.templates;
    varint::put(&mut section, (texts.bytes().len() + texts.len()) as u64);
    for template in texts.iter() {
        section.extend_from_slice(template);
        section.push(b'\n');
    }
    varint::put(&mut section, u64::from(head.terminated));
    varint::put(&mut section, head.rows);
    varint::put(&mut section, texts.len() as u64);
    let mut columns = 0;
    for &column in &head.slot_columns {
        let new = column == columns;
        varint::put(&mut section, if new { 0 } else { u64::from(column) + 1 });
        columns += u32::from(new);
    }
    Ok(section)
}

#[cfg(test)]
mod tests {
    use crate::block::{Decoder, Encoder};
    use crate::limits::Limits;
    use crate::model::{Equipment, ModelFile};
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

    /// The same lines again and again, but for some.
    fn repeated() -> Vec<u8> {
        let lines: Vec<Vec<u8>> =
            log().split_inclusive(|&byte| byte == b'\n').take(12).map(<[u8]>::to_vec).collect();
        let round = |round: usize| {
            let changed = move |&(at, _): &(usize, &Vec<u8>)| (at + round) % 9 != 4;
            lines.iter().enumerate().filter(changed).flat_map(|(_, line)| line.clone())
        };
        (0..4).flat_map(round).collect()
    }

    /// Decodes the log with its code changed, as if the file had been made that way; `None` for an error.
    fn decode(change: impl FnOnce(&mut Vec<u8>)) -> Option<Vec<u8>> {
        decode_of(&log(), change)
    }

    fn decode_of(log: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Option<Vec<u8>> {
        let mut encoded = Encoder::new(9).encode_once(log).unwrap();
        let [model] = &mut encoded.sections[..] else { panic!("one code") };
        let mut code = std::mem::take(&mut encoded.payload);
        change(&mut code);
        model.stored_len = u32::try_from(code.len()).unwrap();
        model.decoded_len = model.stored_len;
        model.stored_check = checksum::section(&code);
        model.decoded_check = model.stored_check;
        encoded.payload = code;
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
    fn a_changed_code_of_repeated_lines_is_an_error_or_other_lines() {
        let log = repeated();
        let mut header = Vec::new();
        let mut len = 0;
        let same = decode_of(&log, |code| {
            header.extend_from_slice(&code[..4]);
            len = code.len();
        });
        assert!(same.unwrap() == log);
        assert_eq!(header[0], 2 | 0x20, "lines are left out");
        assert!(header[3] < header[2] / 2 && header[2] < 128);
        for at in 0..len {
            drop(decode_of(&log, |code| code[at] ^= 1 << (at % 8)));
        }
        // Behind the memory: the lines in all, and those of the table. More or fewer than the code says.
        for kept in 0..127 {
            drop(decode_of(&log, |code| code[3] = kept));
        }
        let more = decode_of(&log, |code| code[2..4].copy_from_slice(&[2 * 11, 12]));
        assert!(more.is_none(), "a table has no more lines than the block");
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
    fn the_same_bytes_on_every_machine() {
        // A change here is a change of the format.
        let hash = |level| {
            let encoded = Encoder::new(level).encode_once(&log().repeat(3)).unwrap();
            checksum::payload(&encoded.payload)
        };
        assert_eq!([8, 9].map(hash), [15_450_412_161_640_075_252, 14_728_705_476_048_993_031]);
    }

    #[test]
    fn a_changed_code_behind_a_sample_is_an_error_or_other_lines() {
        let log = log();
        let (sample, block) = log.split_at(log.len() / 2);
        let trained = Some(ModelFile::train(sample).unwrap());
        let equipment = Equipment { trained, ..Equipment::default() };
        for level in [8, 9] {
            let encoded = Encoder::with(level, equipment.clone()).encode_once(block).unwrap();
            assert_eq!(encoded.sections.len(), 1);
            let code = &encoded.payload;
            let raw_len = block.len();
            let decode = |code: &[u8]| {
                let means = (&Limits::default(), &equipment);
                drop(crate::model::head(code, raw_len, means));
                crate::model::decode(code, raw_len, means)
            };
            assert!(decode(code).is_ok());
            for at in 0..code.len() {
                let mut changed = code.clone();
                changed[at] ^= 1 << (at % 8);
                // What it decodes to is not looked at: the block's checksum is the reader's to verify.
                drop(decode(&changed));
                drop(decode(&code[..at]));
            }
            let without = (&Limits::default(), &Equipment::default());
            assert!(crate::model::decode(code, raw_len, without).is_err());
        }
    }

    #[test]
    fn memory_beyond_the_limits_is_refused() {
        assert!(decode(|code| code[1] = 23).is_none());
        assert!(decode(|code| code[0] = 77).is_none());
    }
}
