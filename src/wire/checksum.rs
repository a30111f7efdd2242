//! Checksums (`docs/FORMAT.md`, "Checksums"). They are for accidents, not against forgery.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// CRC-32 (IEEE) of a header: short input, and every burst of up to 32 bits is detected for certain.
pub(crate) fn header(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// XXH3-64 of a block's payload as stored.
pub(crate) fn payload(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

/// XXH3-64 of a block's raw bytes, seeded so that a block cannot stand in for another.
pub(crate) fn raw(bytes: &[u8], seed: u64) -> u64 {
    xxh3_64_with_seed(bytes, seed)
}

/// The low 32 bits of XXH3-64, for a section.
#[expect(clippy::cast_possible_truncation, reason = "the low half is the checksum")]
pub(crate) fn section(bytes: &[u8]) -> u32 {
    xxh3_64(bytes) as u32
}
