//! Encoded blocks → bytes of a stream.

use std::io;

use crate::block::{Encoded, LogClock};
use crate::error::Result;
use crate::format::frame::FrameKind;
use crate::format::index::Commit;
use crate::format::{FileHeader, ModelFrame, StoredKind};
use crate::wire::checksum;
use crate::writer::frames::{Before, Frames, block_raw_log2};
use crate::writer::{Statistics, Summary};

/// The raw bytes of a block.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) raw: Vec<u8>,
    pub(crate) starts_inside: bool,
    /// Whether an index will tell of it: not where it is the only block of a stream.
    pub(crate) in_index: bool,
}

/// A block, encoded.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) job: Job,
    pub(crate) encoded: Encoded,
}

/// Writes frames in order and keeps what the commit needs.
pub(crate) struct Stream<W> {
    frames: Frames<W>,
    level: u8,
    block_bytes: u32,
    statistics: Statistics,
    /// What the blocks are coded with beside the built-in models.
    model: Option<ModelFrame>,
    clock: LogClock,
    summary: Summary,
}

impl<W: io::Write> Stream<W> {
    pub(crate) fn new(
        wtr: W,
        level: u8,
        block_bytes: u32,
        (statistics, model): (Statistics, Option<ModelFrame>),
    ) -> Self {
        let (clock, summary) = (LogClock::default(), Summary::default());
        Self { frames: Frames::new(wtr), level, block_bytes, statistics, model, clock, summary }
    }

    pub(crate) fn get_ref(&self) -> &W {
        self.frames.get_ref()
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary { bytes_out: self.frames.offset(), ..self.summary.clone() }
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        Ok(self.frames.get_mut().flush()?)
    }

    /// Writes a block.
    pub(crate) fn write(&mut self, done: Done) -> Result<()> {
        let Done { job, mut encoded } = done;
        self.start(&job.raw)?;
        if self.statistics == Statistics::Keep {
            let stats = &mut encoded.stats;
            (stats.times, stats.clock) = self.clock.next(&job.raw, encoded.noted);
        }
        let Summary { blocks, lines, bytes_in: bytes, .. } = self.summary;
        let (before, in_index) =
            (Before { blocks, lines, bytes }, self.statistics != Statistics::Leave);
        let header = self.frames.block(before, &job, encoded, in_index)?;
        self.summary.blocks += 1;
        self.summary.lines += u64::from(header.lines);
        self.summary.bytes_in += u64::from(header.raw_len);
        self.summary.templates += u64::from(header.stats.templates);
        Ok(())
    }

    /// Ends the stream: index, commit, tail.
    pub(crate) fn finish(mut self, ends_inside: bool) -> Result<(W, Summary)> {
        self.start(&[])?;
        // One block is found without an index: it lies behind the file header.
        if self.summary.blocks > 1 {
            self.frames.end_segment()?;
        }
        self.summary.lines += u64::from(ends_inside);
        let commit = Commit {
            blocks: self.summary.blocks,
            lines: self.summary.lines,
            raw_bytes: self.summary.bytes_in,
            last_index: self.frames.last_index(),
            offset: self.frames.offset(),
        };
        let mut payload = Vec::new();
        commit.encode(&mut payload);
        self.frames.commit(FrameKind::Commit, &payload)?;
        let summary = self.summary();
        Ok((self.frames.into_inner(), summary))
    }

    /// Writes the file header before the first block, from the content of which the stream's id is derived.
    fn start(&mut self, raw: &[u8]) -> Result<()> {
        if self.frames.id().is_some() {
            return Ok(());
        }
        let options = u64::from(self.level) << 32 | u64::from(self.block_bytes);
        let stream_id = checksum::raw(raw, options);
        let block_raw_log2 = block_raw_log2(self.block_bytes);
        let (kind, level, model) = (StoredKind::Stream, self.level, self.model.take());
        let header = FileHeader { kind, level, stream_id, block_raw_log2, equipped: false };
        self.frames.begin(&header, model.as_ref())
    }
}
