//! Selected lines as grep prints them.

use std::io::{self, Write};

use lignite::{Pattern, ScanLine};

/// What is printed with each line, and how.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one field for each flag")]
pub(crate) struct Style {
    pub(crate) with_name: bool,
    pub(crate) with_number: bool,
    pub(crate) with_offset: bool,
    pub(crate) only_matching: bool,
    pub(crate) replace: Option<Vec<u8>>,
    /// A zero byte behind file names.
    pub(crate) null: bool,
    pub(crate) color: bool,
    pub(crate) line_buffered: bool,
    /// The lines that do not match are selected.
    pub(crate) invert: bool,
    /// Context was asked for: groups are parted.
    pub(crate) grouped: bool,
}

const MATCH: &str = "01;31";
const NAME: &str = "35";
const NUMBER: &str = "32";
const MARK: &str = "36";

/// Prints to `dst`.
#[derive(Debug)]
pub(crate) struct Printer<W> {
    dst: W,
    style: Style,
    /// Something was printed, of whatever file.
    any: bool,
    /// The number of the last line of the file that was printed.
    last: Option<u64>,
}

impl<W: Write> Printer<W> {
    pub(crate) fn new(dst: W, style: Style) -> Self {
        Self { dst, style, any: false, last: None }
    }

    /// Whether names of files are printed from here on.
    pub(crate) fn name_files(&mut self, with_name: bool) {
        self.style.with_name = with_name;
    }

    /// The next file begins.
    pub(crate) fn next_file(&mut self) {
        self.last = None;
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.dst.flush()
    }

    /// Prints a line. `pattern` is what matches are shown of.
    pub(crate) fn line(
        &mut self,
        name: &[u8],
        line: &ScanLine<'_>,
        pattern: Option<&Pattern>,
    ) -> io::Result<()> {
        let adjacent = self.last.is_some_and(|last| last + 1 == line.number);
        if self.style.grouped && self.any && !adjacent {
            self.colored(MARK, b"--")?;
            self.dst.write_all(b"\n")?;
        }
        (self.any, self.last) = (true, Some(line.number));
        let matches = line.selected != self.style.invert;
        if self.style.only_matching {
            if matches && let Some(pattern) = pattern {
                self.matches(name, line, pattern)?;
            }
        } else {
            self.head(name, line, 0)?;
            match pattern {
                Some(pattern) if matches => self.body(line.bytes, pattern)?,
                _ => self.dst.write_all(line.bytes)?,
            }
            self.dst.write_all(b"\n")?;
        }
        if self.style.line_buffered { self.dst.flush() } else { Ok(()) }
    }

    /// Prints the number of lines selected in a file.
    pub(crate) fn count(&mut self, name: &[u8], count: u64) -> io::Result<()> {
        if self.style.with_name {
            self.name(name, b":")?;
        }
        writeln!(self.dst, "{count}")?;
        if self.style.line_buffered { self.dst.flush() } else { Ok(()) }
    }

    /// Prints the name of a file by itself.
    pub(crate) fn file(&mut self, name: &[u8]) -> io::Result<()> {
        self.colored(NAME, name)?;
        self.dst.write_all(if self.style.null { b"\0" } else { b"\n" })?;
        if self.style.line_buffered { self.dst.flush() } else { Ok(()) }
    }

    fn matches(&mut self, name: &[u8], line: &ScanLine<'_>, pattern: &Pattern) -> io::Result<()> {
        let mut at = 0;
        while let Some(found) = pattern.find_at(line.bytes, at) {
            at = found.end;
            if found.is_empty() {
                at += 1;
                continue;
            }
            self.head(name, line, found.start as u64)?;
            match &self.style.replace {
                Some(text) => {
                    let text = pattern.expand(line.bytes, &found, text);
                    self.colored(MATCH, &text)?;
                }
                None => self.colored(MATCH, line.bytes.get(found).unwrap_or_default())?,
            }
            self.dst.write_all(b"\n")?;
        }
        Ok(())
    }

    fn body(&mut self, bytes: &[u8], pattern: &Pattern) -> io::Result<()> {
        if let Some(text) = &self.style.replace {
            let replaced = pattern.replace_all(bytes, text);
            return self.dst.write_all(&replaced);
        }
        let mut at = 0;
        let mut shown = 0;
        while self.style.color
            && let Some(found) = pattern.find_at(bytes, at)
        {
            at = found.end;
            if found.is_empty() {
                at += 1;
                continue;
            }
            self.dst.write_all(bytes.get(shown..found.start).unwrap_or_default())?;
            shown = found.end;
            self.colored(MATCH, bytes.get(found).unwrap_or_default())?;
        }
        self.dst.write_all(bytes.get(shown..).unwrap_or_default())
    }

    /// What stands before a line, or before what matches at byte `within` of it.
    fn head(&mut self, name: &[u8], line: &ScanLine<'_>, within: u64) -> io::Result<()> {
        let mark: &[u8] = if line.selected { b":" } else { b"-" };
        if self.style.with_name {
            self.name(name, mark)?;
        }
        if self.style.with_number {
            self.colored(NUMBER, line.number.to_string().as_bytes())?;
            self.colored(MARK, mark)?;
        }
        if self.style.with_offset {
            let offset = line.offset.unwrap_or(0) + within;
            self.colored(NUMBER, offset.to_string().as_bytes())?;
            self.colored(MARK, mark)?;
        }
        Ok(())
    }

    fn name(&mut self, name: &[u8], mark: &[u8]) -> io::Result<()> {
        self.colored(NAME, name)?;
        if self.style.null { self.dst.write_all(b"\0") } else { self.colored(MARK, mark) }
    }

    fn colored(&mut self, color: &str, bytes: &[u8]) -> io::Result<()> {
        if !self.style.color {
            return self.dst.write_all(bytes);
        }
        write!(self.dst, "\x1b[{color}m\x1b[K")?;
        self.dst.write_all(bytes)?;
        self.dst.write_all(b"\x1b[m\x1b[K")
    }
}
