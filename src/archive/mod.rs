//! Many members in one file that grows: [`Archive`] reads it, [`Appender`] adds to it.
//!
//! *Invariants:* what a commit has promised is never written over or cut off; a writer holds the lock; nothing is lost by a
//! writer that ends at any point, and the next one needs no repair.

mod append;
mod block_decoder;
mod change;
mod compact;
mod content_hash;
mod extract;
mod member_reader;
mod new_file;
mod open;
mod pack;
mod recover;
mod rows;
mod salvage;
mod store;
mod verify;

pub use append::{Added, Appender, Committed, Content, Source};
pub use change::{Change, ChangeKind};
pub use compact::{compact, storage_key};
pub use extract::{Existing, Extracted, Extractor, Unwritten};
pub use member_reader::MemberReader;
pub use open::{Archive, ArchiveBlock, Trailing};
pub use recover::{Recovered, recover};
pub use verify::{Depth, Fault, MemberLoss, Subset, Verified};

/// Whether bytes start as an archive does. At least 11 are needed to tell.
pub fn is_archive(prefix: &[u8]) -> bool {
    crate::format::is_archive(prefix)
}

/// BLAKE3 of a content: what a member's hash is compared with.
pub fn content_hash(content: &mut dyn std::io::Read) -> std::io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(content)?;
    Ok(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests;
