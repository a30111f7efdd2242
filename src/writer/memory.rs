//! What compression takes in memory.

use crate::writer::WriterBuilder;

/// What is there once.
const BASE_BYTES: u64 = 16_000_000;
/// A thread's codecs: tables, and windows, which do not grow with the block.
const THREAD_BYTES: u64 = 40_000_000;
/// A model's tables.
const MODEL_BYTES: u64 = 160_000_000;
/// A thread holds a block raw, cut into tokens, as columns, encoded, and compressed.
const PER_RAW_BYTE: u64 = 7;

impl WriterBuilder {
    /// Raw bytes of a block: what was asked for, or what suits the level.
    pub(crate) fn block_size(&self) -> u32 {
        self.block_bytes.unwrap_or(match self.level {
            6 => 1 << 25,
            7 => 3 << 24,
            _ => 1 << 24,
        })
    }

    /// Bytes of memory that a writer with these options takes, at most: measured on logs of every kind, on a single line
    /// that never ends, and on lines that are all different. For levels 8 and 9 it is an estimate.
    pub fn memory_bytes(&self) -> u64 {
        let block = u64::from(self.block_size());
        let threads = self.threads.get() as u64;
        let model = if self.level >= 8 { MODEL_BYTES } else { 0 };
        let each = block.saturating_mul(PER_RAW_BYTE) + THREAD_BYTES + model;
        // Beside the blocks at work, one for each thread waits, or is written.
        BASE_BYTES.saturating_add(threads.saturating_mul(each.saturating_add(block)))
    }
}
