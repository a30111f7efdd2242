//! `lig info`: what takes the space.

use std::fs::File;
use std::io::{self, Write as _};

use anyhow::{Context as _, bail};
use lignite::{BlockReport, IndexedReader};
use serde_json::json;

use crate::args::Args;
use crate::commands::Ending;
use crate::input::Input;
use crate::units;

/// Rows of each table for people.
const ROWS: usize = 20;
/// Bytes of a template for people.
const TEXT: usize = 100;

/// Reports on one file.
pub(crate) fn run(args: &Args, input: &Input) -> anyhow::Result<Ending> {
    let Some(path) = input.path() else { bail!("info needs a file, not standard input") };
    let mut reader = IndexedReader::open(File::open(path).context("cannot open")?)?;
    for index in 0..reader.blocks().len() {
        let report = reader.report(index)?;
        let Some(block) = reader.blocks().get(index) else { break };
        let (stored, raw, lines) = (block.stored_bytes, block.raw_bytes, block.lines);
        if args.json {
            let value = as_json(index, stored, raw, lines, &report);
            writeln!(io::stdout().lock(), "{value}")?;
        } else {
            let head = format!(
                "block {index}: {lines} lines, {} in {}, {} templates ({}), {} columns",
                units::bytes(raw),
                units::bytes(stored),
                report.templates.len(),
                units::bytes(report.templates_stored_bytes),
                report.columns.len(),
            );
            for_people(&head, &report)?;
        }
    }
    Ok(Ending::Whole)
}

fn as_json(
    index: usize,
    stored: u64,
    raw: u64,
    lines: u64,
    report: &BlockReport,
) -> serde_json::Value {
    let templates = report.templates.iter().map(|template| {
        json!({"text": String::from_utf8_lossy(&template.text), "lines": template.lines})
    });
    let columns = report.columns.iter().map(|column| {
        json!({
            "name": column.name, "kind": column.kind, "encoding": column.encoding, "codec": column.codec,
            "values": column.values, "encoded_bytes": column.encoded_bytes, "stored_bytes": column.stored_bytes,
        })
    });
    json!({
        "block": index, "stored_bytes": stored, "raw_bytes": raw, "lines": lines,
        "templates_stored_bytes": report.templates_stored_bytes,
        "templates": templates.collect::<Vec<_>>(), "columns": columns.collect::<Vec<_>>(),
    })
}

fn for_people(head: &str, report: &BlockReport) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{head}\n\n     bytes    encoded     values  codec  column      encoding")?;
    let mut columns: Vec<_> = report.columns.iter().collect();
    columns.sort_by_key(|column| std::cmp::Reverse(column.stored_bytes));
    for column in columns.iter().take(ROWS) {
        let (stored, encoded) = (column.stored_bytes, column.encoded_bytes);
        let (values, codec, name) = (column.values, column.codec, &column.name);
        writeln!(
            stdout,
            "{stored:>10} {encoded:>10} {values:>10}  {codec:<5}  {name:<10}  {}",
            column.encoding
        )?;
    }
    writeln!(stdout, "\n     lines  template")?;
    let mut templates: Vec<_> = report.templates.iter().collect();
    templates.sort_by_key(|template| std::cmp::Reverse(template.lines));
    for template in templates.iter().take(ROWS) {
        let text = template.text.get(..template.text.len().min(TEXT)).unwrap_or_default();
        writeln!(stdout, "{:>10}  {}", template.lines, units::name(text))?;
    }
    writeln!(stdout)
}
