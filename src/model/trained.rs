//! Model files (`docs/FORMAT.md`, "Model files"): sample lines, taken apart, and a dictionary for codecs.

use std::sync::Arc;

use crate::codec::{Codec, CodecTag, Compressor, Decompressor, Dictionary, XzSettings};
use crate::column::Strings;
use crate::error::{Error, ErrorKind, Result, Section};
use crate::limits::{self, Limits};
use crate::model::rows::Shape;
use crate::template::Parsed;
use crate::wire::{Cursor, checksum, varint};

/// The first bytes of a model file.
const MAGIC: [u8; 8] = [0x89, b'L', b'G', b'M', 0x0d, 0x0a, 0x1a, 0x0a];
/// Behind them.
const VERSION: u8 = 0;
/// Bytes of sample lines at most: every block goes through them.
pub(crate) const SAMPLE_BYTES_MAX: usize = 1 << 21;
/// Bytes of a dictionary at most.
pub(crate) const DICTIONARY_BYTES_MAX: usize = 1 << 21;
/// Values of the sample at most, for each of its bytes, and beside that.
const VALUES_PER_BYTE: u64 = 2;
const VALUES_MORE: u64 = 4096;

/// What `lig train` makes of sample logs: a start for blocks of logs like them. Cheap to clone.
///
/// Short logs gain most. Levels 8 and 9 go through the sample before each block; levels 1 to 7 take from it what their
/// codecs may refer to.
#[derive(Clone)]
pub struct ModelFile(Arc<Inner>);

struct Inner {
    bytes: Vec<u8>,
    hash: u64,
    rows: Parsed,
    /// The sample, each line with its newline.
    sample: Vec<u8>,
    dictionary: Dictionary,
}

impl std::fmt::Debug for ModelFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (hash, bytes) = (self.hash(), self.bytes().len());
        f.debug_struct("ModelFile").field("hash", &hash).field("bytes", &bytes).finish()
    }
}

impl PartialEq for ModelFile {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for ModelFile {}

impl ModelFile {
    /// Reads a model file; allocates no more than `limits` allow a model.
    pub fn from_bytes(bytes: Vec<u8>, limits: &Limits) -> Result<Self> {
        let mut cur = Cursor::new(&bytes, Section::Model, 0);
        if cur.array::<8>()? != MAGIC {
            let what = "not a model file (lig train makes them)".into();
            return Err(Error::new(ErrorKind::InvalidArgument { what }));
        }
        let [version] = cur.array()?;
        if version != VERSION {
            let feature = format!("model file version {version}");
            return Err(Error::new(ErrorKind::UnsupportedFeature { feature }));
        }
        let len_max = (SAMPLE_BYTES_MAX * 5 + DICTIONARY_BYTES_MAX) as u64;
        let len = cur.varint_max(len_max, "a model file is not too long")?;
        // The code, what it decodes to, the rows, and the sample.
        limits::check("model memory", len.saturating_mul(8), limits.model_bytes_max)?;
        let codec = CodecTag::from_tag(cur.u8()?);
        let codec = codec.ok_or_else(|| broken("a model file's codec is known"))?;
        let stored = cur.prefixed()?;
        let body_len = usize::try_from(cur.offset()).unwrap_or(usize::MAX);
        let hash = checksum::payload(bytes.get(..body_len).unwrap_or_default());
        let end = bytes.get(body_len..).unwrap_or_default();
        if end != hash.to_le_bytes() {
            return Err(broken("the checksum of a model file holds"));
        }
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let body = Decompressor::default().decompress(codec, stored, len)?;
        let mut cur = Cursor::new(&body, Section::Model, 0);
        let dictionary = cur.prefixed()?.to_vec();
        if dictionary.len() > DICTIONARY_BYTES_MAX {
            return Err(broken("a dictionary is not too long"));
        }
        let dictionary = Dictionary::new(dictionary);
        let (rows, sample) = read_rows(cur)?;
        Ok(Self(Arc::new(Inner { bytes, hash, rows, sample, dictionary })))
    }

    /// A model file of rows and a dictionary.
    pub(crate) fn new(rows: &Parsed, dictionary: &[u8]) -> Result<Self> {
        let body = body(rows, dictionary);
        let codec = Codec::Xz(XzSettings { preset: 9, extreme: true, literal_bits: 3 });
        let (tag, stored) = Compressor::default().compress(codec, &body)?;
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        varint::put(&mut bytes, body.len() as u64);
        bytes.push(tag.tag());
        put(&mut bytes, &stored);
        let hash = checksum::payload(&bytes);
        bytes.extend_from_slice(&hash.to_le_bytes());
        Self::from_bytes(bytes, &Limits::default())
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// What the checksum and the codec are around: for tests of what a reader must refuse.
    #[doc(hidden)]
    pub fn body(&self) -> Vec<u8> {
        body(&self.0.rows, self.0.dictionary.bytes())
    }

    /// What files name it by.
    pub fn hash(&self) -> u64 {
        self.0.hash
    }

    /// The lines of the sample, taken apart.
    pub(crate) fn rows(&self) -> &Parsed {
        &self.0.rows
    }

    /// The lines of the sample.
    pub(crate) fn sample(&self) -> &[u8] {
        &self.0.sample
    }

    /// What codecs may refer to.
    pub(crate) fn dictionary(&self) -> Dictionary {
        self.0.dictionary.clone()
    }
}

#[cold]
fn broken(rule: &'static str) -> Error {
    Error::corrupt(Section::Model, 0, rule)
}

fn body(rows: &Parsed, dictionary: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, dictionary);
    write_rows(rows, &mut body);
    body
}

fn put(dst: &mut Vec<u8>, bytes: &[u8]) {
    varint::put(dst, bytes.len() as u64);
    dst.extend_from_slice(bytes);
}

fn write_rows(rows: &Parsed, dst: &mut Vec<u8>) {
    varint::put(dst, rows.templates.len() as u64);
    rows.templates.iter().for_each(|template| put(dst, template));
    rows.slot_columns.iter().for_each(|&column| varint::put(dst, column.into()));
    varint::put(dst, rows.ids.len() as u64);
    rows.ids.iter().for_each(|&id| varint::put(dst, id.into()));
    for column in &rows.columns {
        for value in column.iter() {
            dst.extend_from_slice(value);
            dst.push(b'\n');
        }
    }
}

fn read_rows(mut cur: Cursor<'_>) -> Result<(Parsed, Vec<u8>)> {
    let count_max = SAMPLE_BYTES_MAX as u64;
    let mut rows = Parsed::default();
    let templates = cur.varint_max(count_max, "a template has a line")?;
    for _ in 0..templates {
        rows.templates.push(cur.prefixed()?.to_vec());
    }
    let slots = rows.templates.iter().flatten().filter(|&&byte| byte < 2).count();
    for _ in 0..slots {
        let column = cur.varint_max(count_max, "a column is new or known")?;
        rows.slot_columns.push(u32::try_from(column).unwrap_or(u32::MAX));
    }
    let texts: Vec<&[u8]> = rows.templates.iter().map(Vec::as_slice).collect();
    let shape = Shape::of(&texts, rows.slot_columns.clone());
    let shape = shape.ok_or_else(|| broken("a slot's column is new or known"))?;
    let lines = cur.varint_max(count_max, "a line takes a byte")?;
    let (mut next, mut values) = (0, 0);
    let mut counts = vec![0u64; shape.columns()];
    for _ in 0..lines {
        let id = cur.varint_max(count_max, "a template is known")?;
        if id > next || id >= templates {
            return Err(broken("templates are numbered by their first lines"));
        }
        next += u64::from(id == next);
        let id = u32::try_from(id).unwrap_or(u32::MAX);
        rows.ids.push(id);
        for &column in shape.columns_of(id) {
            values += 1;
            if let Some(count) = counts.get_mut(column as usize) {
                *count += 1;
            }
        }
        if values > VALUES_PER_BYTE * SAMPLE_BYTES_MAX as u64 + VALUES_MORE {
            return Err(broken("a sample has not many more values than bytes"));
        }
    }
    if next != templates {
        return Err(broken("every template has a line"));
    }
    let mut rest = cur.rest();
    for count in counts {
        let mut column = Strings::default();
        for _ in 0..count {
            let end = memchr::memchr(b'\n', rest);
            let (value, behind) = end
                .and_then(|end| rest.split_at_checked(end))
                .ok_or_else(|| broken("every value of a sample ends with a newline"))?;
            column.push(value);
            rest = behind.get(1..).unwrap_or_default();
        }
        rows.columns.push(column);
    }
    if !rest.is_empty() {
        return Err(broken("nothing stands behind the rows of a model file"));
    }
    let sample = render(&rows, &shape)?;
    Ok((rows, sample))
}

/// The lines, each with a newline.
fn render(rows: &Parsed, shape: &Shape) -> Result<Vec<u8>> {
    let texts: Vec<&[u8]> = rows.templates.iter().map(Vec::as_slice).collect();
    let mut sample = Vec::new();
    let taken = crate::model::table::render(&texts, shape, (&rows.ids, &rows.columns), |row| {
        sample.extend_from_slice(row);
        sample.push(b'\n');
        (sample.len() <= SAMPLE_BYTES_MAX + 1 && !row.contains(&b'\n')).then_some(())
    });
    taken.ok_or_else(|| broken("a sample is lines, and not too long"))?;
    Ok(sample)
}
