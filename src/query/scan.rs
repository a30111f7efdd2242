//! Scans of whole inputs.

use std::io::{self, Read as _};
use std::ops::ControlFlow;

use crate::error::{Error, Result};
use crate::predicate::Predicate;
use crate::query::lines::{Lines, ScanLine, ScanOptions};
use crate::reader::{BlockInfo, IndexedReader, Loss, OnDamage};

/// Bytes read at a time.
const STEP: usize = 1 << 18;

/// What a scan did.
#[non_exhaustive]
#[derive(Debug, Default)]
pub struct ScanStats {
    /// Lines selected.
    pub selected: u64,
    /// Blocks of the file.
    pub blocks: u64,
    /// Blocks that were decoded wholly or in part.
    pub blocks_opened: u64,
    /// Bytes that were decoded.
    pub bytes_decoded: u64,
    /// Raw bytes of the file.
    pub bytes_raw: u64,
    /// Blocks that could not be read, under [`OnDamage::Skip`].
    pub losses: Vec<Loss>,
}

/// Looks for the selected lines of any input, front to back, and calls `sink` for each and for its context, until that
/// breaks.
pub fn scan_read<R, F>(
    mut rdr: R,
    predicate: &Predicate,
    options: &ScanOptions,
    sink: F,
) -> Result<ScanStats>
where
    R: io::Read,
    F: FnMut(ScanLine<'_>) -> Result<ControlFlow<()>>,
{
    let mut lines = Lines::new(predicate, options, sink);
    let mut stats = ScanStats::default();
    let mut buffer = Vec::with_capacity(STEP);
    loop {
        buffer.clear();
        rdr.by_ref().take(STEP as u64).read_to_end(&mut buffer)?;
        stats.bytes_raw += buffer.len() as u64;
        let flow = if buffer.is_empty() { lines.finish()? } else { lines.push(&buffer)? };
        if buffer.is_empty() || flow.is_break() {
            break;
        }
    }
    stats.bytes_decoded = stats.bytes_raw;
    stats.selected = lines.selected;
    Ok(stats)
}

impl<R: io::Read + io::Seek> IndexedReader<R> {
    /// Looks for the selected lines of the file, in order, and calls `sink` for each and for its context, until that
    /// breaks.
    pub fn scan<F>(
        &mut self,
        predicate: &Predicate,
        options: &ScanOptions,
        on_damage: OnDamage,
        sink: F,
    ) -> Result<ScanStats>
    where
        F: FnMut(ScanLine<'_>) -> Result<ControlFlow<()>>,
    {
        let mut lines = Lines::new(predicate, options, sink);
        let mut stats = ScanStats::default();
        let mut raw = Vec::new();
        let (mut first_line, mut first_byte) = (0, 0);
        let blocks = self.blocks().to_vec();
        stats.blocks = blocks.len() as u64;
        stats.bytes_raw = blocks.iter().map(|block| block.raw_bytes).sum();
        for (index, block) in blocks.iter().enumerate() {
            match self.read_block(index, &mut raw) {
                Ok(()) => {
                    stats.blocks_opened += 1;
                    stats.bytes_decoded += raw.len() as u64;
                    if lines.push(&raw)?.is_break() {
                        stats.selected = lines.selected;
                        return Ok(stats);
                    }
                }
                Err(error) if on_damage == OnDamage::Skip && !error.is_io() => {
                    stats.losses.push(loss(block, error));
                    let (line, byte) = (first_line + block.lines, first_byte + block.raw_bytes);
                    lines.gap(line, byte, block.ends_inside);
                }
                Err(error) => return Err(error),
            }
            first_line += block.lines;
            first_byte += block.raw_bytes;
        }
        let _ended = lines.finish()?;
        stats.selected = lines.selected;
        Ok(stats)
    }
}

/// A block that could not be read.
fn loss(block: &BlockInfo, error: Error) -> Loss {
    Loss {
        offset: block.offset,
        stream: block.stream as u64 + 1,
        first_block: block.sequence,
        first_line: block.first_line + 1,
        next_block: Some(block.sequence + 1),
        next_line: Some(block.first_line + block.lines + 1),
        error,
    }
}
