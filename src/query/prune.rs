//! Which lines of a block may be selected: templates, then alphabets and text of columns, then their values.

use std::collections::HashMap;

use crate::block::{BlockView, Wanted};
use crate::error::Result;
use crate::predicate::{Clause, Fit, Known, Part, Place, Predicate, Reach, Required, TemplateId};

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
    let sought = sought(view, clauses);
    let mut verdicts: Vec<_> = (0..view.templates())
        .map(|template| {
            let condition = by_condition(view, template, predicate, known);
            verdict(view, template, &sought, (predicate, condition))
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

/// A literal that is looked for, and what the values of each column of a block may hold of it.
struct Sought {
    part: Part,
    reaches: Vec<Reach>,
}

/// The literals of each clause.
fn sought(view: &BlockView<'_>, clauses: &[Clause]) -> Vec<Vec<Sought>> {
    let columns = if clauses.is_empty() { 0 } else { view.columns() };
    let alphabets: Vec<_> = (0..columns).map(|column| view.alphabet(column)).collect();
    let of = |literal| {
        let part = Part::within(literal);
        let reaches = alphabets.iter().map(|alphabet| Reach::of(alphabet, &part)).collect();
        Sought { part, reaches }
    };
    clauses.iter().map(|clause| clause.literals.iter().map(of).collect()).collect()
}

fn verdict(
    view: &BlockView<'_>,
    template: usize,
    clauses: &[Vec<Sought>],
    (predicate, condition): (&Predicate, Option<bool>),
) -> Verdict {
    if condition == Some(false) {
        return Verdict::Never;
    }
    let pieces: Vec<&[u8]> = view.pieces_of(template).collect();
    let mut found = Verdict::Each;
    let mut in_text = true;
    for clause in clauses {
        match fit(clause, &pieces, view.columns_of(template)) {
            Fit::Always => continue,
            Fit::Any => {}
            Fit::Places(places) if places.is_empty() => return Verdict::Never,
            Fit::Places(places) => {
                if matches!(found, Verdict::Each) {
                    found = Verdict::Some(places);
                }
            }
        }
        in_text = false;
    }
    // Where a piece matches, it has a literal of each clause.
    let matches = in_text
        && predicate.pattern.as_ref().is_none_or(|pattern| {
            let in_piece = |piece: &&[u8]| pattern.is_match(piece);
            pattern.required().is_context_free() && pieces.iter().any(in_piece)
        });
    if matches && predicate.invert {
        return Verdict::Never;
    }
    if matches && condition == Some(true) && predicate.severities.is_none() {
        return Verdict::Always;
    }
    found
}

/// Where one of the literals of a clause may stand in a template.
fn fit(clause: &[Sought], pieces: &[&[u8]], columns: &[u32]) -> Fit {
    let mut all = Some(Vec::new());
    for Sought { part, reaches } in clause {
        let slots = columns.iter().filter_map(|&column| reaches.get(column as usize)).copied();
        match (Fit::of(pieces, &slots.collect::<Vec<_>>(), part), &mut all) {
            (Fit::Always, _) => return Fit::Always,
            (Fit::Any, _) => all = None,
            (Fit::Places(mut places), Some(all)) => all.append(&mut places),
            (Fit::Places(_), None) => {}
        }
    }
    all.map_or(Fit::Any, Fit::Places)
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
