//! Single stages of compression and decompression, for benchmarks and fuzz targets. Behind the feature `unstable-internals`; no promise is
//! made about anything in here.

use crate::block::Encoder;
use crate::codec::{Codec, CodecTag, Compressor, Decompressor, XzSettings};
use crate::column::timestamp::scan;
use crate::encoding::integer::{Choice, Header, Reader, encode};
use crate::error::{Result, Section};
use crate::limits::Limits;
use crate::line::{Rows, Tokens, coarse, fine};
use crate::model::{self, ModelFile};
use crate::template::{Mode, Parsed, parse};
use crate::wire::Cursor;

/// Cuts every line at its words; returns the number of slots.
pub fn tokenize_lines(log: &[u8]) -> usize {
    tokenize(log, coarse)
}

/// Cuts every line as values of columns are cut; returns the number of slots.
pub fn tokenize_values(log: &[u8]) -> usize {
    tokenize(log, fine)
}

fn tokenize(log: &[u8], cut: fn(&[u8], usize, &mut Tokens)) -> usize {
    let mut tokens = Tokens::default();
    for (start, end) in Rows::lines(Some(log)).places() {
        cut(log.get(start..end).unwrap_or_default(), start, &mut tokens);
    }
    tokens.slots.len()
}

/// Looks for a time at the start of every line; returns how many have one.
pub fn find_times(log: &[u8]) -> usize {
    let rows = Rows::lines(Some(log));
    rows.places()
        .filter(|&(start, end)| scan(log.get(start..end).unwrap_or_default()).is_some())
        .count()
}

/// Decodes any bytes as the code of a model, of a block of `raw_len` bytes, that may start from a model file; returns whether
/// they are one.
pub fn decode_model(
    code: &[u8],
    raw_len: usize,
    limits: &Limits,
    trained: Option<&ModelFile>,
) -> bool {
    let equipment = model::Equipment { trained: trained.cloned(), ..Default::default() };
    model::decode(code, raw_len, (limits, &equipment)).is_ok()
}

/// A log, taken apart into templates and columns of text.
#[derive(Debug)]
pub struct Matched(Parsed);

/// Tokenizes, finds the templates of a log, and matches every line with one.
pub fn match_lines(log: &[u8]) -> Matched {
    Matched(parse(&Rows::lines(Some(log)), Mode::Lines))
}

impl Matched {
    /// Number of templates.
    pub fn templates(&self) -> usize {
        self.0.templates.len()
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.0.columns.len()
    }

    /// The columns' values that are all plain decimal numbers, column after column.
    pub fn numbers(&self) -> Vec<Vec<i64>> {
        let number = |value: &[u8]| std::str::from_utf8(value).ok()?.parse().ok();
        let column = |column: &crate::column::Strings| column.iter().map(number).collect();
        self.0.columns.iter().filter_map(column).collect()
    }

    /// The text of all columns, one after the other.
    pub fn text(&self) -> Vec<u8> {
        self.0.columns.iter().flat_map(|column| column.bytes().iter().copied()).collect()
    }
}

/// All that is done to a block before the codecs: templates, columns, and the choice of encodings. Returns the number of
/// templates.
pub fn columns_and_encodings(block: &[u8], level: u8) -> Result<u32> {
    Encoder::new(level).structure_only(block)
}

/// Integers, encoded.
#[derive(Debug)]
pub struct Integers {
    meta: Vec<u8>,
    bytes: Vec<u8>,
    count: usize,
}

/// Chooses an encoding by guess and encodes.
pub fn encode_integers(values: &[i64]) -> Integers {
    let (mut meta, mut bytes) = (Vec::new(), Vec::new());
    encode(values, Choice::guess(values), None, &mut meta, &mut bytes);
    Integers { meta, bytes, count: values.len() }
}

impl Integers {
    /// The values again.
    pub fn decode(&self) -> Result<Vec<i64>> {
        let mut meta = Cursor::new(&self.meta, Section::Columns, 0);
        let mut reader = Reader::new(Header::take(&mut meta)?, &self.bytes);
        Ok((0..self.count).map(|_| reader.next()).collect())
    }
}

/// A codec and its strength.
#[derive(Clone, Copy, Debug)]
pub enum Backend {
    /// Zstandard at a level.
    Zstd(i32),
    /// LZMA2 with a preset.
    Xz(u32),
    /// `PPMd` with contexts of up to so many bytes.
    Ppmd(u8),
}

/// Bytes, compressed.
#[derive(Debug)]
pub struct Packed {
    tag: CodecTag,
    bytes: Vec<u8>,
    len: usize,
}

/// Compresses bytes.
pub fn pack(backend: Backend, bytes: &[u8]) -> Result<Packed> {
    let codec = match backend {
        Backend::Zstd(level) => Codec::Zstd(level),
        Backend::Xz(preset) => Codec::Xz(XzSettings { preset, extreme: false, literal_bits: 3 }),
        Backend::Ppmd(order) => Codec::Ppmd(order),
    };
    let (tag, packed) = Compressor::default().compress(codec, bytes)?;
    Ok(Packed { tag, bytes: packed, len: bytes.len() })
}

impl Packed {
    /// The bytes again.
    pub fn unpack(&self) -> Result<Vec<u8>> {
        Decompressor::default().decompress(self.tag, &self.bytes, self.len)
    }
}
