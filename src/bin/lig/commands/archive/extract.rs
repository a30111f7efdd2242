//! `lig extract`, `lig cat`: members as files, or one after the other.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lignite::vfs::FileSystem;
use lignite::{Archive, Existing, Extracted, Extractor, Member, Name};

use super::glob::Globs;
use super::walk::show;
use super::{none_found, open, output_name, select};
use crate::archive_args::{CatArgs, ExtractArgs};
use crate::commands::{Outcome, Tally, ending, exit_code};
use crate::models::KnownModels;
use crate::output::{Output, describe, name};
use crate::signal::Signals;
use crate::units;

/// An archive, and the members of it that were asked for.
struct Chosen {
    archive: Archive,
    members: Vec<Member>,
    tally: Tally,
}

/// Opens an archive and selects members; `None` if there is none of that name.
fn choose(
    (path, known): (&Path, &KnownModels),
    globs: &[OsString],
    max_output: Option<u64>,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Result<Option<Chosen>> {
    let mut tally = Tally::default();
    let archive = open((path, &known.readers(system)?), system, &mut tally, out)?;
    let globs = Globs::new(globs);
    let members = select(&archive, &globs);
    if none_found(&globs, &members, out) {
        return Ok(None);
    }
    let total = total(&members);
    if let Some(max) = max_output.filter(|&max| total > max) {
        let (total, max) = (units::bytes(total), units::bytes(max));
        bail!("{}: would write {total} (--max-output {max})", name(path));
    }
    Ok(Some(Chosen { archive, members, tally }))
}

/// Bytes that members decode to. Several may name the same bytes, so that this may be far more than the archive has.
fn total(members: &[Member]) -> u64 {
    members.iter().fold(0, |total, member| total.saturating_add(member.size))
}

pub(crate) fn run(
    args: &ExtractArgs,
    system: &dyn FileSystem,
    signals: &Signals,
    out: &mut Output,
) -> Result<ExitCode> {
    let chosen = choose((&args.archive, &args.known), &args.globs, args.max_output, system, out)?;
    let Some(mut chosen) = chosen else { return Ok(ExitCode::FAILURE) };
    if args.to_stdout {
        return print(&mut chosen, Damage::Stop, system, signals, out);
    }
    let Chosen { mut archive, members, mut tally } = chosen;
    let dir = &args.directory;
    let mut extractor = begin(args, &members, system)?;
    let (mut files, mut bytes) = (0_u64, 0);
    let mut targets = Targets::new(args.strip_components);
    for member in &members {
        targets.note(member);
    }
    // In the order of storage, so that each block is decoded once; what has no bytes, directories too, comes first.
    let mut order: Vec<&Member> = members.iter().collect();
    order.sort_by_key(|member| member.extents.first().map(|extent| (extent.block, extent.offset)));
    for member in order {
        if let Some(signal) = signals.ending() {
            // Files are whole or not there; directories get what they are to have.
            let _left = extractor.finish();
            return Err(signal.into());
        }
        let Some(target) = targets.of(member) else { continue };
        let result = match targets.count(&target) {
            1 => extractor.extract(&mut archive, member, &target).map_err(Into::into),
            _ => Err(anyhow::anyhow!(
                "refused: another member comes as {} too (extract it alone, or with -O)",
                show(&target)
            )),
        };
        let outcome = result.map(|done| match done {
            Extracted::Done => {
                files += u64::from(!member.is_dir);
                bytes += member.size;
                if member.incomplete { Outcome::Partial } else { Outcome::Done }
            }
            Extracted::Skipped => {
                out.summary(format_args!("{}: is there (skipped)", show(&target)));
                Outcome::Done
            }
        });
        match outcome.or_else(|err| failed(&member.name, &target, err, out)) {
            Ok(outcome) => tally.add(outcome),
            Err(err) => {
                let _left = extractor.finish();
                return Err(err);
            }
        }
    }
    for unwritten in extractor.finish().with_context(|| name(dir))? {
        files -= 1;
        tally.add(failed(&unwritten.name, &unwritten.name, unwritten.error.into(), out)?);
    }
    out.summary(format_args!("{}: {files} files, {}", name(dir), units::bytes(bytes)));
    Ok(exit_code(tally.outcome()))
}

/// Begins to write below the directory that was asked for, which is made if it is not there.
fn begin(args: &ExtractArgs, members: &[Member], system: &dyn FileSystem) -> Result<Extractor> {
    let dir = &args.directory;
    if let Err(err) = system.create_dir_all(dir) {
        if err.kind() == io::ErrorKind::AlreadyExists {
            bail!("{}: is not a directory", name(dir));
        }
        return Err(err).with_context(|| name(dir));
    }
    let existing = match (args.overwrite, args.skip_existing) {
        (true, _) => Existing::Overwrite,
        (_, true) => Existing::Skip,
        _ => Existing::Refuse,
    };
    if existing == Existing::Refuse {
        has_room(members, dir, system)?;
    }
    Extractor::new(system, dir, existing).with_context(|| name(dir))
}

/// Refuses to begin what the disk cannot take.
fn has_room(members: &[Member], dir: &Path, system: &dyn FileSystem) -> Result<()> {
    let free = system.open_dir(dir).and_then(|dir| dir.free_bytes()).with_context(|| name(dir))?;
    let total = total(members);
    if let Some(free) = free.filter(|&free| total > free) {
        let (total, free) = (units::bytes(total), units::bytes(free));
        bail!("{}: would write {total}, and {free} are free", name(dir));
    }
    Ok(())
}

/// The names that members come under.
#[derive(Default)]
struct Targets {
    /// First components that are left out.
    strip: usize,
    /// Names without those.
    stripped: BTreeMap<Name, Name>,
    /// How many members come under each.
    counts: BTreeMap<Name, u64>,
}

impl Targets {
    fn new(strip: usize) -> Self {
        Self { strip, ..Self::default() }
    }

    /// The name a member comes under; `None` if nothing is left of it.
    fn of(&mut self, member: &Member) -> Option<Name> {
        let name = output_name(member);
        if self.strip == 0 {
            return Some(name);
        }
        if name.depth() < self.strip {
            return None;
        }
        let is_new = |name: &&Name| !self.stripped.contains_key(*name);
        let left = name.depth() + 1 - self.strip;
        let new: Vec<&Name> = name.ways_up().take(left).take_while(is_new).collect();
        for name in new.into_iter().rev() {
            let above = name.parent().and_then(|above| self.stripped.get(above));
            let own = name.own();
            let stripped = above.map_or_else(|| Name::from(own), |above| above.child(own));
            self.stripped.insert(name.clone(), stripped);
        }
        self.stripped.get(&name).cloned()
    }

    fn note(&mut self, member: &Member) {
        if let Some(name) = self.of(member) {
            let count = self.counts.entry(name).or_insert(0);
            // Directories may meet.
            *count = if member.is_dir && *count > 0 { *count } else { *count + 1 };
        }
    }

    fn count(&self, name: &Name) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }
}

fn failed(member: &Name, target: &Name, err: anyhow::Error, out: &mut Output) -> Result<Outcome> {
    if ending(&err).is_some() {
        return Err(err);
    }
    let kind = err.chain().find_map(|cause| {
        cause.downcast_ref::<io::Error>().map(io::Error::kind).or_else(|| {
            match cause.downcast_ref::<lignite::Error>()?.kind() {
                lignite::ErrorKind::Io(err) => Some(err.kind()),
                _ => None,
            }
        })
    });
    let shown = show(target);
    match kind {
        Some(io::ErrorKind::AlreadyExists) => {
            out.error(format_args!("{shown}: exists (--overwrite or --skip-existing)"));
        }
        // No file after this one would fare better.
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            return Err(err).with_context(|| format!("cannot write {shown}"));
        }
        _ => out.error(format_args!("{}: {}", show(member), describe(&err))),
    }
    Ok(Outcome::Failed)
}

/// What to do at damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Stop,
    Skip,
}

pub(crate) fn cat(
    args: &CatArgs,
    system: &dyn FileSystem,
    signals: &Signals,
    out: &mut Output,
) -> Result<ExitCode> {
    let chosen = choose((&args.archive, &args.known), &args.globs, args.max_output, system, out)?;
    let Some(mut chosen) = chosen else { return Ok(ExitCode::FAILURE) };
    let damage = if args.keep_going { Damage::Skip } else { Damage::Stop };
    print(&mut chosen, damage, system, signals, out)
}

/// Writes members to standard output.
fn print(
    chosen: &mut Chosen,
    damage: Damage,
    system: &dyn FileSystem,
    signals: &Signals,
    out: &mut Output,
) -> Result<ExitCode> {
    let Chosen { archive, members, tally } = chosen;
    let mut stdout = system.stdout()?;
    for member in members.iter().filter(|member| !member.is_dir) {
        let mut reader = archive.reader(member);
        let mut outcome = if member.incomplete { Outcome::Partial } else { Outcome::Done };
        loop {
            if let Some(signal) = signals.ending() {
                return Err(signal.into());
            }
            let len = match reader.fill_buf() {
                Ok([]) => break,
                Ok(bytes) => {
                    stdout.write_all(bytes).context("cannot write to standard output")?;
                    bytes.len()
                }
                Err(err) => {
                    let err = anyhow::Error::from(lignite::Error::from(err));
                    let lost = match damage {
                        Damage::Stop => "the rest of it is not written (--keep-going skips damage)",
                        Damage::Skip => "a part of it is missing",
                    };
                    let shown = show(&member.name);
                    if !is_damage(&err) {
                        bail!("{shown}: {}", describe(&err));
                    }
                    out.error(format_args!("{shown}: {}: {lost}", describe(&err)));
                    outcome = Outcome::Partial;
                    if damage == Damage::Stop {
                        break;
                    }
                    continue;
                }
            };
            reader.consume(len);
        }
        tally.add(outcome);
    }
    stdout.flush().context("cannot write to standard output")?;
    tally.add(Outcome::Done);
    Ok(exit_code(tally.outcome()))
}

/// Whether some of the archive may still be had: it is not the machine that fails, nor a model that is missing.
fn is_damage(err: &anyhow::Error) -> bool {
    err.downcast_ref::<lignite::Error>().is_some_and(lignite::Error::is_bad_input)
}
