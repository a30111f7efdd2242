//! The section directory of a block (`docs/FORMAT.md`, "Section directory").

use crate::codec::CodecTag;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{Cursor, varint};

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SectionKind {
    /// The whole raw block, not split into templates and columns.
    Literal,
    /// The template table, the column tree, and everything else needed before a column can be decoded.
    Templates,
    /// The streams of one large column, or of a group of small ones.
    Columns,
    /// All columns, coded by a model.
    Model,
    /// In an archive: which members the block holds parts of.
    Extents,
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

impl SectionEntry {
    /// Appends the entry.
    pub(crate) fn encode(&self, dst: &mut Vec<u8>) {
        let kind = match self.kind {
            SectionKind::Literal => 0,
            SectionKind::Templates => 1,
            SectionKind::Columns => 2,
            SectionKind::Model => 3,
            SectionKind::Extents => 4,
        };
        dst.extend_from_slice(&[kind, self.codec.tag()]);
        varint::put(dst, self.stored_len.into());
        varint::put(dst, self.decoded_len.into());
        dst.extend_from_slice(&self.stored_check.to_le_bytes());
        dst.extend_from_slice(&self.decoded_check.to_le_bytes());
        varint::put(dst, self.needs.len() as u64);
        for &section in &self.needs {
            varint::put(dst, section.into());
        }
    }

    /// Reads an entry.
    pub(crate) fn decode(cur: &mut Cursor<'_>) -> Result<Self> {
        let unsupported = |feature| Error::new(ErrorKind::UnsupportedFeature { feature });
        let [kind, codec] = cur.array()?;
        let kind = match kind {
            0 => SectionKind::Literal,
            1 => SectionKind::Templates,
            2 => SectionKind::Columns,
            3 => SectionKind::Model,
            4 => SectionKind::Extents,
            _ => return Err(unsupported(format!("section kind {kind}"))),
        };
        let codec =
            CodecTag::from_tag(codec).ok_or_else(|| unsupported(format!("codec {codec}")))?;
        let rule = "lengths of a section are below 2^32";
        let stored_len = u32::try_from(cur.varint()?).map_err(|_| cur.corrupt(rule))?;
        let decoded_len = u32::try_from(cur.varint()?).map_err(|_| cur.corrupt(rule))?;
        let (stored_check, decoded_check) = (cur.u32()?, cur.u32()?);
        let mut needs = Vec::new();
        for _ in 0..cur.varint()? {
            needs.push(u32::try_from(cur.varint()?).map_err(|_| cur.corrupt(rule))?);
        }
        Ok(Self { kind, codec, stored_len, decoded_len, stored_check, decoded_check, needs })
    }
}
