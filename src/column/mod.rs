//! Columns in memory: the values of one slot, as text, and what they can be read as.

mod byte_set;
mod interner;
mod strings;
pub(crate) mod timestamp;

pub(crate) use byte_set::ByteSet;
pub(crate) use interner::Interner;
pub(crate) use strings::{Strings, extend_part, starts_with_part};
