//! The commands for archives.

mod create;
mod extract;
mod glob;
mod ls;
mod maintain;
mod verify;
mod walk;

#[cfg(test)]
mod faults;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use lignite::vfs::{FileSystem, Guard, GuardedFileSystem, Operation};
use lignite::{
    Archive, Container, Member, MemberState, Name, ReaderBuilder, Trailing, WriterBuilder,
};

use super::{Outcome, Tally, plan};
use crate::archive_args::ArchiveCommand;
use crate::output::{Output, name};
use crate::signal::Signals;
use crate::units;

use self::glob::Globs;

/// Runs a command for archives.
pub(crate) fn run(
    command: &ArchiveCommand,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Result<ExitCode> {
    // What only prints may be stopped anywhere.
    if let ArchiveCommand::Ls(args) = command {
        return ls::run(args, system, out);
    }
    run_under(&Signals::install(system)?, command, system, out)
}

/// As [`run`]; the signals are those given.
fn run_under(
    signals: &Signals,
    command: &ArchiveCommand,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Result<ExitCode> {
    let system = &GuardedFileSystem::guard(system, signals.clone());
    match command {
        ArchiveCommand::Archive(args) => create::run(args, system, signals, out),
        ArchiveCommand::Ls(args) => ls::run(args, system, out),
        ArchiveCommand::Extract(args) => extract::run(args, system, signals, out),
        ArchiveCommand::Cat(args) => extract::cat(args, system, signals, out),
        ArchiveCommand::Verify(args) => verify::run(args, system, out),
        ArchiveCommand::Prune(args) => maintain::prune(args, system, out),
        ArchiveCommand::Compact(args) => maintain::compact(args, system, out),
        ArchiveCommand::Recover(args) => maintain::recover(args, system, out),
    }
}

/// Opens an archive for reading, and says what lies behind its last commit.
fn open(
    (path, reading): (&Path, &ReaderBuilder),
    system: &dyn FileSystem,
    tally: &mut Tally,
    out: &mut Output,
) -> Result<Archive> {
    let archive = Archive::open_in(system, path, reading).with_context(|| name(path))?;
    match archive.trailing() {
        Trailing::Unfinished { bytes } => out.summary(format_args!(
            "{}: the last {} are of a commit that is not finished",
            name(path),
            units::bytes(bytes)
        )),
        Trailing::Damaged { bytes } => {
            out.warning(format_args!(
                "{}: the last {} are damaged: this is an older state (lig recover gets the rest)",
                name(path),
                units::bytes(bytes)
            ));
            tally.add(Outcome::Partial);
        }
        _ => {}
    }
    Ok(archive)
}

/// The members that count and that a glob selects, by name or by the name they are extracted under.
fn select(archive: &Archive, globs: &Globs) -> Vec<Member> {
    let live = archive.members().iter().filter(|member| member.state == MemberState::Live);
    live.filter(|member| globs.selects(&member.name) || globs.selects(&output_name(member)))
        .cloned()
        .collect()
}

/// The name that a member's content has: without the suffix of what its file was compressed with.
fn output_name(member: &Member) -> Name {
    stem(&member.name, member.container).unwrap_or_else(|| member.name.clone())
}

/// A name without the suffix of what its file was compressed with, if it has that and more.
fn stem(name: &Name, container: Container) -> Option<Name> {
    let stem = name.own().strip_suffix(suffix(container)?)?;
    (!stem.is_empty()).then(|| name.sibling(stem))
}

fn suffix(container: Container) -> Option<&'static [u8]> {
    Some(match container {
        Container::Gzip => b".gz",
        Container::Zstd => b".zst",
        Container::Xz => b".xz",
        Container::Bzip2 => b".bz2",
        Container::Lz4 => b".lz4",
        _ => return None,
    })
}

fn container_name(container: Container) -> Option<&'static str> {
    Some(match container {
        Container::Gzip => "gzip",
        Container::Zstd => "zstd",
        Container::Xz => "xz",
        Container::Bzip2 => "bzip2",
        Container::Lz4 => "lz4",
        _ => return None,
    })
}

/// What was asked for by names was not there.
fn none_found(globs: &Globs, members: &[impl Sized], out: &mut Output) -> bool {
    let none = members.is_empty() && !globs.is_empty();
    if none {
        out.error("no member of that name");
    }
    none
}

/// Bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Work of a member, a block or a whole archive ends where it reads or writes next. Cleaning up goes on.
impl Guard for Signals {
    fn before(&self, operation: Operation) -> io::Result<()> {
        match self.ending() {
            Some(signal) if matches!(operation, Operation::Read | Operation::Write) => {
                Err(io::Error::other(signal))
            }
            _ => Ok(()),
        }
    }
}

/// How to compress.
fn builder(level: u8, threads: Option<usize>) -> Result<WriterBuilder> {
    let mut builder = WriterBuilder::new();
    builder.level(level)?;
    builder.threads(plan::threads(threads)?);
    Ok(builder)
}
