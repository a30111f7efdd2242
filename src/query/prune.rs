//! Which lines of a block may be selected: templates, then alphabets and text of columns, then their values.

use std::collections::HashMap;

use crate::block::{BlockView, Wanted};
use crate::column::ByteSet;
use crate::error::Result;
use crate::predicate::{Clause, Fit, Known, Part, Place, Predicate, Required, TemplateId};

/// Of what it takes to decode and match a block, so many hundredths are spent on finding lines for each byte that is looked
/// for: the more there are, the less likely it is that most lines have them,
const HUNDREDTHS_PER_BYTE: u64 = 6;
/// and at most so many.
const HUNDREDTHS_MAX: u64 = 50;

/// What is known of the lines of a block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidates {
    /// Those that may match: their numbers in the block, ascending.
    pub(crate) rows: Vec<u32>,
    /// Whether all of them match for certain.
    pub(crate) certain: bool,
}

/// What was ruled out on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    /// Templates of the block, and those of them that lines may be selected of.
    pub(crate) templates: u64,
    pub(crate) possible: u64,
    /// Lines that are left.
    pub(crate) lines: u64,
}

/// What is known of the lines of a template.
#[derive(Debug)]
enum Verdict {
    /// None matches.
    Never,
    /// Each has to be looked at.
    Each,
    /// Each matches.
    Always,
    /// Those match, if any, that have one of these places for a literal.
    Some(Vec<Place>),
}

/// The lines that may be selected; `None` if it takes less to look at all of them. `required` is what the predicate asks for,
/// and `known` what is certain of all lines of the block.
pub(crate) fn candidates(
    view: &mut BlockView<'_>,
    predicate: &Predicate,
    required: &Required,
    known: &Known<'_>,
) -> Result<Option<(Candidates, Pruned)>> {
    let clauses = required.clauses();
    if clauses.is_empty() && !predicate.needs_templates() {
        return Ok(None);
    }
    let alphabets: Vec<_> = (0..view.columns()).map(|column| view.alphabet(column)).collect();
    let mut verdicts: Vec<_> = (0..view.templates())
        .map(|template| {
            let condition = by_condition(view, template, predicate, known);
            verdict(view, template, &alphabets, (predicate, required, condition))
        })
        .collect();
    refine(view, &mut verdicts)?;
    let possible = verdicts.iter().filter(|verdict| !matches!(verdict, Verdict::Never)).count();
    let mut pruned =
        Pruned { templates: verdicts.len() as u64, possible: possible as u64, lines: 0 };
    if possible == 0 {
        return Ok(Some((Candidates::default(), pruned)));
    }
    let sure = |verdict: &Verdict| matches!(verdict, Verdict::Never | Verdict::Always);
    let certain = verdicts.iter().all(sure);
    let wanted: Vec<Wanted> = verdicts.into_iter().map(Wanted::from).collect();
    let all = view.cost_of_all();
    let fuel = all / 100 * (HUNDREDTHS_PER_BYTE * weakest(&wanted)).min(HUNDREDTHS_MAX);
    let Some(rows) = view.wanted_rows(&wanted, fuel)? else { return Ok(None) };
    pruned.lines = rows.len() as u64;
    Ok(Some((Candidates { rows, certain }, pruned)))
}

impl From<Verdict> for Wanted {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Never => Self::None,
            Verdict::Each | Verdict::Always => Self::All,
            Verdict::Some(places) => Self::Some(places),
        }
    }
}

/// Of all places, the bytes of the longest part of that in which it is the shortest.
fn weakest(wanted: &[Wanted]) -> u64 {
    let longest = |place: &Place| place.iter().map(|(_, part)| part.weight()).max().unwrap_or(0);
    let places = wanted.iter().flat_map(|wanted| match wanted {
        Wanted::Some(places) => places.as_slice(),
        Wanted::None | Wanted::All => &[],
    });
    places.map(longest).min().unwrap_or(u64::MAX / HUNDREDTHS_PER_BYTE)
}

/// What the condition says of all lines of a template.
fn by_condition(
    view: &BlockView<'_>,
    template: usize,
    predicate: &Predicate,
    known: &Known<'_>,
) -> Option<bool> {
    let Some(condition) = &predicate.condition else { return Some(true) };
    let template = Some(TemplateId::of(view.pieces_of(template)));
    condition.verdict(&Known { template, ..*known })
}

fn verdict(
    view: &BlockView<'_>,
    template: usize,
    alphabets: &[ByteSet],
    (predicate, required, condition): (&Predicate, &Required, Option<bool>),
) -> Verdict {
    let pieces: Vec<&[u8]> = view.pieces_of(template).collect();
    let columns = view.columns_of(template);
    let slots: Vec<ByteSet> = columns
        .iter()
        .map(|&column| alphabets.get(column as usize).copied().unwrap_or_else(ByteSet::any))
        .collect();
    let matches = predicate.pattern.as_ref().is_none_or(|pattern| {
        pattern.required().is_context_free() && pieces.iter().any(|piece| pattern.is_match(piece))
    });
    if condition == Some(false) || matches && predicate.invert {
        return Verdict::Never;
    }
    if matches && condition == Some(true) && predicate.severities.is_none() {
        return Verdict::Always;
    }
    let mut found = Verdict::Each;
    for clause in required.clauses() {
        match fit(clause, &pieces, &slots) {
            None => {}
            Some(places) if places.is_empty() => return Verdict::Never,
            Some(places) => {
                if matches!(found, Verdict::Each) {
                    found = Verdict::Some(places);
                }
            }
        }
    }
    found
}

/// Where one of the literals of a clause may stand in a template; `None`: anywhere, or in its text.
fn fit(clause: &Clause, pieces: &[&[u8]], slots: &[ByteSet]) -> Option<Vec<Place>> {
    let mut all = Vec::new();
    for literal in &clause.literals {
        match Fit::of(pieces, slots, &Part::within(literal)) {
            Fit::Always | Fit::Any => return None,
            Fit::Places(mut places) => all.append(&mut places),
        }
    }
    Some(all)
}

/// Drops places that ask something of a column which no value of it is: a search in the text of the columns as it is stored,
/// before any value is told from the next.
fn refine(view: &mut BlockView<'_>, verdicts: &mut [Verdict]) -> Result<()> {
    let mut known: HashMap<(u32, Part), bool> = HashMap::new();
    for (template, verdict) in verdicts.iter_mut().enumerate() {
        let Verdict::Some(places) = verdict else { continue };
        let mut left = Vec::new();
        'places: for place in std::mem::take(places) {
            for (slot, part) in &place {
                let Some(&column) = view.columns_of(template).get(*slot) else { continue };
                let key = (column, part.clone());
                let may = if let Some(&may) = known.get(&key) {
                    may
                } else {
                    let may = view.may_hold(column as usize, part)?;
                    known.insert(key, may);
                    may
                };
                if !may {
                    continue 'places;
                }
            }
            left.push(place);
        }
        *verdict = if left.is_empty() { Verdict::Never } else { Verdict::Some(left) };
    }
    Ok(())
}
