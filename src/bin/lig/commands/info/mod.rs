//! `lig info`: what takes the space in a file.

mod model;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use lignite::vfs::FileSystem;
use serde::Serialize;

use super::{Outcome, Tally, exit_code};
use crate::args::InfoArgs;
use crate::output::{Output, describe, escape, name};
use crate::units;

/// Characters of a template that are shown in the table.
const TEMPLATE_CHARS_MAX: usize = 100;

/// What a file is made of.
#[derive(Debug, Default, Serialize)]
struct FileReport {
    name: String,
    stored_bytes: u64,
    raw_bytes: u64,
    lines: u64,
    blocks: usize,
    template_table_bytes: u64,
    /// By lines, most first; the same text in several blocks is one template.
    templates: Vec<Template>,
    /// By stored bytes, most first.
    columns: Vec<Column>,
    /// If it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    against_level_7: Option<model::Comparison>,
}

#[derive(Debug, Serialize)]
struct Template {
    text: String,
    lines: u64,
    modelled_bytes: u64,
}

#[derive(Debug, Serialize)]
struct Column {
    block: usize,
    name: String,
    kind: &'static str,
    encoding: String,
    codec: &'static str,
    values: u64,
    encoded_bytes: u64,
    stored_bytes: u64,
}

pub(crate) fn run(args: &InfoArgs, system: &dyn FileSystem, out: &mut Output) -> Result<ExitCode> {
    let mut tally = Tally::default();
    for path in &args.files {
        match report(path, args, system) {
            Ok(report) if args.json => out.json(&report)?,
            Ok(report) if args.model_stats => out.print(&model::stats(&report, args.top))?,
            Ok(report) => out.print(&text(&report, args.top))?,
            Err(err) => {
                out.error(format_args!("{}: {}", name(path), describe(&err)));
                tally.add(Outcome::Failed);
                continue;
            }
        }
        tally.add(Outcome::Done);
    }
    Ok(exit_code(tally.outcome()))
}

fn report(path: &Path, args: &InfoArgs, system: &dyn FileSystem) -> Result<FileReport> {
    let file = system.open(path)?;
    let stored_bytes = file.info()?.len;
    let mut reader = args.known.readers(system)?.indexed(file)?;
    let mut report = FileReport {
        name: name(path),
        stored_bytes,
        blocks: reader.blocks().len(),
        ..FileReport::default()
    };
    for block in reader.blocks() {
        report.raw_bytes += block.raw_bytes;
        report.lines += block.lines;
    }
    let mut lines_of: HashMap<Vec<u8>, (u64, u64)> = HashMap::new();
    for index in 0..report.blocks {
        let block = reader.report(index)?;
        report.template_table_bytes += block.templates_stored_bytes;
        for template in block.templates {
            let (lines, modelled) = lines_of.entry(template.text).or_default();
            *lines += template.lines;
            *modelled += template.modelled_bytes;
        }
        report.columns.extend(block.columns.into_iter().map(|column| Column {
            block: index,
            name: column.name,
            kind: column.kind,
            encoding: column.encoding,
            codec: column.codec,
            values: column.values,
            encoded_bytes: column.encoded_bytes,
            stored_bytes: column.stored_bytes,
        }));
    }
    let template = |(text, (lines, modelled_bytes)): (Vec<u8>, (u64, u64))| Template {
        text: String::from_utf8_lossy(&text).into_owned(),
        lines,
        modelled_bytes,
    };
    report.templates = lines_of.into_iter().map(template).collect();
    report
        .templates
        .sort_unstable_by(|a, b| b.lines.cmp(&a.lines).then_with(|| a.text.cmp(&b.text)));
    report.columns.sort_by_key(|column| std::cmp::Reverse(column.stored_bytes));
    if args.model_stats {
        report.against_level_7 = model::compare(&mut reader)?;
    }
    Ok(report)
}

fn text(report: &FileReport, top: usize) -> String {
    let mut text = format!(
        "{}: {} => {}, ratio {}, {} lines, {} blocks, {} templates, {} columns\n",
        report.name,
        units::bytes(report.raw_bytes),
        units::bytes(report.stored_bytes),
        units::ratio(report.raw_bytes, report.stored_bytes),
        report.lines,
        report.blocks,
        report.templates.len(),
        report.columns.len(),
    );
    let _infallible = write_templates(&mut text, report, top);
    let _infallible = write_columns(&mut text, report, top);
    text
}

fn write_templates(text: &mut String, report: &FileReport, top: usize) -> std::fmt::Result {
    if report.templates.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{:>10} {:>7}  template", "lines", "share")?;
    for template in report.templates.iter().take(top) {
        let shown: String = template.text.trim_end().chars().take(TEMPLATE_CHARS_MAX).collect();
        let share = units::percent(template.lines, report.lines);
        writeln!(text, "{:>10} {share:>7}  {}", template.lines, escape(&shown))?;
    }
    more(text, report.templates.len(), top)
}

fn write_columns(text: &mut String, report: &FileReport, top: usize) -> std::fmt::Result {
    writeln!(
        text,
        "\n{:>10} {:>7} {:>5}  {:<10} {:<9} {:<28} {:<8} {:>10}",
        "stored", "share", "block", "column", "kind", "encoding", "codec", "values"
    )?;
    let share = |bytes| units::percent(bytes, report.stored_bytes);
    if report.template_table_bytes > 0 {
        let bytes = report.template_table_bytes;
        writeln!(
            text,
            "{:>10} {:>7} {:>5}  {:<10}",
            units::bytes(bytes),
            share(bytes),
            "all",
            "(templates)"
        )?;
    }
    for column in report.columns.iter().take(top) {
        writeln!(
            text,
            "{:>10} {:>7} {:>5}  {:<10} {:<9} {:<28} {:<8} {:>10}",
            units::bytes(column.stored_bytes),
            share(column.stored_bytes),
            column.block,
            escape(&column.name),
            column.kind,
            escape(&column.encoding),
            column.codec,
            column.values,
        )?;
    }
    more(text, report.columns.len(), top)
}

fn more(text: &mut String, all: usize, top: usize) -> std::fmt::Result {
    match all.checked_sub(top) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(text, "{:>10} and {more} more (-n shows more)", "…"),
    }
}
