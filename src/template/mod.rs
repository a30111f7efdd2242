//! Line ↔ template and slot values (DESIGN of the method: Logzip's iterative clustering, made to run per block).
//!
//! 1. Every line is tokenized, if it is not what was expected ([`expect`]); lines with one skeleton are one kind ([`skeleton`]).
//! 2. Skeletons that differ in a few words are merged, group by group, and those words become slots ([`cluster`]).
//! 3. Every slot is given a column; slots behind the same constant text share one ([`columns`]), and
//!    more of them where a trial says that it pays ([`join`]).

mod cluster;
mod columns;
mod expect;
mod join;
mod nest;
mod parse;
mod path;
mod rare;
mod skeleton;
mod words;

pub(crate) use nest::nest;
pub(crate) use parse::{Mode, Parsed, Sharing, parse, parse_by_trial};
