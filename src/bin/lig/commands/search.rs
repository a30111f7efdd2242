//! A search of one input: ours by blocks where it can seek, anything else front to back.

use std::cell::Cell;
use std::io::Read as _;
use std::ops::ControlFlow;

use anyhow::{Result, bail};
use lignite::vfs::{FileSystem, ReadFile};
use lignite::{
    Archive, BlockInfo, BlockSum, Condition, ErrorKind, Member, MemberState, OnDamage, Predicate,
    ReaderBuilder, ScanLine, ScanOptions, ScanStats, Section, TemplateId, UseIndex, is_archive,
    is_lignite, scan_read,
};

use crate::foreign::Foreign;
use crate::input::Input;

/// What is looked for, and how.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub(crate) predicate: Predicate,
    pub(crate) options: ScanOptions,
    pub(crate) on_damage: OnDamage,
    /// With the model files that files may refer to.
    pub(crate) readers: ReaderBuilder,
}

/// Bytes that tell what a file is.
const PREFIX: u64 = 11;

/// What an input holds.
pub(crate) enum Content {
    /// A log, and whether its file can seek.
    Log(Box<dyn ReadFile>, bool),
    /// Logs, by their names.
    Archive(Box<Archive>, Vec<Member>, Ranks),
}

/// The templates of an archive by rank, once they have been asked for.
type Ranks = Option<Vec<TemplateId>>;

/// A log that is searched.
pub(crate) enum Log<'l> {
    File(&'l mut dyn ReadFile, bool),
    Member(&'l mut Archive, &'l Member, &'l mut Ranks),
}

/// Takes a log and its name; breaks where no more are wanted.
type EachLog<'e> = dyn FnMut(Log<'_>, &[u8]) -> Result<ControlFlow<()>> + 'e;

impl Content {
    /// Opens an input.
    pub(crate) fn open(
        input: &Input,
        readers: &ReaderBuilder,
        system: &dyn FileSystem,
    ) -> Result<Self> {
        let mut opened = input.open(system)?;
        let can_seek = opened.info.is_file();
        if !can_seek {
            return Ok(Self::Log(opened.file, false));
        }
        if !is_archive_file(&mut *opened.file)? {
            return Ok(Self::Log(opened.file, true));
        }
        let archive = Archive::from_file(opened.file, readers)?;
        let is_log = |member: &&Member| member.state == MemberState::Live && !member.is_dir;
        let members = archive.members().iter().filter(is_log).cloned().collect();
        Ok(Self::Archive(Box::new(archive), members, None))
    }

    /// Calls `each` for each log, with its name: that of the file, or of the member; until it says that it is over.
    pub(crate) fn each(&mut self, name: &[u8], each: &mut EachLog<'_>) -> Result<()> {
        match self {
            Self::Log(file, can_seek) => {
                let _over = each(Log::File(&mut **file, *can_seek), name)?;
            }
            Self::Archive(archive, members, ranks) => {
                for member in members {
                    let name = member.name.to_vec();
                    if each(Log::Member(archive, member, ranks), &name)?.is_break() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether a file is an archive. It is at its start before and after.
pub(crate) fn is_archive_file(mut file: &mut dyn ReadFile) -> Result<bool> {
    let mut prefix = Vec::new();
    (&mut file).take(PREFIX).read_to_end(&mut prefix)?;
    file.rewind()?;
    Ok(is_archive(&prefix))
}

/// What is asked before blocks are read.
pub(crate) struct Hooks<'h> {
    /// Takes the least and the greatest time of the file, as far as statistics tell.
    pub(crate) reach: &'h mut dyn FnMut((i64, i64)),
    /// Takes what statistics tell of a block; says whether that is enough.
    pub(crate) sum: &'h mut dyn FnMut(&BlockSum) -> lignite::Result<bool>,
}

/// Takes the lines that were found.
type Sink<'s> = dyn FnMut(ScanLine<'_>) -> lignite::Result<ControlFlow<()>> + 's;

impl Search {
    /// Searches a log.
    pub(crate) fn content(&mut self, log: Log<'_>, sink: &mut Sink<'_>) -> Result<ScanStats> {
        let (mut reach, mut sum) = (|_| {}, |_: &BlockSum| Ok(false));
        self.summed(log, &mut Hooks { reach: &mut reach, sum: &mut sum }, sink)
    }

    /// The same, where statistics may tell enough.
    pub(crate) fn summed(
        &mut self,
        log: Log<'_>,
        hooks: &mut Hooks<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<ScanStats> {
        let (file, can_seek) = match log {
            Log::File(file, can_seek) => (file, can_seek),
            Log::Member(archive, member, ranks) => {
                return self.member(archive, member, ranks, sink);
            }
        };
        let mut prefix = Vec::new();
        (&mut *file).take(PREFIX).read_to_end(&mut prefix)?;
        if is_archive(&prefix) {
            bail!("an archive cannot be read from a pipe");
        }
        let is_ours = is_lignite(&prefix);
        let asked = self.predicate.condition.as_ref();
        let by_template = asked.is_some_and(Condition::needs_templates);
        if by_template && !(is_ours && can_seek) {
            bail!("templates are known of .lig files only, not from a pipe");
        }
        let (predicate, options) = (&self.predicate, &self.options);
        if !is_ours {
            let format = Foreign::detect(&prefix);
            let rdr = format.decode(prefix.chain(file))?;
            return Ok(scan_read(rdr, predicate, options, sink)?);
        }
        if !can_seek {
            let mut rdr = self.readers.from_reader(prefix.chain(file))?;
            rdr.on_damage(self.on_damage);
            return Ok(scan_read(rdr, predicate, options, sink)?);
        }
        let asked = self.predicate.condition.clone();
        let found = self.blocks(file, hooks, sink);
        self.predicate.condition = asked;
        found
    }

    /// Searches a member of an archive.
    fn member(
        &self,
        archive: &mut Archive,
        member: &Member,
        ranks: &mut Ranks,
        sink: &mut Sink<'_>,
    ) -> Result<ScanStats> {
        let mut predicate = self.predicate.clone();
        if let Some(ranked) = predicate.condition.as_ref().filter(|asked| asked.has_ranks()) {
            if ranks.is_none() {
                *ranks = Some(archive.templates()?.ranks());
            }
            predicate.condition = Some(ranked.with_ranks(ranks.as_deref().unwrap_or_default()));
        }
        Ok(archive.scan_member(member, &predicate, &self.options, sink)?)
    }

    /// Searches the blocks of a file of ours.
    fn blocks(
        &mut self,
        file: &mut dyn ReadFile,
        hooks: &mut Hooks<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<ScanStats> {
        let any = Cell::new(false);
        let mut use_index = UseIndex::IfWhole;
        loop {
            let mut rdr = self.readers.clone().use_index(use_index).indexed(&mut *file)?;
            let ranked = self.predicate.condition.as_ref().filter(|asked| asked.has_ranks());
            if let Some(ranked) = ranked {
                self.predicate.condition = Some(ranked.with_ranks(&rdr.templates()?.ranks()));
            }
            let times = rdr.blocks().iter().filter_map(BlockInfo::time_range);
            let reached = times.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
            if let Some(reached) = reached {
                (hooks.reach)(reached);
            }
            let mut sum = |told: &BlockSum| {
                let is_enough = (hooks.sum)(told)?;
                any.set(any.get() || is_enough);
                Ok(is_enough)
            };
            let (predicate, options) = (&self.predicate, &self.options);
            let found = rdr.scan_summed(predicate, options, self.on_damage, &mut sum, |line| {
                any.set(true);
                sink(line)
            });
            match found {
                // What the index says is not what the blocks say: they are right.
                Err(err) if is_of_index(&err) && !any.get() && use_index == UseIndex::IfWhole => {
                    use_index = UseIndex::Never;
                }
                found => return Ok(found?),
            }
        }
    }
}

fn is_of_index(err: &lignite::Error) -> bool {
    matches!(err.kind(), ErrorKind::Corrupt { section: Section::Index, .. })
}
