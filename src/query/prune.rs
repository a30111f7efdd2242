//! Which lines of a block may be selected: templates, then alphabets and text of columns, then their values.

mod refine;

use crate::block::{BlockView, Wanted};
use crate::error::Result;
use crate::predicate::{Clause, Fit, Known, Part, Place, Predicate, Reach, Required, TemplateId};
use crate::query::prune::refine::{Probes, refine};

/// Of what it takes to decode and match a block, so many hundredths are spent on each of two ways of finding lines for each byte that is looked
/// for: the more there are, the less likely it is that most lines have them,
const HUNDREDTHS_PER_BYTE: u64 = 6;
/// and at most so many.
const HUNDREDTHS_MAX: u64 = 50;

/// What is known of the lines of a block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidates {
    /// Those that may match: their numbers in the block, ascending.
    pub(crate) rows: Vec<u32>,
    /// Whether each of them matches for certain.
    pub(crate) certain: Vec<bool>,
}

impl Candidates {
    /// Those of which it is not certain.
    pub(crate) fn unsure(&self) -> impl Iterator<Item = u32> {
        let rows = self.rows.iter().zip(&self.certain);
        rows.filter(|(_, certain)| !**certain).map(|(&row, _)| row)
    }
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
pub(super) enum Verdict {
    /// None matches.
    Never,
    /// Each has to be looked at.
    Each,
    /// The same, since the literals of this clause may stand in too many places to tell.
    Any(usize),
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
    let all = view.cost_of_all();
    let fuel = |verdicts: &[Verdict]| {
        all / 100 * (HUNDREDTHS_PER_BYTE * weakest(verdicts)).min(HUNDREDTHS_MAX)
    };
    let mut probes = Probes::new(fuel(&verdicts));
    if !refine(view, &sought, &mut probes, &mut verdicts)? {
        return Ok(None);
    }
    let fuel = fuel(&verdicts);
    let possible = verdicts.iter().filter(|verdict| !matches!(verdict, Verdict::Never)).count();
    let mut pruned =
        Pruned { templates: verdicts.len() as u64, possible: possible as u64, lines: 0 };
    if possible == 0 {
        return Ok(Some((Candidates::default(), pruned)));
    }
    let always: Vec<bool> =
        verdicts.iter().map(|verdict| matches!(verdict, Verdict::Always)).collect();
    let wanted: Vec<Wanted> = verdicts.into_iter().map(Wanted::from).collect();
    let Some(rows) = view.wanted_rows(&wanted, fuel)? else { return Ok(None) };
    let (rows, mut certain) = (rows.numbers, rows.certain);
    pruned.lines = rows.len() as u64;
    let ids = view.loaded_ids();
    let by_places = predicate.is_of_literals();
    for (certain, &row) in certain.iter_mut().zip(&rows) {
        let template = ids.get(row as usize).and_then(|&id| always.get(id as usize));
        *certain = template == Some(&true) || *certain && by_places;
    }
    Ok(Some((Candidates { rows, certain }, pruned)))
}

impl From<Verdict> for Wanted {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Never => Self::None,
            Verdict::Each | Verdict::Any(_) | Verdict::Always => Self::All,
            Verdict::Some(places) => Self::Some(places),
        }
    }
}

/// Of all places, the bytes of the longest part of that in which it is the shortest.
fn weakest(verdicts: &[Verdict]) -> u64 {
    let longest = |place: &Place| place.iter().map(|(_, part)| part.weight()).max().unwrap_or(0);
    let places = verdicts.iter().flat_map(|verdict| match verdict {
        Verdict::Some(places) => places.as_slice(),
        _ => &[],
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
pub(super) struct Sought {
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
    for (number, clause) in clauses.iter().enumerate() {
        match (fit(clause, &pieces, view.columns_of(template)), &found) {
            (Fit::Always, _) => continue,
            (Fit::Places(places), _) if places.is_empty() => return Verdict::Never,
            (Fit::Any, Verdict::Each) => found = Verdict::Any(number),
            (Fit::Places(places), Verdict::Each | Verdict::Any(_)) => found = Verdict::Some(places),
            (Fit::Any | Fit::Places(_), _) => {}
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
    fit_by(clause, columns, |slots, part| Fit::of(pieces, slots, part))
}

/// The same where `fit` tells of each literal, with what the slots may hold of it.
pub(super) fn fit_by(
    clause: &[Sought],
    columns: &[u32],
    mut fit: impl FnMut(&[Reach], &Part) -> Fit,
) -> Fit {
    let mut all = Some(Vec::new());
    for Sought { part, reaches } in clause {
        let slots = columns.iter().filter_map(|&column| reaches.get(column as usize)).copied();
        match (fit(&slots.collect::<Vec<_>>(), part), &mut all) {
            (Fit::Always, _) => return Fit::Always,
            (Fit::Any, _) => all = None,
            (Fit::Places(mut places), Some(all)) => all.append(&mut places),
            (Fit::Places(_), None) => {}
        }
    }
    all.map_or(Fit::Any, Fit::Places)
}
