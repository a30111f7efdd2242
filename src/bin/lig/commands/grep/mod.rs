//! `lig grep`: the lines that match.

mod args;
pub(crate) mod conditions;
mod files;
mod glob;
mod json;
mod printer;
mod stats;

use std::io::{self, BufWriter, IsTerminal as _, Read as _};
use std::ops::ControlFlow;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use lignite::vfs::{FileSystem, WriteFile};
use lignite::{
    Case, Condition, MatchExtent, OnDamage, Pattern, PatternBuilder, Predicate, ScanLine,
    ScanOptions, ScanStats,
};

use self::args::Color;
pub(crate) use self::args::GrepArgs;
use self::json::JsonPrinter;
use self::printer::{Printer, Style};
pub(crate) use self::stats::{add_stats, stats_text};
use super::follow::{self, Followed};
use super::query;
use super::search::{Content, Log, Search};
use crate::input::Input;
use crate::output::{Output, describe, name};

type Out = BufWriter<Box<dyn WriteFile>>;

/// Threads that are used unless told otherwise, where there are as many cores, and that are used at most.
const THREADS_DEFAULT: usize = 4;
const THREADS_MAX: usize = 64;

/// What is printed of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Lines,
    Count,
    FilesWith,
    FilesWithout,
    Nothing,
}

/// Where selected lines go.
enum Sink {
    Text(Printer<Out>),
    Json(JsonPrinter<Out>),
}

impl Sink {
    fn line(
        &mut self,
        name: &[u8],
        line: &ScanLine<'_>,
        pattern: Option<&Pattern>,
    ) -> io::Result<()> {
        match self {
            Self::Text(printer) => printer.line(name, line, pattern),
            Self::Json(printer) => printer.line(name, line, pattern),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Text(printer) => printer.flush(),
            Self::Json(printer) => printer.flush(),
        }
    }
}

/// What a file is called where its lines are printed.
fn shown_name(input: &Input, is_json: bool) -> Vec<u8> {
    match &input.path {
        Some(path) => path.as_os_str().as_encoded_bytes().to_vec(),
        None if is_json => b"<stdin>".to_vec(),
        None => b"(standard input)".to_vec(),
    }
}

/// What came of a file.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    found: bool,
    failed: bool,
}

/// A search over all files.
struct Grep<'a> {
    args: &'a GrepArgs,
    system: &'a dyn FileSystem,
    search: Search,
    mode: Mode,
    sink: Sink,
    totals: ScanStats,
}

/// Runs `lig grep`. The exit code is grep's.
pub(crate) fn run(args: &GrepArgs, system: &dyn FileSystem, out: &mut Output) -> Result<ExitCode> {
    if args.basic_regexp || args.perl_regexp {
        bail!("-G and -P are not known: patterns are regular expressions of Rust's regex crate");
    }
    let asked = match &args.condition {
        Some(text) => match query::parse_condition(text, &conditions::clock(args.tz), out) {
            Ok(query) => query.condition().cloned(),
            Err(code) => return Ok(code),
        },
        None => None,
    };
    let (pattern, words) = pattern(args, system)?;
    if args.max_count == Some(0) && !args.files_without_match {
        return Ok(ExitCode::FAILURE);
    }
    let words = words.iter().map(std::path::PathBuf::from).collect::<Vec<_>>();
    let inputs = files::collect(args, &words, system);
    let with_name = args.with_filename
        || !args.no_filename
            && (words.len() > 1 || args.recursive && files::holds_dir(&words, system));
    let mut grep = Grep::new(args, system, (pattern, asked), with_name)?;
    if args.explain {
        out.plain(&stats::plan(&grep.search.predicate));
    }
    if args.follow {
        let inputs: Result<Vec<_>, _> = inputs.into_iter().collect();
        let any = grep.follow(inputs.map_err(anyhow::Error::msg)?, out)?;
        return Ok(if any { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let (mut found, mut failed) = (false, false);
    for input in inputs {
        let input = match input {
            Ok(input) => input,
            Err(message) => {
                failed = true;
                if !args.no_messages {
                    out.error(message);
                }
                continue;
            }
        };
        match grep.file(&input, out) {
            Ok(outcome) => {
                found |= outcome.found;
                failed |= outcome.failed;
                if found && grep.mode == Mode::Nothing {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            Err(err) => {
                grep.sink.flush()?;
                if super::ending(&err).is_some() {
                    return Err(err);
                }
                failed = true;
                if !args.no_messages {
                    out.error(format_args!("{}: {}", input.name(), describe(&err)));
                }
            }
        }
    }
    grep.end(out)?;
    Ok(match (failed, found) {
        (true, _) => ExitCode::from(2),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::FAILURE,
    })
}

/// The pattern, and the words that are files.
fn pattern<'a>(
    args: &'a GrepArgs,
    system: &dyn FileSystem,
) -> Result<(Option<Pattern>, &'a [std::ffi::OsString])> {
    let mut builder = PatternBuilder::new();
    let mut words = &args.words[..];
    if args.patterns.is_empty() && args.pattern_files.is_empty() {
        if args.condition.is_some() {
            if args.invert_match {
                bail!("-v is for patterns; a condition is turned round by not (...)");
            }
            return Ok((None, words));
        }
        let Some((first, rest)) = words.split_first() else {
            bail!("a pattern is missing (see --help)")
        };
        builder.add(first.as_encoded_bytes());
        words = rest;
    }
    for pattern in &args.patterns {
        builder.add(pattern.as_encoded_bytes());
    }
    for file in &args.pattern_files {
        let mut bytes = Vec::new();
        let read = if file.as_os_str() == "-" {
            system.stdin().and_then(|mut file| file.read_to_end(&mut bytes))
        } else {
            system.open(file).and_then(|mut file| file.read_to_end(&mut bytes))
        };
        read.with_context(|| name(file))?;
        // A terminator ends a pattern, and starts no empty one.
        if !bytes.is_empty() {
            builder.add(bytes.strip_suffix(b"\n").unwrap_or(&bytes));
        }
    }
    let case = match (args.ignore_case, args.smart_case) {
        (true, _) => Case::Insensitive,
        (false, true) => Case::Smart,
        (false, false) => Case::Sensitive,
    };
    let extent = match (args.line_regexp, args.word_regexp) {
        (true, _) => MatchExtent::Line,
        (false, true) => MatchExtent::Words,
        (false, false) => MatchExtent::Any,
    };
    builder.fixed(args.fixed_strings).case(case).extent(extent);
    Ok((Some(builder.build()?), words))
}

/// As many threads as are asked for.
pub(crate) fn threads(asked: Option<usize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    match asked {
        Some(0) => cores(),
        Some(threads) => threads.min(THREADS_MAX),
        None => cores().min(THREADS_DEFAULT),
    }
}

/// What the flags ask of lines.
fn predicate(
    args: &GrepArgs,
    pattern: Option<Pattern>,
    asked: Option<Condition>,
) -> Result<Predicate> {
    let mut predicate = Predicate::new();
    let clock = conditions::clock(args.tz);
    predicate.pattern = pattern;
    predicate.invert = args.invert_match;
    predicate.since = conditions::time_of(args.since.as_deref(), &clock)?;
    predicate.until = conditions::time_of(args.until.as_deref(), &clock)?;
    predicate.now = Some(clock.now());
    predicate.severities = args.level;
    let all: Vec<_> = conditions::condition(args).into_iter().chain(asked).collect();
    predicate.condition = (!all.is_empty()).then(|| Condition::all_of(all));
    Ok(predicate)
}

impl<'a> Grep<'a> {
    fn new(
        args: &'a GrepArgs,
        system: &'a dyn FileSystem,
        (pattern, asked): (Option<Pattern>, Option<Condition>),
        with_name: bool,
    ) -> Result<Self> {
        let mode = match args {
            _ if args.quiet => Mode::Nothing,
            _ if args.files_without_match => Mode::FilesWithout,
            _ if args.files_with_matches => Mode::FilesWith,
            _ if args.count => Mode::Count,
            _ => Mode::Lines,
        };
        let grouped = [args.before_context, args.after_context, args.context];
        let grouped = grouped.iter().any(Option::is_some);
        let mut options = ScanOptions::default();
        if mode == Mode::Lines {
            options.before = args.before_context.or(args.context).unwrap_or(0);
            options.after = args.after_context.or(args.context).unwrap_or(0);
        }
        options.count_max = args.max_count;
        if matches!(mode, Mode::Lines | Mode::Count) && args.tail.is_none() && !args.follow {
            options.threads = threads(args.threads);
        }
        options.lines = mode != Mode::Count;
        options.offsets = mode == Mode::Lines && (args.byte_offset || args.json);
        let color = match args.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                io::stdout().is_terminal()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        let style = Style {
            with_name,
            with_number: args.line_number,
            with_offset: args.byte_offset,
            only_matching: args.only_matching,
            replace: args.replace.as_ref().map(|text| text.as_encoded_bytes().to_vec()),
            null: args.null,
            color,
            line_buffered: args.line_buffered,
            invert: args.invert_match,
            grouped,
        };
        let dst = BufWriter::with_capacity(64 << 10, system.stdout()?);
        let sink = if args.json && mode == Mode::Lines {
            options.times = true;
            options.templates = true;
            Sink::Json(JsonPrinter::new(dst, args.line_buffered, args.invert_match))
        } else {
            Sink::Text(Printer::new(dst, style))
        };
        let predicate = predicate(args, pattern, asked)?;
        let on_damage = if args.keep_going { OnDamage::Skip } else { OnDamage::Stop };
        let readers = args.known.readers(system)?;
        let search = Search { predicate, options, on_damage, readers };
        Ok(Self { args, system, search, mode, sink, totals: ScanStats::default() })
    }

    /// Searches a file, or all members of an archive that are wanted.
    fn file(&mut self, input: &Input, out: &mut Output) -> Result<Outcome> {
        let mut content = Content::open(input, &self.search.readers, self.system)?;
        let shown = shown_name(input, self.args.json);
        if let (Content::Archive(..), Sink::Text(printer)) = (&content, &mut self.sink) {
            printer.name_files(!self.args.no_filename);
        }
        let mut outcome = Outcome::default();
        content.each(&shown, &mut |log, shown| {
            let is_member = matches!(log, Log::Member(..));
            if is_member && !files::is_wanted(shown, true, self.args) {
                return Ok(ControlFlow::Continue(()));
            }
            match self.log(log, shown, &input.name(), out) {
                Ok(stats) => {
                    outcome.found |= stats.selected > 0;
                    outcome.failed |= !stats.losses.is_empty();
                }
                Err(err) if !is_member || super::ending(&err).is_some() => return Err(err),
                Err(err) => {
                    self.sink.flush()?;
                    outcome.failed = true;
                    if !self.args.no_messages {
                        let member =
                            crate::output::escape(&String::from_utf8_lossy(shown)).into_owned();
                        out.error(format_args!("{}: {member}: {}", input.name(), describe(&err)));
                    }
                }
            }
            let is_over = outcome.found && self.mode == Mode::Nothing;
            Ok(if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(outcome)
    }

    /// Searches a log, which is printed under a name.
    fn log(
        &mut self,
        log: Log<'_>,
        shown: &[u8],
        input: &str,
        out: &mut Output,
    ) -> Result<ScanStats> {
        match &mut self.sink {
            Sink::Text(printer) => printer.next_file(),
            Sink::Json(printer) => printer.next_file(),
        }
        self.search.predicate.file = shown.to_vec();
        let stats = self.content(log, shown)?;
        for loss in &stats.losses {
            let (line, error) = (loss.first_line, describe_loss(&loss.error));
            out.warning(format_args!("{input}: lines from {line} on are lost: {error}"));
        }
        if let (Sink::Text(printer), selected) = (&mut self.sink, stats.selected) {
            match self.mode {
                Mode::Count => printer.count(shown, selected)?,
                Mode::FilesWith if selected > 0 => printer.file(shown)?,
                Mode::FilesWithout if selected == 0 => printer.file(shown)?,
                _ => {}
            }
        }
        if let Sink::Json(printer) = &mut self.sink {
            printer.end_file(shown, stats.bytes_raw)?;
        }
        add_stats(&mut self.totals, &stats);
        Ok(stats)
    }

    /// Searches what a log holds; its lines are printed.
    fn content(&mut self, log: Log<'_>, shown: &[u8]) -> Result<ScanStats> {
        let pattern = self.search.predicate.pattern.clone();
        if let Some(count) = self.args.tail {
            let (found, stats) = follow::last(&mut self.search, log, count)?;
            for line in &found {
                self.sink.line(shown, &line.line(), pattern.as_ref())?;
            }
            return Ok(stats);
        }
        let (mode, sink) = (self.mode, &mut self.sink);
        self.search.content(log, &mut |line| {
            if mode != Mode::Lines {
                return Ok(ControlFlow::Break(()));
            }
            sink.line(shown, &line, pattern.as_ref())?;
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Follows files until as many lines as are wanted have come from each; says whether any has come.
    fn follow(&mut self, inputs: Vec<Input>, out: &mut Output) -> Result<bool> {
        let search = |input: &Input| {
            let mut search = self.search.clone();
            search.options.count_max = None;
            search.predicate.file = shown_name(input, self.args.json);
            search
        };
        let searches: Vec<_> = inputs.iter().map(search).collect();
        let mut followed = Vec::new();
        for (input, search) in inputs.into_iter().zip(&searches) {
            let name = input.name();
            let Some(path) = input.path else { bail!("standard input is not followed") };
            let file = Followed::open(path, search, self.system, self.args.tail);
            followed.push((file.with_context(|| name.clone())?, name, self.args.max_count));
        }
        let pattern = self.search.predicate.pattern.clone();
        let mut any = false;
        loop {
            let mut news = false;
            for (file, name, left) in followed.iter_mut().filter(|file| file.2 != Some(0)) {
                let mut found = file.advance().with_context(|| name.clone())?;
                if found.is_empty() && file.is_replaced(self.system) {
                    found = file.replace(self.system).with_context(|| name.clone())?;
                    out.warning(format_args!("{name}: replaced; the new file is followed"));
                }
                found.truncate(left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(0)));
                for line in &found {
                    self.sink.line(&file.search.predicate.file, &line.line(), pattern.as_ref())?;
                }
                news |= !found.is_empty();
                *left = left.map(|left| left - found.len() as u64);
            }
            self.sink.flush()?;
            any |= news;
            if followed.iter().all(|(file, _, left)| file.is_over() || *left == Some(0)) {
                return Ok(any);
            }
            if !news {
                std::thread::sleep(follow::PAUSE);
            }
        }
    }

    fn end(&mut self, out: &mut Output) -> Result<()> {
        match &mut self.sink {
            Sink::Text(printer) => printer.flush()?,
            Sink::Json(printer) => printer.end()?,
        }
        if self.args.explain {
            out.plain(&stats::explained(&self.totals));
        } else if self.args.stats {
            out.plain(&stats_text(&self.totals));
        }
        Ok(())
    }
}

fn describe_loss(err: &lignite::Error) -> String {
    crate::output::escape(&err.to_string()).into_owned()
}
