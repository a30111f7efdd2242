//! Many members in one file that grows: [`Archive`] reads it, [`Appender`] adds to it.
//!
//! *Invariants:* what a commit has promised is never written over or cut off; a writer holds the lock; nothing is lost by a
//! writer that ends at any point, and the next one needs no repair.

mod append;
mod change;
mod compact;
mod extract;
mod name;
mod open;
mod pack;
mod recover;
mod store;
mod verify;

pub use append::{Added, Appender, Committed, Content, Source};
pub use change::{Change, ChangeKind};
pub use compact::{compact, storage_key};
pub use extract::{Existing, Extracted, Extractor, Unwritten};
pub use open::{Archive, ArchiveBlock, MemberReader, Trailing};
pub use recover::{Recovered, recover};
pub use verify::{Depth, Fault, MemberLoss, Subset, Verified};

/// What is wrong with a member's name, if something is: what no file can be called, or what leads out of a directory.
pub fn name_fault(name: &[u8]) -> Option<&'static str> {
    name::fault(name)
}

/// BLAKE3 of a content: what a member's hash is compared with.
pub fn content_hash(content: &mut dyn std::io::Read) -> std::io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(content)?;
    Ok(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests;
