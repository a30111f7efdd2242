//! `lig -l`: what is known of files without decoding them.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use lignite::ReaderBuilder;
use lignite::vfs::FileSystem;
use serde::Serialize;

use super::{Outcome, Tally, exit_code};
use crate::args::FilterArgs;
use crate::input::{self, Input};
use crate::output::{Output, describe, escape};
use crate::units;

/// One row: a file, or all of them.
#[derive(Debug, Default, Serialize)]
struct Row {
    name: String,
    stored_bytes: u64,
    raw_bytes: u64,
    lines: u64,
    blocks: u64,
    /// The most that one block has.
    templates: u64,
    /// First and last printed time, in nanoseconds since 1970 without regard to zone.
    time_range: Option<(i64, i64)>,
    /// Every stream in the file has its commit.
    finished: bool,
}

pub(crate) fn run(
    args: &FilterArgs,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Result<ExitCode> {
    let mut tally = Tally::default();
    let mut rows = Vec::new();
    let readers = args.model.readers(system)?;
    for input in input::collect(args, system, out)? {
        let row = match input {
            Ok(input) => {
                row(&input, &readers, system).map_err(|err| (input.found, input.name(), err))
            }
            Err(message) => {
                out.error(message);
                tally.add(Outcome::Failed);
                continue;
            }
        };
        match row {
            Ok(row) if args.json => out.json(&row)?,
            Ok(row) => rows.push(row),
            Err((found, name, err)) => {
                let is_ours = !err.downcast_ref().is_some_and(|err: &lignite::Error| {
                    matches!(err.kind(), lignite::ErrorKind::BadMagic { .. })
                });
                if found && !is_ours {
                    continue;
                }
                out.error(format_args!("{name}: {}", describe(&err)));
                tally.add(Outcome::Failed);
                continue;
            }
        }
        tally.add(Outcome::Done);
    }
    if !rows.is_empty() {
        out.print(&table(&rows))?;
    }
    Ok(exit_code(tally.outcome()))
}

fn row(input: &Input, readers: &ReaderBuilder, system: &dyn FileSystem) -> Result<Row> {
    let opened = input.open(system)?;
    if !opened.info.is_file() {
        bail!("-l needs a file, not a pipe");
    }
    let reader = readers.indexed(opened.file)?;
    let mut row = Row { name: input.name(), stored_bytes: opened.info.len, ..Row::default() };
    row.finished = reader.streams().iter().all(|stream| stream.finished);
    for block in reader.blocks() {
        row.raw_bytes += block.raw_bytes;
        row.lines += block.lines;
        row.blocks += 1;
        row.templates = row.templates.max(block.templates);
        row.time_range = join(row.time_range, block.time_range());
    }
    Ok(row)
}

fn join(a: Option<(i64, i64)>, b: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:>10} {:>10} {:>7} {:>10} {:>6} {:>9}  {:<41}  {}\n",
        "stored", "raw", "ratio", "lines", "blocks", "templates", "time span", "name"
    );
    for row in rows {
        line(&mut text, row);
    }
    if rows.len() > 1 {
        let name = format!("({} files)", rows.len());
        let mut total = Row { name, finished: true, ..Row::default() };
        for row in rows {
            total.stored_bytes += row.stored_bytes;
            total.raw_bytes += row.raw_bytes;
            total.lines += row.lines;
            total.blocks += row.blocks;
            total.templates = total.templates.max(row.templates);
            total.time_range = join(total.time_range, row.time_range);
        }
        line(&mut text, &total);
    }
    text
}

fn line(text: &mut String, row: &Row) {
    let span = row.time_range.map_or_else(
        || "-".to_owned(),
        |(first, last)| format!("{} - {}", units::time(first), units::time(last)),
    );
    let _infallible = writeln!(
        text,
        "{:>10} {:>10} {:>7} {:>10} {:>6} {:>9}  {span:<41}  {}",
        units::bytes(row.stored_bytes),
        units::bytes(row.raw_bytes),
        units::ratio(row.raw_bytes, row.stored_bytes),
        row.lines,
        row.blocks,
        row.templates,
        escape(&row.name),
    );
    if !row.finished {
        // In place of the newline.
        text.truncate(text.trim_end().len());
        text.push_str(" (unfinished)\n");
    }
}
