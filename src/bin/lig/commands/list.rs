//! `lig -l`

use std::fs::File;
use std::io::{self, Write as _};

use anyhow::{Context as _, bail};
use lignite::IndexedReader;
use serde::Serialize;

use crate::args::Args;
use crate::commands::Ending;
use crate::input::Input;
use crate::units;

/// A row of the table.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    stored_bytes: u64,
    raw_bytes: u64,
    ratio: f64,
    lines: u64,
    streams: usize,
    blocks: usize,
    templates: u64,
    level: u8,
    finished: bool,
}

/// Writes the head of the table.
pub(crate) fn header(args: &Args) -> anyhow::Result<()> {
    if !args.json {
        writeln!(
            io::stdout().lock(),
            "    stored        raw   ratio      lines  blocks  templates  name"
        )?;
    }
    Ok(())
}

/// Lists one file.
pub(crate) fn run(args: &Args, input: &Input) -> anyhow::Result<Ending> {
    let Some(path) = input.path() else { bail!("a listing needs a file, not standard input") };
    let reader = IndexedReader::open(File::open(path).context("cannot open")?)?;
    let (streams, blocks) = (reader.streams(), reader.blocks());
    let stored_bytes = streams.iter().map(|stream| stream.stored_bytes).sum();
    let raw_bytes = blocks.iter().map(|block| block.raw_bytes).sum();
    let row = Row {
        name: units::name(path.as_os_str().as_encoded_bytes()),
        stored_bytes,
        raw_bytes,
        ratio: units::ratio(raw_bytes, stored_bytes),
        lines: blocks.iter().map(|block| block.lines).sum(),
        streams: streams.len(),
        blocks: blocks.len(),
        templates: blocks.iter().map(|block| block.templates).sum(),
        level: streams.first().map_or(0, |stream| stream.level),
        finished: streams.iter().all(|stream| stream.finished),
    };
    let mut stdout = io::stdout().lock();
    if args.json {
        writeln!(stdout, "{}", serde_json::to_string(&row)?)?;
    } else {
        writeln!(
            stdout,
            "{:>10} {:>10} {:>6.2}x {:>10} {:>7} {:>10}  {}{}",
            units::bytes(row.stored_bytes),
            units::bytes(row.raw_bytes),
            row.ratio,
            row.lines,
            row.blocks,
            row.templates,
            row.name,
            if row.finished { "" } else { " (unfinished)" },
        )?;
    }
    Ok(if row.finished { Ending::Whole } else { Ending::Partly })
}
