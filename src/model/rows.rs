//! What is known of a value before it is coded (`docs/MODEL-FORMAT.md`, "Contexts of a value").

use crate::line::{MARK, MARK_TIME};
use crate::model::memory::{hash_bytes, join};

/// How many other values of a row are looked at.
pub(crate) const PARENTS: usize = 4;

/// What is known of one value: hashes, 0 where nothing is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// Numbers of the row's template and of the slot, for those who want to be told.
    pub(crate) place: (u32, u32),
    /// The row's template, and the slot.
    pub(crate) slot: u32,
    /// The templates of the rows before and behind.
    pub(crate) around: u32,
    /// The template of the row before.
    pub(crate) before: u32,
    /// The nearest values of the row that are known, with their slots.
    pub(crate) parents: [u32; PARENTS],
    /// Where these values lie in the pool, as text; 0 where there is none.
    pub(crate) texts: [u32; PARENTS],
    /// These values as numbers.
    pub(crate) numbers: [i64; PARENTS],
    /// How well the nearest of these was predicted.
    pub(crate) surprise: u32,
}

impl Known {
    /// The hash, text, and number of a parent.
    fn parent(&self, n: usize) -> (u32, u32, i64) {
        let hash = self.parents.get(n).copied().unwrap_or(0);
        let text = self.texts.get(n).copied().unwrap_or(0);
        (hash, text, self.numbers.get(n).copied().unwrap_or(0))
    }
}

/// What is known of each value of a column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    known: Vec<Known>,
    /// So many values, the first ones, are given: nothing is stored of them.
    given: usize,
}

impl Context {
    /// A context in which nothing is known of `values` values, but the first `given` themselves.
    pub(crate) fn empty(values: usize, given: usize) -> Self {
        Self { known: vec![Known::default(); values], given }
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// Number of values that are given.
    pub(crate) fn given(&self) -> usize {
        self.given
    }

    /// The contexts of some of the values, in order.
    pub(crate) fn gather(&self, values: &[u32]) -> Self {
        Self {
            known: values.iter().map(|&value| self.at(value as usize)).collect(),
            given: values.iter().filter(|&&value| (value as usize) < self.given).count(),
        }
    }

    /// What is known of value `at`.
    pub(crate) fn at(&self, at: usize) -> Known {
        self.known.get(at).copied().unwrap_or_default()
    }
}

/// A decoded column, as other columns see it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// A hash of each value.
    pub(crate) hashes: Vec<u32>,
    /// How well each was predicted: 0 as well as can be.
    pub(crate) surprises: Vec<u8>,
    /// Where each starts in the pool.
    pub(crate) texts: Vec<u32>,
    /// Each as a number.
    pub(crate) numbers: Vec<i64>,
}

/// The shape of a table: templates and the columns of their slots.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Number of each template's first slot, and of all slots.
    first_slots: Vec<usize>,
    slot_columns: Vec<u32>,
    /// The constant text in front of a column's first slot, hashed.
    keywords: Vec<u32>,
}

impl Shape {
    /// `None` if the slots of the templates are not as many as `slot_columns`, or these are not numbered one up.
    pub(crate) fn of(templates: &[&[u8]], slot_columns: Vec<u32>) -> Option<Self> {
        let mut first_slots = vec![0];
        let mut keywords = Vec::new();
        let mut slot = 0;
        for template in templates {
            let is_mark = |byte: &u8| *byte == MARK || *byte == MARK_TIME;
            let mut start = 0;
            for (at, _) in template.iter().enumerate().filter(|(_, byte)| is_mark(byte)) {
                let &column = slot_columns.get(slot)?;
                if column as usize == keywords.len() {
                    let text = template.get(start..at).unwrap_or_default();
                    keywords.push(hash_bytes(text.get(text.len().saturating_sub(12)..)?));
                } else if column as usize > keywords.len() {
                    return None;
                }
                slot += 1;
                start = at + 1;
            }
            first_slots.push(slot);
        }
        (slot == slot_columns.len()).then_some(Self { first_slots, slot_columns, keywords })
    }

    /// The column of each slot of all templates.
    pub(crate) fn slot_columns(&self) -> &[u32] {
        &self.slot_columns
    }

    /// Number of templates.
    pub(crate) fn templates(&self) -> usize {
        self.first_slots.len() - 1
    }

    /// Number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.keywords.len()
    }

    /// The hash of the constant text in front of a column.
    pub(crate) fn keyword(&self, column: usize) -> u32 {
        self.keywords.get(column).copied().unwrap_or(0)
    }

    /// The columns of a template's slots.
    pub(crate) fn columns_of(&self, template: u32) -> &[u32] {
        let template = template as usize;
        match self.first_slots.get(template..template + 2) {
            Some(&[start, end]) => self.slot_columns.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// The values of a table's rows as they become known, column by column.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    shape: &'a Shape,
    ids: &'a [u32],
    outer: &'a Context,
    /// Where each row's values start in `hashes`, and their number.
    starts: Vec<u32>,
    hashes: Vec<u32>,
    surprises: Vec<u8>,
    texts: Vec<u32>,
    numbers: Vec<i64>,
    /// For each column, its values: the row, and the slot in it.
    places: Vec<Vec<(u32, u32)>>,
    /// For each slot of each template, the nearest slots known by then.
    parents: Vec<[Option<u32>; PARENTS]>,
}

impl<'a> Rows<'a> {
    /// Rows of which nothing but the templates is known.
    pub(crate) fn new(shape: &'a Shape, ids: &'a [u32], outer: &'a Context) -> Self {
        let mut places = vec![Vec::new(); shape.columns()];
        let mut starts = Vec::with_capacity(ids.len() + 1);
        let mut start = 0u32;
        for (row, &id) in (0u32..).zip(ids) {
            starts.push(start);
            for (slot, &column) in (0u32..).zip(shape.columns_of(id)) {
                if let Some(places) = places.get_mut(column as usize) {
                    places.push((row, slot));
                }
                start += 1;
            }
        }
        let values = start as usize;
        Self {
            shape,
            ids,
            outer,
            starts,
            hashes: vec![0; values],
            surprises: vec![0; values],
            texts: vec![0; values],
            numbers: vec![0; values],
            places,
            parents: parents(shape),
        }
    }

    /// Number of values of a column.
    pub(crate) fn values(&self, column: usize) -> usize {
        self.places.get(column).map_or(0, Vec::len)
    }

    /// What is known of the values of a column, when those of all columns before it are.
    pub(crate) fn context(&self, column: usize) -> Context {
        let places = self.places.get(column).map_or(&[][..], Vec::as_slice);
        let given = |&&(row, _): &&(u32, u32)| (row as usize) < self.outer.given;
        Context {
            known: places.iter().map(|&(row, slot)| self.known(row as usize, slot)).collect(),
            given: places.iter().take_while(given).count(),
        }
    }

    fn known(&self, row: usize, slot: u32) -> Known {
        let id = |row: usize| self.ids.get(row).map_or(0, |id| id + 1);
        let outer = self.outer.at(row);
        let before = if row > 0 { id(row - 1) } else { 0 };
        let mut known = Known {
            place: (self.ids.get(row).copied().unwrap_or(0), slot),
            slot: join(join(outer.slot, id(row)), slot),
            around: join(join(outer.around, before), id(row + 1)),
            before: join(outer.before, before),
            parents: [0; PARENTS],
            texts: [0; PARENTS],
            numbers: [0; PARENTS],
            surprise: outer.surprise,
        };
        let start = self.starts.get(row).copied().unwrap_or(0);
        let template = self.ids.get(row).copied().unwrap_or(0) as usize;
        let first = self.shape.first_slots.get(template).copied().unwrap_or(0);
        let parents = self.parents.get(first + slot as usize).copied().unwrap_or_default();
        if let [Some(nearest), ..] = parents {
            let surprise = self.surprises.get((start + nearest) as usize);
            known.surprise = surprise.copied().unwrap_or(0).into();
        }
        let mut from_outer = 0..PARENTS;
        for (n, parent) in parents.into_iter().enumerate() {
            let (hash, text, number) = if let Some(parent) = parent {
                let at = (start + parent) as usize;
                let hash = self.hashes.get(at).copied().unwrap_or(0);
                let text = self.texts.get(at).copied().unwrap_or(0);
                let number = self.numbers.get(at).copied().unwrap_or(0);
                (join(hash, parent.wrapping_sub(slot)), text, number)
            } else {
                let n = from_outer.next().unwrap_or(0);
                outer.parent(n)
            };
            if let (Some(h), Some(t), Some(v)) =
                (known.parents.get_mut(n), known.texts.get_mut(n), known.numbers.get_mut(n))
            {
                (*h, *t, *v) = (hash, text, number);
            }
        }
        known
    }

    /// The values of a column have become known.
    pub(crate) fn set(&mut self, column: usize, seen: &Seen) {
        let places = self.places.get(column).map_or(&[][..], Vec::as_slice);
        for (at, &(row, slot)) in places.iter().enumerate() {
            let value = self.starts.get(row as usize).copied().unwrap_or(0) + slot;
            let value = value as usize;
            put(&mut self.hashes, value, seen.hashes.get(at));
            put(&mut self.surprises, value, seen.surprises.get(at));
            put(&mut self.texts, value, seen.texts.get(at));
            put(&mut self.numbers, value, seen.numbers.get(at));
        }
    }
}

fn put<T: Copy>(all: &mut [T], at: usize, value: Option<&T>) {
    if let (Some(place), Some(&value)) = (all.get_mut(at), value) {
        *place = value;
    }
}

/// The last run of digits of a value as a number, its last 18 digits at most; 0 if it has none.
pub(crate) fn number_in(value: &[u8]) -> i64 {
    let digits = value.iter().rev().skip_while(|byte| !byte.is_ascii_digit());
    let digits = digits.take_while(|byte| byte.is_ascii_digit()).take(18);
    let mut number = 0;
    let mut place = 1;
    for &digit in digits {
        number += i64::from(digit - b'0') * place;
        place *= 10;
    }
    number
}

/// For each slot, the slots of lower columns: those before it from near to far, then those behind it; the last of the
/// parents is the first such slot of the row.
fn parents(shape: &Shape) -> Vec<[Option<u32>; PARENTS]> {
    let mut all = Vec::with_capacity(shape.slot_columns.len());
    for template in 0u32.. {
        if template as usize >= shape.templates() {
            break;
        }
        let columns = shape.columns_of(template);
        for (slot, column) in columns.iter().enumerate() {
            let before = columns.iter().enumerate().take(slot).rev();
            let behind = columns.iter().enumerate().skip(slot + 1);
            let known = before.chain(behind).filter(|(_, other)| *other < column);
            let mut known = known.filter_map(|(at, _)| u32::try_from(at).ok());
            let mut nearest: [Option<u32>; PARENTS] =
                std::array::from_fn(|n| if n + 1 < PARENTS { known.next() } else { None });
            let first = columns.iter().position(|other| other < column);
            let first = first.and_then(|first| u32::try_from(first).ok());
            let [.., last] = &mut nearest;
            *last = first;
            all.push(nearest);
        }
    }
    all
}
