//! Streams → bytes, front to back: [`Reader`]; or by the index: [`IndexedReader`].

mod builder;
mod indexed;
mod locate;
mod loss;
mod source;
mod stray;
mod streaming;

pub use builder::ReaderBuilder;
pub(crate) use indexed::StoredBlock;
pub use indexed::{BlockInfo, IndexedReader, StreamInfo};
pub use locate::UseIndex;
pub use loss::Loss;
pub use stray::StrayBlocks;
pub use streaming::{OnDamage, Reader, Totals};

use crate::format::FILE_MAGIC;

/// Whether bytes start as a `.lig` does. At least eight are needed to tell.
pub fn is_lignite(prefix: &[u8]) -> bool {
    prefix.starts_with(&FILE_MAGIC)
}
