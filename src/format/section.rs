//! The section directory of a block (`docs/FORMAT.md`, "Section directory").

use crate::codec::CodecTag;

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SectionKind {
    /// The whole raw block, not split into templates and columns.
    Literal,
    /// The template table, the column tree, and everything else needed before a column can be decoded.
    Templates,
    /// The streams of one large column, or of a group of small ones.
    Columns,
}

/// One entry of a block's section directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SectionEntry {
    /// What the section holds.
    pub(crate) kind: SectionKind,
    /// How its bytes are compressed.
    pub(crate) codec: CodecTag,
    /// Bytes in the payload; sections lie one after the other in the order of the directory.
    pub(crate) stored_len: u32,
    /// Bytes after decompression.
    pub(crate) decoded_len: u32,
    /// Checksum of the stored bytes.
    pub(crate) stored_check: u32,
    /// Checksum of the decoded bytes.
    pub(crate) decoded_check: u32,
    /// Earlier sections that must be decoded before this one, ascending.
    pub(crate) needs: Vec<u32>,
}
