//! Zstandard through libzstd: one frame a section, without checksum or content size, which the section has already.

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CCtx, CParameter, DCtx, DParameter, get_error_name};

use crate::codec::{bad, reserve};
use crate::error::{Error, Result};

/// A frame's window is at most 2^27 bytes.
const WINDOW_LOG_MAX: u32 = 27;

/// The window for long repetitions.
const LONG_WINDOW_LOG: u32 = 24;

/// A compression context, made at first use.
#[derive(Default)]
pub(crate) struct Encoder(Option<CCtx<'static>>);

impl Encoder {
    /// Compresses `src`; with `long`, repetitions are found over up to 2^24 bytes.
    pub(crate) fn compress(&mut self, level: i32, long: bool, src: &[u8]) -> Result<Vec<u8>> {
        let ctx = self.0.get_or_insert_with(CCtx::create);
        // 0 is the level's own.
        let window_log = if long { LONG_WINDOW_LOG } else { 0 };
        let mut dst = Vec::with_capacity(zstd::zstd_safe::compress_bound(src.len()));
        ctx.set_parameter(CParameter::CompressionLevel(level))
            .and_then(|_| ctx.set_parameter(CParameter::ContentSizeFlag(false)))
            .and_then(|_| ctx.set_parameter(CParameter::EnableLongDistanceMatching(long)))
            .and_then(|_| ctx.set_parameter(CParameter::WindowLog(window_log)))
            .and_then(|_| ctx.compress2(&mut dst, src))
            .map_err(|code| Error::from(std::io::Error::other(get_error_name(code))))?;
        Ok(dst)
    }
}

/// Compresses `src`, which may refer to `dictionary`.
pub(crate) fn compress_with(dictionary: &[u8], level: i32, src: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = Compressor::with_dictionary(level, dictionary)?;
    encoder.set_parameter(CParameter::ContentSizeFlag(false))?;
    Ok(encoder.compress(src)?)
}

/// Decompresses what refers to `dictionary`.
pub(crate) fn decompress_with(dictionary: &[u8], src: &[u8], len: usize) -> Result<Vec<u8>> {
    let mut dst = reserve(len)?;
    let mut decoder = Decompressor::with_dictionary(dictionary)?;
    decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
    decoder
        .decompress_to_buffer(src, &mut dst)
        .map_err(|_| bad("a zstd section is one whole frame of its declared length"))?;
    Ok(dst)
}

/// A decompression context, made at first use.
#[derive(Default)]
pub(crate) struct Decoder(Option<DCtx<'static>>);

impl Decoder {
    pub(crate) fn decompress(&mut self, src: &[u8], len: usize) -> Result<Vec<u8>> {
        let ctx = self.0.get_or_insert_with(DCtx::create);
        let mut dst = reserve(len)?;
        ctx.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))
            .and_then(|_| ctx.decompress(&mut dst, src))
            .map_err(|_| bad("a zstd section is one whole frame of its declared length"))?;
        Ok(dst)
    }
}
