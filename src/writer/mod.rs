//! Bytes → blocks → stream: [`WriterBuilder`], [`Writer`].
//!
//! *Invariant:* where blocks are cut depends on the bytes and the options only, never on the sizes of writes, on threads,
//! or on time (a caller who asks for a flush cuts where it asks).

pub(crate) mod frames;
mod memory;
pub(crate) mod pool;
pub(crate) mod stream;

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::block::LEVEL_MODEL;
use crate::error::{Error, ErrorKind, Result};
use crate::format::ModelFrame;
use crate::model::{Embedding, Equipment, ModelFile, PredictorSource, check_id};
use crate::writer::pool::Pool;
use crate::writer::stream::{Job, Stream};

/// The highest level.
const LEVEL_MAX: u8 = 9;
/// Blocks are at least this large, so that headers stay small beside them.
const BLOCK_BYTES_MIN: u32 = 1 << 12;
/// And at most this large: readers refuse more by default.
const BLOCK_BYTES_MAX: u32 = 1 << 26;
/// Room for a whole block is taken when it has more bytes than this.
const SMALL: usize = 1 << 20;

/// Sets up a [`Writer`].
#[derive(Clone, Debug)]
pub struct WriterBuilder {
    level: u8,
    block_bytes: Option<u32>,
    threads: NonZeroUsize,
    statistics: Statistics,
    equipment: Equipment,
}

/// What a writer adds to a file so that a reader can pass over blocks that do not matter to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statistics {
    /// Times, severities, filters of the text, and an index with all of them: at most a fiftieth of the file.
    #[default]
    Keep,
    /// Nothing. A query has to open every block, and a stream has no index. (An archive has one all the same.)
    Leave,
}

impl Default for WriterBuilder {
    fn default() -> Self {
        let (statistics, equipment) = Default::default();
        Self { level: 3, block_bytes: None, threads: NonZeroUsize::MIN, statistics, equipment }
    }
}

impl WriterBuilder {
    /// Level 3, its block size, one thread.
    pub fn new() -> Self {
        Self::default()
    }

    /// How hard to try, 1 to 9. Levels 8 and 9 predict every value: smallest, and slow both ways.
    pub fn level(&mut self, level: u8) -> Result<&mut Self> {
        if !(1..=LEVEL_MAX).contains(&level) {
            let what = format!("level {level} does not exist; use 1 to {LEVEL_MAX}");
            return Err(Error::new(ErrorKind::InvalidArgument { what }));
        }
        self.level = level;
        Ok(self)
    }

    /// Raw bytes in a block, 4 KiB to 64 MiB: the unit of loss and of memory. By default 16 MiB up to level 5, 32 MiB at
    /// level 6, 48 MiB at level 7; 16 MiB at levels 8 and 9.
    pub fn block_bytes(&mut self, bytes: u32) -> Result<&mut Self> {
        if !(BLOCK_BYTES_MIN..=BLOCK_BYTES_MAX).contains(&bytes) {
            let what = format!(
                "a block of {bytes} bytes; from {BLOCK_BYTES_MIN} to {BLOCK_BYTES_MAX} are possible"
            );
            return Err(Error::new(ErrorKind::InvalidArgument { what }));
        }
        self.block_bytes = Some(bytes);
        Ok(self)
    }

    /// Threads that encode blocks. The output does not depend on it.
    pub fn threads(&mut self, threads: NonZeroUsize) -> &mut Self {
        self.threads = threads;
        self
    }

    /// Says whether the file tells of its blocks without their payload.
    pub fn statistics(&mut self, statistics: Statistics) -> &mut Self {
        self.statistics = statistics;
        self
    }

    /// Has `predictor` tell the probability of each bit of what levels 8 and 9 code; levels below predict nothing, and leave
    /// it alone. Whoever reads the file needs it (see [`Models::register`](crate::Models::register)).
    pub fn predictor(&mut self, predictor: Arc<dyn PredictorSource>) -> Result<&mut Self> {
        check_id(&*predictor)?;
        self.equipment.predictor = Some(predictor);
        Ok(self)
    }

    /// Starts every block with what `file` knows of logs like it, at any level. Whoever reads the file needs it as well:
    /// `embedding` says where it is found.
    pub fn model(&mut self, file: ModelFile, embedding: Embedding) -> &mut Self {
        (self.equipment.trained, self.equipment.embedding) = (Some(file), embedding);
        self
    }

    /// What blocks are coded with at this level.
    fn equipment(&self) -> Equipment {
        let mut equipment = self.equipment.clone();
        equipment.predictor = equipment.predictor.filter(|_| self.level >= LEVEL_MODEL);
        equipment
    }

    /// Level, and raw bytes in a block.
    pub(crate) fn settings(&self) -> (u8, u32) {
        (self.level, self.block_size())
    }

    /// How the file names what its blocks are coded with; `None`: the built-in models only.
    pub(crate) fn model_frame(&self) -> Option<ModelFrame> {
        self.equipment().named()
    }

    /// These options with what an archive is coded with already. Fails if they ask for something else.
    pub(crate) fn going_on(&self, equipment: &Equipment) -> Result<Self> {
        let asked = self.equipment();
        if asked.predictor_name().is_none_or(|name| equipment.predictor_name() == Some(name))
            && asked.trained.is_none_or(|file| equipment.trained.as_ref() == Some(&file))
        {
            return Ok(Self { equipment: equipment.clone(), ..self.clone() });
        }
        let what = "another model than the archive was begun with (compact writes it anew)".into();
        Err(Error::new(ErrorKind::InvalidArgument { what }))
    }

    /// These options, or, where they name no model, with what an archive is coded with that is written anew.
    pub(crate) fn or_as(&self, equipment: &Equipment) -> Self {
        let mut own = self.clone();
        if own.equipment().named().is_none() {
            own.equipment = equipment.clone();
        }
        own
    }

    /// What encodes the blocks.
    pub(crate) fn pool(&self) -> Pool {
        Pool::new(self.level, &self.equipment(), self.threads, self.statistics)
    }

    /// A writer that writes a stream to `wtr`. Do not wrap `wtr` in a `BufWriter`: it is given whole blocks.
    pub fn from_writer<W: io::Write>(&self, wtr: W) -> Writer<W> {
        let block_bytes = self.block_size();
        Writer {
            stream: Stream::new(
                wtr,
                self.level,
                block_bytes,
                (self.statistics, self.equipment().named()),
            ),
            pool: self.pool(),
            buffer: Vec::new(),
            block_bytes: block_bytes as usize,
            bytes_in: 0,
            ends_inside: false,
        }
    }
}

/// What a finished stream holds.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines, a last one without terminator included.
    pub lines: u64,
    /// Blocks.
    pub blocks: u64,
    /// Raw bytes.
    pub bytes_in: u64,
    /// Bytes of the stream.
    pub bytes_out: u64,
    /// The sum of the blocks' numbers of templates.
    pub templates: u64,
}

/// Compresses what is written to it.
///
/// [`finish`](Self::finish) must be called: without it the last block and the commit are missing, and a reader says so.
/// [`flush`](io::Write::flush) does not end a block, [`flush_block`](Self::flush_block) does.
#[must_use = "call `finish`, or the stream has no end"]
pub struct Writer<W: io::Write> {
    stream: Stream<W>,
    pool: Pool,
    buffer: Vec<u8>,
    block_bytes: usize,
    bytes_in: u64,
    /// The block that was cut last ended inside a line.
    ends_inside: bool,
}

impl<W: io::Write> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("progress", &self.progress()).finish_non_exhaustive()
    }
}

impl<W: io::Write> Writer<W> {
    /// A writer with default options.
    pub fn new(wtr: W) -> Self {
        WriterBuilder::new().from_writer(wtr)
    }

    /// What has been taken in and given out so far.
    pub fn progress(&self) -> Summary {
        Summary { bytes_in: self.bytes_in, ..self.stream.summary() }
    }

    /// The inner writer.
    pub fn get_ref(&self) -> &W {
        self.stream.get_ref()
    }

    /// Ends the block: everything written so far can be read from the inner writer's output now.
    pub fn flush_block(&mut self) -> Result<()> {
        self.flush_last(true)
    }

    /// The same; `in_index` says whether there will be an index.
    fn flush_last(&mut self, in_index: bool) -> Result<()> {
        let raw = std::mem::take(&mut self.buffer);
        self.submit(raw, in_index)?;
        while self.pool.is_busy() {
            self.stream.write(self.pool.next()?)?;
        }
        self.stream.flush()
    }

    /// Ends the stream. Returns the inner writer, flushed, and what the stream holds.
    pub fn finish(mut self) -> Result<(W, Summary)> {
        let is_only = self.stream.summary().blocks == 0 && !self.pool.is_busy();
        self.flush_last(!is_only)?;
        self.stream.finish(self.ends_inside)
    }

    fn submit(&mut self, raw: Vec<u8>, in_index: bool) -> Result<()> {
        if raw.is_empty() {
            return Ok(());
        }
        let starts_inside = self.ends_inside;
        self.ends_inside = raw.last() != Some(&b'\n');
        let job = Job { raw, starts_inside, in_index };
        if let Some(done) = self.pool.submit(job)? {
            self.stream.write(done)?;
        }
        Ok(())
    }

    /// Ends the block behind its last newline, or, where it has none, where it is full.
    fn cut(&mut self) -> Result<()> {
        let end = memchr::memrchr(b'\n', &self.buffer).map_or(self.buffer.len(), |at| at + 1);
        let mut rest = self.pool.spare();
        rest.reserve(self.block_bytes);
        rest.extend_from_slice(self.buffer.get(end..).unwrap_or_default());
        self.buffer.truncate(end);
        let raw = std::mem::replace(&mut self.buffer, rest);
        self.submit(raw, true)
    }
}

impl<W: io::Write> io::Write for Writer<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let room = self.block_bytes - self.buffer.len();
        let taken = buf.get(..room.min(buf.len())).unwrap_or_default();
        if self.buffer.len() + taken.len() > SMALL && self.buffer.capacity() < self.block_bytes {
            // A large block mostly gets full: it is not moved again.
            self.buffer.reserve_exact(room);
        }
        self.buffer.extend_from_slice(taken);
        self.bytes_in += taken.len() as u64;
        if self.buffer.len() == self.block_bytes {
            self.cut()?;
        }
        Ok(taken.len())
    }

    /// Flushes the inner writer. What is in the unfinished block stays there.
    fn flush(&mut self) -> io::Result<()> {
        Ok(self.stream.flush()?)
    }
}
