//! Which lines of a block may be selected: templates, then alphabets of columns, then their values.

use std::collections::HashMap;

use crate::block::BlockView;
use crate::column::ByteSet;
use crate::error::Result;
use crate::predicate::{Clause, Fit, Known, Predicate, Required, SlotFit, TemplateId};
use crate::query::spots::Spots;

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
pub(super) enum Verdict {
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
    let rows = Spots::find(view, &verdicts, clauses)?.rows(view, &verdicts, clauses);
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
