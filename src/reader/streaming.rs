//! Front to back, from any input.

use std::io;

use crate::block::Decoder;
use crate::error::{Error, ErrorKind, Result, Section};
use crate::format::frame::{self, FIXED_LEN, Fixed, FrameKind};
use crate::format::index::{Commit, IndexSegment, TAIL_LEN, tail};
use crate::format::{BlockHeader, FILE_HEADER_LEN, FILE_MAGIC, FileHeader, ModelFrame};
use crate::limits::{self, Limits};
use crate::model::{Equipment, Models};
use crate::reader::ReaderBuilder;
use crate::reader::loss::{Loss, Open};
use crate::reader::source::Source;
use crate::wire::checksum;

/// What a [`Reader`] does at damage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDamage {
    /// Return the error. Everything given out before is right.
    #[default]
    Stop,
    /// Note the loss, go on with the next whole block.
    Skip,
}

/// What has been read.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Streams begun.
    pub streams: u64,
    /// Whole blocks.
    pub blocks: u64,
    /// Line terminators in them.
    pub newlines: u64,
    /// Their raw bytes.
    pub raw_bytes: u64,
    /// Bytes of input used.
    pub stored_bytes: u64,
}

/// Decompresses `.lig` streams, one after the other.
///
/// A block is verified before a byte of it is given out. Do not wrap the input in a `BufReader`.
pub struct Reader<R> {
    source: Source<R>,
    limits: Limits,
    models: Models,
    decoder: Decoder,
    on_damage: OnDamage,
    /// The stream that is being read.
    stream: Option<Open>,
    block: Vec<u8>,
    given: usize,
    totals: Totals,
    losses: Vec<Loss>,
    /// A model frame has to follow.
    wants_model: bool,
    /// What lies between streams has been noted already.
    stray: bool,
    ended: bool,
}

impl<R> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("totals", &self.totals).finish_non_exhaustive()
    }
}

impl<R: io::Read> Reader<R> {
    /// A reader with default limits. Fails if the input does not start as a `.lig` does.
    pub fn new(rdr: R) -> Result<Self> {
        Self::with_limits(rdr, Limits::default())
    }

    /// A reader that allocates no more than `limits` allow.
    pub fn with_limits(rdr: R, limits: Limits) -> Result<Self> {
        ReaderBuilder::new().limits(limits).from_reader(rdr)
    }

    /// What [`ReaderBuilder::from_reader`] gives.
    pub(crate) fn build(rdr: R, limits: Limits, models: Models) -> Result<Self> {
        let mut reader = Self {
            source: Source::new(rdr),
            decoder: Decoder::new(&limits),
            limits,
            models,
            on_damage: OnDamage::default(),
            stream: None,
            block: Vec::new(),
            given: 0,
            totals: Totals::default(),
            losses: Vec::new(),
            wants_model: false,
            stray: false,
            ended: false,
        };
        reader.header()?;
        Ok(reader)
    }

    /// Chooses what to do at damage.
    pub fn on_damage(&mut self, on_damage: OnDamage) -> &mut Self {
        self.on_damage = on_damage;
        self
    }

    /// What could not be read since this was called last, under [`OnDamage::Skip`].
    pub fn take_losses(&mut self) -> Vec<Loss> {
        std::mem::take(&mut self.losses)
    }

    /// What has been read so far.
    pub fn totals(&self) -> Totals {
        Totals { stored_bytes: self.source.offset(), ..self.totals.clone() }
    }

    /// The rest of the current block, or the next one; empty at the end.
    pub fn next_bytes(&mut self) -> Result<&[u8]> {
        while self.given == self.block.len() && !self.ended {
            self.block.clear();
            self.given = 0;
            match self.step() {
                Ok(more) => self.ended = !more,
                // What is not damaged is not to be skipped either.
                Err(err) if err.is_io() || err.is_unsupported() => {
                    self.ended = true;
                    return Err(err);
                }
                Err(err) => self.damaged(err)?,
            }
        }
        Ok(self.block.get(self.given..).unwrap_or_default())
    }

    /// Notes a loss and looks for the next frame, or stops.
    fn damaged(&mut self, error: Error) -> Result<()> {
        self.block.clear();
        if self.on_damage == OnDamage::Stop {
            self.ended = true;
            return Err(error);
        }
        self.lose(self.source.offset(), error);
        self.source.consume(1);
        loop {
            let found = find_magic(self.source.seen());
            if let Some(at) = found {
                self.source.consume(at);
                if self.header_holds()? {
                    return Ok(());
                }
                self.source.consume(1);
                continue;
            }
            // The start of a magic may lie at the end of what has been seen.
            let seen = self.source.seen().len();
            self.source.consume(seen.saturating_sub(FILE_MAGIC.len() - 1));
            let left = self.source.seen().len();
            if self.source.peek(left + 1)?.len() == left {
                self.source.consume(left);
                // Without its commit, it is not known how much more there was.
                self.stream = None;
                return Ok(());
            }
        }
    }

    /// Notes a loss. What is met before the next whole block belongs to the same one.
    fn lose(&mut self, offset: u64, error: Error) {
        let streams = self.totals.streams;
        match &mut self.stream {
            Some(open) if open.has_gap => {}
            Some(open) => self.losses.push(open.loss(offset, error)),
            None if self.stray => {}
            None => {
                self.losses.push(Open::new(0, streams, offset, 0).stray(error));
                self.stray = true;
            }
        }
    }

    /// Opens a stream of which the file header is damaged, at one of its frames.
    fn adopt(&mut self, id: u64, offset: u64) {
        self.totals.streams += 1;
        let number = self.totals.streams;
        if let Some(loss) = self.losses.last_mut() {
            (loss.stream, loss.first_line) = (number, 1);
        }
        self.stray = false;
        self.stream = Some(Open::adopted(id, number, offset, self.limits.block_raw_bytes_max));
    }

    /// Says what follows the loss that is open.
    fn resume(&mut self, next_block: u64, next_line: u64) {
        if let Some(loss) = self.losses.last_mut().filter(|loss| loss.next_block.is_none()) {
            (loss.next_block, loss.next_line) = (Some(next_block), Some(next_line));
        }
    }

    /// Whether a file header, or a frame of the stream that is open, starts here.
    fn header_holds(&mut self) -> Result<bool> {
        let offset = self.source.offset();
        if FileHeader::decode_stream(self.source.peek(FILE_HEADER_LEN)?, offset).is_ok() {
            return Ok(true);
        }
        let Ok(fixed) = Fixed::decode(self.source.peek(FIXED_LEN)?, offset) else {
            return Ok(false);
        };
        let header = self.source.peek(fixed.header_len.into())?;
        if frame::body(&fixed, header, offset).is_err() {
            return Ok(false);
        }
        match &self.stream {
            Some(open) => Ok(open.id == fixed.stream_id),
            None if fixed.kind == FrameKind::Block => {
                self.adopt(fixed.stream_id, offset);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Reads the next header or frame; a block leaves its bytes in `self.block`. `false`: the input has ended well.
    fn step(&mut self) -> Result<bool> {
        let offset = self.source.offset();
        let start = self.source.peek(FILE_MAGIC.len())?;
        let at_end = start.is_empty();
        let new_stream = start == FILE_MAGIC;
        match (&self.stream, at_end) {
            (None, true) => Ok(false),
            (None, false) => match self.header() {
                Err(err) if matches!(err.kind(), ErrorKind::BadMagic { .. }) => {
                    let rule = "a commit is followed by a stream or by nothing";
                    Err(Error::corrupt(Section::Commit, offset, rule))
                }
                other => other.map(|()| true),
            },
            (Some(_), true) => {
                let error = Error::truncated(Section::Commit, offset);
                if self.on_damage == OnDamage::Stop {
                    return Err(error);
                }
                self.lose(offset, error);
                self.stream = None;
                Ok(false)
            }
            (Some(_), false) if new_stream => {
                // Nothing of the new stream is lost; under `Stop`, this is the end all the same.
                let error = Error::truncated(Section::Commit, offset);
                if self.on_damage == OnDamage::Stop {
                    return Err(error);
                }
                self.lose(offset, error);
                self.header().map(|()| true)
            }
            (Some(_), false) => self.frame().map(|()| true),
        }
    }

    fn header(&mut self) -> Result<()> {
        let offset = self.source.offset();
        let header = FileHeader::decode_stream(self.source.peek(FILE_HEADER_LEN)?, offset)?;
        let raw_len_max = 1 << header.block_raw_log2.min(32);
        limits::check("raw bytes of a block", raw_len_max, self.limits.block_raw_bytes_max)?;
        self.source.consume(FILE_HEADER_LEN);
        self.totals.streams += 1;
        self.stray = false;
        self.stream = Some(Open::new(header.stream_id, self.totals.streams, offset, raw_len_max));
        self.decoder.equip(Equipment::default());
        self.wants_model = header.equipped;
        Ok(())
    }

    fn frame(&mut self) -> Result<()> {
        let offset = self.source.offset();
        let wants_model = std::mem::take(&mut self.wants_model);
        let fixed = Fixed::decode(self.source.peek(FIXED_LEN)?, offset)?;
        let header_len = usize::from(fixed.header_len);
        let body = frame::body(&fixed, self.source.peek(header_len)?, offset)?;
        let block =
            if fixed.kind == FrameKind::Block { Some(BlockHeader::decode(body)?) } else { None };
        if (fixed.kind == FrameKind::Model) != wants_model {
            let rule = "a model frame stands behind a header that says so, and nowhere else";
            return Err(Error::corrupt(Section::Model, offset, rule));
        }
        let Some(open) = &self.stream else { return Ok(()) };
        if fixed.stream_id != open.id {
            let rule = "a frame belongs to its stream";
            return Err(Error::corrupt(Section::BlockHeader, offset, rule));
        }
        if block.as_ref().is_some_and(|block| u64::from(block.raw_len) > open.raw_len_max) {
            let rule = "no block has more raw bytes than its stream's header says";
            return Err(Error::corrupt(Section::BlockHeader, offset, rule));
        }
        let stored = u64::from(fixed.payload_len) + u64::from(fixed.header_len);
        let stored_max = self.limits.block_stored_bytes_max;
        let len = limits::check("stored bytes of a block", stored, stored_max)?;
        let bytes = self.source.peek(len)?;
        if bytes.len() < len {
            let section = fixed.kind.payload_section();
            return Err(Error::truncated(section, offset + bytes.len() as u64));
        }
        let payload = bytes.get(header_len..).unwrap_or_default();
        frame::verify_payload(&fixed, payload, offset + u64::from(fixed.header_len))?;
        match (block, fixed.kind) {
            (Some(header), _) => {
                self.decoder.decode(&header.sections, payload, header.raw_len, &mut self.block)?;
                self.check_block(&header, offset, stored)?;
            }
            (None, FrameKind::Index) => {
                let segment = IndexSegment::decode(payload, offset)?;
                if let Some(open) = &mut self.stream {
                    open.check_index(&segment, offset)?;
                }
            }
            (None, FrameKind::Commit) => {
                let commit = Commit::decode(payload, offset)?;
                return self.commit(&commit, offset, len);
            }
            (None, FrameKind::Model) => {
                let model = ModelFrame::decode(payload, offset + u64::from(fixed.header_len))?;
                self.decoder.equip(self.models.equip(&model, &self.limits)?);
            }
            (None, FrameKind::Members | FrameKind::ArchiveCommit) => {
                let rule = "a stream has no members";
                return Err(Error::corrupt(Section::BlockHeader, offset, rule));
            }
            (None, _) => {}
        }
        self.source.consume(len);
        Ok(())
    }

    /// Verifies the raw bytes and the place of a block that has been decoded.
    fn check_block(&mut self, header: &BlockHeader, offset: u64, stored_len: u64) -> Result<()> {
        let Some(open) = &mut self.stream else { return Ok(()) };
        let computed = checksum::raw(&self.block, header.raw_seed(open.id));
        if computed != header.raw_check {
            let (section, stored) = (Section::RawBytes, header.raw_check);
            return Err(Error::new(ErrorKind::ChecksumMismatch {
                section,
                offset,
                stored,
                computed,
            }));
        }
        if !open.is_followed_by(header) {
            let rule = "blocks follow each other in sequence";
            let error = Error::corrupt(Section::BlockHeader, offset, rule);
            if self.on_damage == OnDamage::Stop || !open.may_be_followed_by(header) {
                return Err(error);
            }
            self.lose(offset, error);
        }
        self.resume(header.sequence, header.first_line.saturating_add(1));
        if let Some(open) = &mut self.stream {
            open.pass(header, offset, stored_len);
        }
        self.totals.blocks += 1;
        self.totals.newlines += u64::from(header.lines);
        self.totals.raw_bytes += u64::from(header.raw_len);
        Ok(())
    }

    fn commit(&mut self, commit: &Commit, offset: u64, len: usize) -> Result<()> {
        let bytes = self.source.peek(len + TAIL_LEN)?;
        let found = bytes.get(len..).unwrap_or_default();
        if found.len() < TAIL_LEN {
            return Err(Error::truncated(Section::Commit, offset + bytes.len() as u64));
        }
        let is_whole = found == tail(u32::try_from(len).unwrap_or(u32::MAX));
        let Some(open) = &self.stream else { return Ok(()) };
        let is_true = open.is_stated_by(commit, offset);
        let next_line =
            if commit.blocks == open.blocks { open.lines } else { commit.lines }.saturating_add(1);
        if !is_whole || !is_true {
            let rule = "a commit states what its stream holds, and is followed by its tail";
            let error = Error::corrupt(Section::Commit, offset, rule);
            if self.on_damage == OnDamage::Stop || !is_true {
                return Err(error);
            }
            self.lose(offset, error);
        }
        self.resume(commit.blocks, next_line);
        self.stream = None;
        self.source.consume(len + TAIL_LEN);
        Ok(())
    }
}

/// Where a file or frame magic starts.
fn find_magic(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(frame::MAGIC[0], bytes).find(|&at| {
        let here = bytes.get(at..).unwrap_or_default();
        here.starts_with(&frame::MAGIC) || here.starts_with(&FILE_MAGIC)
    })
}

impl<R: io::Read> io::Read for Reader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let bytes = self.next_bytes()?;
        let len = bytes.len().min(buf.len());
        if let (Some(dst), Some(src)) = (buf.get_mut(..len), bytes.get(..len)) {
            dst.copy_from_slice(src);
        }
        self.given += len;
        Ok(len)
    }
}

impl<R: io::Read> io::BufRead for Reader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.next_bytes()?)
    }

    fn consume(&mut self, len: usize) {
        self.given = self.block.len().min(self.given + len);
    }
}
