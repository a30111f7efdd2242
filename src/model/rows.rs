//! What is known of a value before it is coded (`docs/MODEL-FORMAT.md`, "Contexts of a value").

use crate::line::{MARK, MARK_TIME};
use crate::model::memory::{hash_bytes, join};

/// How many other values of a row are looked at.
pub(crate) const PARENTS: usize = 3;

/// What is known of one value: hashes, 0 where nothing is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// The row's template, and the slot.
    pub(crate) slot: u32,
    /// The templates of the rows before and behind.
    pub(crate) around: u32,
    /// The nearest values of the row that are known, with their slots.
    pub(crate) parents: [u32; PARENTS],
    /// How well the nearest of these was predicted.
    pub(crate) surprise: u32,
}

/// What is known of each value of a column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context(Vec<Known>);

impl Context {
    /// A context in which nothing is known of `values` values.
    pub(crate) fn empty(values: usize) -> Self {
        Self(vec![Known::default(); values])
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The contexts of some of the values.
    pub(crate) fn gather(&self, values: &[u32]) -> Self {
        Self(values.iter().map(|&value| self.at(value as usize)).collect())
    }

    /// What is known of value `at`.
    pub(crate) fn at(&self, at: usize) -> Known {
        self.0.get(at).copied().unwrap_or_default()
    }
}

/// A decoded column, as other columns see it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// A hash of each value.
    pub(crate) hashes: Vec<u32>,
    /// How well each was predicted: 0 as well as can be.
    pub(crate) surprises: Vec<u8>,
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
        Context(places.iter().map(|&(row, slot)| self.known(row as usize, slot)).collect())
    }

    fn known(&self, row: usize, slot: u32) -> Known {
        let id = |row: usize| self.ids.get(row).map_or(0, |id| id + 1);
        let outer = self.outer.at(row);
        let before = if row > 0 { id(row - 1) } else { 0 };
        let mut known = Known {
            slot: join(join(outer.slot, id(row)), slot),
            around: join(join(outer.around, before), id(row + 1)),
            parents: [0; PARENTS],
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
        let mut from_outer = outer.parents.into_iter();
        for (known, parent) in known.parents.iter_mut().zip(parents) {
            *known = match parent {
                Some(parent) => {
                    let hash = self.hashes.get((start + parent) as usize).copied().unwrap_or(0);
                    join(hash, parent.wrapping_sub(slot))
                }
                None => from_outer.next().unwrap_or(0),
            };
        }
        known
    }

    /// The values of a column have become known.
    pub(crate) fn set(&mut self, column: usize, seen: &Seen) {
        let places = self.places.get(column).map_or(&[][..], Vec::as_slice);
        let values = seen.hashes.iter().zip(&seen.surprises);
        for (&(row, slot), (&hash, &surprise)) in places.iter().zip(values) {
            let start = self.starts.get(row as usize).copied().unwrap_or(0);
            let value = (start + slot) as usize;
            if let (Some(h), Some(s)) = (self.hashes.get_mut(value), self.surprises.get_mut(value))
            {
                (*h, *s) = (hash, surprise);
            }
        }
    }
}

/// For each slot, the slots of lower columns: those before it from near to far, then those behind it.
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
            let mut known = before.chain(behind).filter(|(_, other)| *other < column);
            all.push(std::array::from_fn(|_| {
                known.next().and_then(|(at, _)| u32::try_from(at).ok())
            }));
        }
    }
    all
}
