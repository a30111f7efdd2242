//! Which rows of a table hold what is looked for.

use std::rc::Rc;

use crate::block::hits::{Found, Hits};
use crate::block::pick::scope::Moments;
use crate::block::pick::{Picked, Picker, Stop};
use crate::block::tree::Table;
use crate::block::wanted::{self, Asked, Condition, Known, Rows, Wanted};
use crate::error::Result;
use crate::predicate::{Fit, Part, Place, Reach};

/// So many bytes are in too many values to be looked for beside more.
const LIGHT: u64 = 2;

impl<'a> Picker<'a> {
    /// Rows of the block's table that may be wanted: all that are, are among them. `wanted` is that of each template.
    /// `None` if it takes more than `fuel`.
    pub(crate) fn wanted(&mut self, wanted: &[Wanted], fuel: u64) -> Result<Option<Rows>> {
        self.fuel = fuel;
        let top = Rc::clone(&self.top);
        let table = top.table;
        let mut known = Vec::with_capacity(wanted.len());
        for (template, wanted) in wanted.iter().enumerate() {
            let rows = top.counts.templates.get(template).copied().unwrap_or(0);
            known.push(match wanted {
                Wanted::None => Known::None,
                _ if rows == 0 => Known::None,
                Wanted::All => Known::Any,
                Wanted::Some(places) => {
                    let find = &mut |column, part: &Part| self.find(column, part);
                    match known_of(table, template, places, find) {
                        Ok(known) => known,
                        Err(Stop::Failed(error)) => return Err(error),
                        Err(Stop::Spent | Stop::Whole) => return Ok(None),
                    }
                }
            });
        }
        let mut rows = Rows::default();
        if known.iter().any(|known| !matches!(known, Known::None)) {
            let ids = top.ids().iter().map(|&id| id as usize);
            wanted::rows(table, &known, ids, |row, certain| rows.add(row, certain));
        }
        Ok(Some(rows))
    }

    /// Rows of a nested table that may be what is looked for.
    pub(super) fn find_rows(
        &mut self,
        table: &'a Table,
        count: usize,
        part: &Part,
        (moments, depth): (&Moments<'a>, u32),
    ) -> Picked<Found> {
        let meta = self.meta;
        let alphabets = self.alphabets.entry(std::ptr::from_ref(table));
        let alphabets = alphabets.or_insert_with(|| table.alphabets(meta).into());
        let reaches: Vec<_> = alphabets.iter().map(|alphabet| Reach::of(alphabet, part)).collect();
        let known = (meta, &reaches[..]);
        let fits: Vec<Fit> =
            (0..table.templates()).map(|template| table.fit(known, template, part)).collect();
        if fits.iter().all(|fit| matches!(fit, Fit::Places(places) if places.is_empty())) {
            return Ok(Found::None);
        }
        self.burn(count, 4)?;
        let scope = self.scope(table, count, moments)?;
        let mut find = |column: u32, part: &Part| match self.find_told(&scope, column, part, depth)
        {
            Err(Stop::Whole) => Ok(Rc::new(Found::All)),
            found => found,
        };
        let mut wanted = Vec::with_capacity(fits.len());
        for ((template, mut fit), &rows) in
            fits.into_iter().enumerate().zip(&scope.counts.templates)
        {
            if fit == Fit::Any && rows > 0 {
                fit = refit((meta, &reaches), table, template, part, &mut find)?;
            }
            wanted.push(match fit {
                _ if rows == 0 => Known::None,
                Fit::Always => Known::All,
                Fit::Any => Known::Any,
                Fit::Places(places) => known_of(table, template, &places, &mut find)?,
            });
        }
        if wanted.iter().all(|known| matches!(known, Known::None)) {
            return Ok(Found::None);
        }
        let mut hits = Hits::none(count);
        let ids = scope.ids().iter().map(|&id| id as usize);
        let mut unsure = false;
        wanted::rows(table, &wanted, ids, |row, certain| {
            hits.add(row);
            unsure |= !certain;
        });
        Ok(hits.but_unsure(unsure).found(count))
    }
}

/// Where the rows of a template hold what is looked for, by what values its columns have: without that, there were too many
/// places. `find` tells which values of a column of the table are what is looked for.
fn refit(
    known: (&[u8], &[Reach]),
    table: &Table,
    template: usize,
    part: &Part,
    find: &mut dyn FnMut(u32, &Part) -> Picked<Rc<Found>>,
) -> Picked<Fit> {
    let columns = table.columns_of(template);
    let mut stop = None;
    let fit = table.fit_probed(known, template, part, &mut |slot, part| match columns
        .get(slot)
        .map(|&column| find(column, part))
    {
        Some(Ok(found)) => *found != Found::None,
        Some(Err(why)) => {
            stop = Some(why);
            false
        }
        None => true,
    });
    stop.map_or(Ok(fit), Err)
}

/// What is known of the rows of a template of which those are wanted that have one of some places. `find` tells which values
/// of a column of the table are what is looked for.
fn known_of(
    table: &Table,
    template: usize,
    places: &[Place],
    find: &mut dyn FnMut(u32, &Part) -> Picked<Rc<Found>>,
) -> Picked<Known> {
    let columns = table.columns_of(template);
    let mut some = Vec::new();
    'places: for place in places {
        let mut asked = Asked { conditions: Vec::new(), is_all: true };
        // What asks most is looked for first: if nothing is it, the others need not be.
        let mut place: Vec<_> = place.iter().collect();
        place.sort_by_key(|(_, part)| std::cmp::Reverse(part.weight()));
        for (at, (slot, part)) in place.into_iter().enumerate() {
            let Some(&column) = columns.get(*slot) else { continue };
            if at > 0 && part.weight() <= LIGHT {
                asked.is_all = false;
                continue;
            }
            let found = find(column, part)?;
            asked.is_all &= found.is_sure();
            match *found {
                Found::None => continue 'places,
                Found::All => {}
                Found::Some(_) => {
                    let earlier = columns.iter().take(*slot);
                    let earlier = earlier.filter(|&&other| other == column).count();
                    asked.conditions.push(Condition { column, earlier, found });
                }
            }
        }
        if asked.conditions.is_empty() {
            return Ok(Known::Any);
        }
        some.push(asked);
    }
    Ok(if some.is_empty() { Known::None } else { Known::Some(some) })
}
