//! What a decoder may allocate on a file's word.

use crate::error::{Error, ErrorKind, Result};

/// Bounds for a decoder. Every size in a file is checked against these before anything is allocated for it.
///
/// The defaults accept whatever this crate writes at any level.
///
/// # Example
///
/// ```
/// let mut limits = lignite::Limits::default();
/// limits.block_raw_bytes_max = 16 << 20; // refuse what levels 6 and up write
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Raw bytes of one block.
    pub block_raw_bytes_max: u64,
    /// Stored bytes of one block: header and payload.
    pub block_stored_bytes_max: u64,
    /// Decoded bytes of one section (templates, a column, or a group of columns).
    pub section_bytes_max: u64,
    /// Templates in one block, those of nested columns included.
    pub templates_max: u64,
    /// Columns in one block, nested ones included.
    pub columns_max: u64,
    /// Bytes that dictionaries, column readers, and single columns that are asked for may take in memory, a block's raw
    /// bytes and its decoded sections not counted. (Those are no more than 9/4 of the raw bytes and 64 KiB together.)
    pub columns_bytes_max: u64,
    /// Bytes of a model's tables (levels 8 and 9).
    pub model_bytes_max: u64,
    /// Members of an archive, older versions and removed ones included.
    pub members_max: u64,
    /// Decoded bytes of the member tables of an archive, and of the extents of one block.
    pub members_bytes_max: u64,
    /// Bytes of a member's name.
    pub name_bytes_max: u64,
}

/// Columns that a writer puts in one block at most, and a reader takes by default.
pub(crate) const COLUMNS_MAX: u64 = 1 << 18;

impl Default for Limits {
    fn default() -> Self {
        Self {
            block_raw_bytes_max: 64 << 20,
            block_stored_bytes_max: 81 << 20,
            section_bytes_max: 81 << 20,
            templates_max: 1 << 20,
            columns_max: COLUMNS_MAX,
            columns_bytes_max: 128 << 20,
            model_bytes_max: 1 << 29,
            members_max: 1 << 22,
            members_bytes_max: 1 << 29,
            // A thousand levels of directories with the longest names fit.
            name_bytes_max: 1 << 18,
        }
    }
}

impl Limits {
    /// Memory of a decoder beside its blocks: codecs, and buffers for reading.
    const BASE_BYTES: u64 = 24_000_000;
    /// Memory for a raw byte of a block: the block stored, its columns, and the block itself.
    const PER_RAW_BYTE: u64 = 4;

    /// Limits under which a decoder takes at most so many bytes of memory, or refuses.
    pub fn within_memory(bytes: u64) -> Self {
        let blocks = bytes.saturating_sub(Self::BASE_BYTES);
        let block = blocks / Self::PER_RAW_BYTE;
        Self {
            block_raw_bytes_max: block,
            block_stored_bytes_max: block,
            section_bytes_max: block,
            columns_bytes_max: block.saturating_mul(4),
            model_bytes_max: bytes / 2,
            ..Self::default()
        }
    }

    /// Memory for decoding blocks of so many raw bytes: what [`within_memory`](Self::within_memory) needs to accept them.
    pub fn memory_for(block_raw_bytes: u64) -> u64 {
        Self::BASE_BYTES.saturating_add(block_raw_bytes.saturating_mul(Self::PER_RAW_BYTE))
    }
}

/// Returns `requested` as a `usize` if it does not exceed `allowed`.
pub(crate) fn check(limit: &'static str, requested: u64, allowed: u64) -> Result<usize> {
    match usize::try_from(requested) {
        Ok(size) if requested <= allowed => Ok(size),
        _ => Err(Error::new(ErrorKind::LimitExceeded { limit, requested, allowed })),
    }
}
