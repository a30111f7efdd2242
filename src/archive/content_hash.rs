//! What identifies a content.

use crate::format::members::{HEAD_LEN, Member};
use crate::wire::checksum;

/// What identifies a content, found out while it is read; and where the part begins that the archive has not.
#[derive(Debug)]
pub(crate) struct ContentHash {
    hasher: blake3::Hasher,
    head: Vec<u8>,
    /// Bytes to come that the archive knows, and their hash.
    known: u64,
    known_hash: [u8; 32],
    /// The last byte of what is known.
    last_known: Option<u8>,
}

impl ContentHash {
    pub(crate) fn new(member: &Member) -> Self {
        Self {
            hasher: blake3::Hasher::new(),
            head: Vec::with_capacity(HEAD_LEN),
            known: member.size,
            known_hash: member.hash,
            last_known: None,
        }
    }

    /// Whether what is known ends inside a line.
    pub(crate) fn known_ends_inside(&self) -> bool {
        self.last_known.is_some_and(|last| last != b'\n')
    }

    /// Takes a piece in; nothing stands for the end. Returns what is new in it, or `None` if what was known is not there
    /// any more.
    pub(crate) fn update<'p>(&mut self, piece: &'p [u8]) -> Option<&'p [u8]> {
        if piece.is_empty() && self.known > 0 {
            return None;
        }
        let missing = HEAD_LEN - self.head.len();
        self.head.extend(piece.iter().take(missing));
        let skipped =
            usize::try_from(self.known).map_or(piece.len(), |known| known.min(piece.len()));
        let (old, new) = piece.split_at(skipped);
        self.hasher.update(old);
        self.known -= skipped as u64;
        self.last_known = old.last().copied().or(self.last_known);
        if skipped > 0 && self.known == 0 && self.hasher.finalize() != self.known_hash {
            return None;
        }
        self.hasher.update(new);
        Some(new)
    }

    /// Bytes so far.
    pub(crate) fn count(&self) -> u64 {
        self.hasher.count()
    }

    /// Gives a member the hashes of what was read.
    pub(crate) fn note(&self, member: &mut Member) {
        member.hash = *self.hasher.finalize().as_bytes();
        member.head = checksum::section(&self.head);
    }
}
