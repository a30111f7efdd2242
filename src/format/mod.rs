//! Structures on disk, one file a chapter of `docs/FORMAT.md`. The only code that knows byte offsets.

pub(crate) mod archive_commit;
mod block_header;
pub(crate) mod extents;
mod file_header;
pub(crate) mod frame;
pub(crate) mod index;
pub(crate) mod members;
mod model_frame;
mod names;
mod section;
mod stats;

pub(crate) use block_header::BlockHeader;
pub(crate) use file_header::{
    FileHeader, LEN as FILE_HEADER_LEN, MAGIC as FILE_MAGIC, StoredKind, is_archive,
};
pub use members::{Container, Extent, Member, MemberState};
pub(crate) use model_frame::{FileFrame, ModelFrame};
pub(crate) use section::{SectionEntry, SectionKind};
pub(crate) use stats::{BlockClock, BlockStats, SeverityCounts, TimeRange};
