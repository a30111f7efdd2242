//! The sections of a payload: each is verified and decoded once, when it is asked for.

use crate::block::tree::Stream;
use crate::codec::{CodecTag, Decompressor};
use crate::error::{Error, ErrorKind, Result, Section};
use crate::format::{SectionEntry, SectionKind};
use crate::limits::{self, Limits};
use crate::model::planes;
use crate::wire::checksum;

/// A payload and what has been decoded of it.
#[derive(Debug)]
pub(crate) struct Sections<'p> {
    entries: &'p [SectionEntry],
    stored: Vec<&'p [u8]>,
    decoded: Vec<Option<Vec<u8>>>,
    /// Number and bytes of the sections that have been decoded.
    loaded: (usize, u64),
    decompressor: Decompressor,
}

impl<'p> Sections<'p> {
    /// Divides `payload` into the sections of the directory. Nothing is decoded yet, but all lengths are checked.
    pub(crate) fn new(
        entries: &'p [SectionEntry],
        payload: &'p [u8],
        raw_len: usize,
        limits: &Limits,
        decompressor: Decompressor,
    ) -> Result<Self> {
        let mut total = 0u64;
        let mut rest = payload;
        let mut stored = Vec::new();
        for entry in entries {
            let len = entry.decoded_len.into();
            limits::check("decoded bytes of a section", len, limits.section_bytes_max)?;
            total += len;
            let cut = rest.split_at_checked(entry.stored_len as usize);
            let (own, after) = cut.ok_or_else(|| bad("sections fill the payload"))?;
            stored.push(own);
            rest = after;
        }
        if total > decoded_len_max(raw_len) {
            return Err(bad("sections are about as long as the block's raw bytes at most"));
        }
        if !rest.is_empty() {
            return Err(bad("sections fill the payload"));
        }
        let decoded = entries.iter().map(|_| None).collect();
        Ok(Self { entries, stored, decoded, loaded: (0, 0), decompressor })
    }

    /// Whether the block is one literal section; an error if it is neither that nor templates and columns.
    pub(crate) fn is_literal(&self) -> Result<bool> {
        let kinds = self.entries.iter().map(|entry| entry.kind);
        match kinds.clone().next() {
            Some(SectionKind::Literal) if self.entries.len() == 1 => Ok(true),
            Some(SectionKind::Templates)
                if kinds.skip(1).all(|kind| kind == SectionKind::Columns) =>
            {
                Ok(false)
            }
            Some(SectionKind::Model) if self.entries.len() == 1 => Ok(false),
            _ => Err(bad("a block is a literal, the code of a model, or templates and columns")),
        }
    }

    /// Whether all columns are in the code of a model.
    pub(crate) fn is_modelled(&self) -> bool {
        matches!(self.entries, [entry] if entry.kind == SectionKind::Model)
    }

    /// The directory.
    pub(crate) fn entries(&self) -> &'p [SectionEntry] {
        self.entries
    }

    /// Gives the decompressor back.
    pub(crate) fn into_decompressor(self) -> Decompressor {
        self.decompressor
    }

    /// Verifies and decodes a section, unless that has been done.
    pub(crate) fn load(&mut self, section: u32) -> Result<()> {
        let index = section as usize;
        let parts = (self.entries.get(index), self.stored.get(index), self.decoded.get_mut(index));
        let (Some(entry), Some(stored), Some(decoded)) = parts else {
            return Err(bad("a section that is named exists"));
        };
        if decoded.is_none() {
            *decoded = Some(decode(entry, stored, &mut self.decompressor)?);
            self.loaded = (self.loaded.0 + 1, self.loaded.1 + u64::from(entry.decoded_len));
        }
        Ok(())
    }

    /// Number and bytes of the sections that have been decoded.
    pub(crate) fn loaded(&self) -> (usize, u64) {
        self.loaded
    }

    /// Whether a section has been decoded.
    #[cfg(test)]
    pub(crate) fn is_loaded(&self, section: u32) -> bool {
        self.decoded.get(section as usize).is_some_and(Option::is_some)
    }

    /// Takes a section that has been loaded out of the cache.
    pub(crate) fn take(&mut self, section: u32) -> Vec<u8> {
        self.decoded.get_mut(section as usize).and_then(Option::take).unwrap_or_default()
    }

    /// The bytes of a stream, the section of which has been loaded.
    pub(crate) fn stream(&self, stream: Stream) -> &[u8] {
        let section = self.decoded.get(stream.section as usize).and_then(Option::as_ref);
        let start = stream.start as usize;
        let end = start.saturating_add(stream.len as usize);
        section.and_then(|section| section.get(start..end)).unwrap_or_default()
    }
}

/// The most bytes that all sections of a block may have, decoded.
pub(crate) fn decoded_len_max(raw_len: usize) -> u64 {
    let raw_len = raw_len as u64;
    raw_len + raw_len / 4 + (1 << 16)
}

fn decode(entry: &SectionEntry, stored: &[u8], decompressor: &mut Decompressor) -> Result<Vec<u8>> {
    let section = match entry.kind {
        SectionKind::Templates => Section::Templates,
        SectionKind::Columns | SectionKind::Model | SectionKind::Literal => Section::Columns,
        SectionKind::Extents => Section::Extents,
    };
    verify(section, entry.stored_check, stored)?;
    let len = entry.decoded_len as usize;
    let decoded = match entry.codec {
        CodecTag::Planes if entry.kind == SectionKind::Columns => planes::decode(stored, len)?,
        codec => decompressor.decompress(codec, stored, len)?,
    };
    verify(section, entry.decoded_check, &decoded)?;
    Ok(decoded)
}

fn verify(section: Section, stored: u32, bytes: &[u8]) -> Result<()> {
    let computed = checksum::section(bytes);
    if computed == stored {
        return Ok(());
    }
    let (stored, computed) = (stored.into(), computed.into());
    Err(Error::new(ErrorKind::ChecksumMismatch { section, offset: 0, stored, computed }))
}

#[cold]
fn bad(rule: &'static str) -> Error {
    Error::corrupt(Section::BlockHeader, 0, rule)
}
