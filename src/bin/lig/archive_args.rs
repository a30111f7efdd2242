//! What was typed behind the commands for archives.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser};

use crate::args::LevelArg;
use crate::models::{KnownModels, StartModel};
use crate::units;

/// A command for archives, taken apart.
#[derive(Clone, Debug)]
pub(crate) enum ArchiveCommand {
    Archive(Box<ArchiveArgs>),
    Ls(LsArgs),
    Extract(ExtractArgs),
    Cat(CatArgs),
    Verify(VerifyArgs),
    Prune(PruneArgs),
    Compact(CompactArgs),
    Recover(RecoverArgs),
}

/// How much is said.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Speech {
    /// No warnings; twice: no errors either (the exit code still tells)
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) quiet: u8,

    /// Say what is done
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// Puts files and directories into an archive; run again, adds what is new.
///
/// Files that have not changed are skipped, those that grew add their tail, and those that were rotated are recognised by
/// their content. Files compressed with gzip, zstd, xz, bzip2 or lz4 are stored as what they decode to: `extract` gives
/// back the content, not the same .gz, byte for byte (--keep-container stores the file as it is).
#[derive(Clone, Debug, Parser)]
#[command(name = "archive", bin_name = "lig archive", args_override_self = true)]
#[expect(clippy::struct_excessive_bools, reason = "one field for each flag")]
pub(crate) struct ArchiveArgs {
    /// The archive; made if it is not there
    #[arg(value_name = "ARCHIVE")]
    pub(crate) archive: PathBuf,

    /// Files and directories; symbolic links, pipes and devices below them are skipped
    #[arg(value_name = "PATH", required_unless_present = "files_from")]
    pub(crate) paths: Vec<PathBuf>,

    /// Names are relative to DIR
    #[arg(short = 'C', long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,

    /// Leave out what GLOB matches; one without a slash matches any component
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<OsString>,

    /// Leave out what a glob in FILE matches, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) exclude_from: Vec<PathBuf>,

    /// Take only files that a GLOB matches
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<OsString>,

    /// Read paths from FILE, one a line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) files_from: Option<PathBuf>,

    /// With --files-from: paths end in a zero byte
    #[arg(short = '0', long, requires = "files_from")]
    pub(crate) null: bool,

    /// Say what would be done with each file, and do nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,

    /// One JSON object for each file
    #[arg(long)]
    pub(crate) json: bool,

    /// Store compressed files as they are
    #[arg(long)]
    pub(crate) keep_container: bool,

    /// Exit code 3 if anything was skipped
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) level: LevelArg,

    /// Threads for compression; 0 is one a core [default: cores, at most 4]
    #[arg(short = 'T', long, value_name = "N")]
    pub(crate) threads: Option<usize>,

    /// Raw bytes of a block, such as 16M or 4MiB
    #[arg(long, value_name = "SIZE", value_parser = units::parse_block_size)]
    pub(crate) block_size: Option<u32>,

    #[command(flatten)]
    pub(crate) model: StartModel,

    #[command(flatten)]
    pub(crate) speech: Speech,
}

/// Lists the members of an archive.
#[derive(Clone, Debug, Parser)]
#[command(name = "ls", bin_name = "lig ls", args_override_self = true)]
pub(crate) struct LsArgs {
    /// The archive
    #[arg(value_name = "ARCHIVE")]
    pub(crate) archive: PathBuf,

    /// Only members that a GLOB matches
    #[arg(value_name = "GLOB")]
    pub(crate) globs: Vec<OsString>,

    /// Mode, size, ratio, lines, templates, times, and what it was
    #[arg(short, long)]
    pub(crate) long: bool,

    /// One JSON object for each member
    #[arg(long, conflicts_with = "long")]
    pub(crate) json: bool,

    /// Names as they are, each with a zero byte behind it
    #[arg(short = '0', long, conflicts_with_all = ["long", "json"])]
    pub(crate) null: bool,

    #[command(flatten)]
    pub(crate) speech: Speech,
}

/// Writes members of an archive as files.
///
/// Nothing is written outside of DIR, whatever names the archive has and whatever links lie in the way. A file that was
/// compressed when it was archived comes as its content, under the name without the suffix.
#[derive(Clone, Debug, Parser)]
#[command(name = "extract", bin_name = "lig extract", args_override_self = true)]
pub(crate) struct ExtractArgs {
    /// The archive
    #[arg(value_name = "ARCHIVE")]
    pub(crate) archive: PathBuf,

    /// Only members that a GLOB matches, and what is below them
    #[arg(value_name = "GLOB")]
    pub(crate) globs: Vec<OsString>,

    /// Write below DIR
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,

    /// Write to standard output
    #[arg(short = 'O', long)]
    pub(crate) to_stdout: bool,

    /// Leave out the first N components of names
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) strip_components: usize,

    /// Replace files that are there
    #[arg(long, conflicts_with = "skip_existing")]
    pub(crate) overwrite: bool,

    /// Leave files that are there as they are
    #[arg(long, visible_alias = "keep-old-files")]
    pub(crate) skip_existing: bool,

    /// Begin nothing that would write more than SIZE
    #[arg(long, value_name = "SIZE", value_parser = units::parse_size)]
    pub(crate) max_output: Option<u64>,

    #[command(flatten)]
    pub(crate) known: KnownModels,

    #[command(flatten)]
    pub(crate) speech: Speech,
}

/// Writes the content of members to standard output, by name.
#[derive(Clone, Debug, Parser)]
#[command(name = "cat", bin_name = "lig cat", args_override_self = true)]
pub(crate) struct CatArgs {
    /// The archive
    #[arg(value_name = "ARCHIVE")]
    pub(crate) archive: PathBuf,

    /// Only members that a GLOB matches
    #[arg(value_name = "GLOB")]
    pub(crate) globs: Vec<OsString>,

    /// At damage, go on with the next block
    #[arg(long)]
    pub(crate) keep_going: bool,

    /// Begin nothing that would write more than SIZE
    #[arg(long, value_name = "SIZE", value_parser = units::parse_size)]
    pub(crate) max_output: Option<u64>,

    #[command(flatten)]
    pub(crate) known: KnownModels,

    #[command(flatten)]
    pub(crate) speech: Speech,
}

/// Checks that an archive is whole.
#[derive(Clone, Debug, Parser)]
#[command(name = "verify", bin_name = "lig verify", args_override_self = true)]
pub(crate) struct VerifyArgs {
    /// The archive
    #[arg(value_name = "ARCHIVE")]
    pub(crate) archive: PathBuf,

    /// Decode everything, and compare every member with its hash
    #[arg(long)]
    pub(crate) deep: bool,

    /// Look at a part of the blocks: N/T is part N of T, P% that share, another one every day
    #[arg(long, value_name = "N/T|P%")]
    pub(crate) subset: Option<String>,

    /// Compare the members with the files below DIR
    #[arg(long, value_name = "DIR", conflicts_with = "subset")]
    pub(crate) against: Option<PathBuf>,

    /// One JSON object for what was found
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) known: KnownModels,

    #[command(flatten)]
    pub(crate) speech: Speech,
}

/// Removes members that have not changed for long. Their bytes stay until `lig compact`.
#[derive(Clone, Debug, Parser)]
#[command(name = "prune", bin_name = "lig prune", args_override_self = true)]
pub(crate) struct PruneArgs {
    /// The archive
    #[arg(value_name = "ARCHIVE")]
    pub(crate) archive: PathBuf,

    /// Keep what changed within this time: 12h, 90d, 8w, 6m (months of 30 days) or 2y
    #[arg(long, value_name = "AGE", value_parser = units::parse_age)]
    pub(crate) keep_within: u64,

    /// Say what would be removed, and do nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,

    /// One JSON object for each member removed
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) known: KnownModels,

    #[command(flatten)]
    pub(crate) speech: Speech,
}

/// Writes an archive anew: in one commit, without what was removed, at another level if one is given.
#[derive(Clone, Debug, Parser)]
#[command(name = "compact", bin_name = "lig compact", args_override_self = true)]
pub(crate) struct CompactArgs {
    /// The archive
    #[arg(value_name = "ARCHIVE")]
    pub(crate) archive: PathBuf,

    /// Write to FILE, and leave the archive as it is
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Compress at level N [default: the archive's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub(crate) level: Option<u8>,

    /// Threads for compression; 0 is one a core [default: cores, at most 4]
    #[arg(short = 'T', long, value_name = "N")]
    pub(crate) threads: Option<usize>,

    #[command(flatten)]
    pub(crate) model: StartModel,

    #[command(flatten)]
    pub(crate) speech: Speech,
}

/// Writes everything of a damaged archive that can still be read to a new one, and says what is missing.
#[derive(Clone, Debug, Parser)]
#[command(name = "recover", bin_name = "lig recover", args_override_self = true)]
pub(crate) struct RecoverArgs {
    /// The damaged archive; it is only read
    #[arg(value_name = "ARCHIVE")]
    pub(crate) archive: PathBuf,

    /// The new archive
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// One JSON object for what was recovered and what is missing
    #[arg(long)]
    pub(crate) json: bool,

    /// Threads for compression; 0 is one a core [default: cores, at most 4]
    #[arg(short = 'T', long, value_name = "N")]
    pub(crate) threads: Option<usize>,

    #[command(flatten)]
    pub(crate) known: KnownModels,

    #[command(flatten)]
    pub(crate) speech: Speech,
}

impl ArchiveCommand {
    /// Takes the words behind a command apart; `None` if the first word is none of ours.
    pub(crate) fn parse(words: &[OsString]) -> Option<Result<Self, clap::Error>> {
        let words = || words.iter();
        Some(match words().next()?.to_str()? {
            "archive" | "a" => {
                ArchiveArgs::try_parse_from(words()).map(|args| Self::Archive(Box::new(args)))
            }
            "ls" => LsArgs::try_parse_from(words()).map(Self::Ls),
            "extract" => ExtractArgs::try_parse_from(words()).map(Self::Extract),
            "cat" => CatArgs::try_parse_from(words()).map(Self::Cat),
            "verify" => VerifyArgs::try_parse_from(words()).map(Self::Verify),
            "prune" => PruneArgs::try_parse_from(words()).map(Self::Prune),
            "compact" => CompactArgs::try_parse_from(words()).map(Self::Compact),
            "recover" => RecoverArgs::try_parse_from(words()).map(Self::Recover),
            _ => return None,
        })
    }

    /// How much is said.
    pub(crate) fn speech(&self) -> Speech {
        match self {
            Self::Archive(args) => args.speech,
            Self::Ls(args) => args.speech,
            Self::Extract(args) => args.speech,
            Self::Cat(args) => args.speech,
            Self::Verify(args) => args.speech,
            Self::Prune(args) => args.speech,
            Self::Compact(args) => args.speech,
            Self::Recover(args) => args.speech,
        }
    }
}
