//! `lig hist`: how many lines there are in each span of time.

mod counts;
mod svg;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use lignite::vfs::FileSystem;
use lignite::{OnDamage, Predicate, ScanOptions, Severity, show_time};
use serde_json::json;

use self::counts::Counts;
use super::grep::conditions;
use super::query;
use super::search::{Content, Hooks, Search};
use crate::input::Input;
use crate::models::KnownModels;
use crate::output::{Output, describe};

/// Rows of a histogram where nobody says how wide they are.
const ROWS: usize = 40;
/// Rows of a histogram at most.
const ROWS_MAX: usize = 10_000;
/// Columns of a bar.
const BAR: u64 = 50;
/// From a whole character cell down to an eighth of one.
const EIGHTHS: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// Counts lines by time: a histogram for the terminal, for programs, or as a picture.
#[derive(Clone, Debug, Parser)]
#[command(name = "hist", bin_name = "lig hist", args_override_self = true, after_help = AFTER_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "one field for each flag")]
pub(crate) struct HistArgs {
    /// Files to count in; none, or -, is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The span of time of each row, such as 30s, 5m, 1h, 1d [default: what makes some forty rows]
    #[arg(long, value_name = "SPAN")]
    by: Option<String>,

    /// Count only lines that meet a condition, as lig query has them
    #[arg(long = "where", value_name = "CONDITION", allow_hyphen_values = true)]
    condition: Option<String>,

    /// Only lines from TIME on, as the log prints it
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,

    /// Only lines before TIME
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<String>,

    /// Only lines of these severities: warn, warn.., info..error
    #[arg(long, value_name = "LEVELS", value_parser = conditions::parse_levels)]
    level: Option<lignite::SeveritySet>,

    /// The zone in which the log prints its times, such as +02:00
    #[arg(long, value_name = "ZONE", value_parser = conditions::parse_zone, default_value = "UTC", allow_hyphen_values = true)]
    tz: i64,

    /// Bars of #, for terminals that know no others
    #[arg(long)]
    ascii: bool,

    /// Bars by the logarithm of the number of lines
    #[arg(long)]
    log: bool,

    /// One JSON object for each span of time
    #[arg(long, conflicts_with = "svg")]
    json: bool,

    /// A picture: SVG
    #[arg(long)]
    svg: bool,

    /// Say on standard error what was looked at
    #[arg(long)]
    stats: bool,

    #[command(flatten)]
    pub(crate) known: KnownModels,
}

const AFTER_HELP: &str = "\
A line without a time is of the time of the line before. Blocks that lie within one span of time are counted by their statistics.
--json prints time (of the start), seconds (how long it is), lines, and levels: the number of lines of each severity.

Exit codes: 0 some line was counted; 1 none was; 2 something failed.";

/// Runs `lig hist`.
pub(crate) fn run(args: &HistArgs, system: &dyn FileSystem, out: &mut Output) -> Result<ExitCode> {
    let clock = conditions::clock(args.tz);
    let step = match &args.by {
        Some(by) => match clock.span(by).filter(|&span| span > 0) {
            Some(span) => Some(span),
            None => bail!("--by takes a span of time, such as 30s, 5m, 1h or 1d"),
        },
        None => None,
    };
    let mut predicate = Predicate::new();
    let mut options = ScanOptions::default();
    if let Some(text) = &args.condition {
        let query = match query::parse_condition(text, &clock, out) {
            Ok(query) => query,
            Err(code) => return Ok(code),
        };
        predicate = query.predicate();
        options = query.options();
    }
    (predicate.since, predicate.until) = (
        conditions::time_of(args.since.as_deref(), &clock)?,
        conditions::time_of(args.until.as_deref(), &clock)?,
    );
    (predicate.severities, predicate.now) = (args.level, Some(clock.now()));
    options.times = true;
    let mut search = Search {
        predicate,
        options,
        on_damage: OnDamage::Stop,
        readers: args.known.readers(system)?,
    };
    let mut counts = Counts::new(step);
    let mut failed = false;
    let mut totals = lignite::ScanStats::default();
    for input in &Input::from_words(&args.files) {
        match count(input, &mut search, &mut counts, system) {
            Ok(stats) => super::grep::add_stats(&mut totals, &stats),
            Err(err) if super::ending(&err).is_some() => return Err(err),
            Err(err) => {
                failed = true;
                out.error(format_args!("{}: {}", input.name(), describe(&err)));
            }
        }
    }
    let step = counts.settle(ROWS);
    if counts.rows() > ROWS_MAX {
        bail!("more than {ROWS_MAX} rows: --by takes a longer span of time");
    }
    let any = counts.total() > 0 || counts.timeless > 0;
    if any {
        print(args, &counts, step, out)?;
    }
    if args.stats {
        out.plain(&super::grep::stats_text(&totals));
    }
    Ok(match (failed, any) {
        (true, _) => ExitCode::from(2),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::FAILURE,
    })
}

/// Counts the lines of an input.
fn count(
    input: &Input,
    search: &mut Search,
    counts: &mut Counts,
    system: &dyn FileSystem,
) -> Result<lignite::ScanStats> {
    let name = input.path.as_ref().map(|path| path.as_os_str().as_encoded_bytes().to_vec());
    let counts = RefCell::new(counts);
    let mut totals = lignite::ScanStats::default();
    Content::open(input, &search.readers, system)?.each(
        &name.unwrap_or_default(),
        &mut |log, name| {
            search.predicate.file = name.to_vec();
            let mut hooks = Hooks {
                reach: &mut |span| counts.borrow_mut().reach(span),
                sum: &mut |told| Ok(counts.borrow_mut().add_block(told)),
            };
            let stats = search.summed(log, &mut hooks, &mut |line| {
                counts.borrow_mut().add(line.time, Severity::of_line(line.bytes), 1);
                Ok(ControlFlow::Continue(()))
            })?;
            super::grep::add_stats(&mut totals, &stats);
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(totals)
}

fn print(args: &HistArgs, counts: &Counts, step: i64, out: &mut Output) -> Result<()> {
    if args.svg {
        return out.print(&svg::picture(counts, step));
    }
    if args.json {
        for (start, row) in counts.filled(step) {
            let levels: serde_json::Map<_, _> = Severity::ALL
                .into_iter()
                .zip(row.iter().skip(1))
                .filter(|&(_, &lines)| lines > 0)
                .map(|(severity, &lines)| (severity.name().to_owned(), lines.into()))
                .collect();
            out.json(&json!({
                "time": show_time(start),
                "seconds": step / 1_000_000_000,
                "lines": row.iter().sum::<u64>(),
                "levels": levels,
            }))?;
        }
        return Ok(());
    }
    let mut text = String::new();
    let most = counts.most();
    let width = most.to_string().len();
    for (start, row) in counts.filled(step) {
        let lines: u64 = row.iter().sum();
        let grave: u64 = row.iter().skip(Severity::Error as usize).sum();
        let time = show_time(start).replace('T', " ");
        let _infallible = write!(text, "{time}  {lines:>width$}  {}", bar(args, lines, most));
        if grave > 0 {
            let _infallible = write!(text, " {grave} errors");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    if counts.timeless > 0 {
        let _infallible = writeln!(text, "{} lines before the first time", counts.timeless);
    }
    out.print(&text)
}

/// A bar, the longest for the most lines.
fn bar(args: &HistArgs, lines: u64, most: u64) -> String {
    let size = |lines: u64| match (args.log, lines) {
        // Sixteenths of a power of two: exact enough, and the same everywhere.
        (true, 1..) => {
            let power = lines.ilog2();
            u64::from(power + 1) * 16 + ((lines << 4 >> power) & 15)
        }
        _ => lines,
    };
    let eighths = u128::from(size(lines)) * u128::from(BAR * 8) / u128::from(size(most).max(1));
    let eighths = usize::try_from(eighths).unwrap_or(0).max(usize::from(lines > 0));
    if args.ascii {
        return "#".repeat(eighths.div_ceil(8));
    }
    let part = EIGHTHS.get(eighths % 8).filter(|&&part| part != ' ');
    let whole: String = std::iter::repeat_n('█', eighths / 8).collect();
    whole.chars().chain(part.copied()).collect()
}
