//! The `lig` command: compresses, decompresses, tests and lists structured logs.

mod archive_args;
mod args;
mod commands;
mod dest;
mod foreign;
mod input;
mod models;
mod output;
mod progress;
mod signal;
mod units;

use std::io::{self, Write};
use std::process::ExitCode;

use lignite::vfs::OsFileSystem;

use crate::args::{Invocation, Misuse};
use crate::output::Output;

/// Asks for a large piece of memory, and gives it back untouched. glibc takes that for a sign that large pieces come and go
/// (mallopt(3), `M_MMAP_THRESHOLD`), and keeps what is freed for the next one. Pages from the system cost a fault each.
#[cfg(target_env = "gnu")]
fn keep_freed_memory() {
    /// glibc learns from none that is larger than this and what it adds to it.
    const LARGEST: usize = 31 << 20;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGEST)));
}

fn main() -> ExitCode {
    #[cfg(target_env = "gnu")]
    keep_freed_memory();
    let words: Vec<_> = std::env::args_os().collect();
    let (result, mut out) = match args::parse(words) {
        Ok(Invocation::Info(args)) => {
            let mut out = Output::new(0, 0);
            (commands::info::run(&args, &OsFileSystem, &mut out), out)
        }
        Ok(Invocation::Archive(command)) => {
            let speech = command.speech();
            let mut out = Output::new(speech.quiet, speech.verbose);
            (commands::archive::run(&command, &OsFileSystem, &mut out), out)
        }
        Ok(Invocation::Filter(args)) => {
            let mut out = Output::new(args.quiet, args.verbose);
            (commands::run(&args, &OsFileSystem, &mut out), out)
        }
        Ok(Invocation::Grep(args)) => {
            let mut out = Output::new(0, 0);
            let result = commands::grep::run(&args, &OsFileSystem, &mut out);
            return commands::conclude_search(result, &mut out);
        }
        Ok(Invocation::Query(args)) => {
            let mut out = Output::new(0, 0);
            let result = commands::query::run(&args, &OsFileSystem, &mut out);
            return commands::conclude_search(result, &mut out);
        }
        Ok(Invocation::Hist(args)) => {
            let mut out = Output::new(0, 0);
            let result = commands::hist::run(&args, &OsFileSystem, &mut out);
            return commands::conclude_search(result, &mut out);
        }
        Ok(Invocation::Top(args)) => {
            let mut out = Output::new(0, 0);
            let result = commands::top::run(&args, &OsFileSystem, &mut out);
            return commands::conclude_search(result, &mut out);
        }
        Ok(Invocation::Templates(args)) => {
            let mut out = Output::new(0, 0);
            let result = commands::templates::run(&args, &OsFileSystem, &mut out);
            return commands::conclude_search(result, &mut out);
        }
        Ok(Invocation::Train(args)) => {
            let mut out = Output::new(0, 0);
            let result = commands::train::run(&args, &OsFileSystem, &mut out);
            return commands::conclude(result, &mut out);
        }
        Err(misuse) => return usage(&misuse),
    };
    commands::conclude(result, &mut out)
}

/// Help and version are answers; everything else is one line and a failure.
fn usage(misuse: &Misuse) -> ExitCode {
    let err = &misuse.err;
    if !err.use_stderr() {
        let shown = write!(io::stdout(), "{}", err.render());
        let reader_gone = shown.is_err_and(|err| err.kind() == io::ErrorKind::BrokenPipe);
        return if reader_gone { ExitCode::from(141) } else { ExitCode::SUCCESS };
    }
    let text = err.render().to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let what = lines.next().unwrap_or("bad command line").trim_start_matches("error: ");
    // What a message ends in a colon for stands on the next line.
    let what = match what.strip_suffix(':').and_then(|_| lines.next()) {
        Some(which) => format!("{what} {which}"),
        None => what.to_owned(),
    };
    let tip =
        lines.find_map(|line| line.strip_prefix("tip: ").filter(|tip| tip.contains("similar")));
    let tip = tip.map(|tip| format!("; {tip}")).unwrap_or_default();
    let mut out = Output::new(0, 0);
    out.error(format_args!("{} (see --help)", output::escape(&format!("{what}{tip}"))));
    ExitCode::from(misuse.code)
}
