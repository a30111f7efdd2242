//! LZMA2 through liblzma: a raw stream behind one byte, the base-2 logarithm of its dictionary size.

use xz2::stream::{Action, Filters, LzmaOptions, Status, Stream};

use crate::codec::{bad, reserve};
use crate::error::{Error, Result};

/// The smallest dictionary liblzma takes is 2^12 bytes.
const DICT_LOG_MIN: u32 = 12;
/// The largest we write, up to preset 8 and at 9: the encoder needs 11.5 times as much memory.
const DICT_LOG_MAX: u32 = 23;
const DICT_LOG_MAX_BEST: u32 = 24;
/// The largest we read.
const DICT_LOG_MAX_READ: u32 = 26;

/// How LZMA2 compresses. What it reads is aligned to nothing, so that positions tell it nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// liblzma's, 0 to 9.
    pub(crate) preset: u32,
    /// Its slower variant.
    pub(crate) extreme: bool,
    /// High bits of the byte before that predict a literal, 0 to 4: many for text, none for numbers.
    pub(crate) literal_bits: u32,
}

/// liblzma's flag for the slower variant of a preset.
const EXTREME: u32 = 1 << 31;

pub(crate) fn compress(settings: Settings, src: &[u8]) -> Result<Vec<u8>> {
    let Settings { preset, extreme, literal_bits } = settings;
    let most = if preset < 9 { DICT_LOG_MAX } else { DICT_LOG_MAX_BEST };
    let dict_log = src.len().next_power_of_two().trailing_zeros().clamp(DICT_LOG_MIN, most);
    let preset = preset | if extreme { EXTREME } else { 0 };
    let mut options = LzmaOptions::new_preset(preset).map_err(lzma)?;
    options.dict_size(1 << dict_log).literal_context_bits(literal_bits).position_bits(0);
    let mut filters = Filters::new();
    filters.lzma2(&options);
    let mut stream = Stream::new_raw_encoder(&filters).map_err(lzma)?;
    let mut dst = Vec::with_capacity(src.len() / 2 + 64);
    dst.push(u8::try_from(dict_log).unwrap_or(u8::MAX));
    let mut rest = src;
    loop {
        let before = stream.total_in();
        let status = stream.process_vec(rest, &mut dst, Action::Finish).map_err(lzma)?;
        let used = usize::try_from(stream.total_in() - before).unwrap_or(usize::MAX);
        rest = rest.get(used..).unwrap_or_default();
        if status == Status::StreamEnd {
            return Ok(dst);
        }
        dst.reserve(src.len() / 2 + 64);
    }
}

pub(crate) fn decompress(src: &[u8], len: usize) -> Result<Vec<u8>> {
    const RULE: &str = "an xz section is one whole LZMA2 stream of its declared length";
    let (&dict_log, mut rest) = src.split_first().ok_or_else(|| bad(RULE))?;
    if !(DICT_LOG_MIN..=DICT_LOG_MAX_READ).contains(&u32::from(dict_log)) {
        return Err(bad("an xz section's dictionary has 2^12 to 2^26 bytes"));
    }
    let mut stream =
        Stream::new_raw_decoder(&filters(u32::from(dict_log))?).map_err(|_| bad(RULE))?;
    // One byte more than declared, so that a stream that goes on is noticed.
    let mut dst = reserve(len + 1)?;
    loop {
        let (total_in, total_out) = (stream.total_in(), stream.total_out());
        let status = stream.process_vec(rest, &mut dst, Action::Finish).map_err(|_| bad(RULE))?;
        let used = usize::try_from(stream.total_in() - total_in).unwrap_or(usize::MAX);
        rest = rest.get(used..).unwrap_or_default();
        if status == Status::StreamEnd {
            return if rest.is_empty() && dst.len() == len { Ok(dst) } else { Err(bad(RULE)) };
        }
        let stuck = (stream.total_in(), stream.total_out()) == (total_in, total_out);
        if dst.len() > len || stuck {
            return Err(bad(RULE));
        }
    }
}

/// What a decoder must be told; the rest is in the stream.
fn filters(dict_log: u32) -> Result<Filters> {
    let mut options = LzmaOptions::new_preset(6).map_err(lzma)?;
    options.dict_size(1 << dict_log);
    let mut filters = Filters::new();
    filters.lzma2(&options);
    Ok(filters)
}

#[cold]
fn lzma(err: xz2::stream::Error) -> Error {
    std::io::Error::from(err).into()
}
