//! What is not ours: other compressed formats, told by their magic.

use std::io::{self, Chain, Cursor, Read};

/// Bytes looked at to tell a format, and to see whether a damaged file of ours follows.
const LOOK: usize = 1 << 16;
/// What a block of ours starts with.
const BLOCK_MAGIC: [u8; 4] = [0x89, b'L', b'G', b'B'];

/// An input with its first bytes put back.
pub(crate) type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// What an input turned out to be.
pub(crate) enum Found<R> {
    /// A stream of ours.
    Lignite(Peeked<R>),
    /// Another format that can be decoded.
    Compressed(Box<dyn Read>),
    /// Anything else.
    Plain(Peeked<R>),
    /// A stream of ours with a damaged start.
    Damaged,
    /// Nothing at all.
    Empty,
}

/// Tells what an input is.
pub(crate) fn sniff<R: Read + 'static>(mut src: R) -> io::Result<Found<R>> {
    let mut start = Vec::new();
    src.by_ref().take(8).read_to_end(&mut start)?;
    if start.is_empty() {
        return Ok(Found::Empty);
    }
    if lignite::is_lignite(&start) {
        return Ok(Found::Lignite(Cursor::new(start).chain(src)));
    }
    let magic = start.clone();
    let whole = |start: Vec<u8>, src: R| Cursor::new(start).chain(src);
    Ok(match magic.as_slice() {
        [0x1f, 0x8b, ..] => {
            Found::Compressed(Box::new(flate2::read::MultiGzDecoder::new(whole(start, src))))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            Found::Compressed(Box::new(zstd::Decoder::new(whole(start, src))?))
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            Found::Compressed(Box::new(xz2::read::XzDecoder::new_multi_decoder(whole(start, src))))
        }
        [b'B', b'Z', b'h', ..] => {
            Found::Compressed(Box::new(bzip2::read::MultiBzDecoder::new(whole(start, src))))
        }
        [0x04, 0x22, 0x4d, 0x18, ..] => {
            Found::Compressed(Box::new(lz4_flex::frame::FrameDecoder::new(whole(start, src))))
        }
        _ => {
            src.by_ref().take(LOOK as u64).read_to_end(&mut start)?;
            if start.windows(BLOCK_MAGIC.len()).any(|window| window == BLOCK_MAGIC) {
                Found::Damaged
            } else {
                Found::Plain(whole(start, src))
            }
        }
    })
}
