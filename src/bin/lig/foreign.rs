//! Data of other tools, for `lig -dcf`: what it is, and how it is decoded.

use std::fmt::Write as _;
use std::io::{self, BufReader, Read};

use crate::output::escape;

/// What some data is that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    Gzip,
    Zstd,
    Xz,
    Bzip2,
    Lz4,
    Other,
}

const MAGICS: [(&[u8], Foreign); 6] = [
    (&[0x1f, 0x8b, 8], Foreign::Gzip),
    (&[0x28, 0xb5, 0x2f, 0xfd], Foreign::Zstd),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], Foreign::Xz),
    (b"BZh", Foreign::Bzip2),
    (&[0x04, 0x22, 0x4d, 0x18], Foreign::Lz4),
    (&[0x02, 0x21, 0x4c, 0x18], Foreign::Lz4),
];

impl Foreign {
    /// Recognises a format by its first bytes.
    pub(crate) fn detect(prefix: &[u8]) -> Self {
        let found = MAGICS.iter().find(|(magic, _)| prefix.starts_with(magic));
        found.map_or(Self::Other, |&(_, format)| format)
    }

    /// What the data looks like, for a message.
    pub(crate) fn describe(self, prefix: &[u8]) -> String {
        let format = match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
            Self::Lz4 => "lz4",
            Self::Other if prefix.is_empty() => return "empty file, not a lignite file".to_owned(),
            Self::Other => return format!("not a lignite file (starts with {})", start(prefix)),
        };
        format!("not a lignite file (looks like {format}; -dcf decodes it)")
    }

    /// A reader of what the data decodes to; that of other data is the data.
    pub(crate) fn decode<'a>(self, source: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
        const BUFFER_BYTES: usize = 256 << 10;
        let source = BufReader::with_capacity(BUFFER_BYTES, source);
        Ok(match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(source)),
            Self::Zstd => Box::new(zstd::Decoder::with_buffer(source)?),
            Self::Xz => Box::new(xz2::bufread::XzDecoder::new_multi_decoder(source)),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(source)),
            Self::Lz4 => {
                Box::new(Lz4Frames { frame: Some(lz4_flex::frame::FrameDecoder::new(source)) })
            }
            Self::Other => Box::new(source),
        })
    }
}

/// LZ4 frames, one after the other.
struct Lz4Frames<R: Read> {
    frame: Option<lz4_flex::frame::FrameDecoder<BufReader<R>>>,
}

impl<R: Read> Read for Lz4Frames<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        use std::io::BufRead as _;
        loop {
            let Some(frame) = &mut self.frame else { return Ok(0) };
            let len = frame.read(buf)?;
            if len > 0 || buf.is_empty() {
                return Ok(len);
            }
            let Some(frame) = self.frame.take() else { return Ok(0) };
            let mut source = frame.into_inner();
            if source.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.frame = Some(lz4_flex::frame::FrameDecoder::new(source));
        }
    }
}

/// The first bytes of data as a quoted string. Only what no log could hold a secret in: four bytes.
fn start(prefix: &[u8]) -> String {
    let mut shown = String::from("\"");
    for &byte in prefix.iter().take(4) {
        if byte == b' ' || byte.is_ascii_graphic() {
            shown.push_str(&escape(char::from(byte).encode_utf8(&mut [0; 4])));
        } else {
            let _infallible = write!(shown, "\\x{byte:02x}");
        }
    }
    shown.push('"');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_first_bytes() {
        assert_eq!(Foreign::detect(&[0x1f, 0x8b, 8, 0]), Foreign::Gzip);
        assert_eq!(Foreign::detect(b"BZh9"), Foreign::Bzip2);
        assert_eq!(Foreign::detect(b"plain"), Foreign::Other);
        assert_eq!(Foreign::detect(b""), Foreign::Other);
    }

    #[test]
    fn a_message_says_what_the_data_looks_like() {
        assert_eq!(Foreign::Other.describe(b""), "empty file, not a lignite file");
        assert!(Foreign::Other.describe(b"\x1babc").contains("\"\\x1babc\""));
    }
}
