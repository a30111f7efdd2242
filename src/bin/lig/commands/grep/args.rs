//! The arguments of `lig grep`: grep's, as far as they make sense on logs.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::models::KnownModels;

/// Prints the lines that match a pattern, from .lig files as grep does from the logs they hold.
///
/// The members of an archive are searched one after the other, under their names. Plain, .gz, .zst, .xz, .bz2 and .lz4 files can be searched too. No FILE is standard input, or with -r the current
/// directory. Patterns are regular expressions as the `regex` crate of Rust has them.
#[derive(Clone, Debug, Parser)]
#[command(name = "grep", bin_name = "lig grep", args_override_self = true, disable_help_flag = true, after_help = AFTER_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "one field for each flag")]
pub(crate) struct GrepArgs {
    /// The pattern, unless -e or -f gives one, and files; - is standard input
    #[arg(value_name = "PATTERN] [FILE")]
    pub(crate) words: Vec<OsString>,

    /// A pattern; may come several times
    #[arg(short = 'e', long = "regexp", value_name = "PATTERN", allow_hyphen_values = true, action = clap::ArgAction::Append)]
    pub(crate) patterns: Vec<OsString>,

    /// Read patterns from FILE, one a line; may come several times
    #[arg(short = 'f', long = "file", value_name = "FILE", action = clap::ArgAction::Append)]
    pub(crate) pattern_files: Vec<PathBuf>,

    /// Regular expressions (the default)
    #[arg(short = 'E', long, overrides_with = "fixed_strings")]
    pub(crate) extended_regexp: bool,

    /// Patterns are plain text
    #[arg(short = 'F', long, overrides_with = "extended_regexp")]
    pub(crate) fixed_strings: bool,

    #[arg(short = 'G', long, hide = true)]
    pub(crate) basic_regexp: bool,

    #[arg(short = 'P', long, hide = true)]
    pub(crate) perl_regexp: bool,

    #[arg(short = 'a', long, hide = true)]
    pub(crate) text: bool,

    /// Do not mind the case of letters
    #[arg(short = 'i', long, overrides_with = "smart_case")]
    pub(crate) ignore_case: bool,

    /// Mind it only if a pattern has a capital letter
    #[arg(short = 'S', long, overrides_with = "ignore_case")]
    pub(crate) smart_case: bool,

    /// Select the lines that do not match
    #[arg(short = 'v', long)]
    pub(crate) invert_match: bool,

    /// Match whole words only
    #[arg(short = 'w', long)]
    pub(crate) word_regexp: bool,

    /// Match whole lines only
    #[arg(short = 'x', long)]
    pub(crate) line_regexp: bool,

    /// Print only how many lines of each file are selected
    #[arg(short = 'c', long)]
    pub(crate) count: bool,

    /// Print only the names of files with selected lines
    #[arg(short = 'l', long, overrides_with = "files_without_match")]
    pub(crate) files_with_matches: bool,

    /// Print only the names of files without any
    #[arg(short = 'L', long, overrides_with = "files_with_matches")]
    pub(crate) files_without_match: bool,

    /// Print the number of each line
    #[arg(short = 'n', long)]
    pub(crate) line_number: bool,

    /// Print the place of each line in the log, in bytes
    #[arg(short = 'b', long)]
    pub(crate) byte_offset: bool,

    /// Print only what matches
    #[arg(short = 'o', long)]
    pub(crate) only_matching: bool,

    /// Print TEXT in place of what matches; $1 and ${name} are groups
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) replace: Option<OsString>,

    /// Stop after N selected lines of each file
    #[arg(short = 'm', long, value_name = "N")]
    pub(crate) max_count: Option<u64>,

    /// Print nothing: the exit code tells
    #[arg(short = 'q', long, visible_alias = "silent")]
    pub(crate) quiet: bool,

    /// No messages about files that cannot be read
    #[arg(short = 's', long)]
    pub(crate) no_messages: bool,

    /// Lines of context behind each selected line
    #[arg(short = 'A', long, value_name = "N")]
    pub(crate) after_context: Option<usize>,

    /// Lines of context before it
    #[arg(short = 'B', long, value_name = "N")]
    pub(crate) before_context: Option<usize>,

    /// Lines of context on both sides
    #[arg(short = 'C', long, value_name = "N")]
    pub(crate) context: Option<usize>,

    /// Print file names
    #[arg(short = 'H', long, overrides_with = "no_filename")]
    pub(crate) with_filename: bool,

    /// Print no file names
    #[arg(short = 'h', long, overrides_with = "with_filename")]
    pub(crate) no_filename: bool,

    /// A zero byte behind file names
    #[arg(short = 'Z', long)]
    pub(crate) null: bool,

    /// Descend into directories; symbolic links inside are skipped
    #[arg(short = 'r', long)]
    pub(crate) recursive: bool,

    /// With -r, and of archives: only files whose names match GLOB
    #[arg(long, value_name = "GLOB", action = clap::ArgAction::Append)]
    pub(crate) include: Vec<String>,

    /// Skip files whose names match GLOB
    #[arg(long, value_name = "GLOB", action = clap::ArgAction::Append)]
    pub(crate) exclude: Vec<String>,

    /// Only lines from TIME on, as the log prints it: "2026-11-23 08:00", "yesterday", "-1h", "@1700000000"
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) since: Option<String>,

    /// Only lines before TIME
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) until: Option<String>,

    /// The zone in which the log prints its times, such as +02:00
    #[arg(long, value_name = "ZONE", value_parser = super::conditions::parse_zone, default_value = "UTC", allow_hyphen_values = true)]
    pub(crate) tz: i64,

    /// Only lines of these severities: warn, warn.., info..error, debug,error
    #[arg(long, value_name = "LEVELS", value_parser = super::conditions::parse_levels)]
    pub(crate) level: Option<lignite::SeveritySet>,

    /// Print only the last N selected lines of each file
    #[arg(long, value_name = "N", conflicts_with_all = ["count", "files_with_matches", "files_without_match", "after_context", "before_context", "context"])]
    pub(crate) tail: Option<usize>,

    /// Go on as files grow, and when they are replaced, as tail -F does
    #[arg(long, conflicts_with_all = ["count", "files_with_matches", "files_without_match", "quiet", "after_context", "before_context", "context"])]
    pub(crate) follow: bool,

    /// Only lines that meet a condition, as lig query has them; a PATTERN then needs -e
    #[arg(long = "where", value_name = "CONDITION", allow_hyphen_values = true)]
    pub(crate) condition: Option<String>,

    /// Only lines with such a field: NAME=VALUE, NAME!=VALUE, NAME~REGEX, NAME!~REGEX, NAME>N, >=, <, <=; all of several
    #[arg(long = "field", value_name = "CONDITION", value_parser = super::conditions::parse_field, action = clap::ArgAction::Append)]
    pub(crate) fields: Vec<lignite::Condition>,

    /// Only lines of a template: its rank or its id, as lig templates lists them; one of several
    #[arg(long = "template", value_name = "N", value_parser = super::conditions::parse_template, action = clap::ArgAction::Append)]
    pub(crate) templates: Vec<lignite::TemplateRef>,

    /// No lines of that template
    #[arg(long = "not-template", value_name = "N", value_parser = super::conditions::parse_template, action = clap::ArgAction::Append)]
    pub(crate) not_templates: Vec<lignite::TemplateRef>,

    /// Colours as grep has them
    #[arg(long, visible_alias = "colour", value_name = "WHEN", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "always", default_value = "auto")]
    pub(crate) color: Color,

    /// Write out each line at once
    #[arg(long)]
    pub(crate) line_buffered: bool,

    /// One JSON object a line, as ripgrep has them
    #[arg(long, conflicts_with_all = ["count", "files_with_matches", "files_without_match", "only_matching", "replace"])]
    pub(crate) json: bool,

    /// Say on standard error what was looked at
    #[arg(long)]
    pub(crate) stats: bool,

    /// Say on standard error how the search is gone about, and what each step removed
    #[arg(long)]
    pub(crate) explain: bool,

    /// Skip blocks that are damaged
    #[arg(long)]
    pub(crate) keep_going: bool,

    #[command(flatten)]
    pub(crate) known: KnownModels,

    /// Threads; 0: one for each core [default: one for each, at most 4]
    #[arg(short = 'T', long, value_name = "N")]
    pub(crate) threads: Option<usize>,

    /// Print help
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

const AFTER_HELP: &str = "\
Exit codes: 0 a line was selected; 1 none was; 2 something failed (with -q: 0 if a line was selected all the same).
The name liggrep stands for lig grep.";

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}
