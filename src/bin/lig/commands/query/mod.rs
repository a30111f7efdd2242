//! `lig query`: lines that meet a condition, and what pipes make of them.

mod table;

use std::cell::RefCell;
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use lignite::vfs::{FileSystem, WriteFile};
use lignite::{Clock, OnDamage, Pipeline, Query, Row, ScanStats};

use self::table::{Form, Table};
use super::grep::{GrepArgs, conditions};
use super::search::{Content, Hooks, Log, Search};
use crate::input::Input;
use crate::models::KnownModels;
use crate::output::{Output, describe, escape};

/// Prints the lines that meet a condition, or what pipes make of them.
///
/// A condition is made of words, "phrases", prefix*, and fields: user:=root, took:>1.5s, path:~"^/api", level:warn..,
/// _time:[2026-11-24, 2026-11-25), joined by and, or, not, and parentheses. Behind it come pipes, each after a |.
#[derive(Clone, Debug, Parser)]
#[command(name = "query", bin_name = "lig query", args_override_self = true, disable_help_flag = true, after_help = AFTER_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "one field for each flag")]
pub(crate) struct QueryArgs {
    /// The query
    #[arg(value_name = "QUERY", allow_hyphen_values = true)]
    pub(crate) query: String,

    /// Files to search; none, or -, is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Print only how many lines of each file are selected
    #[arg(short = 'c', long)]
    count: bool,

    /// Print the number of each line
    #[arg(short = 'n', long)]
    line_number: bool,

    /// Print file names
    #[arg(short = 'H', long, overrides_with = "no_filename")]
    with_filename: bool,

    /// Print no file names
    #[arg(short = 'h', long, overrides_with = "with_filename")]
    no_filename: bool,

    /// Stop after N selected lines of each file
    #[arg(short = 'm', long, value_name = "N")]
    max_count: Option<u64>,

    /// Print nothing: the exit code tells
    #[arg(short = 'q', long)]
    quiet: bool,

    /// One JSON object a line: lines as lig grep --json has them, rows by their names
    #[arg(long)]
    json: bool,

    /// How rows are printed: a table, or with commas or tabs between the values [default: a table]
    #[arg(long, value_enum, value_name = "FORM", conflicts_with = "json")]
    format: Option<Form>,

    /// The zone in which the log prints its times, such as +02:00
    #[arg(long, value_name = "ZONE", value_parser = conditions::parse_zone, default_value = "UTC", allow_hyphen_values = true)]
    tz: i64,

    /// Say on standard error what was looked at
    #[arg(long)]
    stats: bool,

    /// Skip blocks that are damaged
    #[arg(long)]
    keep_going: bool,

    #[command(flatten)]
    pub(crate) known: KnownModels,

    /// Print help
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

const AFTER_HELP: &str = "\
Pipes:
  fields a, b              rows of these fields
  where CONDITION          of rows, or of lines
  stats by (a, _time:5m) count() hits, avg(took) mean
                           count, sum, min, max, avg, median, quantile(0.99, f), count_uniq, uniq_values
  sort by (a desc, b)      with limit N, offset N
  limit N, offset N
  top 10 by (a)            the most frequent values
  uniq by (a) with hits    each value once
Fields: what stands behind a name in a line (user=root, user: root, JSON by its path a.b.c), _msg (the line), _time, level,
file, template, line (its number), _1, _2 … (words). A dot before a name asks for the line's own field: .level.
docs/QUERY.md has all of it.

Examples:
  lig query 'error user:=root' app.lig
  lig query 'level:warn.. took:>1s | stats by (_time:5m) count() hits' app.lig
  lig query '* | top 5 by (http.status)' app.lig

Exit codes: 0 something was found; 1 nothing was; 2 something failed.";

/// Parses a query that has no pipes.
pub(crate) fn parse_condition(
    text: &str,
    clock: &Clock,
    out: &mut Output,
) -> Result<Query, ExitCode> {
    let query = parse(text, clock, out)?;
    if query.is_condition() {
        return Ok(query);
    }
    out.error("--where takes a condition; lig query takes pipes behind it");
    Err(ExitCode::from(2))
}

/// Parses a query. What is wrong with it is said, with a mark under the place; then it is the exit code that comes back.
pub(crate) fn parse(text: &str, clock: &Clock, out: &mut Output) -> Result<Query, ExitCode> {
    Query::parse(text, clock).map_err(|err| {
        out.error(escape(&err.to_string()));
        for line in err.marked().lines() {
            out.plain(&format!("  {}\n", escape(line)));
        }
        ExitCode::from(2)
    })
}

/// A query that lines are sent through.
struct Run<'a> {
    args: &'a QueryArgs,
    pipeline: Pipeline,
    table: Table<BufWriter<Box<dyn WriteFile>>>,
    /// Rows that came out.
    rows: u64,
}

/// Runs `lig query`.
pub(crate) fn run(args: &QueryArgs, system: &dyn FileSystem, out: &mut Output) -> Result<ExitCode> {
    let clock = conditions::clock(args.tz);
    let query = match parse(&args.query, &clock, out) {
        Ok(query) => query,
        Err(code) => return Ok(code),
    };
    if query.is_condition() {
        return super::grep::run(&as_grep(args), system, out);
    }
    if args.count || args.line_number || args.max_count.is_some() {
        bail!("-c, -n and -m are for queries without pipes");
    }
    let mut search = Search {
        predicate: query.predicate(),
        options: query.options(),
        on_damage: if args.keep_going { OnDamage::Skip } else { OnDamage::Stop },
        readers: args.known.readers(system)?,
    };
    search.predicate.now = Some(clock.now());
    let form = match args.format {
        _ if args.json => Form::Json,
        Some(form) => form,
        None => Form::Table,
    };
    let with_name = args.with_filename || !args.no_filename && args.files.len() > 1;
    let dst = BufWriter::with_capacity(64 << 10, system.stdout()?);
    let escaped = std::io::stdout().is_terminal();
    let mut run = Run {
        args,
        pipeline: Pipeline::new(&query),
        table: Table::new(dst, form, with_name && query.gives_lines(), escaped),
        rows: 0,
    };
    let mut failed = false;
    let mut totals = ScanStats::default();
    for input in &Input::from_words(&args.files) {
        match run.file(input, &mut search, system, out) {
            Ok((stats, is_over)) => {
                failed |= !stats.losses.is_empty();
                super::grep::add_stats(&mut totals, &stats);
                if is_over {
                    break;
                }
            }
            Err(err) if super::ending(&err).is_some() => return Err(err),
            Err(err) => {
                failed = true;
                out.error(format_args!("{}: {}", input.name(), describe(&err)));
            }
        }
    }
    run.end()?;
    if args.stats {
        out.plain(&super::grep::stats_text(&totals));
    }
    Ok(match (failed, run.rows > 0) {
        (true, _) => ExitCode::from(2),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::FAILURE,
    })
}

impl Run<'_> {
    /// Sends the lines of a file through the pipes; says whether no more are wanted.
    fn file(
        &mut self,
        input: &Input,
        search: &mut Search,
        system: &dyn FileSystem,
        out: &mut Output,
    ) -> Result<(ScanStats, bool)> {
        let name = input.path.as_ref().map(|path| path.as_os_str().as_encoded_bytes().to_vec());
        let name = name.unwrap_or_else(|| b"(standard input)".to_vec());
        let (mut totals, mut is_over) = (ScanStats::default(), false);
        Content::open(input, &search.readers, system)?.each(&name, &mut |log, name| {
            let stats = self.log(log, name, search, &mut is_over)?;
            super::grep::add_stats(&mut totals, &stats);
            totals.losses.extend(stats.losses);
            Ok(if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        for loss in &totals.losses {
            let error = escape(&loss.error.to_string()).into_owned();
            let (name, line) = (input.name(), loss.first_line);
            out.warning(format_args!("{name}: lines from {line} on are lost: {error}"));
        }
        Ok((totals, is_over))
    }

    /// The same of one log.
    fn log(
        &mut self,
        log: Log<'_>,
        name: &[u8],
        search: &mut Search,
        is_over: &mut bool,
    ) -> Result<ScanStats> {
        search.predicate.file = name.to_vec();
        let pipeline = RefCell::new(&mut self.pipeline);
        let (table, rows, quiet) = (&mut self.table, &mut self.rows, self.args.quiet);
        let mut hooks = Hooks {
            reach: &mut |_| {},
            sum: &mut |told| pipeline.borrow_mut().add_block(told, name),
        };
        search.summed(log, &mut hooks, &mut |line| {
            let flow = pipeline.borrow_mut().push(line, name, &mut |row| {
                *rows += 1;
                if quiet { Ok(()) } else { Ok(table.row(row)?) }
            })?;
            *is_over = flow.is_break();
            Ok(flow)
        })
    }

    fn end(&mut self) -> Result<()> {
        let (table, rows, quiet) = (&mut self.table, &mut self.rows, self.args.quiet);
        self.pipeline.finish(&mut |row: &Row<'_>| {
            *rows += 1;
            if quiet { Ok(()) } else { Ok(table.row(row)?) }
        })?;
        Ok(self.table.finish()?.flush()?)
    }
}

/// The same as a search.
fn as_grep(args: &QueryArgs) -> GrepArgs {
    let mut words: Vec<std::ffi::OsString> = vec!["grep".into(), "--where".into()];
    words.push(args.query.clone().into());
    let flags = [
        (args.count, "-c"),
        (args.line_number, "-n"),
        (args.with_filename, "-H"),
        (args.no_filename, "-h"),
        (args.quiet, "-q"),
        (args.json, "--json"),
        (args.stats, "--stats"),
        (args.keep_going, "--keep-going"),
    ];
    words.extend(flags.into_iter().filter(|flag| flag.0).map(|flag| flag.1.into()));
    if let Some(count) = args.max_count {
        words.push(format!("-m{count}").into());
    }
    let mut grep = GrepArgs::parse_from(words);
    grep.tz = args.tz;
    grep.known.clone_from(&args.known);
    grep.words = args.files.iter().map(|path| path.clone().into_os_string()).collect();
    grep
}
