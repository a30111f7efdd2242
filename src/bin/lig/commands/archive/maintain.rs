//! `lig prune`, `lig compact`, `lig recover`.

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use lignite::vfs::FileSystem;
use lignite::{Appender, Archive, WriterBuilder};
use serde::Serialize;

use super::verify::Loss;
use super::walk::{nanos, show};
use super::{builder, open};
use crate::archive_args::{CompactArgs, PruneArgs, RecoverArgs};
use crate::args::DEFAULT_LEVEL;
use crate::commands::{Outcome, Tally, exit_code};
use crate::output::{Output, name};
use crate::units;

/// A member that is removed.
#[derive(Debug, Serialize)]
struct Pruned {
    name: String,
    mtime_ns: i64,
    size: u64,
}

pub(crate) fn prune(
    args: &PruneArgs,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Result<ExitCode> {
    let mut tally = Tally::default();
    let age = Duration::from_secs(args.keep_within);
    let before = SystemTime::now().checked_sub(age).map_or(i64::MIN, nanos);
    let reading = args.known.readers(system)?;
    let (appender, archive) = if args.dry_run {
        (None, open((&args.archive, &reading), system, &mut tally, out)?)
    } else {
        let options = WriterBuilder::new();
        let opened = Appender::open(system, &args.archive, &options, &reading);
        let (appender, archive) = opened.with_context(|| name(&args.archive))?;
        (Some(appender), archive)
    };
    let old = archive.members().iter().filter(|member| !member.is_dir && member.mtime_ns < before);
    let (mut ids, mut bytes) = (Vec::new(), 0);
    for member in old {
        ids.push(member.id);
        bytes += member.size;
        if args.json {
            let name = member.name.to_string();
            out.json(&Pruned { name, mtime_ns: member.mtime_ns, size: member.size })?;
        } else if args.dry_run {
            out.print(&format!("{}\n", show(&member.name)))?;
        }
    }
    let count = ids.len();
    if let Some(mut appender) = appender.filter(|_| count > 0) {
        for id in ids {
            appender.remove(id);
        }
        appender.commit().with_context(|| format!("cannot write {}", name(&args.archive)))?;
    }
    out.summary(format_args!(
        "{}: {count} members of {} removed (lig compact frees their room)",
        name(&args.archive),
        units::bytes(bytes)
    ));
    tally.add(Outcome::Done);
    Ok(exit_code(tally.outcome()))
}

pub(crate) fn compact(
    args: &CompactArgs,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Result<ExitCode> {
    let path = &args.archive;
    let reading = args.model.readers(system)?;
    if let Some(output) = &args.output {
        is_free(output, system)?;
    }
    let archive = Archive::open_in(system, path, &reading).with_context(|| name(path))?;
    let (before, level) = (archive.stored_bytes(), archive.level());
    drop(archive);
    let mut options = builder(args.level.unwrap_or(level), args.threads)?;
    args.model.set(&mut options, system)?;
    let done = lignite::compact(system, path, args.output.as_deref(), &options, &reading)
        .with_context(|| name(path))?;
    out.summary(format_args!(
        "{}: {} => {} ({})",
        name(args.output.as_deref().unwrap_or(path)),
        units::bytes(before),
        units::bytes(done.stored_bytes),
        units::percent(done.stored_bytes, before)
    ));
    Ok(ExitCode::SUCCESS)
}

/// Fails if a name for a new archive is taken.
fn is_free(output: &Path, system: &dyn FileSystem) -> Result<()> {
    match system.link_info(output) {
        Ok(_) => bail!("{}: exists (a new archive takes a name that is free)", name(output)),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(err) => Err(err).with_context(|| name(output)),
    }
}

/// What was recovered, for programs.
#[derive(Debug, Serialize)]
struct Report {
    name: String,
    members: u64,
    blocks: u64,
    stored_bytes: u64,
    unlisted_members: u64,
    structure_damaged: bool,
    losses: Vec<Loss>,
}

pub(crate) fn recover(
    args: &RecoverArgs,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Result<ExitCode> {
    let reading = args.known.readers(system)?;
    is_free(&args.output, system)?;
    // The level in a header that holds; what it is does not matter to what is recovered.
    let level = Archive::open_in(system, &args.archive, &reading)
        .map_or(DEFAULT_LEVEL, |archive| archive.level());
    let options = builder(level, args.threads)?;
    let done = lignite::recover(system, &args.archive, &args.output, &options, &reading)
        .with_context(|| name(&args.archive))?;
    let report = Report {
        name: name(&args.archive),
        members: done.committed.members,
        blocks: done.blocks,
        stored_bytes: done.committed.stored_bytes,
        unlisted_members: done.unlisted,
        structure_damaged: done.structure_damaged,
        losses: done.losses.iter().map(Loss::from).collect(),
    };
    for loss in &report.losses {
        out.error(format_args!("{}: {loss}", report.name));
    }
    if report.unlisted_members > 0 {
        out.warning(format_args!(
            "{}: {} members are known by their blocks only",
            report.name, report.unlisted_members
        ));
    }
    if report.structure_damaged {
        out.warning(format_args!(
            "{}: damaged where nothing tells what was there: more may be missing",
            report.name
        ));
    }
    let is_whole = report.losses.is_empty() && !report.structure_damaged;
    if args.json {
        out.json(&report)?;
    } else {
        let lost = if is_whole { "nothing lost" } else { "the rest is lost" };
        out.summary(format_args!(
            "{}: {} members, {} blocks; {lost}",
            name(&args.output),
            report.members,
            report.blocks
        ));
    }
    let mut tally = Tally::default();
    tally.add(if is_whole { Outcome::Done } else { Outcome::Partial });
    Ok(exit_code(tally.outcome()))
}
