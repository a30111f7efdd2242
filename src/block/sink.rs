//! Streams on their way into sections.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::block::node::{Class, GROUP_LARGE, IDS_LARGE, SMALL_BLOCK, STREAM_LARGE};
use crate::block::reader::values_max;
use crate::block::sections::decoded_len_max;
use crate::codec::{Codec, CodecTag, Compressor, XzSettings};
use crate::error::{Error, ErrorKind, Result};
use crate::format::{SectionEntry, SectionKind};
use crate::limits::COLUMNS_MAX;
use crate::model::planes::{self, Stream};
use crate::wire::{checksum, varint};

/// Levels from this on use xz.
const LEVEL_XZ: u8 = 6;
/// zstd's level for trials, and for those of which there are many.
pub(crate) const TRIAL_LEVEL: i32 = 6;
pub(crate) const TRIAL_QUICK: i32 = 1;
/// Packed text is stored, unless a quick codec saves this part of it.
const PACKED_PART: usize = 100;
/// Sections that get no larger than this are tried with zstd as well.
const SMALL: usize = 1 << 11;

/// Of a large text so many bytes are packed both ways before `PPMd` is tried on all of it:
const PPMD_LOOK: usize = 1 << 15;
/// it is tried where it leaves no more of them than this part of what xz leaves, in percent. Of 60 sections of development
/// logs, none that it was then taken for lay above 86.
const PPMD_HOPE: usize = 88;
/// Text of so many bytes is read in no time.
const PPMD_CHEAP: usize = 1 << 15;
/// Its contexts are up to so many bytes long, in text and in numbers.
const PPMD_ORDER: u8 = 8;
const PPMD_ORDER_NUMBERS: u8 = 6;
/// A text of so many bytes is not tried with xz as well where more of it says that there is no doubt.
const PPMD_LARGE: usize = 1 << 20;
const PPMD_SURE: usize = 80;

/// Numbers of so many bytes are read in no time by the model of planes,
const PLANES_CHEAP: usize = 1 << 12;
/// which must save this part of what other codecs leave, and of a large section:
const PLANES_PART: usize = 40;
const PLANES_PART_LARGE: usize = 16;

/// A large text joins a section if that saves this part of it.
const LIKE_PART: usize = 16;
/// Sections of these lengths are compared with it,
const LIKE_LEN: Range<usize> = 1 << 13..1 << 23;
/// so many of them.
const LIKE_COUNT: usize = 8;

/// The streams of a section.
#[derive(Clone, Debug)]
struct Gathered {
    class: Class,
    bytes: Vec<u8>,
    /// What they are, if they are numbers.
    streams: Vec<Stream>,
}

/// A section before it is compressed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) kind: SectionKind,
    pub(crate) class: Class,
    pub(crate) bytes: &'a [u8],
    /// Its streams, if they are numbers.
    pub(crate) streams: &'a [Stream],
}

/// Collects what the encoder writes: the templates section, and streams in the order of writing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sink {
    /// The strings that the tree names, in its order, each followed by a newline.
    text: Vec<u8>,
    /// Numbers of templates and columns, the column tree, and the parameters of encodings.
    pub(crate) tree: Vec<u8>,
    /// The sections behind the templates section.
    sections: Vec<Gathered>,
    /// The group of each class that small streams join.
    groups: [Option<usize>; Class::COUNT],
    /// The column of the block's table that is being written; none while its ids are.
    owner: Option<u32>,
    /// The code of a model.
    model: Option<Vec<u8>>,
    /// Which sections hold streams of which column.
    users: BTreeSet<(Option<u32>, usize)>,
    /// Columns and values of all tables.
    columns: u64,
    values: usize,
    /// Which column cannot be told without which other.
    dependencies: BTreeSet<(u32, u32)>,
}

impl Sink {
    /// A table with so many columns and values is written.
    pub(crate) fn table(&mut self, columns: usize, values: usize) {
        self.columns += columns as u64;
        self.values += values;
    }

    /// Whether readers take a block of `raw_len` bytes that is written like this.
    pub(crate) fn is_taken(&self, raw_len: usize) -> bool {
        let sections: usize = self.sections.iter().map(|section| section.bytes.len()).sum();
        let model = self.model.as_ref().map_or(0, Vec::len);
        let decoded = self.text.len() + self.tree.len() + varint::LEN_MAX + sections + model;
        decoded as u64 <= decoded_len_max(raw_len)
            && self.columns <= COLUMNS_MAX
            && self.values <= values_max(raw_len)
    }

    /// Whether strings are half of a block of `raw_len` bytes or more.
    pub(crate) fn is_mostly_text(&self, raw_len: usize) -> bool {
        self.text.len() >= raw_len / 2
    }

    /// Takes a string of the tree. It holds no newline.
    pub(crate) fn string(&mut self, string: &[u8]) {
        self.text.extend_from_slice(string);
        self.text.push(b'\n');
    }

    /// What comes next belongs to this column of the block's table.
    pub(crate) fn column(&mut self, column: u32) {
        self.owner = Some(column);
    }

    /// The column that is being written cannot be told without `other`, a column of the block's table.
    pub(crate) fn depends(&mut self, other: u32) {
        if let Some(owner) = self.owner {
            self.dependencies.insert((owner, other));
        }
    }

    /// Takes a stream: a large one is a section of its own, a small one joins its class.
    pub(crate) fn stream(&mut self, class: Class, bytes: &[u8]) {
        self.stream_beside(class, bytes, None);
    }

    /// Takes text; a large one joins the section that it is known to be like.
    pub(crate) fn text_beside(&mut self, bytes: &[u8], beside: Option<usize>) {
        self.stream_beside(Class::Text, bytes, beside);
    }

    /// Takes integers as they are written, which are not none.
    pub(crate) fn numbers(&mut self, bytes: &[u8], stream: Stream) {
        let section = self.stream_beside(Class::Numbers, bytes, None);
        if let Some(section) = section.and_then(|section| self.sections.get_mut(section)) {
            section.streams.push(stream);
        }
    }

    /// Returns the number of the section that has the stream; none if there is nothing in it.
    fn stream_beside(
        &mut self,
        class: Class,
        bytes: &[u8],
        beside: Option<usize>,
    ) -> Option<usize> {
        varint::put(&mut self.tree, bytes.len() as u64);
        if bytes.is_empty() {
            return None;
        }
        // The ids of lines are asked for more often than anything else: not much else should come with them.
        let large = if self.owner.is_some() { STREAM_LARGE } else { IDS_LARGE };
        let group = self.groups.get_mut(class.index());
        let section = match group {
            Some(Some(group)) if bytes.len() < large => *group,
            Some(group) if bytes.len() < large => *group.insert(self.sections.len()),
            _ => beside.unwrap_or(self.sections.len()),
        };
        if section == self.sections.len() {
            self.sections.push(Gathered { class, bytes: Vec::new(), streams: Vec::new() });
        }
        varint::put(&mut self.tree, section as u64 + 1);
        self.users.insert((self.owner, section + 1));
        if let Some(Gathered { bytes: dst, .. }) = self.sections.get_mut(section) {
            dst.extend_from_slice(bytes);
            if dst.len() >= GROUP_LARGE && bytes.len() < large {
                // A group that grew large is full: who asks for one column should not have to decode all.
                self.groups
                    .iter_mut()
                    .filter(|group| **group == Some(section))
                    .for_each(|group| *group = None);
            }
        }
        Some(section)
    }

    /// The section in which a large text would be smaller than on its own, by a trial on the starts of both: what one column
    /// says, another may have said before.
    pub(crate) fn like(&self, bytes: &[u8], compressor: &mut Compressor) -> Result<Option<usize>> {
        if bytes.len() < STREAM_LARGE || self.owner.is_none() {
            return Ok(None);
        }
        let mut size = |parts: &[&[u8]]| {
            let stored = compressor.compress(Codec::Zstd(1), &parts.concat());
            stored.map(|(_, stored)| stored.len())
        };
        let start = start_of(bytes);
        let apart = size(&[start])?;
        let mut best = (apart - apart / LIKE_PART, None);
        let may_be_like = |section: &Gathered| {
            section.class == Class::Text && LIKE_LEN.contains(&section.bytes.len())
        };
        let candidates =
            self.sections.iter().enumerate().filter(|(_, section)| may_be_like(section));
        for (number, section) in candidates.take(LIKE_COUNT) {
            let other = start_of(&section.bytes);
            let beside = size(&[other, start])?.saturating_sub(size(&[other])?);
            if beside < best.0 {
                best = (beside, Some(number));
            }
        }
        Ok(best.1)
    }

    /// A block that is the code of a model.
    pub(crate) fn of_model(code: Vec<u8>) -> Self {
        Self { model: Some(code), ..Self::default() }
    }

    /// Bytes that a quick codec makes of everything, and of the templates and the column tree: for trials.
    pub(crate) fn sizes(&self, compressor: &mut Compressor) -> Result<(usize, usize)> {
        self.sizes_at(TRIAL_LEVEL, compressor)
    }

    fn sizes_at(&self, level: i32, compressor: &mut Compressor) -> Result<(usize, usize)> {
        // A model's code is what it is, and nobody knows how much of it is templates.
        if let Some(code) = &self.model {
            return Ok((code.len(), code.len()));
        }
        let mut size = |part: &[u8]| {
            let stored = compressor.compress(Codec::Zstd(level), part);
            stored.map(|(_, stored)| stored.len())
        };
        let templates = size(&self.text)? + size(&self.tree)?;
        let sections = self.sections.iter().map(|section| size(&section.bytes));
        Ok((templates + sections.sum::<Result<usize>>()?, templates))
    }

    /// Bytes that zstd makes of everything at a level.
    pub(crate) fn size(&self, level: i32, compressor: &mut Compressor) -> Result<usize> {
        Ok(self.sizes_at(level, compressor)?.0)
    }

    /// What is like the text and the sections of other blocks, the most telling last: a dictionary for codecs.
    pub(crate) fn into_dictionary(self) -> Vec<u8> {
        let mut dictionary = Vec::new();
        let (text, other): (Vec<_>, Vec<_>) =
            self.sections.into_iter().partition(|section| section.class == Class::Text);
        for section in other.into_iter().chain(text) {
            dictionary.extend_from_slice(&section.bytes);
        }
        dictionary.extend_from_slice(&self.text);
        dictionary.extend_from_slice(&self.tree);
        dictionary
    }

    /// Compresses all sections.
    pub(crate) fn finish(
        self,
        level: u8,
        compressor: &mut Compressor,
    ) -> Result<(Vec<SectionEntry>, Vec<u8>)> {
        let mut templates = Vec::new();
        varint::put(&mut templates, self.text.len() as u64);
        templates.extend_from_slice(&self.text);
        templates.extend_from_slice(&self.tree);
        let mut payload = Vec::new();
        if let Some(code) = &self.model {
            let part = Part::of(SectionKind::Model, Class::Numbers, code);
            let entry = section(part, level, compressor, &mut payload)?;
            return Ok((vec![entry], payload));
        }
        let part = Part::of(SectionKind::Templates, Class::Text, &templates);
        let mut sections = vec![section(part, level, compressor, &mut payload)?];
        for (gathered, needs) in self.sections.iter().zip(self.needs()) {
            let part = Part::of(SectionKind::Columns, gathered.class, &gathered.bytes);
            let part = Part { streams: &gathered.streams, ..part };
            let mut entry = section(part, level, compressor, &mut payload)?;
            entry.needs = needs;
            sections.push(entry);
        }
        Ok((sections, payload))
    }

    /// The sections that each one needs: the templates, the ids, and what came before it of its columns.
    fn needs(&self) -> Vec<Vec<u32>> {
        let ids: Vec<usize> = self.sections_of(None).collect();
        let mut needs: Vec<BTreeSet<usize>> = vec![BTreeSet::from([0]); self.sections.len()];
        for &(owner, section) in &self.users {
            let Some(needs) = needs.get_mut(section - 1) else { continue };
            needs.extend(ids.iter().copied().filter(|&earlier| earlier < section));
            for owner in self.closure(owner) {
                needs.extend(self.sections_of(owner).take_while(|&earlier| earlier < section));
            }
        }
        let number = |section: usize| u32::try_from(section).unwrap_or(u32::MAX);
        needs.into_iter().map(|needs| needs.into_iter().map(number).collect()).collect()
    }

    /// A column and all without which it cannot be told.
    fn closure(&self, owner: Option<u32>) -> Vec<Option<u32>> {
        let mut closure = vec![owner];
        let mut done = 0;
        while let Some(&next) = closure.get(done) {
            done += 1;
            let Some(next) = next else { continue };
            for &(_, other) in self.dependencies.range((next, 0)..=(next, u32::MAX)) {
                if !closure.contains(&Some(other)) {
                    closure.push(Some(other));
                }
            }
        }
        closure
    }

    fn sections_of(&self, owner: Option<u32>) -> impl Iterator<Item = usize> {
        self.users.range((owner, 0)..=(owner, usize::MAX)).map(|&(_, section)| section)
    }
}

impl<'a> Part<'a> {
    /// A section of which no streams are known.
    pub(crate) fn of(kind: SectionKind, class: Class, bytes: &'a [u8]) -> Self {
        Self { kind, class, bytes, streams: &[] }
    }
}

/// What a trial looks at of a large text.
fn start_of(stream: &[u8]) -> &[u8] {
    stream.get(..STREAM_LARGE).unwrap_or(stream)
}

/// Compresses one section, and appends it to `payload`.
pub(crate) fn section(
    part: Part<'_>,
    level: u8,
    compressor: &mut Compressor,
    payload: &mut Vec<u8>,
) -> Result<SectionEntry> {
    let Part { kind, bytes: decoded, .. } = part;
    let (mut codec, mut stored) = compress(part, level, compressor)?;
    if kind != SectionKind::Model {
        let level = if level < LEVEL_XZ { zstd_level(level) } else { 19 };
        if let Some(primed) = compressor.compress_primed(level, decoded, stored.len())? {
            (codec, stored) = primed;
        }
    }
    payload.extend_from_slice(&stored);
    Ok(SectionEntry {
        kind,
        codec,
        stored_len: length(stored.len())?,
        decoded_len: length(decoded.len())?,
        stored_check: checksum::section(&stored),
        decoded_check: checksum::section(decoded),
        needs: Vec::new(),
    })
}

/// zstd's level.
fn zstd_level(level: u8) -> i32 {
    match level {
        ..=1 => 1,
        2 => 3,
        3 => 6,
        4 => 9,
        5 => 12,
        _ => 19,
    }
}

/// Compresses one section as its level and its content ask for.
fn compress(part: Part<'_>, level: u8, compressor: &mut Compressor) -> Result<(CodecTag, Vec<u8>)> {
    let Part { kind, class, bytes: decoded, streams } = part;
    let zstd = match level {
        // Without templates the codec is all there is, and what is small takes little time.
        3..=5 if kind == SectionKind::Literal && decoded.len() <= SMALL_BLOCK => 12,
        _ => zstd_level(level),
    };
    if kind == SectionKind::Model {
        return Ok((CodecTag::Store, decoded.to_vec()));
    }
    if class == Class::Packed {
        // Most of it is random, which a quick look tells: then nothing else need be tried, or undone by readers.
        let quick = compressor.compress(Codec::Zstd(1), decoded)?;
        if quick.1.len() + decoded.len() / PACKED_PART >= decoded.len() {
            return Ok((CodecTag::Store, decoded.to_vec()));
        }
    }
    if level < LEVEL_XZ {
        return compressor.compress(Codec::Zstd(zstd), decoded);
    }
    let literal_bits = match (kind, class) {
        (SectionKind::Templates, _) => 1,
        (SectionKind::Literal, _) if decoded.len() > SMALL_BLOCK => 4,
        (_, Class::Numbers | Class::Packed) => 0,
        (_, Class::Text) => 3,
    };
    let settings = XzSettings {
        // Level 8 is to take less memory than level 7, which leaves no room for the largest dictionary.
        preset: match level {
            LEVEL_XZ => 6,
            8 => 8,
            _ => 9,
        },
        // Without templates, long repetitions are what there is to find.
        extreme: level > LEVEL_XZ || (kind == SectionKind::Literal && decoded.len() <= SMALL_BLOCK),
        literal_bits,
    };
    // PPMd knows text best, but it is slow to read: it must earn that where there is much of it.
    let (least, part) = match kind {
        _ if level > LEVEL_XZ => (0, 40),
        _ if decoded.len() <= PPMD_CHEAP => (0, 40),
        SectionKind::Literal if decoded.len() <= SMALL_BLOCK => (SMALL, 8),
        _ => (SMALL, 6),
    };
    let slow = if (class == Class::Text || level > LEVEL_XZ) && decoded.len() > least {
        let order = if class == Class::Text { PPMD_ORDER } else { PPMD_ORDER_NUMBERS };
        ppmd_or_xz(decoded, (order, part), settings, compressor)?
    } else {
        compressor.compress(Codec::Xz(settings), decoded)?
    };
    if class == Class::Numbers
        && (level > LEVEL_XZ || decoded.len() <= PLANES_CHEAP)
        && let Some(planes) = planes_below(streams, decoded, slow.1.len())
    {
        return Ok((CodecTag::Planes, planes));
    }
    // zstd has the lower fixed cost and the better answer to what hardly compresses, or repeats itself whole; in between
    // it would cost as much time again, and lose.
    let len = slow.1.len();
    if slow.0 == CodecTag::Ppmd {
        return Ok(slow);
    }
    if len < SMALL || len > decoded.len() / 3 * 2 || len < decoded.len() / 64 {
        let zstd = compressor.compress(Codec::Zstd(zstd), decoded)?;
        if zstd.1.len() < len {
            return Ok(zstd);
        }
    }
    Ok(slow)
}

/// Numbers by the model of planes, if that leaves enough less than `len`.
fn planes_below(streams: &[Stream], decoded: &[u8], len: usize) -> Option<Vec<u8>> {
    let part = if decoded.len() < STREAM_LARGE { PLANES_PART } else { PLANES_PART_LARGE };
    let planes = planes::encode(streams, decoded);
    (planes.len() < len - len / part).then_some(planes)
}

/// Compresses with `PPMd` where that leaves less, by one part in so many, than xz does. Parts of large sections tell where
/// either need not be tried, at settings that are not the slowest.
fn ppmd_or_xz(
    decoded: &[u8],
    (order, part): (u8, usize),
    settings: XzSettings,
    compressor: &mut Compressor,
) -> Result<(CodecTag, Vec<u8>)> {
    let (ppmd, xz) = (Codec::Ppmd(order), Codec::Xz(settings));
    // Where less has to be saved, more has to be tried, but for what is long.
    let may_guess = part < 40;
    let hope = if may_guess { PPMD_HOPE } else { 100 };
    if (may_guess || decoded.len() >= PPMD_LARGE)
        && let Some(look) = look(decoded, PPMD_LOOK)
    {
        let of_ppmd = compressor.compress(ppmd, look)?.1.len();
        if of_ppmd * 100 > compressor.compress(xz, look)?.1.len() * hope {
            return compressor.compress(xz, decoded);
        }
    }
    let by_ppmd = compressor.compress(ppmd, decoded)?;
    if may_guess
        && decoded.len() >= PPMD_LARGE
        && let Some(look) = look(decoded, PPMD_LOOK * 4)
    {
        let of_ppmd = compressor.compress(ppmd, look)?.1.len();
        let is_sure = of_ppmd * 100 <= compressor.compress(xz, look)?.1.len() * PPMD_SURE;
        // Of what repeats itself from afar, which a part does not show, xz may make more.
        let looks = decoded.len() / look.len();
        if is_sure && by_ppmd.1.len() / looks * 2 > of_ppmd {
            return Ok(by_ppmd);
        }
    }
    let by_xz = compressor.compress(xz, decoded)?;
    let most = by_xz.1.len() - by_xz.1.len() / part;
    Ok(if by_ppmd.1.len() < most { by_ppmd } else { by_xz })
}

/// The middle of a section that is at least twice as long.
fn look(decoded: &[u8], len: usize) -> Option<&[u8]> {
    let start = (decoded.len() / 2).checked_sub(len / 2).filter(|_| decoded.len() >= len * 2)?;
    decoded.get(start..start + len)
}

/// A length as it is written. Blocks are far below 2^32 bytes.
pub(crate) fn length(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_| {
        Error::new(ErrorKind::InvalidArgument { what: "a block is shorter than 2^32 bytes".into() })
    })
}
