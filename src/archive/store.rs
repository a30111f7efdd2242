//! Frames of an archive's file, by their places.

use std::io::{self, SeekFrom};

use crate::error::{Error, ErrorKind, Result, Section};
use crate::format::archive_commit::ArchiveCommit;
use crate::format::frame::{self, FIXED_LEN, Fixed, FrameKind};
use crate::format::index::{TAIL_LEN, TAIL_MAGIC, tail};
use crate::format::{FILE_HEADER_LEN, FileHeader, ModelFrame, StoredKind};
use crate::limits::{self, Limits};
use crate::model::{Equipment, Models};
use crate::reader::ReaderBuilder;
use crate::vfs::ReadFile;
use crate::wire::Cursor;

/// Bytes that a search takes at a time.
const STEP: u64 = 1 << 20;

/// A file of frames. Its length is what it was when it was opened: what is appended later is not looked at.
#[derive(Debug)]
pub(crate) struct Store {
    file: Box<dyn ReadFile>,
    pub(crate) len: u64,
    pub(crate) stream_id: u64,
    pub(crate) level: u8,
    /// What the blocks are coded with beside the built-in models, as the archive names it.
    named: Option<ModelFrame>,
    /// What there is to be named.
    models: Models,
    /// Place of the first frame behind those that all blocks need.
    pub(crate) begin: u64,
    pub(crate) limits: Limits,
}

/// A frame's header, verified.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) fixed: Fixed,
    bytes: Vec<u8>,
    pub(crate) offset: u64,
}

impl Head {
    /// The part of the header that depends on the kind.
    pub(crate) fn body(&self) -> Result<Cursor<'_>> {
        frame::body(&self.fixed, &self.bytes, self.offset)
    }

    /// Place of the payload.
    pub(crate) fn payload_offset(&self) -> u64 {
        self.offset + u64::from(self.fixed.header_len)
    }

    /// Place behind the frame, and behind the tail of a commit.
    pub(crate) fn end(&self) -> u64 {
        let tail = match self.fixed.kind {
            FrameKind::Commit | FrameKind::ArchiveCommit => TAIL_LEN as u64,
            _ => 0,
        };
        self.payload_offset() + u64::from(self.fixed.payload_len) + tail
    }
}

impl Store {
    /// Opens a file that starts as an archive does.
    pub(crate) fn open(file: Box<dyn ReadFile>, reading: &ReaderBuilder) -> Result<Self> {
        let mut store = Self::open_damaged(file, reading)?;
        let head = store.bytes(0, store.len.min(FILE_HEADER_LEN as u64))?;
        let header = FileHeader::decode(&head, 0)?;
        if header.kind == StoredKind::Stream {
            return Err(Error::new(ErrorKind::IsStream));
        }
        let bound = 1 << header.block_raw_log2;
        limits::check("raw bytes of a block", bound, store.limits.block_raw_bytes_max)?;
        (store.stream_id, store.level) = (header.stream_id, header.level);
        if header.equipped {
            store.read_model()?;
        }
        Ok(store)
    }

    /// Opens a file however it starts. The caller finds out which stream it has.
    pub(crate) fn open_damaged(
        mut file: Box<dyn ReadFile>,
        reading: &ReaderBuilder,
    ) -> Result<Self> {
        let len = file.seek(SeekFrom::End(0))?;
        Ok(Self {
            file,
            len,
            stream_id: 0,
            level: 0,
            named: None,
            models: reading.known().clone(),
            begin: FILE_HEADER_LEN as u64,
            limits: reading.allowed().clone(),
        })
    }

    /// Reads the model frame behind the file header.
    pub(crate) fn read_model(&mut self) -> Result<()> {
        let at = FILE_HEADER_LEN as u64;
        self.named = Some(ModelFrame::decode(&self.frame(at, FrameKind::Model)?, at)?);
        self.begin = self.head(at)?.end();
        Ok(())
    }

    /// Fails if blocks are coded with what is not here; damage is not told.
    pub(crate) fn check_model(&self) -> Result<()> {
        match self.equipment() {
            Err(err) if err.is_unsupported() => Err(err),
            _ => Ok(()),
        }
    }

    /// What it takes to decode blocks, if it is there: without it, there is all that needs no decoding.
    pub(crate) fn equipment(&self) -> Result<Equipment> {
        let named = self.named.as_ref();
        named.map_or(Ok(Equipment::default()), |named| self.models.equip(named, &self.limits))
    }

    /// Reads a range that lies in the file.
    pub(crate) fn bytes(&mut self, offset: u64, len: u64) -> Result<Vec<u8>> {
        limits::check("stored bytes of a block", len, self.limits.block_stored_bytes_max)?;
        if offset.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(Error::truncated(Section::BlockHeader, self.len));
        }
        self.file.seek(SeekFrom::Start(offset))?;
        // The file is that long: no more is allocated than it has, and at first no more than a step.
        let mut bytes = Vec::with_capacity(usize::try_from(len.min(STEP)).unwrap_or(0));
        let read = io::Read::read_to_end(&mut io::Read::take(&mut self.file, len), &mut bytes)?;
        if (read as u64) < len {
            // Somebody cut the file under our hands.
            return Err(Error::truncated(Section::BlockHeader, offset + read as u64));
        }
        Ok(bytes)
    }

    /// Reads and verifies the header at `offset`.
    pub(crate) fn head(&mut self, offset: u64) -> Result<Head> {
        let head = self.any_head(offset)?;
        if head.fixed.stream_id == self.stream_id {
            return Ok(head);
        }
        Err(Error::corrupt(Section::BlockHeader, offset, "a frame belongs to its archive"))
    }

    /// Reads and verifies the header at `offset`, whatever stream it belongs to.
    pub(crate) fn any_head(&mut self, offset: u64) -> Result<Head> {
        let fixed = Fixed::decode(&self.bytes(offset, FIXED_LEN as u64)?, offset)?;
        let bytes = self.bytes(offset, fixed.header_len.into())?;
        let head = Head { fixed, bytes, offset };
        head.body()?;
        Ok(head)
    }

    /// Reads and verifies the payload behind a header.
    pub(crate) fn payload(&mut self, head: &Head) -> Result<Vec<u8>> {
        let payload = self.bytes(head.payload_offset(), head.fixed.payload_len.into())?;
        frame::verify_payload(&head.fixed, &payload, head.payload_offset())?;
        Ok(payload)
    }

    /// Reads a frame that must be of a kind.
    pub(crate) fn frame(&mut self, offset: u64, kind: FrameKind) -> Result<Vec<u8>> {
        let head = self.head(offset)?;
        if head.fixed.kind != kind {
            let rule = "a frame is what it is named as";
            return Err(Error::corrupt(Section::BlockHeader, offset, rule));
        }
        self.payload(&head)
    }

    /// The newest commit that is whole, and the place behind its tail.
    pub(crate) fn newest_commit(&mut self) -> Result<Option<(ArchiveCommit, u64)>> {
        let mut end = self.len;
        while end >= TAIL_LEN as u64 {
            if let Some(commit) = self.commit_before(end)? {
                return Ok(Some((commit, end)));
            }
            // The magic may start before what was searched last.
            let Some(found) = self.tail_before(end - 1)? else { break };
            end = found;
        }
        Ok(None)
    }

    /// The commit whose tail ends at `end`.
    fn commit_before(&mut self, end: u64) -> Result<Option<ArchiveCommit>> {
        let found = self.bytes(end - TAIL_LEN as u64, TAIL_LEN as u64)?;
        let len = found.first_chunk().map_or(0, |len| u32::from_le_bytes(*len));
        if found != tail(len) {
            return Ok(None);
        }
        let Some(offset) = end.checked_sub(TAIL_LEN as u64 + u64::from(len)) else {
            return Ok(None);
        };
        match self.commit_at(offset) {
            Ok(commit) => Ok(Some(commit)),
            Err(err) if err.is_io() => Err(err),
            // The magic stands there by chance, or the commit is damaged.
            Err(_) => Ok(None),
        }
    }

    /// Reads the commit at `offset`, and verifies that it belongs there.
    pub(crate) fn commit_at(&mut self, offset: u64) -> Result<ArchiveCommit> {
        let payload = self.frame(offset, FrameKind::ArchiveCommit)?;
        let commit = ArchiveCommit::decode(&payload, offset)?;
        if commit.offset == offset {
            return Ok(commit);
        }
        Err(Error::corrupt(Section::Commit, offset, "a commit states its own place"))
    }

    /// The last place before `end` behind what looks like a tail.
    fn tail_before(&mut self, mut end: u64) -> Result<Option<u64>> {
        while end >= TAIL_LEN as u64 {
            let start = end.saturating_sub(STEP);
            let bytes = self.bytes(start, end - start)?;
            if let Some(at) = memchr::memmem::rfind(&bytes, &TAIL_MAGIC) {
                let found = start + (at + TAIL_MAGIC.len()) as u64;
                return Ok((found >= TAIL_LEN as u64).then_some(found));
            }
            if start == 0 {
                break;
            }
            end = start + TAIL_MAGIC.len() as u64 - 1;
        }
        Ok(None)
    }

    /// The first place from `offset` on where a frame's header holds. Any stream counts while `stream_id` is unknown.
    pub(crate) fn next_head(&mut self, mut offset: u64, known: bool) -> Result<Option<Head>> {
        while offset < self.len {
            let len = STEP.min(self.len - offset);
            let bytes = self.bytes(offset, len)?;
            for at in memchr::memmem::find_iter(&bytes, &frame::MAGIC) {
                match self.any_head(offset + at as u64) {
                    Ok(head) if !known || head.fixed.stream_id == self.stream_id => {
                        return Ok(Some(head));
                    }
                    Err(err) if err.is_io() => return Err(err),
                    _ => {}
                }
            }
            if offset + len == self.len {
                break;
            }
            offset += len - (frame::MAGIC.len() as u64 - 1);
        }
        Ok(None)
    }
}
