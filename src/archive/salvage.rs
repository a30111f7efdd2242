//! What is left of a member, on its way into a new archive.

use crate::archive::append::Appender;
use crate::archive::recover::Part;
use crate::archive::verify::MemberLoss;
use crate::error::Result;
use crate::format::members::{HEAD_LEN, Member};
use crate::name::Name;

/// A member on its way into a new archive.
pub(crate) struct Copy {
    name: Name,
    pub(crate) hasher: blake3::Hasher,
    pub(crate) head: Vec<u8>,
    /// The start of a line: whether it may be written shows with the next part.
    held: Vec<u8>,
    byte: u64,
    line: u64,
    /// The part before is lost.
    after_loss: bool,
    pub(crate) losses: Vec<MemberLoss>,
}

impl Copy {
    pub(crate) fn new(member: &Member) -> Self {
        Self {
            name: member.name.clone(),
            hasher: blake3::Hasher::new(),
            head: Vec::new(),
            held: Vec::new(),
            byte: 0,
            line: 0,
            after_loss: false,
            losses: Vec::new(),
        }
    }

    pub(crate) fn part(&mut self, part: &Part, bytes: Option<&[u8]>) {
        let Some(bytes) = bytes else {
            // A line that ends in the lost part is lost from its start.
            let kept = memchr::memrchr(b'\n', &self.held).map_or(0, |at| at + 1);
            let torn = (self.held.len() - kept) as u64;
            self.held.truncate(kept);
            self.lose(torn, u64::from(part.len), part.lines.into());
            return;
        };
        let mut bytes = bytes;
        if self.after_loss && part.starts_inside {
            let cut = memchr::memchr(b'\n', bytes);
            let skipped = cut.map_or(bytes.len(), |at| at + 1);
            self.lose(0, skipped as u64, u64::from(cut.is_some()));
            bytes = bytes.get(skipped..).unwrap_or_default();
        }
        self.after_loss &= bytes.is_empty();
        self.held.extend_from_slice(bytes);
        self.byte += bytes.len() as u64;
        self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
    }

    /// Notes a loss that begins `torn` bytes before this place.
    fn lose(&mut self, torn: u64, bytes: u64, lines: u64) {
        if !self.after_loss {
            self.losses.push(MemberLoss {
                name: self.name.clone(),
                first_line: self.line + 1,
                first_byte: self.byte - torn,
                ..MemberLoss::default()
            });
        }
        if let Some(loss) = self.losses.last_mut() {
            loss.bytes += torn + bytes;
            loss.lines += lines;
        }
        self.after_loss = true;
        self.byte += bytes;
        self.line += lines;
    }

    /// Writes what will certainly stay: whole lines.
    pub(crate) fn flush(&mut self, appender: &mut Appender) -> Result<()> {
        let whole = memchr::memrchr(b'\n', &self.held).map_or(0, |at| at + 1);
        let bytes: Vec<u8> = self.held.drain(..whole).collect();
        self.write(&bytes, appender)
    }

    pub(crate) fn end(&mut self, appender: &mut Appender) -> Result<()> {
        let bytes = std::mem::take(&mut self.held);
        self.write(&bytes, appender)
    }

    fn write(&mut self, bytes: &[u8], appender: &mut Appender) -> Result<()> {
        self.hasher.update(bytes);
        let missing = HEAD_LEN - self.head.len();
        self.head.extend(bytes.iter().take(missing));
        appender.packer().write(bytes)
    }
}
