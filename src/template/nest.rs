//! Values of a column → templates of their own, where values are alike enough.

use crate::codec::Compressor;
use crate::column::Strings;
use crate::line::{MARK_TIME, Rows};
use crate::template::parse::{Mode, Parsed, Sharing, parse, parse_by_trial};

/// Values this long on average may be made of words.
const LONG: usize = 28;
/// Values looked at to tell whether they are.
const LOOK: usize = 200;
/// Templates pay if values come this often for each.
const ROWS: usize = 3;
/// Fewer values are not taken apart by rules alone: that saves next to nothing, and small files have thousands of such columns.
const FEW: usize = 8;
/// Values taken apart first, if there are many times as many: most columns that do not pay are known by them.
const SAMPLE: usize = 512;
const MANY: usize = 8;

/// Takes values apart, if that pays: with a compressor by trials, else by rules.
pub(crate) fn nest(values: &Strings, compressor: Option<&mut Compressor>) -> Option<Parsed> {
    // Templates of fewer values come less often than they must.
    if values.len() < if compressor.is_some() { ROWS } else { FEW } {
        return None;
    }
    let long = values.bytes().len() >= LONG * values.len();
    let spaced = || values.iter().take(LOOK).filter(|value| value.contains(&b' ')).count();
    let text = long && spaced() * 2 >= values.len().min(LOOK);
    let mode = if text { Mode::Text } else { Mode::Values };
    if values.len() >= SAMPLE * MANY {
        let mut sample = Strings::default();
        for index in (0..values.len()).step_by(values.len() / SAMPLE) {
            sample.push(values.get(index));
        }
        // Templates of a sample come less often each.
        if !pays(&parse(&Rows::values(&sample), mode), 1) {
            return None;
        }
    }
    let rows = Rows::values(values);
    let parsed = match compressor {
        Some(compressor) => parse_by_trial(&rows, mode, Sharing::All, compressor),
        None => parse(&rows, mode),
    };
    pays(&parsed, ROWS).then_some(parsed)
}

/// Whether most values have a structure, and each template comes `rows` times on average.
fn pays(parsed: &Parsed, rows: usize) -> bool {
    let is_bare = |template: &Vec<u8>| matches!(template[..], [..=MARK_TIME]);
    let bare = parsed.templates.iter().position(is_bare);
    let count = |bare| parsed.ids.iter().filter(|&&id| id as usize == bare).count();
    bare.is_none_or(|bare| count(bare) * 2 <= parsed.ids.len())
        && !parsed.columns.is_empty()
        && parsed.templates.len() * rows <= parsed.ids.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(values: impl Iterator<Item = String>) -> Option<usize> {
        let mut column = Strings::default();
        values.for_each(|value| column.push(value.as_bytes()));
        Some(nest(&column, None)?.templates.len())
    }

    #[test]
    fn values_of_one_shape_are_taken_apart() {
        assert_eq!(nested((0..9000).map(|i| format!("10.0.{}.{}:{i}", i % 7, i % 250))), Some(1));
        assert_eq!(nested((0..90).map(|i| format!("blk_{i}"))), Some(1));
    }

    #[test]
    fn opaque_values_and_plain_words_are_not() {
        assert_eq!(nested((0..9000).map(|i| format!("x{i}y{i}z{i}"))), None);
        assert_eq!(nested((0..90u8).map(|i| "ab".repeat(i.into()))), None);
    }
}
