//! Streams on their way into sections.

use crate::block::node::{Class, STREAM_LARGE};
use crate::codec::{Codec, Compressor};
use crate::error::{Error, ErrorKind, Result};
use crate::format::{SectionEntry, SectionKind};
use crate::wire::checksum;

/// Collects what the encoder writes: the template section, and streams in the order of writing.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    /// The template table, the column tree, and the parameters of encodings.
    pub(crate) meta: Vec<u8>,
    groups: [Vec<u8>; Class::COUNT],
    large: Vec<(Class, Vec<u8>)>,
}

impl Sink {
    /// Takes a stream: a large one is a section of its own, a small one joins its class.
    pub(crate) fn stream(&mut self, class: Class, bytes: Vec<u8>) {
        if bytes.len() >= STREAM_LARGE {
            self.large.push((class, bytes));
        } else if let Some(group) = self.groups.get_mut(class.index()) {
            group.extend_from_slice(&bytes);
        }
    }

    /// Compresses all sections: templates, the groups that hold something, the large streams.
    pub(crate) fn finish(
        self,
        codecs: &[Codec],
        compressor: &mut Compressor,
    ) -> Result<(Vec<SectionEntry>, Vec<u8>)> {
        let mut sections = Vec::new();
        let mut payload = Vec::new();
        let templates = (SectionKind::Templates, self.meta);
        let groups = self.groups.into_iter().map(|group| (SectionKind::Columns, group));
        let large = self.large.into_iter().map(|(_, stream)| (SectionKind::Columns, stream));
        for (kind, decoded) in std::iter::once(templates).chain(groups).chain(large) {
            sections.push(section(kind, &decoded, codecs, compressor, &mut payload)?);
        }
        Ok((sections, payload))
    }
}

/// Compresses one section with the codec that makes it smallest, and appends it to `payload`.
pub(crate) fn section(
    kind: SectionKind,
    decoded: &[u8],
    codecs: &[Codec],
    compressor: &mut Compressor,
    payload: &mut Vec<u8>,
) -> Result<SectionEntry> {
    let mut best = None;
    for &codec in codecs {
        let (tag, stored) = compressor.compress(codec, decoded)?;
        if best.as_ref().is_none_or(|(_, smallest): &(_, Vec<u8>)| stored.len() < smallest.len()) {
            best = Some((tag, stored));
        }
    }
    let (codec, stored) = best.ok_or_else(|| {
        Error::new(ErrorKind::InvalidArgument { what: "no codec to choose from".into() })
    })?;
    payload.extend_from_slice(&stored);
    Ok(SectionEntry {
        kind,
        codec,
        stored_len: length(stored.len())?,
        decoded_len: length(decoded.len())?,
        stored_check: checksum::section(&stored),
        decoded_check: checksum::section(decoded),
        needs: if kind == SectionKind::Columns { vec![0] } else { Vec::new() },
    })
}

/// A length as it is written. Blocks are far below 2^32 bytes.
pub(crate) fn length(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_| {
        Error::new(ErrorKind::InvalidArgument { what: "a block is shorter than 2^32 bytes".into() })
    })
}
