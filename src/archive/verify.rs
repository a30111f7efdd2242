//! Whether an archive is whole.

use std::collections::BTreeSet;

use crate::archive::block_decoder::read_block;
use crate::archive::open::Archive;
use crate::archive::pack::root;
use crate::error::{Error, Result, Section};
use crate::format::archive_commit::ArchiveCommit;
use crate::format::frame::FrameKind;
use crate::format::index::{TAIL_LEN, tail};
use crate::format::members::{Member, MemberState};
use crate::name::Name;

/// How much is verified.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// Every header, every checksum of stored bytes, every commit. Nothing is decoded.
    #[default]
    Stored,
    /// Every block is decoded and its raw bytes are checked, and so is every member's hash.
    Decoded,
}

/// A part of the blocks: number `n` of `of` parts, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subset {
    /// Which part.
    pub n: u64,
    /// Of how many.
    pub of: u64,
}

impl Default for Subset {
    /// All blocks.
    fn default() -> Self {
        Self { n: 0, of: 1 }
    }
}

/// Something that is wrong.
#[non_exhaustive]
#[derive(Debug)]
pub struct Fault {
    /// Place in the file.
    pub offset: u64,
    /// The block, if it is one.
    pub block: Option<u64>,
    /// What is wrong.
    pub error: Error,
}

/// A part of a member that is missing.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberLoss {
    /// The member's name.
    pub name: Name,
    /// Number of the first line that is missing, from 1.
    pub first_line: u64,
    /// Line terminators that are missing.
    pub lines: u64,
    /// Place of the first byte that is missing, from 0.
    pub first_byte: u64,
    /// Bytes that are missing.
    pub bytes: u64,
}

/// What verification found.
#[non_exhaustive]
#[derive(Debug, Default)]
pub struct Verified {
    /// Blocks that were looked at.
    pub blocks: u64,
    /// Members whose content was compared with its hash.
    pub members: u64,
    /// Bytes between commits: what interrupted writers left. They do no harm, and `compact` drops them.
    pub hole_bytes: u64,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// What members lose by it.
    pub losses: Vec<MemberLoss>,
}

impl Archive {
    /// Verifies the archive, or a part of its blocks. An error says that the file could not be read, or that what its blocks
    /// are coded with is not here.
    pub fn verify(&mut self, depth: Depth, subset: Subset) -> Result<Verified> {
        if depth == Depth::Decoded {
            // What cannot be decoded here is not damaged.
            self.store.check_model()?;
        }
        let mut verified = Verified::default();
        self.verify_commits(&mut verified)?;
        let mut bad = BTreeSet::new();
        for number in (0..self.index.len() as u64).filter(|number| number % subset.of == subset.n) {
            verified.blocks += 1;
            let result = self.verify_block(number).and_then(|()| match depth {
                Depth::Stored => Ok(()),
                Depth::Decoded => self.block(number).map(drop),
            });
            if let Err(error) = result {
                let entry = usize::try_from(number).ok().and_then(|number| self.index.get(number));
                let offset = entry.map_or(0, |entry| entry.offset);
                not_io(error, offset, Some(number), &mut verified.faults)?;
                bad.insert(number);
            }
        }
        verified.losses = self.losses(&bad);
        if depth == Depth::Decoded && subset == Subset::default() {
            self.verify_members(&bad, &mut verified)?;
        }
        Ok(verified)
    }

    /// What members lose with some blocks.
    pub(crate) fn losses(&self, bad: &BTreeSet<u64>) -> Vec<MemberLoss> {
        let mut losses = Vec::new();
        for member in self.table.values().filter(|member| member.state != MemberState::Removed) {
            member_losses(member, |block| bad.contains(&block), &mut losses);
        }
        losses
    }

    fn verify_commits(&mut self, verified: &mut Verified) -> Result<()> {
        let mut commits = vec![self.commit.clone()];
        while let Some(previous) = commits.last().map(|commit| commit.previous)
            && previous != 0
        {
            match self.store.commit_at(previous) {
                Ok(commit) => commits.push(commit),
                Err(error) => return not_io(error, previous, None, &mut verified.faults),
            }
        }
        let mut before = ArchiveCommit::default();
        let mut end = self.store.begin;
        for commit in commits.into_iter().rev() {
            verified.hole_bytes += commit.begin.saturating_sub(end);
            if let Err(error) = self.verify_commit(&before, &commit) {
                not_io(error, commit.offset, None, &mut verified.faults)?;
            }
            end = self.store.head(commit.offset)?.end();
            if let Err(error) = self.verify_tail(&commit, end) {
                not_io(error, commit.offset, None, &mut verified.faults)?;
            }
            before = commit;
        }
        Ok(())
    }

    fn verify_commit(&mut self, before: &ArchiveCommit, commit: &ArchiveCommit) -> Result<()> {
        let has_table = commit.last_members >= commit.begin && commit.last_members != 0;
        let table = if has_table {
            self.store.frame(commit.last_members, FrameKind::Members)?
        } else {
            Vec::new()
        };
        let first = before.offset == 0 && before.root == [0; 32];
        let follows = first || commit.number == before.number + 1;
        if root(&before.root, &table, commit) == commit.root && follows {
            return Ok(());
        }
        let rule = "the root of a commit is that of what it names";
        Err(Error::corrupt(Section::Commit, commit.offset, rule))
    }

    fn verify_tail(&mut self, commit: &ArchiveCommit, end: u64) -> Result<()> {
        let at = end - TAIL_LEN as u64;
        let len = u32::try_from(at - commit.offset).unwrap_or(u32::MAX);
        if self.store.bytes(at, TAIL_LEN as u64)? == tail(len) {
            return Ok(());
        }
        Err(Error::corrupt(Section::Commit, at, "a commit is followed by its tail"))
    }

    fn verify_block(&mut self, number: u64) -> Result<()> {
        let entry = usize::try_from(number).ok().and_then(|at| self.index.get(at)).cloned();
        let entry = entry.unwrap_or_default();
        let (header, payload) = read_block(&mut self.store, entry.offset)?;
        let stated = (number, entry.raw_len, entry.lines);
        if (header.sequence, header.raw_len, header.lines) != stated || header.stats != entry.stats
        {
            let rule = "the index says what block headers say";
            return Err(Error::corrupt(Section::Index, entry.offset, rule));
        }
        self.decoder.extents(&header, &payload).map(drop)
    }

    fn verify_members(&mut self, bad: &BTreeSet<u64>, verified: &mut Verified) -> Result<()> {
        let is_whole = |member: &&Member| {
            let mut extents = member.extents.iter();
            !member.is_dir && extents.all(|extent| !bad.contains(&extent.block))
        };
        let mut members: Vec<Member> = self.table.values().filter(is_whole).cloned().collect();
        members.sort_by_key(|member| {
            member.extents.first().map(|extent| (extent.block, extent.offset))
        });
        for member in members {
            let mut hasher = blake3::Hasher::new();
            for extent in &member.extents {
                hasher.update(self.extent(*extent)?.bytes());
            }
            verified.members += 1;
            if hasher.finalize() != member.hash {
                let offset = self.commit.last_members;
                let rule = "the content of a member has its hash";
                let error = Error::corrupt(Section::Members, offset, rule);
                verified.faults.push(Fault { offset, block: None, error });
                member_losses(&member, |_| true, &mut verified.losses);
            }
        }
        Ok(())
    }
}

/// Appends the parts of a member that lie in lost blocks; neighbours are one loss.
pub(crate) fn member_losses(
    member: &Member,
    is_lost: impl Fn(u64) -> bool,
    losses: &mut Vec<MemberLoss>,
) {
    let (mut byte, mut line) = (0, 0);
    let mut open = false;
    for extent in &member.extents {
        let lost = is_lost(extent.block);
        if lost && !open {
            losses.push(MemberLoss {
                name: member.name.clone(),
                first_line: line + 1,
                first_byte: byte,
                ..MemberLoss::default()
            });
        }
        if let (true, Some(loss)) = (lost, losses.last_mut()) {
            loss.lines += u64::from(extent.lines);
            loss.bytes += u64::from(extent.len);
        }
        open = lost;
        byte += u64::from(extent.len);
        line += u64::from(extent.lines);
    }
}

/// Notes an error of the content; one of the machine ends the work.
fn not_io(error: Error, offset: u64, block: Option<u64>, faults: &mut Vec<Fault>) -> Result<()> {
    if error.is_io() {
        return Err(error);
    }
    faults.push(Fault { offset, block, error });
    Ok(())
}
