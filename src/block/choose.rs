//! Which way to write a column, where several are possible: by size, on some of its values.

use crate::block::sink::{Sink, TRIAL_LEVEL, TRIAL_QUICK};
use crate::block::table::{DEPTH_MAX, LEVEL_THOROUGH, Place, TableEncoder};
use crate::block::typed::Typed;
use crate::column::Strings;
use crate::error::Result;

/// Values that are written for a trial: at thorough levels, and below.
const SAMPLE: usize = 1 << 13;
const SAMPLE_QUICK: usize = 1 << 10;
/// Below thorough levels, only dictionaries of at least this part of their column's values,
const ENTRIES_PART: usize = 64;
/// the values of which have this many bytes on average, are tried.
const LEN_MIN: usize = 12;
/// Columns of fewer values are not tried.
const VALUES_MIN: usize = 32;
/// Trials encode as these levels do, but for trials.
const LEVEL: u8 = 3;
const LEVEL_QUICK: u8 = 2;
/// Another way must save this part of the first one's size,
const GAIN_PART: usize = 20;
/// and so many bytes.
const GAIN_BYTES: usize = 8;

impl TableEncoder<'_> {
    /// Another way to write a column than `typed`, if a trial says that it is smaller.
    pub(super) fn choose(
        &mut self,
        values: &Strings,
        typed: &Typed,
        at: Place<'_>,
    ) -> Result<Option<Typed>> {
        let thorough = self.level >= LEVEL_THOROUGH;
        // The entries of a dictionary that was chosen are a column again, which may choose: the depth is what ends it.
        if at.depth >= DEPTH_MAX
            || values.len() < VALUES_MIN
            || !(thorough || is_worth(values, typed))
        {
            return Ok(None);
        }
        let mut sample = Strings::default();
        let count = if thorough { SAMPLE } else { SAMPLE_QUICK };
        values.iter().take(count).for_each(|value| sample.push(value));
        let others: &[fn(&Strings) -> Typed] = match typed {
            Typed::Constant | Typed::Time { .. } => return Ok(None),
            Typed::Digits { form, .. } if form.has_point() && !thorough => &[|_| Typed::Text],
            Typed::Digits { form, .. } if form.has_point() => &[Typed::dictionary, |_| Typed::Text],
            Typed::Digits { .. } => &[Typed::dictionary],
            Typed::Dictionary { .. } if !thorough => &[|_| Typed::Text],
            Typed::Dictionary { .. } => &[|_| Typed::Text, |_| Typed::Plain],
            Typed::Text | Typed::Plain => &[Typed::dictionary, |_| Typed::Plain],
        };
        let first = match typed {
            // As the whole column is one, its sample is.
            Typed::Dictionary { .. } => Typed::dictionary(&sample),
            Typed::Text | Typed::Plain => Typed::Text,
            _ => Typed::of(&sample),
        };
        let size = self.size(&sample, &first, at)?;
        let mut best = (size - (size / GAIN_PART).max(GAIN_BYTES).min(size), None);
        for other in others {
            let size = self.size(&sample, &other(&sample), at)?;
            if size < best.0 {
                best = (size, Some(other));
            }
        }
        Ok(best.1.map(|other| other(values)).filter(|typed| !has_no_repeats(typed, values)))
    }

    /// Bytes that a quick codec makes of a column.
    fn size(&mut self, values: &Strings, typed: &Typed, at: Place<'_>) -> Result<usize> {
        let mut sink = Sink::default();
        let thorough = self.level >= LEVEL_THOROUGH;
        let (level, zstd) =
            if thorough { (LEVEL, TRIAL_LEVEL) } else { (LEVEL_QUICK, TRIAL_QUICK) };
        let mut encoder = TableEncoder::new(level, self.compressor, &mut sink);
        encoder.trial = true;
        encoder.column_of(values, typed, None, at)?;
        sink.size(zstd, self.compressor)
    }
}

/// Whether a dictionary has nothing to say: its entries would be the column over again.
fn has_no_repeats(typed: &Typed, values: &Strings) -> bool {
    matches!(typed, Typed::Dictionary { distinct, .. } if distinct.len() == values.len())
}

/// Whether a quick trial may pay: many different values that are long may have parts that other columns tell, and a
/// fraction may have nothing to do with what stands before its point.
fn is_worth(values: &Strings, typed: &Typed) -> bool {
    match typed {
        Typed::Dictionary { distinct, .. } => {
            distinct.len() * ENTRIES_PART >= values.len()
                && values.bytes().len() >= values.len() * LEN_MIN
        }
        Typed::Digits { form, .. } => form.has_point(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Compressor;

    fn chosen(level: u8, depth: u32, value: impl Fn(u32) -> String) -> Option<Typed> {
        let mut values = Strings::default();
        (0..4000).for_each(|i| values.push(value(i).as_bytes()));
        let (mut sink, mut compressor) = (Sink::default(), Compressor::default());
        let mut encoder = TableEncoder::new(level, &mut compressor, &mut sink);
        encoder.choose(&values, &Typed::of(&values), Place::deep(depth)).unwrap()
    }

    #[test]
    fn a_dictionary_of_messages_with_numbers_is_taken_apart_instead() {
        let noise =
            |i: u32| (i.wrapping_mul(2_654_435_761) ^ i << 7).wrapping_mul(2_246_822_519) >> 9;
        let value = |i: u32| format!("duration: 0.{:03} ms", noise(i) % 997);
        assert!(matches!(chosen(6, 0, value), Some(Typed::Text)));
        assert!(chosen(6, DEPTH_MAX, value).is_none());
    }

    #[test]
    fn words_stay_a_dictionary() {
        let words = ["accepted", "rejected", "closed", "opened again"];
        let value = |i: u32| words[(i.wrapping_mul(2_654_435_761) >> 30) as usize].to_owned();
        assert!(chosen(6, 0, value).is_none());
    }
}
