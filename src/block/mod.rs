//! One self-contained unit in memory: raw bytes ↔ sections. Joins templates, columns, encodings and codecs.

mod above;
mod alphabet;
mod choose;
mod decoder;
mod encoder;
mod hits;
mod modelled;
mod node;
mod number;
mod pick;
mod places;
mod reader;
mod relate;
mod report;
mod search;
mod sections;
mod sink;
mod stats;
mod table;
mod train;
mod tree;
mod typed;
mod view;
mod wanted;

pub(crate) use decoder::Decoder;
pub(crate) use encoder::Encoder;
pub(crate) use modelled::LEVEL_MODEL;
pub use report::{BlockReport, ColumnReport, TemplateReport};
pub(crate) use stats::{LogClock, Noted, note as note_stats};
pub(crate) use view::BlockView;
pub(crate) use wanted::Wanted;

use crate::format::{BlockStats, SectionEntry};
use crate::line::GramFilter;

/// A block, encoded.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// The section directory.
    pub(crate) sections: Vec<SectionEntry>,
    /// The sections' stored bytes, one after the other.
    pub(crate) payload: Vec<u8>,
    /// What is known without the payload.
    pub(crate) stats: BlockStats,
    /// What its times are, taken for a log of its own.
    pub(crate) noted: Option<Noted>,
    /// What of its text the index knows.
    pub(crate) filter: GramFilter,
}

impl Encoded {
    /// Bytes that it takes, sections' entries in the directory included, those by an estimate.
    fn stored_len(&self) -> usize {
        self.payload.len() + 14 * self.sections.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    /// Writes and reads a block at each kind of level. Returns the bytes of the smallest.
    pub(super) fn round_trip(raw: &[u8]) -> usize {
        let mut least = usize::MAX;
        for level in [1, 3, 6, 7, 9] {
            let encoded = Encoder::new(level).encode(raw).unwrap();
            let mut back = Vec::new();
            let len = u32::try_from(raw.len()).unwrap();
            let mut decoder = Decoder::new(&Limits::default());
            decoder.decode(&encoded.sections, &encoded.payload, len, &mut back).unwrap();
            assert!(back == raw, "level {level}");
            least = least.min(encoded.payload.len());
        }
        least
    }

    #[test]
    fn a_small_block_is_no_larger_with_a_model_than_without() {
        let line = |i: u32| format!("job {} took {} ms\n", i * 7919 % 100_003, i * 31 % 977);
        let log: String = (0..3000).map(line).collect();
        let len = |level| Encoder::new(level).encode(log.as_bytes()).unwrap().stored_len();
        assert!(len(8) <= len(7) && len(9) <= len(7), "{} {} {}", len(7), len(8), len(9));
        round_trip(log.as_bytes());
    }

    #[test]
    fn odd_lines_round_trip() {
        let cases: [&[u8]; 8] = [
            b"\n",
            b"a",
            b"\n\n",
            b"a\nb",
            b"\0\x01\n",
            b"\xff\r\n 007 -0 1.10\n",
            b"=\n\"\n\"=\"x",
            b",,,,\n",
        ];
        for raw in cases {
            round_trip(raw);
            round_trip(&raw.repeat(300));
        }
    }

    #[test]
    fn what_readers_would_refuse_is_not_written() {
        // One wide number makes all of them wide: eight bytes for each digit.
        let mut log = b"9223372036854775807\n".to_vec();
        for i in 0..100_000u32 {
            log.extend_from_slice(&[b'0' + (i.wrapping_mul(2_654_435_761) >> 29) as u8, b'\n']);
        }
        round_trip(&log);
        let encoded = Encoder::new(3).encode(&log).unwrap();
        assert_eq!(encoded.sections.len(), 1);
    }

    #[test]
    fn a_model_is_compared_by_the_length_of_its_code() {
        // Taken for nothing, it would never give way to a codec that does better.
        let sink = sink::Sink::of_model(vec![7; 500]);
        let sizes = sink.sizes(&mut crate::codec::Compressor::default()).unwrap();
        assert_eq!(sizes, (500, 500));
    }

    #[test]
    fn sections_that_grow_beyond_their_block_are_refused() {
        let log = b"2026-11-24 10:00:00 job 1 done\n".repeat(10_000);
        let mut encoded = Encoder::new(3).encode(&log).unwrap();
        encoded.sections[0].decoded_len = u32::try_from(log.len()).unwrap() * 2;
        let mut decoder = Decoder::new(&Limits::default());
        let len = u32::try_from(log.len()).unwrap();
        let mut raw = Vec::new();
        let decoded = decoder.decode(&encoded.sections, &encoded.payload, len, &mut raw);
        assert!(decoded.unwrap_err().to_string().contains("at most"));
    }

    #[test]
    fn a_log_gets_small() {
        let mut log = Vec::new();
        for i in 0..5000u32 {
            let user = ["root", "alice", "bob"][i as usize % 3];
            let line = format!(
                "2026-11-24 10:{:02}:{:02}.{:03} INFO [worker-{}] session {:08x} of user {user} took {} ms, 0x{:x} \"GET /a/b?id={i} HTTP/1.1\"\n",
                i / 60 % 60,
                i % 60,
                i % 1000,
                i % 7,
                i.wrapping_mul(2_654_435_761),
                i % 97,
                4096 * i,
            );
            log.extend_from_slice(line.as_bytes());
        }
        let stored = round_trip(&log);
        assert!(stored * 25 < log.len(), "{stored} of {}", log.len());
        round_trip(&log[..log.len() - 5]);
    }
}
