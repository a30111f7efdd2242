//! Which of the places where a literal may stand are left, once the text of columns has been searched.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::block::BlockView;
use crate::error::Result;
use crate::predicate::{Fit, Part};
use crate::query::prune::{Sought, Verdict, fit_by};

/// Steps that looking for something in the text of a column takes about, and finding out that it has been looked for.
const STEPS_OF_PROBE: u64 = 200;
const STEPS_OF_PLACE: u64 = 50;
/// So much is looked for in any block.
const FUEL_MIN: u64 = 100_000;

/// Drops places that ask something of a column which no value of it is: a search in the text of the columns as it is stored,
/// before any value is told from the next. Where there were too many places, they are told by that. False if it takes too much.
pub(super) fn refine(
    view: &mut BlockView<'_>,
    clauses: &[Vec<Sought>],
    probes: &mut Probes,
    verdicts: &mut [Verdict],
) -> Result<bool> {
    for (template, verdict) in verdicts.iter_mut().enumerate() {
        if probes.spent > probes.fuel {
            return Ok(false);
        }
        match verdict {
            Verdict::Some(places) => {
                let mut left = Vec::new();
                for mut place in std::mem::take(places) {
                    // What asks most is rarest.
                    place.sort_by_key(|(_, part)| Reverse(part.weight()));
                    let mut may = true;
                    for (slot, part) in &place {
                        may = may && probes.may_hold(view, (template, *slot), part)?;
                    }
                    if may {
                        left.push(place);
                    }
                }
                *verdict = if left.is_empty() { Verdict::Never } else { Verdict::Some(left) };
            }
            Verdict::Any(clause) => {
                let clause = clauses.get(*clause).map_or(&[][..], Vec::as_slice);
                match probes.fit(view, template, clause)? {
                    Fit::Places(places) if places.is_empty() => *verdict = Verdict::Never,
                    Fit::Places(places) => *verdict = Verdict::Some(places),
                    Fit::Any | Fit::Always => {}
                }
            }
            Verdict::Never | Verdict::Each | Verdict::Always => {}
        }
    }
    Ok(true)
}

/// What is known of the text of columns.
pub(super) struct Probes {
    known: HashMap<Part, HashMap<u32, bool>>,
    /// What looking may take, in steps of a nanosecond or so, and what it has taken.
    fuel: u64,
    spent: u64,
}

impl Probes {
    pub(super) fn new(fuel: u64) -> Self {
        Self { known: HashMap::new(), fuel: fuel.max(FUEL_MIN), spent: 0 }
    }

    /// Whether some value in a slot may be what is looked for.
    fn may_hold(
        &mut self,
        view: &mut BlockView<'_>,
        (template, slot): (usize, usize),
        part: &Part,
    ) -> Result<bool> {
        let Some(&column) = view.columns_of(template).get(slot) else { return Ok(true) };
        self.spent += STEPS_OF_PLACE;
        if let Some(known) = self.known.get_mut(part) {
            if let Some(&may) = known.get(&column) {
                return Ok(may);
            }
            self.spent += STEPS_OF_PROBE;
            let may = view.may_hold(column as usize, part)?;
            known.insert(column, may);
            return Ok(may);
        }
        self.spent += STEPS_OF_PROBE;
        let may = view.may_hold(column as usize, part)?;
        self.known.insert(part.clone(), HashMap::from([(column, may)]));
        Ok(may)
    }

    /// Where the literals of a clause may stand in a template, by what text its columns have.
    fn fit(&mut self, view: &mut BlockView<'_>, template: usize, clause: &[Sought]) -> Result<Fit> {
        let pieces: Vec<Vec<u8>> = view.pieces_of(template).map(<[u8]>::to_vec).collect();
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let columns = view.columns_of(template).to_vec();
        let mut failed = None;
        let fit = fit_by(clause, &columns, |slots, part| {
            Fit::probed(&pieces, slots, part, &mut |slot, part| {
                let may = self.may_hold(view, (template, slot), part);
                may.unwrap_or_else(|error| {
                    failed = Some(error);
                    false
                })
            })
        });
        failed.map_or(Ok(fit), Err)
    }
}
