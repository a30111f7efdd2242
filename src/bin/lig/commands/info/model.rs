//! What the model of levels 8 and 9 does with a file: where it spends bits, and whether it pays.

use std::fmt::Write as _;
use std::io::{self, Read, Seek, Write as _};

use anyhow::Result;
use lignite::{IndexedReader, WriterBuilder};
use serde::Serialize;

use super::{Column, FileReport, TEMPLATE_CHARS_MAX, Template, more};
use crate::output::escape;
use crate::units;

/// The level that a model is compared with: the smallest one without.
const LEVEL_WITHOUT: u8 = 7;
/// The first level with a model.
const LEVEL_WITH: u8 = 8;

/// A log written at the level of its file and at level 7, in seconds of processor time. Model files are left out.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Comparison {
    level: u8,
    stored_bytes: u64,
    write_seconds: f64,
    level_7_stored_bytes: u64,
    level_7_write_seconds: f64,
    /// What a second longer saves.
    saved_bytes_per_second: f64,
}

/// Writes the log of a file again; `None` if no model has coded it.
pub(super) fn compare<R: Read + Seek>(reader: &mut IndexedReader<R>) -> Result<Option<Comparison>> {
    let levels = reader.streams().iter().map(|stream| stream.level);
    let Some(level) = levels.filter(|&level| level >= LEVEL_WITH).max() else { return Ok(None) };
    let (stored_bytes, write_seconds) = write(reader, level)?;
    let (level_7_stored_bytes, level_7_write_seconds) = write(reader, LEVEL_WITHOUT)?;
    #[expect(clippy::cast_precision_loss, reason = "it is shown with three digits")]
    let saved = level_7_stored_bytes as f64 - stored_bytes as f64;
    // Below a millisecond nothing was measured.
    let longer = (write_seconds - level_7_write_seconds).max(1e-3);
    Ok(Some(Comparison {
        level,
        stored_bytes,
        write_seconds,
        level_7_stored_bytes,
        level_7_write_seconds,
        saved_bytes_per_second: saved / longer,
    }))
}

/// Bytes and seconds that it takes to write a log at a level.
fn write<R: Read + Seek>(reader: &mut IndexedReader<R>, level: u8) -> Result<(u64, f64)> {
    let mut writer = WriterBuilder::new().level(level)?.from_writer(io::sink());
    let (mut raw, mut seconds) = (Vec::new(), 0.0);
    for index in 0..reader.blocks().len() {
        reader.read_block(index, &mut raw)?;
        let start = clock();
        writer.write_all(&raw)?;
        seconds += clock() - start;
    }
    let start = clock();
    let (_, summary) = writer.finish()?;
    Ok((summary.bytes_out, seconds + clock() - start))
}

/// Seconds of processor time that this process has used.
#[cfg(unix)]
fn clock() -> f64 {
    use rustix::time::{ClockId, clock_gettime};
    let used = clock_gettime(ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "a process does not run for that many years")]
    let seconds = used.tv_sec as f64;
    seconds + f64::from(u32::try_from(used.tv_nsec).unwrap_or(0)) / 1e9
}

/// Seconds of the clock on the wall: nothing else tells.
#[cfg(not(unix))]
fn clock() -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0.0, |now| now.as_secs_f64())
}

impl Comparison {
    fn text(&self) -> String {
        let (with, without) = (self.stored_bytes, self.level_7_stored_bytes);
        let seconds = self.write_seconds - self.level_7_write_seconds;
        if with >= without {
            return format!("level 7 is no larger: {}\n", units::bytes(without));
        }
        format!(
            "level {} saves {} of level 7's {} ({}), and takes {seconds:.1} s more processor time to write: {} a second\n",
            self.level,
            units::bytes(without - with),
            units::bytes(without),
            units::percent(without - with, without),
            rate(self.saved_bytes_per_second),
        )
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive")]
fn rate(bytes_per_second: f64) -> String {
    units::bytes(bytes_per_second as u64)
}

/// What the model spends bits on: lines by template, values by column, those that take most first.
pub(super) fn stats(report: &FileReport, top: usize) -> String {
    let modelled = |column: &&Column| column.codec == "model";
    let columns: Vec<&Column> = report.columns.iter().filter(modelled).collect();
    let Some(ids) = columns.iter().find(|column| column.name == "ids") else {
        return format!("{}: no block is coded by a model (levels 8 and 9 are)\n", report.name);
    };
    let values = report.stored_bytes.saturating_sub(report.template_table_bytes + ids.stored_bytes);
    let per_line = |bytes| per(bytes, report.lines);
    let mut text = format!(
        "{}: {} bits a line: {} for the texts of templates, {} for which one it is, {} for values and all else\n",
        report.name,
        per_line(report.stored_bytes),
        per_line(report.template_table_bytes),
        per_line(ids.stored_bytes),
        per_line(values),
    );
    if let Some(comparison) = &report.against_level_7 {
        text.push_str(&comparison.text());
    }
    let _infallible = write_model(&mut text, report, &columns, top);
    text
}

fn write_model(
    text: &mut String,
    report: &FileReport,
    columns: &[&Column],
    top: usize,
) -> std::fmt::Result {
    writeln!(
        text,
        "\n{:>10} {:>7} {:>10} {:>10}  template",
        "bytes", "share", "lines", "bits/line"
    )?;
    let share = |bytes| units::percent(bytes, report.stored_bytes);
    let mut templates: Vec<&Template> = report.templates.iter().collect();
    templates.sort_by_key(|template| std::cmp::Reverse(template.modelled_bytes));
    for template in templates.iter().take(top) {
        let shown: String = template.text.trim_end().chars().take(TEMPLATE_CHARS_MAX).collect();
        let (bytes, lines) = (template.modelled_bytes, template.lines);
        writeln!(
            text,
            "{:>10} {:>7} {lines:>10} {:>10}  {}",
            units::bytes(bytes),
            share(bytes),
            per(bytes, lines),
            escape(&shown)
        )?;
    }
    more(text, templates.len(), top)?;
    writeln!(
        text,
        "\n{:>10} {:>7} {:>10} {:>10} {:>5}  {:<10} encoding",
        "bytes", "share", "values", "bits/value", "block", "column"
    )?;
    for column in columns.iter().take(top) {
        writeln!(
            text,
            "{:>10} {:>7} {:>10} {:>10} {:>5}  {:<10} {}",
            units::bytes(column.stored_bytes),
            share(column.stored_bytes),
            column.values,
            per(column.stored_bytes, column.values),
            column.block,
            escape(&column.name),
            escape(&column.encoding),
        )?;
    }
    more(text, columns.len(), top)
}

/// Bits for each, with two digits behind the point.
fn per(bytes: u64, count: u64) -> String {
    let hundredths = (bytes * 800).checked_div(count).unwrap_or(0);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
