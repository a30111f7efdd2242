//! Blocks of ours in data that does not start as our files do.

use crate::format::frame::{self, FIXED_LEN, Fixed, FrameKind};
use crate::format::{FILE_HEADER_LEN, FILE_MAGIC, FileHeader};

/// Looks for blocks of which the file header is missing or damaged, in data that comes in pieces.
///
/// A `.lig` that lies whole in other data, in a tar file for example, is not meant: its file header comes before its
/// blocks.
#[derive(Debug, Default)]
pub struct StrayBlocks {
    /// Data that cannot be judged yet.
    rest: Vec<u8>,
    /// The id in the last file header that was whole.
    known: Option<u64>,
}

/// What starts at a place.
enum Start {
    /// Too little has come to tell.
    Unknown,
    Nothing,
    Header(u64),
    Block(u64),
}

impl StrayBlocks {
    /// Nothing has been looked at.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece of the data; whether such a block is in what has come so far.
    pub fn finds(&mut self, piece: &[u8]) -> bool {
        self.rest.extend_from_slice(piece);
        let data = std::mem::take(&mut self.rest);
        let mut keep = data.len();
        for at in memchr::memchr_iter(FILE_MAGIC[0], &data) {
            match start(data.get(at..).unwrap_or_default()) {
                Start::Header(id) => self.known = Some(id),
                Start::Block(id) if self.known != Some(id) => return true,
                Start::Block(_) | Start::Nothing => {}
                Start::Unknown => {
                    keep = at;
                    break;
                }
            }
        }
        self.rest = data;
        self.rest.drain(..keep);
        false
    }
}

/// Says what starts here. What is believed has a checksum that holds.
fn start(data: &[u8]) -> Start {
    let is = |magic: &[u8]| data.iter().zip(magic).all(|(a, b)| a == b);
    if is(&FILE_MAGIC) {
        return match data.get(..FILE_HEADER_LEN) {
            None => Start::Unknown,
            Some(header) => FileHeader::decode(header, 0)
                .map_or(Start::Nothing, |header| Start::Header(header.stream_id)),
        };
    }
    if !is(&frame::MAGIC) {
        return Start::Nothing;
    }
    let Some(fixed) = data.get(..FIXED_LEN) else { return Start::Unknown };
    let Ok(fixed) = Fixed::decode(fixed, 0) else { return Start::Nothing };
    match data.get(..fixed.header_len.into()) {
        None => Start::Unknown,
        Some(header) if frame::body(&fixed, header, 0).is_err() => Start::Nothing,
        Some(_) if fixed.kind == FrameKind::Block => Start::Block(fixed.stream_id),
        Some(_) => Start::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file() -> Vec<u8> {
        let mut wtr = crate::Writer::new(Vec::new());
        wtr.write_all(&b"2026-11-24 INFO a line\n".repeat(50)).unwrap();
        wtr.finish().unwrap().0
    }

    fn finds(data: &[u8], piece: usize) -> bool {
        let mut finder = StrayBlocks::new();
        data.chunks(piece).any(|piece| finder.finds(piece))
    }

    #[test]
    fn a_block_is_found_however_the_data_is_cut() {
        let file = file();
        let behind = [&b"text \x89LGB text"[..], &file[7..]].concat();
        for piece in (1..100).chain([behind.len()]) {
            assert!(finds(&behind, piece), "pieces of {piece}");
        }
    }

    #[test]
    fn a_whole_file_within_other_data_is_none() {
        let within = [&b"tar\x89LIG\r"[..], &file(), b"more", &file(), b"\x89LGB"].concat();
        for piece in [1, 13, within.len()] {
            assert!(!finds(&within, piece), "pieces of {piece}");
        }
    }

    #[test]
    fn a_magic_alone_is_none() {
        let mut file = file();
        file.drain(..40);
        file[30] ^= 1;
        assert!(!finds(&file, 7));
        assert!(!finds(&b"\x89LGB".repeat(3000), 5));
    }
}
