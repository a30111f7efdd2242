//! Structures on disk, one file a chapter of `docs/FORMAT.md`. The only code that knows byte offsets.

mod section;
mod stats;

pub(crate) use section::{SectionEntry, SectionKind};
pub(crate) use stats::BlockStats;
