//! What has become of files since an archive last saw them: the same, grown, under another name.
//!
//! Content decides. Size and time of change only save reading what was read before.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use crate::archive::append::Source;
use crate::archive::open::is_live;
use crate::format::members::{HEAD_LEN, Member};
use crate::name::{Name, NameId};
use crate::wire::checksum;

/// Members with equal beginnings that a source is compared with at most.
const CANDIDATES_MAX: usize = 16;

/// What has become of a source since the archive last saw it.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What it is.
    pub kind: ChangeKind,
    /// Bytes were added at its end.
    pub grows: bool,
    /// The member whose content it has, or begins with.
    pub member: Option<u64>,
    /// The name of that member, if it is not the source's.
    pub past_name: Option<Name>,
}

/// The kinds of [`Change`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChangeKind {
    /// The archive has nothing of it.
    #[default]
    New,
    /// The archive has it as it is.
    Unchanged,
    /// The content is known, but mode, time or compression have changed.
    Touched,
    /// Bytes were added at its end.
    Grown,
    /// A file that the archive knows by a name that it has no more.
    Renamed,
    /// A file that the archive knows by another name, which is still there.
    Copied,
}

/// Compares sources with the members of an archive.
pub(crate) struct Finder<'a> {
    table: &'a BTreeMap<u64, Member>,
    by_name: BTreeMap<&'a NameId, &'a Member>,
    by_head: BTreeMap<u32, Vec<&'a Member>>,
    /// Files that are short enough to have another head once they grow, by their name's pattern; then by size and head.
    short: BTreeMap<NameId, BTreeMap<usize, BTreeMap<u32, Vec<&'a Member>>>>,
    patterns: RefCell<Patterns>,
}

/// Patterns of names, and of the names above them: each is made once.
#[derive(Debug, Default)]
struct Patterns(BTreeMap<NameId, Name>);

impl Patterns {
    /// A name with the pattern of each of its components.
    fn of(&mut self, name: &Name) -> NameId {
        let new: Vec<&Name> =
            name.ways_up().take_while(|name| !self.0.contains_key(name.id())).collect();
        for name in new.into_iter().rev() {
            let own = pattern(name.own());
            let above = name.parent().and_then(|above| self.0.get(above.id()));
            let whole = above.map_or_else(|| Name::from(own.as_slice()), |above| above.child(&own));
            self.0.insert(*name.id(), whole);
        }
        self.0.get(name.id()).map_or([0; 32], |whole| *whole.id())
    }
}

impl<'a> Finder<'a> {
    pub(crate) fn new(table: &'a BTreeMap<u64, Member>) -> Self {
        let live = || table.values().filter(|member| is_live(member));
        let mut finder = Self {
            table,
            by_name: live().map(|member| (member.name.id(), member)).collect(),
            by_head: BTreeMap::new(),
            short: BTreeMap::new(),
            patterns: RefCell::default(),
        };
        // The newest first, older versions of a name too: content may come back.
        for member in table.values().rev().filter(|member| !member.is_dir && member.size > 0) {
            if !is_live(member) || member.incomplete {
                continue;
            }
            finder.by_head.entry(member.head).or_default().push(member);
            if let Ok(size @ ..HEAD_LEN) = usize::try_from(member.size) {
                let pattern = finder.patterns.get_mut().of(&member.name);
                let heads = finder.short.entry(pattern).or_default().entry(size).or_default();
                heads.entry(member.head).or_default().push(member);
            }
        }
        finder
    }

    /// What has become of each source.
    pub(crate) fn plan(
        &self,
        sources: &[Source<'_>],
        roots: &[Name],
    ) -> Vec<Result<Change, io::Error>> {
        let mut changes: Vec<Result<Change, io::Error>> =
            sources.iter().map(|source| self.one(source)).collect();
        // Members whose own file is still what they are.
        let mut kept = BTreeSet::new();
        for change in changes.iter().flatten() {
            if matches!(
                change.kind,
                ChangeKind::Unchanged | ChangeKind::Touched | ChangeKind::Grown
            ) {
                kept.extend(change.member);
            }
        }
        let names: BTreeSet<&NameId> = sources.iter().map(|source| source.name.id()).collect();
        for change in changes.iter_mut().flatten() {
            let known = change.member.and_then(|id| self.table.get(&id));
            let (ChangeKind::Copied, Some(known)) = (change.kind, known) else { continue };
            let was_walked = names.contains(known.name.id())
                || roots.iter().any(|root| known.name.is_below(root));
            // A member has one name: what comes second is a copy.
            if was_walked && kept.insert(known.id) {
                change.kind = ChangeKind::Renamed;
            }
        }
        changes
    }

    /// What has become of a source; one with another name counts as copied.
    fn one(&self, source: &Source<'_>) -> io::Result<Change> {
        let named = self.by_name.get(source.name.id()).copied();
        let Some(content) = &source.content else {
            return Ok(directory(source, named));
        };
        if self.table.is_empty() {
            return Ok(Change::default());
        }
        let mut reading = content()?;
        let head = head(&mut reading)?;
        let named = named.filter(|member| !member.is_dir && !member.incomplete);
        if let Some(member) = named.filter(|member| looks_unchanged(member, source, &head)) {
            let kind = if member.mode == source.mode & 0o7777 {
                ChangeKind::Unchanged
            } else {
                ChangeKind::Touched
            };
            return Ok(Change { kind, member: Some(member.id), ..Change::default() });
        }
        let candidates = self.candidates(named, source, &head);
        let found = if candidates.is_empty() { None } else { longest(head, reading, &candidates)? };
        Ok(found.map_or_else(Change::default, |(member, grows)| {
            let is_named = member.name == source.name;
            Change {
                kind: match (is_named, grows) {
                    (true, true) => ChangeKind::Grown,
                    (true, false) => ChangeKind::Touched,
                    (false, _) => ChangeKind::Copied,
                },
                grows,
                member: Some(member.id),
                past_name: (!is_named).then(|| member.name.clone()),
            }
        }))
    }

    /// Members that the source may have the content of, shortest first.
    fn candidates(
        &self,
        named: Option<&'a Member>,
        source: &Source<'_>,
        head: &[u8],
    ) -> Vec<&'a Member> {
        let same_head = self.by_head.get(&checksum::section(head)).into_iter().flatten();
        let similar = self.short.get(&self.patterns.borrow_mut().of(&source.name));
        let begins = similar.into_iter().flatten().filter_map(|(&size, heads)| {
            let start = head.get(..size)?;
            heads.get(&checksum::section(start))
        });
        let mut candidates: Vec<&Member> = same_head
            .take(CANDIDATES_MAX)
            .chain(begins.flatten().take(CANDIDATES_MAX))
            .copied()
            .chain(named)
            .collect();
        // Of two with the same size the one with the source's name comes last, and counts.
        candidates.sort_by_key(|member| (member.size, member.name == source.name, member.id));
        candidates.dedup_by_key(|member| member.id);
        candidates
    }
}

fn directory(source: &Source<'_>, named: Option<&Member>) -> Change {
    let Some(member) = named.filter(|member| member.is_dir) else { return Change::default() };
    let same = (member.mode, member.mtime_ns) == (source.mode & 0o7777, source.mtime_ns);
    let kind = if same { ChangeKind::Unchanged } else { ChangeKind::Touched };
    Change { kind, member: Some(member.id), ..Change::default() }
}

fn looks_unchanged(member: &Member, source: &Source<'_>, head: &[u8]) -> bool {
    (member.source_len, member.mtime_ns) == (source.source_len, source.mtime_ns)
        && member.container == source.container
        && member.head == checksum::section(head)
}

/// The first bytes of a content.
fn head(reading: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_LEN);
    reading.take(HEAD_LEN as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// The longest of the candidates that the content begins with, and whether it goes on behind it.
fn longest<'m>(
    head: Vec<u8>,
    mut reading: impl Read,
    candidates: &[&'m Member],
) -> io::Result<Option<(&'m Member, bool)>> {
    let mut found: Option<&Member> = None;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 128 << 10];
    let mut piece = head;
    let mut waiting = candidates.iter().copied().peekable();
    loop {
        let mut at = 0;
        while let Some(&member) = waiting.peek() {
            let left = usize::try_from(member.size - hasher.count()).unwrap_or(usize::MAX);
            let Some(until) = piece.get(at..).and_then(|rest| rest.get(..left)) else { break };
            hasher.update(until);
            at += left;
            if hasher.finalize() == member.hash {
                found = Some(member);
            }
            waiting.next();
        }
        hasher.update(piece.get(at..).unwrap_or_default());
        if waiting.peek().is_none() && found.is_none_or(|member| member.size < hasher.count()) {
            return Ok(found.map(|member| (member, true)));
        }
        let len = loop {
            match reading.read(&mut buffer) {
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        if len == 0 {
            return Ok(found.map(|member| (member, member.size < hasher.count())));
        }
        piece.clear();
        piece.extend_from_slice(buffer.get(..len).unwrap_or_default());
    }
}

/// A component as rotation leaves it: runs of digits are one digit, the suffix of a compressed file is gone.
pub(crate) fn pattern(name: &[u8]) -> Vec<u8> {
    const SUFFIXES: [&[u8]; 6] = [b".gz", b".zst", b".xz", b".bz2", b".lz4", b".Z"];
    let stem = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(*suffix)).unwrap_or(name);
    let mut pattern = Vec::with_capacity(stem.len());
    for &byte in stem {
        if !byte.is_ascii_digit() {
            pattern.push(byte);
        } else if pattern.last() != Some(&b'0') {
            pattern.push(b'0');
        }
    }
    // The number that the first rotation gives a name.
    if pattern.ends_with(b".0") {
        pattern.truncate(pattern.len() - 2);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_name_keeps_its_pattern() {
        for name in ["a/app.log", "a/app.log.1", "a/app.log.12.gz", "a/app.log.2.zst"] {
            assert_eq!(pattern(name.as_bytes()), b"a/app.log", "{name}");
        }
        assert_eq!(pattern(b"app-20261124.log"), b"app-0.log");
        assert_ne!(pattern(b"a/app.log"), pattern(b"b/app.log"));
    }

    #[test]
    fn the_longest_known_beginning_is_found() {
        let content: Vec<u8> =
            (0..300_000u32).flat_map(|i| i.wrapping_mul(i).to_le_bytes()).collect();
        let member = |id: u64, len: usize| Member {
            id,
            size: len as u64,
            hash: *blake3::hash(&content[..len]).as_bytes(),
            ..Member::default()
        };
        let members = [member(0, 10), member(1, HEAD_LEN), member(2, 500_000)];
        let other = Member { id: 3, size: 600_000, ..Member::default() };
        let all: Vec<&Member> = members.iter().chain([&other]).collect();
        let find = |len: usize, known: &[&Member]| {
            let (head, rest) = content[..len].split_at(HEAD_LEN.min(len));
            let found = longest(head.to_vec(), rest, known).unwrap();
            found.map(|(member, grows)| (member.id, grows))
        };
        assert_eq!(find(5, &all), None);
        assert_eq!(find(10, &all), Some((0, false)));
        assert_eq!(find(11, &all), Some((0, true)));
        assert_eq!(find(HEAD_LEN, &all), Some((1, false)));
        assert_eq!(find(500_000, &all), Some((2, false)));
        assert_eq!(find(500_001, &all), Some((2, true)));
        assert_eq!(find(700_000, &all), Some((2, true)));
        assert_eq!(find(700_000, &[&other]), None);
    }
}
