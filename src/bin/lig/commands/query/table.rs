//! Rows as people and programs read them.

use std::io::{self, Write};

use clap::ValueEnum;
use lignite::{Record, Row};

use crate::output::escape;

/// Rows that widths are taken from.
const SAMPLE: usize = 1000;
/// A column is made no wider than this.
const WIDTH_MAX: usize = 60;

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Columns side by side
    Table,
    /// With commas between the values
    Csv,
    /// With tabs between the values
    Tsv,
    #[value(skip)]
    Json,
}

/// Prints rows to `dst`.
#[derive(Debug)]
pub(crate) struct Table<W> {
    dst: W,
    form: Form,
    /// File names stand before lines.
    with_name: bool,
    /// Nothing in a line may drive the terminal.
    escaped: bool,
    /// Rows that widths are taken from, as long as there are few.
    sample: Vec<Record>,
    widths: Vec<Column>,
    begun: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Column {
    width: usize,
    /// All values are numbers: they stand on the right.
    right: bool,
}

impl<W: Write> Table<W> {
    pub(crate) fn new(dst: W, form: Form, with_name: bool, escaped: bool) -> Self {
        let (sample, widths) = (Vec::new(), Vec::new());
        Self { dst, form, with_name, escaped, sample, widths, begun: false }
    }

    /// Prints a row, or keeps it for a while.
    pub(crate) fn row(&mut self, row: &Row<'_>) -> io::Result<()> {
        match row {
            Row::Line(line, file) => self.line(line.bytes, line.number, file),
            Row::Record(record) => match self.form {
                Form::Json => self.json(record),
                Form::Csv | Form::Tsv => self.separated(record),
                Form::Table if self.begun => self.aligned(record),
                Form::Table => {
                    self.sample.push((*record).clone());
                    if self.sample.len() >= SAMPLE { self.begin() } else { Ok(()) }
                }
            },
        }
    }

    /// Prints what is left.
    pub(crate) fn finish(&mut self) -> io::Result<&mut W> {
        if !self.sample.is_empty() {
            self.begin()?;
        }
        Ok(&mut self.dst)
    }

    fn line(&mut self, line: &[u8], number: u64, file: &[u8]) -> io::Result<()> {
        if self.form == Form::Json {
            let (file, line) = (text(file), text(line));
            return writeln!(self.dst, r#"{{"file":{file},"line":{number},"_msg":{line}}}"#);
        }
        if self.with_name {
            self.dst.write_all(file)?;
            self.dst.write_all(b":")?;
        }
        if self.escaped {
            self.dst.write_all(escape(&String::from_utf8_lossy(line)).as_bytes())?;
        } else {
            self.dst.write_all(line)?;
        }
        self.dst.write_all(b"\n")
    }

    fn json(&mut self, record: &Record) -> io::Result<()> {
        for (place, (name, (value, is_number))) in
            record.names().iter().zip(record.values()).enumerate()
        {
            self.dst.write_all(if place == 0 { b"{" } else { b"," })?;
            let value = match std::str::from_utf8(value) {
                // As it was computed: no digit is lost to a float.
                Ok(number) if is_number && !number.is_empty() => number.to_owned(),
                _ => text(value),
            };
            write!(self.dst, "{}:{value}", text(name.as_bytes()))?;
        }
        self.dst.write_all(b"}\n")
    }

    fn separated(&mut self, record: &Record) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            let names: Vec<_> = record.names().iter().map(String::as_bytes).collect();
            self.values(&names)?;
        }
        let values: Vec<_> = record.values().map(|(value, _)| value).collect();
        self.values(&values)
    }

    fn values(&mut self, values: &[&[u8]]) -> io::Result<()> {
        let is_csv = self.form == Form::Csv;
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                self.dst.write_all(if is_csv { b"," } else { b"\t" })?;
            }
            let quoted = value.iter().any(|byte| matches!(byte, b'"' | b',' | b'\n' | b'\r'));
            if is_csv && quoted {
                self.dst.write_all(b"\"")?;
                for &byte in *value {
                    self.dst.write_all(if byte == b'"' {
                        b"\"\""
                    } else {
                        std::slice::from_ref(&byte)
                    })?;
                }
                self.dst.write_all(b"\"")?;
            } else if is_csv {
                self.dst.write_all(value)?;
            } else {
                for &byte in *value {
                    match byte {
                        b'\t' => self.dst.write_all(b"\\t")?,
                        b'\n' => self.dst.write_all(b"\\n")?,
                        b'\\' => self.dst.write_all(b"\\\\")?,
                        byte => self.dst.write_all(&[byte])?,
                    }
                }
            }
        }
        self.dst.write_all(b"\n")
    }

    /// Finds the widths, and prints names and rows so far.
    fn begin(&mut self) -> io::Result<()> {
        self.begun = true;
        let sample = std::mem::take(&mut self.sample);
        let Some(first) = sample.first() else { return Ok(()) };
        let names = first.names().to_vec();
        self.widths =
            names.iter().map(|name| Column { width: name.chars().count(), right: true }).collect();
        for record in &sample {
            for (column, (value, _)) in self.widths.iter_mut().zip(record.values()) {
                let shown = shown(value);
                column.width = column.width.max(shown.chars().count()).min(WIDTH_MAX);
                let is_number = shown.starts_with(|c: char| c.is_ascii_digit() || c == '-');
                column.right &= is_number && shown.parse::<f64>().is_ok() || shown.is_empty();
            }
        }
        self.cells(names.into_iter())?;
        sample.iter().try_for_each(|record| self.aligned(record))
    }

    fn aligned(&mut self, record: &Record) -> io::Result<()> {
        self.cells(record.values().map(|(value, _)| shown(value)))
    }

    fn cells(&mut self, cells: impl Iterator<Item = String>) -> io::Result<()> {
        let mut line = String::new();
        for (place, (cell, column)) in cells.zip(&self.widths).enumerate() {
            if place > 0 {
                line.push_str("  ");
            }
            let width = column.width;
            let cell =
                if column.right { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
            line.push_str(&cell);
        }
        writeln!(self.dst, "{}", line.trim_end())
    }
}

/// A value on one line.
fn shown(value: &[u8]) -> String {
    escape(&String::from_utf8_lossy(value)).into_owned()
}

/// Bytes as a JSON string; what is not UTF-8 is replaced.
fn text(bytes: &[u8]) -> String {
    serde_json::Value::from(String::from_utf8_lossy(bytes)).to_string()
}
