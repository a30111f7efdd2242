//! Which lines of a block may be selected: templates, then alphabets of columns, then their values.

use std::collections::HashMap;

use crate::block::BlockView;
use crate::column::{ByteSet, Strings};
use crate::error::Result;
use crate::predicate::{Clause, Fit, Known, Predicate, Required, SlotFit, TemplateId};

/// Lines of a block that may match.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidates {
    /// Their numbers in the block, ascending.
    pub(crate) rows: Vec<u32>,
    /// Whether all of them match for certain.
    pub(crate) certain: bool,
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
    /// Those match, if any, that hold a literal of a clause in or around one of these slots: the clause, the literal,
    /// and how it fits.
    Some(usize, Vec<(usize, SlotFit)>),
}

/// Values of a column that hold a literal of a clause.
#[derive(Debug, Default)]
struct Hits {
    values: Vec<u64>,
}

/// The lines that may be selected; `None` if nothing is known of what a line must hold. `required` is what the predicate
/// asks for, and `known` what is certain of all lines of the block.
pub(crate) fn candidates(
    view: &mut BlockView<'_>,
    predicate: &Predicate,
    required: &Required,
    known: &Known<'_>,
) -> Result<Option<Candidates>> {
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
    refine(view, &mut verdicts, clauses)?;
    if verdicts.iter().all(|verdict| matches!(verdict, Verdict::Never)) {
        return Ok(Some(Candidates::default()));
    }
    let hits = search(view, &verdicts, clauses)?;
    view.ids()?;
    let rows = rows(view, &verdicts, &hits, clauses);
    let sure = |verdict: &Verdict| matches!(verdict, Verdict::Never | Verdict::Always);
    Ok(Some(Candidates { rows, certain: verdicts.iter().all(sure) }))
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
    for (number, clause) in required.clauses().iter().enumerate() {
        let mut uses = Vec::new();
        let mut always = false;
        for (which, literal) in clause.literals.iter().enumerate() {
            match Fit::of(&pieces, &slots, literal) {
                Fit::Always => always = true,
                Fit::Slots(slots) => uses.extend(slots.into_iter().map(|slot| (which, slot))),
            }
        }
        if always {
            continue;
        }
        if uses.is_empty() {
            return Verdict::Never;
        }
        if matches!(found, Verdict::Each) {
            found = Verdict::Some(number, uses);
        }
    }
    found
}

/// Drops slots whose columns hold no part of the literal that would have to stand in them: a search in the text of the
/// columns as it is stored, before any value is told from the next.
fn refine(view: &mut BlockView<'_>, verdicts: &mut [Verdict], clauses: &[Clause]) -> Result<()> {
    let mut known: HashMap<(u32, bool, Vec<u8>), bool> = HashMap::new();
    for (template, verdict) in verdicts.iter_mut().enumerate() {
        let Verdict::Some(number, uses) = verdict else { continue };
        let mut left = Vec::new();
        for (which, mut fit) in std::mem::take(uses) {
            let literal = clauses.get(*number).and_then(|clause| clause.literals.get(which));
            let column = view.columns_of(template).get(fit.slot).copied();
            let (Some(literal), Some(column)) = (literal, column) else { continue };
            let may = fit.retain(literal, |part| {
                let key = (column, literal.folded, part.to_vec());
                if let Some(&may) = known.get(&key) {
                    return Ok(may);
                }
                let may = view.may_hold(column as usize, part, literal.folded)?;
                known.insert(key, may);
                Ok(may)
            })?;
            if may {
                left.push((which, fit));
            }
        }
        if left.is_empty() {
            *verdict = Verdict::Never;
        } else {
            *uses = left;
        }
    }
    Ok(())
}

/// Decodes the columns that may hold a literal, and finds the values that do: for each column and clause.
fn search(
    view: &mut BlockView<'_>,
    verdicts: &[Verdict],
    clauses: &[Clause],
) -> Result<Vec<Vec<Option<Hits>>>> {
    let mut hits: Vec<Vec<Option<Hits>>> = Vec::new();
    hits.resize_with(view.columns(), || clauses.iter().map(|_| None).collect());
    for (template, verdict) in verdicts.iter().enumerate() {
        let Verdict::Some(number, uses) = verdict else { continue };
        for (_, fit) in uses {
            let Some(&column) = view.columns_of(template).get(fit.slot) else { continue };
            view.load_column(column as usize)?;
            let place = hits.get_mut(column as usize).and_then(|hits| hits.get_mut(*number));
            let known = (place, clauses.get(*number), view.loaded(column as usize));
            if let (Some(place @ None), Some(clause), Some(values)) = known
                && fit.within
            {
                *place = Some(Hits::of(values, clause));
            }
        }
    }
    Ok(hits)
}

fn rows(
    view: &BlockView<'_>,
    verdicts: &[Verdict],
    hits: &[Vec<Option<Hits>>],
    clauses: &[Clause],
) -> Vec<u32> {
    let mut next = vec![0usize; view.columns()];
    let mut rows = Vec::new();
    for (row, &id) in (0..).zip(view.loaded_ids()) {
        let columns = view.columns_of(id as usize);
        let keep = match verdicts.get(id as usize) {
            Some(Verdict::Each | Verdict::Always) => true,
            Some(Verdict::Some(number, uses)) => uses.iter().any(|(which, fit)| {
                let Some(&column) = columns.get(fit.slot) else { return true };
                let column = column as usize;
                // A template may use a column in several slots: its values stand in the order of slots.
                let earlier = columns.iter().take(fit.slot).filter(|&&c| c as usize == column);
                let value = next.get(column).copied().unwrap_or(0) + earlier.count();
                let found = hits.get(column).and_then(|hits| hits.get(*number)?.as_ref());
                let literal = clauses.get(*number).and_then(|clause| clause.literals.get(*which));
                found.is_some_and(|hits| fit.within && hits.holds(value))
                    || fit.straddles()
                        && literal.zip(view.loaded(column)).is_none_or(|(literal, values)| {
                            fit.may_straddle(values.get(value), literal)
                        })
            }),
            Some(Verdict::Never) | None => false,
        };
        if keep {
            rows.push(row);
        }
        for &column in columns {
            if let Some(next) = next.get_mut(column as usize) {
                *next += 1;
            }
        }
    }
    rows
}

impl Hits {
    /// The values that hold a literal of the clause, and some that only seem to.
    fn of(values: &Strings, clause: &Clause) -> Self {
        let mut hits = Self { values: vec![0; values.len().div_ceil(64)] };
        let (bytes, ends) = (values.bytes(), values.ends());
        let mut at = 0;
        // Values stand side by side: what is found may lie across two of them. Then nothing is lost but time.
        while let Some(found) = clause.find(bytes.get(at..).unwrap_or_default()) {
            let place = at + found;
            let value = ends.partition_point(|&end| end as usize <= place);
            if let Some(word) = hits.values.get_mut(value / 64) {
                *word |= 1 << (value % 64);
            }
            let Some(&end) = ends.get(value) else { break };
            at = end as usize;
        }
        hits
    }

    fn holds(&self, value: usize) -> bool {
        self.values.get(value / 64).is_some_and(|word| word >> (value % 64) & 1 == 1)
    }
}
