//! General-purpose byte compressors, the "backend" of the literature (`docs/FORMAT.md`, "Codecs").
//!
//! *Invariant:* `decompress(compress(x)) == x`; a decoder never writes more than the declared length.

mod ppmd;
mod xz;
mod zstd;

pub(crate) use xz::Settings as XzSettings;

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result, Section};

/// Sections longer than so many times the dictionary have no use for it.
const PRIMED_PART: usize = 16;

/// A codec with its strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    /// Zstandard at a level.
    Zstd(i32),
    /// The same, looking for repetitions over 16 MiB.
    ZstdLong(i32),
    /// LZMA2; the dictionary is no larger than the input asks for.
    Xz(xz::Settings),
    /// `PPMd` with contexts of up to so many bytes, 2 to 16.
    Ppmd(u8),
}

/// What a section's directory entry says of its codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodecTag {
    /// As is.
    Store,
    /// One Zstandard frame without checksum and content size.
    Zstd,
    /// A raw LZMA2 stream, its dictionary size byte in front.
    Xz,
    /// A `PPMd` stream with an end mark, its order and memory in front.
    Ppmd,
    /// As [`Zstd`](Self::Zstd), referring to the dictionary of the stream's model file.
    ZstdPrimed,
    /// Planes of integers by a model of them: of sections only, since only they say where columns lie.
    Planes,
}

impl CodecTag {
    pub(crate) fn tag(self) -> u8 {
        match self {
            Self::Store => 0,
            Self::Zstd => 1,
            Self::Xz => 2,
            Self::Ppmd => 3,
            Self::ZstdPrimed => 4,
            Self::Planes => 5,
        }
    }

    pub(crate) fn from_tag(tag: u8) -> Option<Self> {
        match tag {
            0 => Some(Self::Store),
            1 => Some(Self::Zstd),
            2 => Some(Self::Xz),
            3 => Some(Self::Ppmd),
            4 => Some(Self::ZstdPrimed),
            5 => Some(Self::Planes),
            _ => None,
        }
    }

    /// The name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Ppmd => "ppmd",
            Self::ZstdPrimed => "zstd+model",
            Self::Planes => "planes",
        }
    }
}

/// Compresses; falls back to storing where that is smaller. Keeps its contexts from call to call.
#[derive(Default)]
pub(crate) struct Compressor {
    zstd: zstd::Encoder,
    dictionary: Option<Dictionary>,
}

/// Text that codecs may refer to. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dictionary(Arc<Vec<u8>>);

impl Dictionary {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}

impl Compressor {
    /// From here on, sections may refer to `dictionary`.
    pub(crate) fn refer_to(&mut self, dictionary: Option<Dictionary>) {
        self.dictionary = dictionary;
    }

    /// Compresses `src` referring to the dictionary, if there is one and `src` is not so long that it would not matter;
    /// `None` if that is not smaller than `len`.
    pub(crate) fn compress_primed(
        &self,
        level: i32,
        src: &[u8],
        len: usize,
    ) -> Result<Option<(CodecTag, Vec<u8>)>> {
        let Some(dictionary) = &self.dictionary else { return Ok(None) };
        if src.len() / PRIMED_PART > dictionary.bytes().len() {
            return Ok(None);
        }
        let dst = zstd::compress_with(dictionary.bytes(), level, src)?;
        Ok((dst.len() < len).then_some((CodecTag::ZstdPrimed, dst)))
    }

    /// Compresses `src` with `codec`, or stores it where that is no larger.
    pub(crate) fn compress(&mut self, codec: Codec, src: &[u8]) -> Result<(CodecTag, Vec<u8>)> {
        let (tag, dst) = match codec {
            Codec::Zstd(level) => (CodecTag::Zstd, self.zstd.compress(level, false, src)?),
            Codec::ZstdLong(level) => (CodecTag::Zstd, self.zstd.compress(level, true, src)?),
            Codec::Xz(settings) => (CodecTag::Xz, xz::compress(settings, src)?),
            Codec::Ppmd(order) => (CodecTag::Ppmd, ppmd::compress(order, src)?),
        };
        if dst.len() >= src.len() {
            return Ok((CodecTag::Store, src.to_vec()));
        }
        Ok((tag, dst))
    }
}

/// Decompresses; keeps its contexts from call to call.
#[derive(Default)]
pub(crate) struct Decompressor {
    zstd: zstd::Decoder,
    dictionary: Option<Dictionary>,
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decompressor").finish_non_exhaustive()
    }
}

impl Decompressor {
    /// From here on, sections may refer to `dictionary`.
    pub(crate) fn refer_to(&mut self, dictionary: Option<Dictionary>) {
        self.dictionary = dictionary;
    }

    /// Decompresses `src`, which must yield exactly `len` bytes. The caller has checked `len` against its limits.
    pub(crate) fn decompress(&mut self, tag: CodecTag, src: &[u8], len: usize) -> Result<Vec<u8>> {
        let dst = match tag {
            CodecTag::Store => src.to_vec(),
            CodecTag::Zstd => self.zstd.decompress(src, len)?,
            CodecTag::Xz => xz::decompress(src, len)?,
            CodecTag::Ppmd => ppmd::decompress(src, len)?,
            // Sections decode it themselves.
            CodecTag::Planes => return Err(bad("planes are columns of blocks")),
            CodecTag::ZstdPrimed => match &self.dictionary {
                Some(dictionary) => zstd::decompress_with(dictionary.bytes(), src, len)?,
                None => return Err(bad("a stream names the model file of its sections")),
            },
        };
        if dst.len() == len {
            Ok(dst)
        } else {
            Err(bad("a section decodes to its declared length"))
        }
    }
}

/// An empty vector with room for `len` bytes, or an error instead of an abort.
pub(crate) fn reserve(len: usize) -> Result<Vec<u8>> {
    let mut dst = Vec::new();
    dst.try_reserve_exact(len).map_err(|_| {
        Error::new(ErrorKind::LimitExceeded { limit: "memory", requested: len as u64, allowed: 0 })
    })?;
    Ok(dst)
}

#[cold]
fn bad(rule: &'static str) -> Error {
    Error::corrupt(Section::Columns, 0, rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn xz(preset: u32, literal_bits: u32) -> Codec {
        Codec::Xz(XzSettings { preset, extreme: preset > 5, literal_bits })
    }

    const ALL: [Codec; 5] = [Codec::Zstd(1), Codec::Zstd(19), xz(0, 3), xz(6, 0), xz(9, 4)];

    #[test]
    fn every_codec_round_trips() {
        let inputs =
            [Vec::new(), vec![7], vec![0; 100_000], (0..=255).cycle().take(70_000).collect()];
        for codec in ALL {
            for input in &inputs {
                let (tag, dst) = Compressor::default().compress(codec, input).unwrap();
                let back = Decompressor::default().decompress(tag, &dst, input.len()).unwrap();
                assert_eq!(&back, input);
            }
        }
    }

    #[test]
    fn a_wrong_length_is_an_error() {
        let input = vec![b'a'; 5000];
        for codec in ALL {
            let (tag, dst) = Compressor::default().compress(codec, &input).unwrap();
            for len in [0, 4999, 5001] {
                assert!(
                    Decompressor::default().decompress(tag, &dst, len).is_err(),
                    "{codec:?} {len}"
                );
            }
        }
    }

    #[test]
    fn every_prefix_is_an_error() {
        let input: Vec<u8> = b"to be or not to be ".repeat(40);
        for codec in ALL {
            let (tag, dst) = Compressor::default().compress(codec, &input).unwrap();
            for cut in 0..dst.len() {
                assert!(
                    Decompressor::default().decompress(tag, &dst[..cut], input.len()).is_err(),
                    "{codec:?} {cut}"
                );
            }
        }
    }
}
