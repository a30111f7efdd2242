//! What encoder and decoder know before a block starts, from a model file (`docs/MODEL-FORMAT.md`, "Given rows").
//!
//! The rows of the sample stand in front of the block's, in the same templates and columns. They are gone through as all
//! rows are, and teach the model, but nothing is stored of them.

use std::collections::HashMap;

use crate::column::Strings;
use crate::line::{MARK, MARK_TIME};
use crate::model::coder::Coder;
use crate::model::hook::Note;
use crate::model::table::Table;
use crate::model::trained::ModelFile;
use crate::template::Parsed;

/// Stands for a coder where both sides know what comes.
pub(crate) struct Told<'a>(pub(crate) &'a mut dyn Coder);

impl Coder for Told<'_> {
    fn bit(&mut self, bit: u32, p: u32) -> u32 {
        self.0.told(bit, p);
        bit
    }

    fn note(&mut self, note: Note<'_>) {
        self.0.note(note);
    }
}

/// Puts the rows of a block behind those that are given. `parsed` has both, its templates and columns being its own: in
/// what comes of it, the templates and columns of `given` come first. `None` if `parsed` does not have these rows.
pub(crate) fn behind(given: &Parsed, parsed: &Parsed) -> Option<Parsed> {
    let mut known: HashMap<Vec<u8>, u32> = HashMap::new();
    for (id, template) in (0u32..).zip(&given.templates) {
        known.entry(unmarked(template)).or_insert(id);
    }
    let same = parsed.templates.iter().map(|template| known.get(&unmarked(template)).copied());
    let mut templates: Vec<Option<u32>> = same.collect();
    let (slots, given_slots) = (Slots::of(parsed), Slots::of(given));
    let mut readers: Vec<_> = parsed.columns.iter().map(Strings::iter).collect();
    let mut columns = alike(given, (parsed, &slots), &mut readers)?;
    let mut whole = given.clone();
    for &id in parsed.ids.get(given.ids.len()..)? {
        let old = slots.columns(parsed, id)?;
        let template = templates.get_mut(id as usize)?;
        if template.is_none() {
            *template = u32::try_from(whole.templates.len()).ok();
            whole.templates.push(parsed.templates.get(id as usize)?.clone());
            for &column in old {
                let next = u32::try_from(whole.columns.len()).ok()?;
                let number = *columns.get_mut(column as usize)?.get_or_insert(next);
                if number == next {
                    whole.columns.push(Strings::default());
                }
                whole.slot_columns.push(number);
            }
        }
        let template = (*template)?;
        whole.ids.push(template);
        let own = given_slots.columns(given, template);
        for (slot, &old) in old.iter().enumerate() {
            let new = match own {
                Some(own) => own.get(slot).copied(),
                None => columns.get(old as usize).copied().flatten(),
            };
            let value = readers.get_mut(old as usize)?.next()?;
            whole.columns.get_mut(new? as usize)?.push(value);
        }
    }
    Some(whole)
}

/// For each column of `parsed`, the column of `given` that has its values where both take the same lines apart: the first
/// one in which a value starts at the same place. Takes the values of these lines from `readers`.
fn alike<'a>(
    given: &Parsed,
    (parsed, slots): (&Parsed, &Slots),
    readers: &mut [impl Iterator<Item = &'a [u8]>],
) -> Option<Vec<Option<u32>>> {
    let given_slots = Slots::of(given);
    let mut given_readers: Vec<_> = given.columns.iter().map(Strings::iter).collect();
    let mut columns = vec![None; parsed.columns.len()];
    let (mut places, mut given_places) = (Vec::new(), Vec::new());
    for (&id, &given_id) in parsed.ids.iter().zip(&given.ids) {
        place(parsed, slots, id, readers, &mut places)?;
        place(given, &given_slots, given_id, &mut given_readers, &mut given_places)?;
        let mut others = given_places.iter().peekable();
        for (at, column) in &places {
            while others.next_if(|(other, _)| other < at).is_some() {}
            if let Some((_, other)) = others.next_if(|(other, _)| other == at) {
                columns.get_mut(*column as usize)?.get_or_insert(*other);
            }
        }
    }
    Some(columns)
}

/// Where the values of a row start, with their columns.
fn place<'a>(
    parsed: &Parsed,
    slots: &Slots,
    id: u32,
    readers: &mut [impl Iterator<Item = &'a [u8]>],
    places: &mut Vec<(usize, u32)>,
) -> Option<()> {
    places.clear();
    let template = parsed.templates.get(id as usize)?;
    let mut at = 0;
    let pieces = template.split(|&byte| is_mark(byte));
    for (piece, &column) in pieces.zip(slots.columns(parsed, id)?) {
        at += piece.len();
        places.push((at, column));
        at += readers.get_mut(column as usize)?.next()?.len();
    }
    Some(())
}

/// The number of each template's first slot, and of all slots.
struct Slots(Vec<usize>);

impl Slots {
    fn of(parsed: &Parsed) -> Self {
        let slots = parsed.templates.iter().scan(0, |slots, template| {
            *slots += template.iter().filter(|&&byte| is_mark(byte)).count();
            Some(*slots)
        });
        Self(std::iter::once(0).chain(slots).collect())
    }

    /// The columns of a template's slots; `None` if there is no such template.
    fn columns<'a>(&self, parsed: &'a Parsed, id: u32) -> Option<&'a [u32]> {
        let slots = self.0.get(id as usize..id as usize + 2)?;
        parsed.slot_columns.get(*slots.first()?..*slots.last()?)
    }
}

/// How much is given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    pub(crate) templates: usize,
    pub(crate) rows: usize,
    /// Raw bytes.
    pub(crate) bytes: usize,
    /// Values of each column.
    values: Vec<usize>,
}

impl Given {
    /// What a model file gives.
    pub(crate) fn of(file: Option<&ModelFile>) -> Self {
        let Some(file) = file else { return Self::default() };
        let rows = file.rows();
        Self {
            templates: rows.templates.len(),
            rows: rows.ids.len(),
            bytes: file.sample().len(),
            values: rows.columns.iter().map(Strings::len).collect(),
        }
    }

    /// Takes it away from a table.
    pub(crate) fn strip(&self, table: Table) -> Table {
        let Table { mut ids, mut columns } = table;
        ids.drain(..self.rows.min(ids.len()));
        for (column, &given) in columns.iter_mut().zip(&self.values) {
            let mut rest = Strings::default();
            column.iter().skip(given).for_each(|value| rest.push(value));
            *column = rest;
        }
        Table { ids, columns }
    }
}

/// Gives the first `given` rows the templates that [`Matcher`] finds for them, and numbers templates by first appearance
/// again. What `parsed` says of all other rows stays. `None` if a row fits no template.
pub(crate) fn rematch(parsed: &Parsed, values: &Strings, given: usize) -> Option<Parsed> {
    let mut parts = Vec::new();
    let mut rows = Vec::with_capacity(values.len());
    {
        let matcher = Matcher::new(&parsed.templates);
        for value in values.iter().take(given) {
            rows.push(matcher.find(value, &mut parts)?);
        }
    }
    rows.extend(parsed.ids.iter().skip(given));
    let slots = Slots::of(parsed);
    let mut numbers: Vec<Option<u32>> = vec![None; parsed.templates.len()];
    let mut columns: Vec<Option<u32>> = vec![None; parsed.columns.len()];
    let mut whole = Parsed::default();
    let mut readers: Vec<_> = parsed.columns.iter().map(Strings::iter).collect();
    let mut told = parts.into_iter();
    for (row, (&id, &old_id)) in rows.iter().zip(&parsed.ids).enumerate() {
        let own = slots.columns(parsed, id)?;
        let number = numbers.get_mut(id as usize)?;
        if number.is_none() {
            *number = u32::try_from(whole.templates.len()).ok();
            whole.templates.push(parsed.templates.get(id as usize)?.clone());
            for &column in own {
                let next = u32::try_from(whole.columns.len()).ok()?;
                let column = *columns.get_mut(column as usize)?.get_or_insert(next);
                if column == next {
                    whole.columns.push(Strings::default());
                }
                whole.slot_columns.push(column);
            }
        }
        whole.ids.push((*number)?);
        let mut old = slots.columns(parsed, old_id)?.iter();
        for &column in own {
            let new = (*columns.get(column as usize)?)? as usize;
            if row < given {
                let (start, end) = told.next()?;
                whole.columns.get_mut(new)?.push(values.get(row).get(start..end)?);
            } else {
                let value = readers.get_mut(*old.next()? as usize)?.next()?;
                whole.columns.get_mut(new)?.push(value);
            }
        }
        if row < given {
            for &column in old {
                readers.get_mut(column as usize)?.next();
            }
        }
    }
    Some(whole)
}

/// Finds the template of a value, the same one for encoder and decoder.
pub(crate) struct Matcher<'a> {
    /// Number and pieces, those with the most constant text first, of equals those with the least bytes.
    templates: Vec<(u32, Vec<&'a [u8]>)>,
}

impl<'a> Matcher<'a> {
    pub(crate) fn new<T: AsRef<[u8]>>(templates: &'a [T]) -> Self {
        let mut all: Vec<(u32, &[u8])> = (0..).zip(templates.iter().map(T::as_ref)).collect();
        all.sort_by_key(|&(number, text)| (usize::MAX - constant(text), unmarked(text), number));
        let pieces = |text: &'a [u8]| text.split(|&byte| is_mark(byte)).collect();
        Self { templates: all.into_iter().map(|(n, text)| (n, pieces(text))).collect() }
    }

    /// The template that `value` fits; where the value of each of its slots starts and ends goes to `parts`.
    pub(crate) fn find(&self, value: &[u8], parts: &mut Vec<(usize, usize)>) -> Option<u32> {
        let before = parts.len();
        for (number, pieces) in &self.templates {
            if fit(pieces, value, parts).is_some() {
                return Some(*number);
            }
            parts.truncate(before);
        }
        None
    }
}

/// Every slot but the last is as short as it can be.
fn fit(pieces: &[&[u8]], value: &[u8], parts: &mut Vec<(usize, usize)>) -> Option<()> {
    let (first, rest) = pieces.split_first()?;
    let mut at = first.len();
    if !value.starts_with(first) {
        return None;
    }
    let Some((last, middle)) = rest.split_last() else { return (at == value.len()).then_some(()) };
    let end = value.len().checked_sub(last.len()).filter(|&end| end >= at)?;
    if !value.ends_with(last) {
        return None;
    }
    for piece in middle {
        let found = at + memchr::memmem::find(value.get(at..end)?, piece)?;
        parts.push((at, found));
        at = found + piece.len();
    }
    parts.push((at, end));
    Some(())
}

fn constant(template: &[u8]) -> usize {
    template.iter().filter(|&&byte| !is_mark(byte)).count()
}

fn is_mark(byte: u8) -> bool {
    byte == MARK || byte == MARK_TIME
}

/// With one mark for all slots.
fn unmarked(template: &[u8]) -> Vec<u8> {
    template.iter().map(|&byte| if byte == MARK_TIME { MARK } else { byte }).collect()
}
