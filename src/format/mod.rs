//! Structures on disk, one file a chapter of `docs/FORMAT.md`. The only code that knows byte offsets.

mod block_header;
mod file_header;
pub(crate) mod frame;
pub(crate) mod index;
mod section;
mod stats;

pub(crate) use block_header::BlockHeader;
pub(crate) use file_header::{FileHeader, LEN as FILE_HEADER_LEN, MAGIC as FILE_MAGIC};
pub(crate) use section::{SectionEntry, SectionKind};
pub(crate) use stats::{BlockStats, SeverityCounts, TimeRange};
