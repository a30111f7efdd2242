//! What was typed, and nothing derived from it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, Parser};

use crate::archive_args::ArchiveCommand;
use crate::commands::grep::GrepArgs;
use crate::commands::hist::HistArgs;
use crate::commands::query::QueryArgs;
use crate::commands::templates::TemplatesArgs;
use crate::commands::top::TopArgs;
use crate::commands::train::TrainArgs;
use crate::models::{KnownModels, StartModel};
use crate::units;

/// The level where neither a flag nor the environment names one.
pub(crate) const DEFAULT_LEVEL: u8 = 3;

/// Compresses logs: smaller than general-purpose tools, byte-exact, and queryable.
///
/// Without -d, -t or -l, every FILE is compressed to FILE.lig and kept. No FILE, or -, is standard input to standard
/// output.
#[derive(Clone, Debug, Parser)]
#[command(name = "lig", version, after_help = AFTER_HELP, after_long_help = format!("{AFTER_HELP}{MORE_HELP}"), args_override_self = true)]
#[expect(clippy::struct_excessive_bools, reason = "one field for each flag")]
pub(crate) struct FilterArgs {
    /// Files to work on; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Decompress; a .lig file is recognised by what it holds, not by its name
    #[arg(short, long, visible_alias = "uncompress")]
    pub(crate) decompress: bool,

    /// Decode and verify everything, write nothing
    #[arg(short, long, conflicts_with = "decompress")]
    pub(crate) test: bool,

    /// Show sizes, ratio, lines, blocks, templates and time span
    #[arg(short, long, conflicts_with_all = ["decompress", "test"])]
    pub(crate) list: bool,

    /// With --list: one JSON object a line
    #[arg(long, requires = "list")]
    pub(crate) json: bool,

    /// Write to standard output
    #[arg(short = 'c', long, visible_alias = "to-stdout")]
    pub(crate) stdout: bool,

    /// Write to FILE, or into DIR/
    #[arg(short, long, value_name = "FILE|DIR/", conflicts_with = "stdout")]
    pub(crate) output: Option<PathBuf>,

    /// Write below DIR, under the input's own path
    #[arg(long, value_name = "DIR", conflicts_with_all = ["stdout", "output"])]
    pub(crate) output_dir_mirror: Option<PathBuf>,

    /// Overwrite outputs, use terminals; with -dc: pass foreign data through, decode gz, zst, xz, bz2 and lz4
    #[arg(short, long)]
    pub(crate) force: bool,

    /// Keep the input (the default)
    #[arg(short, long, overrides_with = "rm")]
    pub(crate) keep: bool,

    /// Remove the input once its output is on disk and has been decoded and compared
    #[arg(long, overrides_with = "keep")]
    pub(crate) rm: bool,

    /// With --rm: do not decode and compare
    #[arg(long)]
    pub(crate) no_verify: bool,

    /// Descend into directories; symbolic links inside are skipped
    #[arg(short, long)]
    pub(crate) recursive: bool,

    /// Read names of inputs from FILE, one a line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) files_from: Option<PathBuf>,

    /// With --files-from: names end in a zero byte
    #[arg(short = '0', long, requires = "files_from")]
    pub(crate) null: bool,

    #[command(flatten)]
    pub(crate) level: LevelArg,

    /// Threads for compression; 0 is one a core [default: cores, at most 4]
    #[arg(short = 'T', long, value_name = "N")]
    pub(crate) threads: Option<usize>,

    /// Use at most this much memory: fewer threads, or refuse; never other bytes
    #[arg(long, value_name = "SIZE", value_parser = units::parse_size)]
    pub(crate) memory: Option<u64>,

    /// Write out what has arrived once a pipe pauses this long; 0 or off: never
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = units::parse_duration)]
    pub(crate) flush: Flush,

    /// Raw bytes of a block, such as 16M or 4MiB
    #[arg(long, value_name = "SIZE", value_parser = units::parse_block_size)]
    pub(crate) block_size: Option<u32>,

    #[command(flatten)]
    pub(crate) model: StartModel,

    /// Leave out what lets searches pass over blocks: the index, times, severities and filters
    #[arg(long)]
    pub(crate) no_index: bool,

    /// Show progress even if standard error is no terminal
    #[arg(long, overrides_with = "no_progress")]
    pub(crate) progress: bool,

    /// Never show progress
    #[arg(long, overrides_with = "progress")]
    pub(crate) no_progress: bool,

    /// No warnings; twice: no errors either (the exit code still tells)
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) quiet: u8,

    /// One line of summary for each file
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Print a man page or a completion script
    #[arg(long, value_name = "WHAT", value_enum)]
    pub(crate) generate: Option<Generate>,
}

const AFTER_HELP: &str = "\
Commands:
  lig archive A PATH…    put files and directories into an archive; again: add what is new (short: lig a)
  lig ls A, lig cat A, lig extract A   list members, write their content, write them as files
  lig verify A           check an archive; --deep decodes everything, --against DIR compares
  lig prune A, lig compact A           remove old members; write an archive anew, at another level
  lig recover A -o B     everything of a damaged archive that can still be read
  lig grep PATTERN FILE  the lines that match, as grep prints them
  lig query QUERY FILE   lines by their fields, and counts of them: user:=root | stats by (level) count()
  lig hist FILE          how many lines there are in each span of time
  lig top FILE FIELD     the most frequent values of a field
  lig templates FILE     the print statements a log came from; --diff A B: what is new
  lig info FILE          what takes the space in a file
  lig train -o M FILE…   a model file from sample logs, for short logs like them (lig --model M)
Each has a --help of its own. A file that is named like a command: lig ./info, or lig -- info.

Exit codes: 0 done; 1 nothing usable; 3 done, but something was skipped or lost; 141 reader gone; 128+N signal N.
Environment: LIG_LEVEL, LIG_THREADS, LIG_MODEL. The name ligcat stands for lig -dcf.";

/// What --help and the man page say behind that.
const MORE_HELP: &str = "

Sizes are numbers with K, M, G (10^3 ...) or KiB, MiB, GiB (2^10 ...) behind them.

While a pipe pauses, what has arrived is written out after --flush (1s): a second lig reads it from the file. INT and TERM
finish the block and the file; a second one ends at once. A kill loses what was not flushed. USR1 asks for a line of progress.

-l --json prints one object a line for each file. Fields are added, never renamed:
  name          as it was typed
  stored_bytes  of the file
  raw_bytes     what it decodes to
  lines         line ends in it
  blocks        whole blocks
  templates     the most that one block has
  time_range    [first, last] printed time in nanoseconds since 1970, zone disregarded, or null
  finished      whether every stream in it has its end";

const AFTER_INFO_HELP: &str = "\
--json prints one object a line for each file. Fields are added, never renamed:
  name, stored_bytes, raw_bytes, lines, blocks   as with lig -l --json
  template_table_bytes                           of the templates' texts, stored
  templates    by lines, most first: text (each slot is <*>), lines, modelled_bytes (levels 8 and 9)
  columns      by stored bytes, most first: block, name, kind (what its values are), encoding, codec, values,
               encoded_bytes (before the codec), stored_bytes (its share, where it shares a section)
  against_level_7  with --model-stats, at levels 8 and 9: the log written again, in processor time, without model file: level,
               stored_bytes, write_seconds, level_7_stored_bytes, level_7_write_seconds, saved_bytes_per_second";

/// Says what takes the space in .lig files.
#[derive(Clone, Debug, Parser)]
#[command(name = "info", bin_name = "lig info", after_help = AFTER_INFO_HELP, args_override_self = true)]
pub(crate) struct InfoArgs {
    /// Files to look into
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// One JSON object for each file, with all templates and columns
    #[arg(long)]
    pub(crate) json: bool,

    /// What the model of levels 8 and 9 predicts badly: bits for each line of a template, for each value of a column; and what
    /// it saves for the time it takes, found by writing the log again
    #[arg(long)]
    pub(crate) model_stats: bool,

    /// Templates and columns to show
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub(crate) top: usize,

    #[command(flatten)]
    pub(crate) known: KnownModels,
}

/// What `--generate` can print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Generate {
    Man,
    CompleteBash,
    CompleteZsh,
    CompleteFish,
    CompletePowershell,
}

/// When to write out what has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flush {
    Never,
    AfterPause(Duration),
}

/// `-1` to `-9`; the last one counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LevelArg(pub(crate) Option<u8>);

const LEVELS: [(char, &str); 9] = [
    ('1', "level-1"),
    ('2', "level-2"),
    ('3', "level-3"),
    ('4', "level-4"),
    ('5', "level-5"),
    ('6', "level-6"),
    ('7', "level-7"),
    ('8', "level-8"),
    ('9', "level-9"),
];

impl Args for LevelArg {
    fn augment_args(cmd: Command) -> Command {
        LEVELS.iter().fold(cmd, |cmd, &(digit, id)| {
            let others = LEVELS.iter().map(|&(_, other)| other).filter(|&other| other != id);
            let arg =
                Arg::new(id).short(digit).action(ArgAction::SetTrue).overrides_with_all(others);
            cmd.arg(match digit {
                '1' => arg.help("Level: -1 is fastest, -9 smallest [default: 3]"),
                _ => arg.hide(true),
            })
        })
    }

    fn augment_args_for_update(cmd: Command) -> Command {
        Self::augment_args(cmd)
    }
}

impl FromArgMatches for LevelArg {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = (1..).zip(LEVELS).find(|&(_, (_, id))| matches.get_flag(id));
        Ok(Self(typed.map(|(level, _)| level)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A command line, taken apart.
#[derive(Clone, Debug)]
pub(crate) enum Invocation {
    Filter(Box<FilterArgs>),
    Info(InfoArgs),
    Grep(Box<GrepArgs>),
    Query(Box<QueryArgs>),
    Hist(Box<HistArgs>),
    Top(TopArgs),
    Templates(TemplatesArgs),
    Train(TrainArgs),
    Archive(ArchiveCommand),
}

/// A command line that cannot be taken apart, or one that asks for help.
#[derive(Debug)]
pub(crate) struct Misuse {
    pub(crate) err: clap::Error,
    /// The exit code, unless help was asked for.
    pub(crate) code: u8,
}

impl From<clap::Error> for Misuse {
    fn from(err: clap::Error) -> Self {
        Self { err, code: 1 }
    }
}

/// Takes a command line apart. The first word is the name the program was called by.
pub(crate) fn parse(words: Vec<OsString>) -> Result<Invocation, Misuse> {
    let mut words = words.into_iter();
    let called = words.next().map(PathBuf::from).unwrap_or_default();
    let mut rest: Vec<OsString> = words.collect();
    if called.file_stem().is_some_and(|stem| stem == "ligcat") {
        rest.insert(0, "-dcf".into());
    } else if called.file_stem().is_some_and(|stem| stem == "liggrep") {
        rest.insert(0, "grep".into());
        return grep(rest);
    } else if rest.first().is_some_and(|word| word == "info") {
        return Ok(Invocation::Info(InfoArgs::try_parse_from(rest)?));
    } else if rest.first().is_some_and(|word| word == "grep") {
        return grep(rest);
    } else if rest.first().is_some_and(|word| word == "query") {
        let args = QueryArgs::try_parse_from(rest).map_err(|err| Misuse { err, code: 2 })?;
        return Ok(Invocation::Query(Box::new(args)));
    } else if rest.first().is_some_and(|word| word == "hist") {
        let args = HistArgs::try_parse_from(rest).map_err(|err| Misuse { err, code: 2 })?;
        return Ok(Invocation::Hist(Box::new(args)));
    } else if rest.first().is_some_and(|word| word == "top") {
        let args = TopArgs::try_parse_from(rest).map_err(|err| Misuse { err, code: 2 })?;
        return Ok(Invocation::Top(args));
    } else if rest.first().is_some_and(|word| word == "templates") {
        let args = TemplatesArgs::try_parse_from(rest).map_err(|err| Misuse { err, code: 2 })?;
        return Ok(Invocation::Templates(args));
    }
    if rest.first().is_some_and(|word| word == "train") {
        return Ok(Invocation::Train(TrainArgs::try_parse_from(rest)?));
    }
    if let Some(command) = ArchiveCommand::parse(&rest) {
        return Ok(Invocation::Archive(command?));
    }
    rest.insert(0, "lig".into());
    Ok(Invocation::Filter(Box::new(FilterArgs::try_parse_from(rest)?)))
}

fn grep(words: Vec<OsString>) -> Result<Invocation, Misuse> {
    let args = GrepArgs::try_parse_from(words).map_err(|err| Misuse { err, code: 2 })?;
    Ok(Invocation::Grep(Box::new(args)))
}
