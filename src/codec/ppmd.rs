//! `PPMd`, variant H, with the range coder of 7-Zip: one byte, the order; one byte, the base-2 logarithm of the model's
//! memory; then a stream with an end mark.
//!
//! Prediction by partial matching knows text better than a dictionary coder does, and costs as much to decode as to encode.

use std::io::{Read, Write};

use ppmd_rust::{Ppmd7Decoder, Ppmd7Encoder};

use crate::codec::{bad, reserve};
use crate::error::{Error, Result};

/// Orders we read.
const ORDERS: std::ops::RangeInclusive<u8> = 2..=16;
/// Memory for the model: 2^11 bytes is the least it works with, 2^24 the most we give it.
const MEMORY_LOGS: std::ops::RangeInclusive<u8> = 11..=24;
/// The model takes about this many times its input, as a power of two.
const MEMORY_PER_BYTE_LOG: u32 = 5;
/// Less memory than this saves nothing.
const MEMORY_LOG_LEAST: u32 = 16;

pub(crate) fn compress(order: u8, src: &[u8]) -> Result<Vec<u8>> {
    let len_log = src.len().next_power_of_two().trailing_zeros();
    let most = u32::from(*MEMORY_LOGS.end());
    let memory_log = (len_log + MEMORY_PER_BYTE_LOG).clamp(MEMORY_LOG_LEAST, most);
    let dst = vec![order, u8::try_from(memory_log).unwrap_or(u8::MAX)];
    let mut encoder = Ppmd7Encoder::new(dst, order.into(), 1 << memory_log)
        .map_err(|err| Error::from(std::io::Error::other(err.to_string())))?;
    encoder.write_all(src)?;
    Ok(encoder.finish(true)?)
}

pub(crate) fn decompress(src: &[u8], len: usize) -> Result<Vec<u8>> {
    const RULE: &str = "a ppmd section is one whole stream of its declared length";
    let (&[order, memory_log], rest) = src.split_first_chunk().ok_or_else(|| bad(RULE))?;
    if !ORDERS.contains(&order) || !MEMORY_LOGS.contains(&memory_log) {
        return Err(bad("a ppmd section's model has order 2 to 16 and 2^11 to 2^24 bytes"));
    }
    let source = Source { rest, ended: false };
    let decoder = Ppmd7Decoder::new(source, order.into(), 1 << memory_log);
    let mut decoder = decoder.map_err(|_| bad(RULE))?;
    let mut dst = reserve(len + 1)?;
    // One byte more than declared, so that a stream that goes on is noticed.
    let read = decoder.by_ref().take(len as u64 + 1).read_to_end(&mut dst);
    let Source { rest, ended } = *decoder.get_ref();
    if read.is_ok() && dst.len() == len && rest.is_empty() && !ended {
        Ok(dst)
    } else {
        Err(bad(RULE))
    }
}

/// Input that remembers whether more was asked of it than there is: the decoder takes that for an end.
#[derive(Debug)]
struct Source<'a> {
    rest: &'a [u8],
    ended: bool,
}

impl Read for Source<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.ended |= self.rest.is_empty() && !buf.is_empty();
        self.rest.read(buf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_streams_are_errors_or_other_bytes() {
        let text = b"GET /a/b.html 200\nGET /a/c.html 404\n".repeat(30);
        let good = compress(8, &text).unwrap();
        for at in 0..good.len() {
            for change in [1, 0x40, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= change;
                if let Ok(back) = decompress(&bad, text.len()) {
                    assert_eq!(back.len(), text.len());
                }
            }
        }
        for (order, memory_log) in [(1, 16), (17, 16), (8, 10), (8, 25), (255, 255)] {
            let mut bad = good.clone();
            (bad[0], bad[1]) = (order, memory_log);
            assert!(decompress(&bad, text.len()).is_err());
        }
    }

    #[test]
    fn a_model_that_runs_out_of_memory_starts_over() {
        let noise = (0..200_000u32).map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()[3]);
        let src: Vec<u8> = noise.collect();
        let mut encoder = Ppmd7Encoder::new(vec![6, 11], 6, 1 << 11).unwrap();
        encoder.write_all(&src).unwrap();
        assert_eq!(decompress(&encoder.finish(true).unwrap(), src.len()).unwrap(), src);
    }
}
