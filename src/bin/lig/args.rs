//! What was typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::styling::Styles;
use clap::{ArgAction, CommandFactory, Parser, ValueEnum};

/// Smaller than xz, byte-exact, for logs.
///
/// Without FILE, or where FILE is -, reads standard input and writes standard output.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "lig", version, styles = Styles::plain(), max_term_width = 100)]
#[command(
    after_help = "lig info FILE says what takes the space in FILE.\n\nExit codes: 0 done; 1 nothing usable, or a bad option; 3 the rest is done, but an input or a block\nwas skipped, lost or unfinished; 128 + signal; 141 the reader of the output went away."
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that was typed or not")]
pub(crate) struct Args {
    /// Decompress
    #[arg(short, long)]
    pub(crate) decompress: bool,
    /// Write to standard output, keep files
    #[arg(short = 'c', long)]
    pub(crate) stdout: bool,
    /// Keep the source (the default)
    #[arg(short, long)]
    pub(crate) keep: bool,
    /// Remove the source, once the output is on disk, decoded and found equal
    #[arg(long, conflicts_with_all = ["keep", "stdout"])]
    pub(crate) rm: bool,
    /// Overwrite; write compressed bytes to a terminal; with -dc pass through what is not compressed
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Decode and verify, write nothing
    #[arg(short, long)]
    pub(crate) test: bool,
    /// List sizes, lines and templates
    #[arg(short, long)]
    pub(crate) list: bool,
    /// With -l or info: JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Write to FILE, or into DIR/
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Do what is below directories as well
    #[arg(short, long)]
    pub(crate) recursive: bool,
    /// Say less; twice: nothing
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) quiet: u8,
    /// Say a line for each file
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Level, 1 (fast) to 7 (small)
    #[arg(long, value_name = "N", env = "LIG_LEVEL", default_value_t = 3, hide_env_values = true)]
    pub(crate) level: u8,
    /// Threads; 0: one for each processor, at most 4
    #[arg(
        short = 'T',
        long,
        value_name = "N",
        env = "LIG_THREADS",
        default_value_t = 0,
        hide_env_values = true
    )]
    pub(crate) threads: usize,
    /// Raw bytes in a block (4K to 256M)
    #[arg(long, value_name = "SIZE", value_parser = crate::units::size)]
    pub(crate) block_size: Option<u64>,
    /// Take no more memory; may use fewer threads, never changes the output
    #[arg(long, value_name = "SIZE", value_parser = crate::units::size)]
    pub(crate) memory: Option<u64>,
    /// After a pause of the input this long, make what has come readable; 0: never
    #[arg(long, value_name = "TIME", value_parser = crate::units::duration, default_value = "1s")]
    pub(crate) flush: Option<std::time::Duration>,
    /// Show progress
    #[arg(long, overrides_with = "no_progress")]
    pub(crate) progress: bool,
    /// Show no progress
    #[arg(long)]
    pub(crate) no_progress: bool,
    /// Write a man page or shell completions to standard output
    #[arg(long, value_name = "WHAT")]
    pub(crate) generate: Option<Generate>,
    /// Files
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// `lig info`
    #[arg(skip)]
    pub(crate) info: bool,
}

/// What `--generate` writes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Generate {
    Man,
    CompleteBash,
    CompleteZsh,
    CompleteFish,
    CompletePowershell,
    CompleteElvish,
}

/// The command for clap, with the levels as flags, which a derive cannot say.
pub(crate) fn command() -> clap::Command {
    Args::command()
}

/// Parses the command line, or returns an exit code.
pub(crate) fn parse() -> Result<Args, u8> {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    let name = words.first().and_then(|name| PathBuf::from(name).file_stem().map(OsString::from));
    let cat = name.is_some_and(|name| name == "ligcat");
    let info = words.get(1).is_some_and(|word| word == "info");
    if info {
        words.remove(1);
    }
    let words =
        words.into_iter().scan(false, |ended, word| Some(level_flags(ended, word))).flatten();
    match Args::try_parse_from(words) {
        Ok(mut args) => {
            args.info = info;
            args.decompress |= cat;
            args.stdout |= cat;
            args.force |= cat;
            Ok(args)
        }
        Err(err) => {
            // Help and version are no errors; a bad option is 1, as in gzip, xz and zstd.
            drop(err.print());
            Err(u8::from(err.use_stderr()))
        }
    }
}

/// Turns the digits of a short option such as `-9kf` into `--level 9 -kf`, up to `--`.
fn level_flags(ended: &mut bool, word: OsString) -> Vec<OsString> {
    *ended |= word == "--";
    let short = word.to_str().filter(|word| {
        !*ended && word.len() > 1 && word.starts_with('-') && !word.starts_with("--")
    });
    let Some(short) = short else { return vec![word] };
    // What follows -T or -o is its value.
    let flags_end = short.find(['T', 'o']).unwrap_or(short.len());
    let (flags, value) = short.split_at(flags_end);
    let Some(level) = flags.chars().rfind(char::is_ascii_digit) else { return vec![word] };
    let rest: String = flags.chars().filter(|c| !c.is_ascii_digit()).chain(value.chars()).collect();
    let mut words = vec![OsString::from(format!("--level={level}"))];
    if rest.len() > 1 {
        words.push(rest.into());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(word: &str) -> Vec<OsString> {
        level_flags(&mut false, word.into())
    }

    #[test]
    fn digits_are_levels_wherever_they_stand() {
        assert_eq!(words("-9"), ["--level=9"]);
        assert_eq!(words("-9kf"), ["--level=9", "-kf"]);
        assert_eq!(words("-c1"), ["--level=1", "-c"]);
        assert_eq!(words("-T4"), ["-T4"]);
        assert_eq!(words("-3T4"), ["--level=3", "-T4"]);
        assert_eq!(words("-"), ["-"]);
        assert_eq!(words("--level=2"), ["--level=2"]);
    }

    #[test]
    fn the_command_is_well_formed() {
        command().debug_assert();
    }
}
