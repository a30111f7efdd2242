//! Which lines hold a value that a clause needs: by columns, then row by row.

use std::collections::HashMap;

use crate::block::{BlockView, Hits};
use crate::column::Strings;
use crate::error::Result;
use crate::predicate::{Clause, SlotFit};
use crate::query::prune::Verdict;

/// More than one hit in so many values says too little of a part of a literal: its place in the value is looked at then.
const DENSE: usize = 16;
/// But so many are few.
const FEW: usize = 64;

/// Which values make a line a candidate.
#[derive(Debug)]
enum Use {
    /// Those of these sets of hits.
    Hits(Vec<usize>),
    /// Those that hold this literal of the clause, or may hold part of it: the column has been decoded.
    Values(usize, SlotFit),
}

/// What has been found in the columns of a block.
#[derive(Debug, Default)]
pub(super) struct Spots {
    hits: Vec<Hits>,
    /// For each template, the slots that decide.
    uses: Vec<Vec<(usize, Use)>>,
    /// Values that hold some literal of a clause, by column and clause.
    within: HashMap<(u32, usize), Hits>,
}

impl Spots {
    /// Looks for the literals in the columns that may hold them.
    pub(super) fn find(
        view: &mut BlockView<'_>,
        verdicts: &[Verdict],
        clauses: &[Clause],
    ) -> Result<Self> {
        view.ids()?;
        let mut spots = Self::default();
        let mut known: HashMap<(u32, bool, Vec<u8>), Option<usize>> = HashMap::new();
        for (template, verdict) in verdicts.iter().enumerate() {
            let mut found = Vec::new();
            if let Verdict::Some(number, uses) = verdict {
                for (which, fit) in uses {
                    let clause = clauses.get(*number);
                    let literal = clause.and_then(|clause| clause.literals.get(*which));
                    let column = view.columns_of(template).get(fit.slot).copied();
                    let (Some(clause), Some(literal), Some(column)) = (clause, literal, column)
                    else {
                        continue;
                    };
                    let mut sets = Some(Vec::new());
                    for part in fit.parts(literal) {
                        let key = (column, literal.folded, part.to_vec());
                        let set = if let Some(&set) = known.get(&key) {
                            set
                        } else {
                            let set = spots.part(view, column, part, literal.folded)?;
                            known.insert(key, set);
                            set
                        };
                        sets = sets.zip(set).map(|(mut sets, set)| {
                            sets.push(set);
                            sets
                        });
                    }
                    if let Some(sets) = sets {
                        found.push((fit.slot, Use::Hits(sets)));
                        continue;
                    }
                    view.load_column(column as usize)?;
                    if let Some(values) = view.loaded(column as usize) {
                        let within = spots.within.entry((column, *number));
                        within.or_insert_with(|| of_values(values, clause));
                    }
                    found.push((fit.slot, Use::Values(*which, fit.clone())));
                }
            }
            spots.uses.push(found);
        }
        Ok(spots)
    }

    /// The values of a column that may hold a part of a literal; `None` if the column has to be decoded to tell.
    fn part(
        &mut self,
        view: &mut BlockView<'_>,
        column: u32,
        part: &[u8],
        folded: bool,
    ) -> Result<Option<usize>> {
        let Some(hits) = view.hits(column as usize, part, folded)? else { return Ok(None) };
        let values = view.values_of(column as usize);
        if hits.count() > FEW.max(values / DENSE) {
            return Ok(None);
        }
        self.hits.push(hits);
        Ok(Some(self.hits.len() - 1))
    }

    /// The lines that have such values, and those of templates of which each may match.
    pub(super) fn rows(
        &self,
        view: &BlockView<'_>,
        verdicts: &[Verdict],
        clauses: &[Clause],
    ) -> Vec<u32> {
        let mut decide = vec![false; view.columns()];
        for (template, uses) in self.uses.iter().enumerate() {
            for &(slot, _) in uses {
                let column = view.columns_of(template).get(slot);
                if let Some(decides) = column.and_then(|&column| decide.get_mut(column as usize)) {
                    *decides = true;
                }
            }
        }
        let decides = |column: u32| decide.get(column as usize).copied().unwrap_or(false);
        let counted: Vec<Vec<u32>> = (0..view.templates())
            .map(|template| {
                let columns = view.columns_of(template).iter().copied();
                columns.filter(|&column| decides(column)).collect()
            })
            .collect();
        let mut next = vec![0usize; view.columns()];
        let mut rows = Vec::new();
        for (row, &id) in (0..).zip(view.loaded_ids()) {
            let id = id as usize;
            let keep = match verdicts.get(id) {
                Some(Verdict::Each | Verdict::Always) => true,
                Some(Verdict::Some(number, _)) => {
                    let uses = self.uses.get(id).map_or(&[][..], Vec::as_slice);
                    let clause = (*number, clauses.get(*number));
                    uses.iter().any(|(slot, how)| self.holds(view, (id, *slot), how, clause, &next))
                }
                Some(Verdict::Never) | None => false,
            };
            if keep {
                rows.push(row);
            }
            for &column in counted.get(id).map_or(&[][..], Vec::as_slice) {
                if let Some(next) = next.get_mut(column as usize) {
                    *next += 1;
                }
            }
        }
        rows
    }

    /// Whether the next row, of `template`, has in `slot` what is needed. `next` counts the values of each column.
    fn holds(
        &self,
        view: &BlockView<'_>,
        (template, slot): (usize, usize),
        how: &Use,
        (number, clause): (usize, Option<&Clause>),
        next: &[usize],
    ) -> bool {
        let columns = view.columns_of(template);
        let Some(&column) = columns.get(slot) else { return true };
        // A template may use a column in several slots: its values stand in the order of slots.
        let earlier = columns.iter().take(slot).filter(|&&other| other == column).count();
        let value = next.get(column as usize).copied().unwrap_or(0) + earlier;
        match how {
            Use::Hits(sets) => {
                sets.iter().any(|&set| self.hits.get(set).is_none_or(|hits| hits.holds(value)))
            }
            Use::Values(which, fit) => {
                let literal = clause.and_then(|clause| clause.literals.get(*which));
                let within = self.within.get(&(column, number));
                within.is_none_or(|hits| fit.within && hits.holds(value))
                    || fit.straddles()
                        && literal.zip(view.loaded(column as usize)).is_none_or(
                            |(literal, values)| fit.may_straddle(values.get(value), literal),
                        )
            }
        }
    }
}

/// The values that hold a literal of the clause, and some that only seem to.
fn of_values(values: &Strings, clause: &Clause) -> Hits {
    let mut hits = Hits::none(values.len());
    let (bytes, ends) = (values.bytes(), values.ends());
    let mut at = 0;
    // Values stand side by side: what is found may lie across two of them. Then nothing is lost but time.
    while let Some(found) = clause.find(bytes.get(at..).unwrap_or_default()) {
        let place = at + found;
        let value = ends.partition_point(|&end| end as usize <= place);
        hits.add(value);
        let Some(&end) = ends.get(value) else { break };
        at = end as usize;
    }
    hits
}
