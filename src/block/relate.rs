//! Relations across the columns of a table: looked for on some rows, proved on all.
//!
//! The last value of another column may be the value itself, differ from it by little, or have come with the same value
//! last time. What a reader knows of other columns is always their last value before, in the order of rows and slots.

use crate::block::above::Above;
use crate::block::tree::Reference;
use crate::block::typed::Typed;
use crate::column::Strings;
use crate::encoding::integer::{SAMPLE, cheapest};
use crate::encoding::keyed::Keyed;
use crate::template::Parsed;

/// Columns that are looked at for each column: the nearest ones before it in its template.
const CANDIDATES: usize = 12;
/// Columns with fewer values in the sample are not related.
const VALUES_MIN: usize = 24;
/// A relation must save this part of a column's bits, in percent,
const GAIN_PERCENT: u64 = 15;
/// one to a column of the block's table, from within another, one part in so many more,
const TOP_PART: u64 = 8;
/// and this many bits of the whole column: what its parameters cost.
const GAIN_BITS: u64 = 200;
/// Values among which one at least must be the same as another column's.
const GLANCE: usize = 256;
/// Bits of a byte of text, about.
const TEXT_BITS: u64 = 4;

/// How a column is told by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Its value is that one's, but for some.
    Same(Reference),
    /// Its value is what it was when that one's was the same, but for some.
    ByKey(Reference),
    /// Its numbers are taken as differences to that one's.
    Difference(Reference),
    /// Its numbers are taken as differences to those it had when that one's was the same.
    KeyedDifference(Reference),
}

impl Relation {
    /// The column that tells.
    pub(crate) fn other(self) -> Reference {
        let (Self::Same(other)
        | Self::ByKey(other)
        | Self::Difference(other)
        | Self::KeyedDifference(other)) = self;
        other
    }

    /// The column that tells by its number, if it is one of the same table.
    pub(crate) fn by_number(self) -> Option<u32> {
        let other = self.other();
        (!matches!(self, Self::Same(_)) && !other.top).then_some(other.column)
    }

    /// Whether the column's own numbers are not known to readers.
    pub(crate) fn hides(self) -> bool {
        matches!(self, Self::Same(_) | Self::ByKey(_))
    }
}

/// A table, and what stands above it if it is nested.
#[derive(Clone, Copy)]
pub(crate) struct Tables<'a> {
    pub(crate) parsed: &'a Parsed,
    pub(crate) typed: &'a [Typed],
    pub(crate) above: Option<&'a Above<'a>>,
}

impl<'a> Tables<'a> {
    /// The text of a column.
    pub(crate) fn text(self, of: Reference) -> Option<&'a Strings> {
        if of.top {
            self.above?.text(of.column)
        } else {
            self.parsed.columns.get(of.column as usize)
        }
    }

    /// The numbers of a column, by which a reader can tell values apart.
    pub(crate) fn numbers(self, of: Reference) -> Option<&'a [i64]> {
        if of.top {
            self.above?.numbers(of.column)
        } else {
            self.typed.get(of.column as usize)?.numbers()
        }
    }

    fn is_dictionary(self, of: Reference) -> bool {
        if of.top {
            self.above.is_some_and(|above| above.is_dictionary(of.column))
        } else {
            matches!(self.typed.get(of.column as usize), Some(Typed::Dictionary { .. }))
        }
    }
}

/// For each column, how it is told by another one.
pub(crate) fn relate(tables: Tables<'_>, rows: usize) -> Vec<Option<Relation>> {
    let Tables { parsed, typed, .. } = tables;
    let mut relations: Vec<Option<Relation>> = vec![None; typed.len()];
    let sample = Sample::take(tables, rows);
    // Whether a column's number must stay known, as others are told by it.
    let mut pinned = vec![false; typed.len()];
    for (column, pairs) in sample.pairs.iter().enumerate() {
        let Some(values) = sample.values.get(column).filter(|v| v.len() >= VALUES_MIN) else {
            continue;
        };
        let all = parsed.columns.get(column).map_or(0, Strings::len);
        let view = View { tables, column, values };
        let plain = view.plain();
        let mut best = (plain, None);
        for (other, places) in pairs {
            let told = relations.get(other.column as usize).copied().flatten();
            let hidden = !other.top && told.is_some_and(Relation::hides);
            let may_hide = !pinned.get(column).copied().unwrap_or(true);
            for (bits, relation) in view.costs(*other, places, plain) {
                // What is above is told from by decoding whole lines, which must pay more than a little.
                let bits = if other.top { bits + plain / TOP_PART } else { bits };
                let by_number = relation.by_number().is_some();
                if bits < best.0 && !(by_number && hidden) && (may_hide || !relation.hides()) {
                    best = (bits, Some(relation));
                }
            }
        }
        let (bits, relation) = best;
        let gain = plain.saturating_sub(bits);
        let of_all = (gain * all as u64).checked_div(values.len() as u64).unwrap_or(0);
        if gain * 100 >= plain * GAIN_PERCENT && of_all >= GAIN_BITS {
            if let Some(other) = relation.and_then(Relation::by_number)
                && let Some(pinned) = pinned.get_mut(other as usize)
            {
                *pinned = true;
            }
            if let Some(place) = relations.get_mut(column) {
                *place = relation;
            }
        }
    }
    relations
}

/// The other columns of a column, each with the index of its last value (plus one; 0 for none) at each of the column's.
type Pairs = Vec<(Reference, Vec<u32>)>;

/// What some rows tell.
struct Sample {
    /// The indices of each column's values in the sample.
    values: Vec<std::ops::Range<usize>>,
    pairs: Vec<Pairs>,
}

impl Sample {
    /// Takes `rows` rows from the middle.
    fn take(Tables { parsed, typed, above }: Tables<'_>, rows: usize) -> Self {
        let slots = slots(parsed);
        let skip = parsed.ids.len().saturating_sub(rows) / 2;
        let (before, after) = parsed.ids.split_at_checked(skip).unwrap_or_default();
        let sampled = after.get(..rows.min(after.len())).unwrap_or_default();
        let mut next = vec![0u32; typed.len()];
        for (own, rows) in slots.iter().zip(rows_of(before, slots.len())) {
            for &column in *own {
                if let Some(next) = next.get_mut(column as usize) {
                    *next += rows;
                }
            }
        }
        let first = next.clone();
        let tops: Vec<u32> = above.into_iter().flat_map(Above::others).collect();
        let places_of: Vec<_> = above
            .map(|above| tops.iter().map(|&other| above.places(other)).collect())
            .unwrap_or_default();
        let with_tops = |(column, own): (u32, Vec<u32>)| -> Pairs {
            // What does not vary needs no other.
            let tops = if varies(typed, column) { &tops[..] } else { &[] };
            let named = |(top, columns): (bool, &[u32])| {
                let reference = |&column: &u32| (Reference { column, top }, Vec::new());
                columns.iter().map(reference).collect::<Vec<_>>()
            };
            [(false, &own[..]), (true, tops)].into_iter().flat_map(named).collect()
        };
        let own = candidates(&slots, sampled, typed, None);
        let mut pairs: Vec<Pairs> = (0..).zip(own).map(with_tops).collect();
        for (row, &id) in (skip..).zip(sampled) {
            for &column in slots.get(id as usize).copied().unwrap_or_default() {
                let pairs =
                    pairs.get_mut(column as usize).map(Vec::as_mut_slice).unwrap_or_default();
                let (own, above) =
                    pairs.split_at_mut(pairs.partition_point(|(other, _)| !other.top));
                for (other, places) in own {
                    places.push(next.get(other.column as usize).copied().unwrap_or(0));
                }
                for ((_, places), place) in above.iter_mut().zip(&places_of) {
                    places.push(place(row));
                }
                if let Some(next) = next.get_mut(column as usize) {
                    *next += 1;
                }
            }
        }
        let range = |(&first, &next): (&u32, &u32)| first as usize..next as usize;
        Self { values: first.iter().zip(&next).map(range).collect(), pairs }
    }
}

/// The columns of each template's slots.
pub(crate) fn slots(parsed: &Parsed) -> Vec<&[u32]> {
    let mut rest = &parsed.slot_columns[..];
    let slots = parsed.templates.iter().map(|template| {
        let count = template.iter().filter(|&&byte| byte <= crate::line::MARK_TIME).count();
        let (own, after) = rest.split_at_checked(count).unwrap_or_default();
        rest = after;
        own
    });
    slots.collect()
}

/// Number of rows of each template.
fn rows_of(ids: &[u32], templates: usize) -> Vec<u32> {
    let mut rows = vec![0u32; templates];
    for &id in ids {
        if let Some(rows) = rows.get_mut(id as usize) {
            *rows += 1;
        }
    }
    rows
}

fn varies(typed: &[Typed], column: u32) -> bool {
    !matches!(typed.get(column as usize), None | Some(Typed::Constant))
}

/// For each column that may be told by others (or for one only), those that stand before it in the template it is most often
/// in.
pub(crate) fn candidates(
    slots: &[&[u32]],
    ids: &[u32],
    typed: &[Typed],
    only: Option<u32>,
) -> Vec<Vec<u32>> {
    let rows = rows_of(ids, slots.len());
    let mut best = vec![(0, &[][..], 0); typed.len()];
    for (own, &rows) in slots.iter().zip(&rows).filter(|&(_, &rows)| rows > 0) {
        for (at, &column) in own.iter().enumerate() {
            match best.get_mut(column as usize) {
                Some(best) if rows > best.0 => *best = (rows, *own, at),
                _ => {}
            }
        }
    }
    let of = |(column, (_, own, at)): (u32, (u32, &[u32], usize))| {
        let mut others: Vec<u32> = Vec::new();
        if varies(typed, column) && only.is_none_or(|only| only == column) {
            for &other in own.get(..at).unwrap_or_default().iter().rev() {
                if other != column && varies(typed, other) && !others.contains(&other) {
                    others.push(other);
                }
                if others.len() == CANDIDATES {
                    break;
                }
            }
        }
        others
    };
    (0..).zip(best).map(of).collect()
}

/// A column in the sample.
struct View<'a> {
    tables: Tables<'a>,
    column: usize,
    values: &'a std::ops::Range<usize>,
}

impl<'a> View<'a> {
    /// Numbers of the column's values in the sample.
    fn numbers(&self) -> Option<&'a [i64]> {
        self.tables.typed.get(self.column)?.numbers()?.get(self.values.clone())
    }

    /// About the bits of the column without any relation.
    fn plain(&self) -> u64 {
        if let Some(numbers) = self.numbers() {
            return cheapest(numbers).0;
        }
        let text = self.tables.parsed.columns.get(self.column);
        let len = |at| text.map_or(0, |text| text.get(at).len() as u64 + 1);
        self.values.clone().map(len).sum::<u64>() * TEXT_BITS
    }

    /// About the bits of the column with each relation to `other`.
    fn costs(&self, other: Reference, places: &[u32], plain: u64) -> Vec<(u64, Relation)> {
        let mut costs = Vec::new();
        let count = self.values.len() as u64;
        let missed = |misses: u64| {
            let each = u64::from(count.checked_div(misses).unwrap_or(0).max(1).ilog2()) + 2;
            misses * (plain / count.max(1) + each)
        };
        let own = self.tables.parsed.columns.get(self.column);
        let (Some(own), Some(text)) = (own, self.tables.text(other)) else {
            return costs;
        };
        let last = |&place: &u32| text.get((place as usize).wrapping_sub(1));
        let pairs = || self.values.clone().zip(places);
        let same = |&(at, place): &(usize, &u32)| own.get(at) == last(place);
        if pairs().take(GLANCE).any(|pair| same(&pair)) {
            let hits = pairs().filter(same).count() as u64;
            costs.push((missed(count - hits), Relation::Same(other)));
        }
        let Some(keys) = self.tables.numbers(other) else { return costs };
        let key = |&place: &u32| place.checked_sub(1).and_then(|at| keys.get(at as usize)).copied();
        let mut known: Keyed<usize> = Keyed::default();
        let mut misses = 0;
        for (at, place) in pairs() {
            if misses > count * 7 / 8 {
                break;
            }
            let key = key(place).unwrap_or(0);
            // A value that has not been seen counts as empty; the place before the sample stands for it.
            let before = known.get(key).map_or(&b""[..], |before| own.get(before));
            misses += u64::from(before != own.get(at));
            if let Some(known) = known.entry(key) {
                *known = at;
            }
        }
        if misses <= count * 7 / 8 {
            costs.push((missed(misses), Relation::ByKey(other)));
        }
        if let Some(numbers) = self.numbers()
            && !matches!(self.tables.typed.get(self.column), Some(Typed::Dictionary { .. }))
        {
            let pairs = numbers.iter().zip(places);
            // Most relations are none, which the last values of the sample show: by then keys have come before. Few values
            // err, so that what is a little worse than none is looked at as well.
            let glance = |numbers: &[i64]| {
                let start = numbers.len().min(SAMPLE).saturating_sub(GLANCE);
                cheapest(
                    numbers.get(start..).map_or(&[], |rest| rest.get(..GLANCE).unwrap_or(rest)),
                )
                .0
            };
            let own = glance(numbers);
            let may_pay = |numbers: &[i64]| glance(numbers) <= own + own / 4;
            if !self.tables.is_dictionary(other) {
                let difference =
                    |(number, place): (&i64, _)| number.wrapping_sub(key(place).unwrap_or(0));
                let differences: Vec<i64> = pairs.clone().map(difference).collect();
                if may_pay(&differences) {
                    costs.push((cheapest(&differences).0, Relation::Difference(other)));
                }
            }
            let mut known: Keyed<i64> = Keyed::default();
            let keyed =
                pairs.map(|(number, place)| keyed(&mut known, key(place).unwrap_or(0), *number));
            let keyed: Vec<i64> = keyed.collect();
            if may_pay(&keyed) {
                costs.push((cheapest(&keyed).0, Relation::KeyedDifference(other)));
            }
        }
        costs
    }
}

/// The difference of `number` to the last one of its key.
fn keyed(known: &mut Keyed<i64>, key: i64, number: i64) -> i64 {
    match known.entry(key) {
        Some(known) => number.wrapping_sub(std::mem::replace(known, number)),
        None => number,
    }
}

/// The values of a column that another one does not tell, and how many it tells before each.
#[derive(Debug, Default)]
pub(crate) struct Missed {
    pub(crate) gaps: Vec<i64>,
    pub(crate) values: Strings,
}

/// For each column that another tells, the index of that one's last value (plus one; 0 for none) at each of its values.
pub(crate) fn places(
    Tables { parsed, above, .. }: Tables<'_>,
    relations: &[Option<Relation>],
) -> Vec<Vec<u32>> {
    let mut places = vec![Vec::new(); relations.len()];
    if relations.iter().all(Option::is_none) {
        return places;
    }
    let others: Vec<Option<Reference>> =
        relations.iter().map(|relation| relation.map(Relation::other)).collect();
    let of_top = |other: &Option<Reference>| {
        let other = other.filter(|other| other.top)?;
        Some(above?.places(other.column))
    };
    let tops: Vec<_> = others.iter().map(of_top).collect();
    let slots = slots(parsed);
    let mut next = vec![0u32; relations.len()];
    for (row, &id) in parsed.ids.iter().enumerate() {
        for &column in slots.get(id as usize).copied().unwrap_or_default() {
            let column = column as usize;
            if let Some(other) = others.get(column).copied().flatten() {
                let last = match tops.get(column).and_then(Option::as_ref) {
                    Some(place) => place(row),
                    None => next.get(other.column as usize).copied().unwrap_or(0),
                };
                if let Some(places) = places.get_mut(column) {
                    places.push(last);
                }
            }
            if let Some(next) = next.get_mut(column) {
                *next += 1;
            }
        }
    }
    places
}

/// A walk over all values of one column, and what another that tells it was.
pub(crate) struct Proof<'a> {
    pub(crate) own: &'a Strings,
    pub(crate) other: &'a Strings,
    /// The other's last value at each of the column's (see [`places`]).
    pub(crate) places: &'a [u32],
}

impl Proof<'_> {
    /// Calls `each` with the index of each value of the column, and the index of the other's last value before it.
    fn walk(&self, mut each: impl FnMut(usize, Option<usize>)) {
        for (at, &place) in self.places.iter().enumerate() {
            each(at, (place as usize).checked_sub(1));
        }
    }

    /// What is missed if the column is the other one.
    pub(crate) fn same(&self) -> Missed {
        let (own, other) = (self.own, self.other);
        let mut missed = Missed::default();
        let mut hits = 0;
        self.walk(|at, last| {
            let value = own.get(at);
            let hit = value == last.map_or(&b""[..], |last| other.get(last));
            missed.add(hit, value, &mut hits);
        });
        missed
    }

    /// What is missed if the column is as it was when the other had the same number.
    pub(crate) fn by_key(&self, keys: &[i64]) -> Missed {
        let own = self.own;
        let mut missed = Missed::default();
        let mut hits = 0;
        let mut known: Keyed<Option<usize>> = Keyed::default();
        self.walk(|at, last| {
            let value = own.get(at);
            let key = last.and_then(|last| keys.get(last)).copied().unwrap_or(0);
            let before = known.get(key).flatten();
            let hit = value == before.map_or(&b""[..], |before| own.get(before));
            missed.add(hit, value, &mut hits);
            if let Some(known) = known.entry(key) {
                *known = Some(at);
            }
        });
        missed
    }

    /// Differences to the other's numbers.
    pub(crate) fn differences(&self, numbers: &[i64], others: &[i64]) -> Vec<i64> {
        let mut differences = Vec::with_capacity(numbers.len());
        self.walk(|at, last| {
            let other = last.and_then(|last| others.get(last)).copied().unwrap_or(0);
            differences.push(numbers.get(at).copied().unwrap_or(0).wrapping_sub(other));
        });
        differences
    }

    /// Differences to the number that was there when the other had the same one.
    pub(crate) fn keyed_differences(&self, numbers: &[i64], keys: &[i64]) -> Vec<i64> {
        let mut differences = Vec::with_capacity(numbers.len());
        let mut known = Keyed::default();
        self.walk(|at, last| {
            let key = last.and_then(|last| keys.get(last)).copied().unwrap_or(0);
            differences.push(keyed(&mut known, key, numbers.get(at).copied().unwrap_or(0)));
        });
        differences
    }
}

impl Missed {
    /// The numbers of the values that are missed.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        let mut next = 0;
        let number = |gap: &i64| {
            let at = next + gap;
            next = at + 1;
            u32::try_from(at).unwrap_or(u32::MAX)
        };
        self.gaps.iter().map(number).collect()
    }

    fn add(&mut self, hit: bool, value: &[u8], hits: &mut i64) {
        if hit {
            *hits += 1;
        } else {
            self.gaps.push(std::mem::take(hits));
            self.values.push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::tests::round_trip;
    use crate::line::Rows;
    use crate::template::{Mode, parse};

    const ROWS: u32 = 2000;
    /// Rows without relation: more than a glance takes.
    const UNRELATED: u32 = 300;

    /// Lines of a number without order, and one that is a little more from row to row of `near`, else one of its own.
    fn lines(near: std::ops::Range<u32>) -> Vec<u8> {
        let noise = |i: u32| (i.wrapping_mul(2_654_435_761) ^ i << 7).wrapping_mul(2_246_822_519);
        let line = |i: u32| {
            let first = 1_000_000 + (noise(i) >> 12);
            let own = noise(i + ROWS);
            let second = if near.contains(&i) { first + 1 + own % 7 } else { own >> 28 };
            format!("job {first} took {second} ms\n")
        };
        (0..ROWS).map(line).collect::<String>().into_bytes()
    }

    /// How the second number is told by the first.
    fn relation(raw: &[u8]) -> Option<Relation> {
        let parsed = parse(&Rows::lines(raw.strip_suffix(b"\n")), Mode::Lines);
        assert_eq!(parsed.columns.len(), 2);
        let typed: Vec<Typed> = parsed.columns.iter().map(Typed::of).collect();
        let tables = Tables { parsed: &parsed, typed: &typed, above: None };
        let relations = relate(tables, ROWS as usize);
        assert_eq!(relations[0], None);
        relations[1]
    }

    #[test]
    fn a_relation_that_only_later_values_show_is_found_and_exact() {
        let first = Reference { column: 0, top: false };
        let raw = lines(UNRELATED..ROWS);
        assert_eq!(relation(&raw), Some(Relation::Difference(first)));
        round_trip(&raw);
    }

    #[test]
    fn one_that_the_last_values_of_the_sample_do_not_show_is_not_taken() {
        // Over all rows it would save most of the bits; so the glance is what drops it.
        let raw = lines(0..ROWS - UNRELATED);
        assert_eq!(relation(&raw), None);
        round_trip(&raw);
    }
}
