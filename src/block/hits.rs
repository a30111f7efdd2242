//! Which values of a column may hold some text: found in the streams, without values being told apart or printed.

use std::collections::HashMap;

use crate::block::BlockView;
use crate::block::reader::{Context, unknown_template};
use crate::block::tree::{Column, Integers, Table};
use crate::encoding::digits::Form;
use crate::encoding::packed::Unpacker;
use crate::error::Result;
use crate::predicate::{Clause, Fit, Literal};

/// Nested columns deeper than this are not looked into.
const DEPTH_MAX: u32 = 12;
/// Digits of a number that is looked for.
const DIGITS_MAX: usize = 15;

/// Some of the values of a column, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hits {
    values: Vec<u64>,
}

impl Hits {
    /// None of `count` values.
    pub(crate) fn none(count: usize) -> Self {
        Self { values: vec![0; count.div_ceil(64)] }
    }

    fn all(count: usize) -> Self {
        Self { values: vec![u64::MAX; count.div_ceil(64)] }
    }

    pub(crate) fn add(&mut self, value: usize) {
        if let Some(word) = self.values.get_mut(value / 64) {
            *word |= 1 << (value % 64);
        }
    }

    pub(crate) fn holds(&self, value: usize) -> bool {
        self.values.get(value / 64).is_some_and(|word| word >> (value % 64) & 1 == 1)
    }

    /// How many they are.
    pub(crate) fn count(&self) -> usize {
        self.values.iter().map(|word| word.count_ones() as usize).sum()
    }
}

impl BlockView<'_> {
    /// The values of a column that may hold `text`, in any case of ASCII letters if `folded`; all that do are among them.
    /// `None` if that cannot be told without decoding the column.
    pub(crate) fn hits(
        &mut self,
        column: usize,
        text: &[u8],
        folded: bool,
    ) -> Result<Option<Hits>> {
        let literal = Literal { bytes: text.to_vec(), folded };
        self.ids()?;
        let known = self.node(column).is_some_and(|node| is_plain(node, 0));
        if !known || self.loaded(column).is_some() {
            return Ok(None);
        }
        for section in self.sections_of(column) {
            self.load_section(section)?;
        }
        let (Some((mut context, meta)), Some(node)) = (self.context(), self.node(column)) else {
            return Ok(None);
        };
        let count = self.values_of(column);
        Search { context: &mut context, meta }.column(node, count, &literal)
    }
}

/// Whether a column refers to no other.
fn is_plain(node: &Column, depth: u32) -> bool {
    depth < DEPTH_MAX
        && match node {
            Column::Constant(_) | Column::Text(_) | Column::Packed { .. } => true,
            Column::Digits { numbers, .. } | Column::Time { ticks: numbers, .. } => {
                numbers.reference.is_none()
            }
            Column::Dictionary { numbers, entries, .. } => {
                numbers.reference.is_none() && is_plain(entries, depth + 1)
            }
            Column::Nested(table) => table.columns.iter().all(|node| is_plain(node, depth + 1)),
            Column::Predicted { .. } | Column::Modelled => false,
        }
}

struct Search<'s, 'a> {
    context: &'s mut Context<'a>,
    meta: &'a [u8],
}

impl<'a> Search<'_, 'a> {
    fn column(
        &mut self,
        node: &'a Column,
        count: usize,
        literal: &Literal,
    ) -> Result<Option<Hits>> {
        let alphabet = node.alphabet(self.meta);
        let may = |&byte: &u8| {
            alphabet.holds(byte)
                || literal.folded
                    && (alphabet.holds(byte.to_ascii_lowercase())
                        || alphabet.holds(byte.to_ascii_uppercase()))
        };
        if !literal.bytes.iter().all(may) {
            return Ok(Some(Hits::none(count)));
        }
        let Some(clause) = Clause::new(vec![literal.clone()]) else { return Ok(None) };
        Ok(match node {
            Column::Constant(value) => {
                let found = clause.find(value.of(self.meta)).is_some();
                Some(if found { Hits::all(count) } else { Hits::none(count) })
            }
            Column::Text(stream) => Some(in_text(self.context.stream(*stream), count, &clause)),
            Column::Packed { width, alphabet, stream } => {
                let (width, packed) = (*width as usize, self.context.stream(*stream));
                let len = width.saturating_mul(count);
                if alphabet.packed_len(len) != Some(packed.len()) {
                    return Ok(None);
                }
                self.context.spend(len as u64)?;
                let mut text = Vec::with_capacity(len);
                if Unpacker::new(alphabet, packed).next(len, &mut text).is_none() {
                    return Ok(None);
                }
                self.context.budget += len as u64;
                Some(in_fixed(&text, width, count, &clause))
            }
            Column::Digits { form, numbers, .. } => self.digits(*form, numbers, count, literal)?,
            Column::Dictionary { distinct, numbers, entries } => {
                if *distinct > count {
                    return Ok(None);
                }
                let Some(found) = self.column(entries, *distinct, literal)? else {
                    return Ok(None);
                };
                let mut hits = Hits::none(count);
                if found.count() > 0 {
                    let mut numbers = self.context.integers(numbers, count)?;
                    for value in 0..count {
                        let entry = usize::try_from(numbers.next()).unwrap_or(usize::MAX);
                        if found.holds(entry) {
                            hits.add(value);
                        }
                    }
                }
                Some(hits)
            }
            Column::Nested(table) => self.rows(table, count, literal)?,
            Column::Time { .. } | Column::Predicted { .. } | Column::Modelled => None,
        })
    }

    /// Numbers with digits in a row that are those of the literal; leading zeros and the place of a point are not looked at.
    fn digits(
        &self,
        form: Form,
        numbers: &Integers,
        count: usize,
        literal: &Literal,
    ) -> Result<Option<Hits>> {
        let mut digits = literal.bytes.strip_prefix(b"-").unwrap_or(&literal.bytes).to_vec();
        if let Some(point) = digits.iter().position(|&byte| byte == b'.' && form.has_point()) {
            digits.remove(point);
        }
        let radix = form.radix();
        let value = |byte: &u8| char::from(*byte).to_digit(radix);
        let Some(digits) = digits.iter().map(value).collect::<Option<Vec<u32>>>() else {
            // A minus within: no number has that. Other bytes are not in the alphabet.
            return Ok(Some(Hits::none(count)));
        };
        if digits.is_empty() || digits.len() > DIGITS_MAX {
            return Ok(None);
        }
        let radix = u64::from(radix);
        let part = digits.iter().fold(0, |part, &digit| part * radix + u64::from(digit));
        let scale = digits.iter().fold(1, |scale, _| scale * radix);
        let mut numbers = self.context.integers(numbers, count)?;
        let mut hits = Hits::none(count);
        for value in 0..count {
            let mut left = numbers.next().unsigned_abs();
            loop {
                if left % scale == part {
                    hits.add(value);
                    break;
                }
                left /= radix;
                if left < part || left == 0 && part > 0 {
                    break;
                }
            }
        }
        Ok(Some(hits))
    }

    fn rows(&mut self, table: &'a Table, count: usize, literal: &Literal) -> Result<Option<Hits>> {
        let mut ids = self.context.integers(&table.ids, count)?;
        let mut counted = ids.clone();
        let counts = table.counts((0..count).map(|_| counted.next()));
        let counts = counts.ok_or_else(unknown_template)?;
        let mut parts: HashMap<(u32, Vec<u8>), Hits> = HashMap::new();
        let mut fits = Vec::with_capacity(table.templates());
        for (template, &rows) in counts.templates.iter().enumerate() {
            let fit =
                if rows > 0 { self.fit(table, template, literal) } else { Fit::Slots(Vec::new()) };
            if let Fit::Slots(slots) = &fit {
                for slot in slots {
                    let column = table.columns_of(template).get(slot.slot).copied();
                    let Some(column) = column else { return Ok(None) };
                    for part in slot.parts(literal) {
                        if parts.contains_key(&(column, part.to_vec())) {
                            continue;
                        }
                        let place = (
                            table.columns.get(column as usize),
                            counts.columns.get(column as usize),
                        );
                        let (Some(node), Some(&values)) = place else { return Ok(None) };
                        let literal = Literal { bytes: part.to_vec(), folded: literal.folded };
                        match self.column(node, values, &literal)? {
                            Some(hits) => parts.insert((column, part.to_vec()), hits),
                            None => return Ok(None),
                        };
                    }
                }
            }
            fits.push(fit);
        }
        let mut hits = Hits::none(count);
        let found = |fit: &Fit| {
            matches!(fit, Fit::Always) || !matches!(fit, Fit::Slots(slots) if slots.is_empty())
        };
        if !fits.iter().any(found) {
            return Ok(Some(hits));
        }
        let asked = Asked::of(table, &fits, literal, &parts);
        let mut next = vec![0usize; table.columns.len()];
        for row in 0..count {
            let id = usize::try_from(ids.next()).unwrap_or(usize::MAX);
            if asked.row(id, table.columns_of(id), &mut next) {
                hits.add(row);
            }
        }
        Ok(Some(hits))
    }

    fn fit(&self, table: &Table, template: usize, literal: &Literal) -> Fit {
        let pieces: Vec<&[u8]> =
            table.pieces_of(template).iter().map(|piece| piece.of(self.meta)).collect();
        let columns = table.columns_of(template).iter();
        let alphabets: Vec<_> = columns
            .filter_map(|&column| table.columns.get(column as usize))
            .map(|column| column.alphabet(self.meta))
            .collect();
        Fit::of(&pieces, &alphabets, literal)
    }
}

/// Sets of hits in the column of a slot.
type OfSlot<'h> = (usize, Vec<&'h Hits>);

/// For each template, whether all its rows are hits, or which slots make a row one.
struct Asked<'h> {
    templates: Vec<(bool, Vec<OfSlot<'h>>)>,
}

impl<'h> Asked<'h> {
    fn of(
        table: &Table,
        fits: &[Fit],
        literal: &Literal,
        parts: &'h HashMap<(u32, Vec<u8>), Hits>,
    ) -> Self {
        let templates = fits.iter().enumerate().map(|(template, fit)| match fit {
            Fit::Always => (true, Vec::new()),
            Fit::Slots(slots) => {
                let uses = slots.iter().map(|slot| {
                    let column = table.columns_of(template).get(slot.slot).copied();
                    let hits = slot.parts(literal).into_iter().filter_map(|part| {
                        parts.get(&(column?, part.to_vec())).filter(|hits| hits.count() > 0)
                    });
                    (slot.slot, hits.collect::<Vec<_>>())
                });
                (false, uses.filter(|(_, hits)| !hits.is_empty()).collect())
            }
        });
        Self { templates: templates.collect() }
    }

    /// Whether the next row is a hit. `next` counts the values of each column.
    fn row(&self, template: usize, columns: &[u32], next: &mut [usize]) -> bool {
        let found = match self.templates.get(template) {
            Some((false, uses)) => uses.iter().any(|(slot, hits)| {
                let Some(&column) = columns.get(*slot) else { return true };
                // A template may use a column in several slots: its values stand in the order of slots.
                let earlier = columns.iter().take(*slot).filter(|&&other| other == column).count();
                let value = next.get(column as usize).copied().unwrap_or(0) + earlier;
                hits.iter().any(|hits| hits.holds(value))
            }),
            Some((true, _)) | None => true,
        };
        for &column in columns {
            if let Some(next) = next.get_mut(column as usize) {
                *next += 1;
            }
        }
        found
    }
}

/// Values that each end with a newline.
fn in_text(text: &[u8], count: usize, clause: &Clause) -> Hits {
    let mut hits = Hits::none(count);
    let (mut at, mut value) = (0, 0);
    while let Some(found) = clause.find(text.get(at..).unwrap_or_default()) {
        let place = at + found;
        value += memchr::memchr_iter(b'\n', text.get(at..place).unwrap_or_default()).count();
        hits.add(value);
        let rest = text.get(place..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', rest) else { break };
        (at, value) = (place + end + 1, value + 1);
    }
    hits
}

/// Values of one width. What is found may lie across two of them: then nothing is lost but time.
fn in_fixed(text: &[u8], width: usize, count: usize, clause: &Clause) -> Hits {
    let mut hits = Hits::none(count);
    let mut at = 0;
    while let Some(found) = clause.find(text.get(at..).unwrap_or_default()) {
        let Some(value) = (at + found).checked_div(width) else { return Hits::all(count) };
        hits.add(value);
        at = (value + 1) * width;
    }
    hits
}

#[cfg(test)]
mod tests {
    use crate::block::{BlockView, Encoder};
    use crate::limits::Limits;
    use crate::model::Equipment;

    /// Lines with values of all kinds, plain and nested.
    fn log() -> Vec<u8> {
        let line = |i: u32| {
            let id = i.wrapping_mul(2_654_435_761);
            let id = (id ^ id >> 15).wrapping_mul(2_246_822_519);
            match i % 3 {
                0 => format!(
                    "cache {} of 10.0.{}.{} took {}.{:03} ms\n",
                    i % 7,
                    i % 5,
                    id % 251,
                    id % 9,
                    i % 1000
                ),
                1 => format!(
                    "user u{} came with shell /bin/{id:08x}/v{} as {:016x}\n",
                    id % 23,
                    id % 40,
                    u64::from(id) * u64::from(i)
                ),
                _ => format!(
                    "10:{:02}:{:02} {} {}\n",
                    i / 60 % 60,
                    i % 60,
                    id % 9_999_999,
                    if id.is_multiple_of(5) { "again" } else { "-17" }
                ),
            }
        };
        (0..20_000).flat_map(|i| line(i).into_bytes()).collect()
    }

    #[test]
    fn every_value_that_holds_the_text_is_a_hit() {
        let raw = log();
        let raw_len = u32::try_from(raw.len()).unwrap();
        let mut excluded = 0;
        for level in [1, 3, 6] {
            let encoded = Encoder::new(level).encode(&raw).unwrap();
            let open = || {
                let means = (&Limits::default(), &Equipment::default());
                BlockView::open(&encoded.sections, &encoded.payload, raw_len, means).unwrap()
            };
            let (mut whole, mut view) = (open(), open());
            for column in 0..whole.columns() {
                let values = whole.column(column).unwrap();
                for text in [
                    "0.1", "17", "007", "a", "ag", "u2", "/bin/", "10.0.3.1", "ff", "-1", "5",
                    "1.02", "F0",
                ] {
                    for folded in [false, true] {
                        let Some(hits) = view.hits(column, text.as_bytes(), folded).unwrap() else {
                            continue;
                        };
                        for (at, value) in values.iter().enumerate() {
                            let value = String::from_utf8_lossy(value).into_owned();
                            let holds = if folded {
                                value.to_lowercase().contains(&text.to_lowercase())
                            } else {
                                value.contains(text)
                            };
                            assert!(hits.holds(at) || !holds, "{text} in {value}, column {column}");
                            excluded += u32::from(!hits.holds(at));
                        }
                    }
                }
            }
        }
        assert!(excluded > 1_000_000, "{excluded}");
    }
}
