//! `lig archive`: files into an archive.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use lignite::vfs::{FileSystem, ReadFile};
use lignite::{Added, Appender, Change, ChangeKind, Container, Name, Source, storage_key};
use serde::Serialize;

use super::walk::{Filter, Found, Walked, read_globs, show, walk};
use super::{builder, stem};
use crate::archive_args::ArchiveArgs;
use crate::commands::{Outcome, Tally, exit_code, plan};
use crate::foreign::Foreign;
use crate::input;
use crate::output::{Output, describe, name};
use crate::signal::{Interrupted, Signals};
use crate::units;

use super::glob::Globs;

/// What became of a file.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    change: &'static str,
    /// Its name before, if that was another one.
    past_name: Option<String>,
    bytes: u64,
}

pub(crate) fn run(
    args: &ArchiveArgs,
    system: &dyn FileSystem,
    signals: &Signals,
    out: &mut Output,
) -> Result<ExitCode> {
    let mut tally = Tally::default();
    let walked = find(args, system, out)?;
    if walked.failed > 0 || args.strict && walked.skipped > 0 {
        tally.add(Outcome::Failed);
    }
    if walked.found.is_empty() {
        if walked.failed == 0 {
            out.error("nothing to archive");
        }
        return Ok(ExitCode::FAILURE);
    }
    let mut work = Work::open(args, system, &walked)?;
    let sources = work.sources(args, &walked.found, system);
    let changes = work.appender.plan(&sources, &walked.roots);
    // Similar files lie side by side.
    let mut order: Vec<usize> = (0..sources.len()).collect();
    if !args.dry_run {
        // Those are sorted by name already. Directories come first.
        let key = |found: &Found| (!found.is_dir()).then(|| storage_key(&found.name));
        order.sort_by_cached_key(|&at| walked.found.get(at).map(key));
    }
    for at in order {
        if let Some(signal) = signals.ending() {
            return Err(signal.into());
        }
        let (Some(found), Some(source)) = (walked.found.get(at), sources.get(at)) else { continue };
        let outcome = match changes.get(at) {
            Some(Ok(change)) => work.one(args, found, source, change, system, out)?,
            Some(Err(err)) => {
                out.error(format_args!("{}: {}", show(&found.name), words(err)));
                Outcome::Failed
            }
            None => continue,
        };
        tally.add(outcome);
    }
    work.finish(args, tally, out)?;
    Ok(exit_code(tally.outcome()))
}

fn words(err: &io::Error) -> String {
    let same = err
        .raw_os_error()
        .map_or_else(|| io::Error::new(err.kind(), err.to_string()), io::Error::from_raw_os_error);
    describe(&same.into())
}

/// Walks what was named.
fn find(args: &ArchiveArgs, system: &dyn FileSystem, out: &mut Output) -> Result<Walked> {
    let mut filter = Filter {
        exclude: Globs::new(&args.exclude),
        include: Globs::new(&args.include),
        archive: system.info(&args.archive).ok(),
    };
    read_globs(&mut filter.exclude, &args.exclude_from, system)?;
    let mut paths: Vec<PathBuf> = args.paths.clone();
    if let Some(list) = &args.files_from {
        let end = if args.null { 0 } else { b'\n' };
        paths.extend(input::read_names(list, end, system)?);
    }
    Ok(walk(&paths, args.directory.as_deref(), &filter, system, out))
}

/// An archive that is added to.
struct Work {
    appender: Appender,
    is_new: bool,
    /// Something is to be committed.
    is_changed: bool,
    bytes: u64,
    /// By kind: new, grown, renamed, copied, touched, unchanged.
    counts: [u64; 6],
    /// Names that extraction gives to files that were not compressed.
    plain: BTreeSet<Name>,
    /// Files that were stored as they are, their sizes and times: one that could not be decoded is not tried again.
    as_is: BTreeMap<Name, (u64, i64)>,
}

const WORDS: [&str; 6] = ["new", "grown", "renamed", "copied", "touched", "unchanged"];

fn index(kind: ChangeKind) -> usize {
    match kind {
        ChangeKind::Grown => 1,
        ChangeKind::Renamed => 2,
        ChangeKind::Copied => 3,
        ChangeKind::Touched => 4,
        ChangeKind::Unchanged => 5,
        _ => 0,
    }
}

impl Work {
    fn open(args: &ArchiveArgs, system: &dyn FileSystem, walked: &Walked) -> Result<Self> {
        let path = &args.archive;
        let mut options = builder(plan::level(args.level.0)?, args.threads)?;
        if let Some(bytes) = args.block_size {
            options.block_bytes(bytes).context("--block-size")?;
        }
        args.model.set(&mut options, system)?;
        let is_new = match system.info(path) {
            Ok(_) => false,
            Err(err) if err.kind() == io::ErrorKind::NotFound => true,
            Err(err) => return Err(err).with_context(|| name(path)),
        };
        let files = walked.found.iter().filter(|found| !found.is_dir());
        let mut plain: BTreeSet<Name> = files.map(|found| found.name.clone()).collect();
        let mut as_is = BTreeMap::new();
        let appender = if is_new {
            Appender::create(system, path, &options)
        } else {
            let reading = args.model.readers(system)?;
            Appender::open(system, path, &options, &reading).map(|(appender, archive)| {
                let members = archive.members().iter();
                let stored_plain = members.filter(|member| member.container == Container::None);
                for member in stored_plain {
                    plain.insert(member.name.clone());
                    as_is.insert(member.name.clone(), (member.source_len, member.mtime_ns));
                }
                appender
            })
        };
        let appender = appender.with_context(|| name(path))?;
        Ok(Self { appender, is_new, is_changed: is_new, bytes: 0, counts: [0; 6], plain, as_is })
    }

    fn sources<'a>(
        &self,
        args: &ArchiveArgs,
        found: &'a [Found],
        system: &'a dyn FileSystem,
    ) -> Vec<Source<'a>> {
        found.iter().map(|found| self.source(args, found, system)).collect()
    }

    fn source<'a>(
        &self,
        args: &ArchiveArgs,
        found: &'a Found,
        system: &'a dyn FileSystem,
    ) -> Source<'a> {
        let mut source = if found.is_dir() {
            Source::dir("")
        } else {
            let container =
                if args.keep_container { Container::None } else { self.container(found, system) };
            plain_or(container, found, system)
        };
        source.name = found.name.clone();
        source.mode = found.info.mode.unwrap_or(source.mode);
        source.mtime_ns = found.mtime_ns();
        source.source_len = found.info.len;
        source
    }

    /// What a file is compressed with, if its content can have a name of its own. A file that cannot be read shows later.
    fn container(&self, found: &Found, system: &dyn FileSystem) -> Container {
        const TRIED_BYTES: u64 = 4096;
        if self.as_is.get(&found.name) == Some(&(found.info.len, found.mtime_ns())) {
            return Container::None;
        }
        let detect = || -> io::Result<Foreign> {
            let mut prefix = Vec::new();
            found.open(system)?.take(6).read_to_end(&mut prefix)?;
            let foreign = Foreign::detect(&prefix);
            // What only starts like it shows at once.
            let mut content = foreign.decode(found.open(system)?)?.take(TRIED_BYTES);
            io::copy(&mut content, &mut io::sink())?;
            Ok(foreign)
        };
        let container = match detect() {
            Ok(Foreign::Gzip) => Container::Gzip,
            Ok(Foreign::Zstd) => Container::Zstd,
            Ok(Foreign::Xz) => Container::Xz,
            Ok(Foreign::Bzip2) => Container::Bzip2,
            Ok(Foreign::Lz4) => Container::Lz4,
            Ok(Foreign::Other) | Err(_) => Container::None,
        };
        match stem(&found.name, container) {
            Some(stem) if self.plain.contains(&stem) => Container::None,
            _ => container,
        }
    }

    /// Takes in one file.
    fn one(
        &mut self,
        args: &ArchiveArgs,
        found: &Found,
        source: &Source<'_>,
        change: &Change,
        system: &dyn FileSystem,
        out: &mut Output,
    ) -> Result<Outcome> {
        let mut outcome = Outcome::Done;
        let mut bytes = 0;
        if !args.dry_run && change.kind != ChangeKind::Unchanged {
            let mut added =
                self.appender.add(source, change).with_context(|| name(&args.archive))?;
            ended(&added)?;
            if added.is_err() && source.container != Container::None {
                // It only looks like that, or is damaged: the file is still a file.
                out.warning(format_args!(
                    "{}: cannot be decoded, stored as it is",
                    show(&found.name)
                ));
                let mut plain = plain_or(Container::None, found, system);
                (plain.mode, plain.mtime_ns) = (source.mode, source.mtime_ns);
                plain.source_len = source.source_len;
                added = self
                    .appender
                    .add(&plain, &Change::default())
                    .with_context(|| name(&args.archive))?;
            }
            ended(&added)?;
            match added {
                Ok(added) => bytes = added.bytes,
                Err(err) => {
                    out.error(format_args!("{}: cannot read: {}", show(&found.name), words(&err)));
                    return Ok(Outcome::Failed);
                }
            }
            self.is_changed = true;
            outcome = changed_meanwhile(found, system, out)?;
        }
        if let Some(count) = self.counts.get_mut(index(change.kind)) {
            *count += 1;
        }
        self.bytes += bytes;
        let word = WORDS.get(index(change.kind)).copied().unwrap_or_default();
        if args.json {
            let name = found.name.to_string();
            let past_name = change.past_name.as_ref().map(Name::to_string);
            out.json(&Row { name, change: word, past_name, bytes })?;
        } else if args.dry_run {
            let past = change.past_name.as_ref().map(|past| format!(" (was {})", show(past)));
            let past = past.unwrap_or_default();
            out.print(&format!("{word:<9} {}{past}\n", show(&found.name)))?;
        }
        Ok(outcome)
    }

    fn finish(self, args: &ArchiveArgs, tally: Tally, out: &mut Output) -> Result<()> {
        if args.dry_run || self.is_new && tally.outcome() == Some(Outcome::Failed) {
            return Ok(());
        }
        let stored = if self.is_changed {
            let committed = self.appender.commit();
            let context = || format!("cannot write {}", name(&args.archive));
            committed.with_context(context)?.stored_bytes
        } else {
            self.appender.stored_bytes()
        };
        let counted = WORDS.iter().zip(self.counts).filter(|&(_, count)| count > 0);
        let counted: Vec<String> = counted.map(|(word, count)| format!("{count} {word}")).collect();
        out.summary(format_args!(
            "{} : {} ({} taken in; {} stored)",
            name(&args.archive),
            counted.join(", "),
            units::bytes(self.bytes),
            units::bytes(stored)
        ));
        Ok(())
    }
}

/// A source that was not read to its end because a signal arrived ends the work.
fn ended(added: &io::Result<Added>) -> Result<()> {
    match added.as_ref().err().and_then(io::Error::get_ref).and_then(|err| err.downcast_ref()) {
        Some(&signal @ Interrupted { .. }) => Err(signal.into()),
        None => Ok(()),
    }
}

/// The file as what it decodes to.
fn plain_or<'a>(container: Container, found: &'a Found, system: &'a dyn FileSystem) -> Source<'a> {
    let content = move || decode(container, found.open(system)?);
    let mut source = Source::file("", Box::new(content));
    source.name = found.name.clone();
    source.container = container;
    source
}

fn decode(container: Container, file: Box<dyn ReadFile>) -> io::Result<Box<dyn Read>> {
    let foreign = match container {
        Container::Gzip => Foreign::Gzip,
        Container::Zstd => Foreign::Zstd,
        Container::Xz => Foreign::Xz,
        Container::Bzip2 => Foreign::Bzip2,
        Container::Lz4 => Foreign::Lz4,
        _ => return Ok(Box::new(file)),
    };
    foreign.decode(file)
}

/// Says so if a file changed under our hands: what was read is stored.
fn changed_meanwhile(found: &Found, system: &dyn FileSystem, out: &mut Output) -> Result<Outcome> {
    if found.is_dir() {
        return Ok(Outcome::Done);
    }
    let same = match found.open(system).and_then(|file| file.info()) {
        Ok(now) => found.info.is_same_file(&now) && found.info.has_same_content(&now),
        Err(err) if err.kind() == io::ErrorKind::NotFound => false,
        Err(err) => return Err(err).with_context(|| show(&found.name)),
    };
    if same {
        return Ok(Outcome::Done);
    }
    out.warning(format_args!("{}: changed while it was read", show(&found.name)));
    Ok(Outcome::Partial)
}
