//! Sample logs → a model file.

use crate::block::Encoder;
use crate::error::{Error, ErrorKind, Result};
use crate::line::Rows;
use crate::model::{self, DICTIONARY_BYTES_MAX, Equipment, ModelFile, SAMPLE_BYTES_MAX};
use crate::template::{Mode, parse};

/// The level that a dictionary is written as: what sections hold differs little from level to level.
const LEVEL_DICTIONARY: u8 = 3;

impl ModelFile {
    /// Bytes of sample lines that a model file holds at most.
    pub const SAMPLE_BYTES_MAX: usize = SAMPLE_BYTES_MAX;

    /// Learns from sample lines, whole ones, at most [`SAMPLE_BYTES_MAX`](Self::SAMPLE_BYTES_MAX) bytes. A thousand lines
    /// say most of what there is to say; every block is slowed down by all of them.
    pub fn train(sample: &[u8]) -> Result<Self> {
        let body = sample.strip_suffix(b"\n").unwrap_or(sample);
        if body.is_empty() || body.len() > SAMPLE_BYTES_MAX {
            let what = format!(
                "a sample of {} bytes; from 1 to {SAMPLE_BYTES_MAX} are possible",
                sample.len()
            );
            return Err(Error::new(ErrorKind::InvalidArgument { what }));
        }
        let rows = model::merge(parse(&Rows::lines(Some(body)), Mode::Lines));
        let mut dictionary =
            Encoder::with(LEVEL_DICTIONARY, Equipment::default()).dictionary(sample)?;
        let cut = dictionary.len().saturating_sub(DICTIONARY_BYTES_MAX);
        dictionary.drain(..cut);
        Self::new(&rows, &dictionary)
    }
}
