//! Selected lines in ripgrep's JSON lines.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use lignite::{Pattern, ScanLine, Severity};
use serde_json::{Value, json};

/// Counts of one file, or of all.
#[derive(Clone, Copy, Debug, Default)]
struct Stats {
    elapsed: Duration,
    searches: u64,
    with_match: u64,
    bytes_searched: u64,
    bytes_printed: u64,
    lines: u64,
    matches: u64,
}

impl Stats {
    fn to_json(self) -> Value {
        json!({
            "elapsed": elapsed(self.elapsed),
            "searches": self.searches,
            "searches_with_match": self.with_match,
            "bytes_searched": self.bytes_searched,
            "bytes_printed": self.bytes_printed,
            "matched_lines": self.lines,
            "matches": self.matches,
        })
    }
}

/// Prints to `dst`.
#[derive(Debug)]
pub(crate) struct JsonPrinter<W> {
    dst: W,
    line_buffered: bool,
    invert: bool,
    start: Instant,
    file_start: Instant,
    begun: bool,
    file: Stats,
    all: Stats,
}

impl<W: Write> JsonPrinter<W> {
    pub(crate) fn new(dst: W, line_buffered: bool, invert: bool) -> Self {
        let now = Instant::now();
        let stats = Stats::default();
        Self {
            dst,
            line_buffered,
            invert,
            start: now,
            file_start: now,
            begun: false,
            file: stats,
            all: stats,
        }
    }

    /// The next file begins.
    pub(crate) fn next_file(&mut self) {
        self.file = Stats { searches: 1, ..Stats::default() };
        self.begun = false;
        self.file_start = Instant::now();
    }

    /// Prints a line.
    pub(crate) fn line(
        &mut self,
        name: &[u8],
        line: &ScanLine<'_>,
        pattern: Option<&Pattern>,
    ) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            self.put(&json!({ "type": "begin", "data": { "path": text(name) } }))?;
        }
        let mut whole = line.bytes.to_vec();
        if line.terminated {
            whole.push(b'\n');
        }
        let mut submatches = Vec::new();
        let shows = line.selected != self.invert;
        if let Some(pattern) = pattern.filter(|_| shows) {
            let mut at = 0;
            while let Some(found) = pattern.find_at(line.bytes, at) {
                at = found.end.max(found.start + 1);
                let bytes = line.bytes.get(found.clone()).unwrap_or_default();
                submatches
                    .push(json!({ "match": text(bytes), "start": found.start, "end": found.end }));
            }
        }
        self.file.lines += u64::from(line.selected);
        self.file.matches += submatches.len() as u64;
        let level = Severity::of_line(line.bytes).map(Severity::name);
        self.put(&json!({
            "type": if line.selected { "match" } else { "context" },
            "data": {
                "path": text(name),
                "lines": text(&whole),
                "line_number": line.number,
                "absolute_offset": line.offset.unwrap_or(0),
                "submatches": submatches,
                "log": {
                    "time": line.time.map(lignite::show_time),
                    "level": level,
                    "template": line.template.map(|template| template.to_string()),
                    "fields": fields(line.bytes),
                },
            },
        }))?;
        if self.line_buffered { self.dst.flush() } else { Ok(()) }
    }

    /// The file ends, of which so many bytes were searched.
    pub(crate) fn end_file(&mut self, name: &[u8], bytes_searched: u64) -> io::Result<()> {
        self.file.elapsed = self.file_start.elapsed();
        self.file.bytes_searched = bytes_searched;
        self.file.with_match = u64::from(self.file.lines > 0);
        let (file, all) = (self.file, &mut self.all);
        all.searches += file.searches;
        all.with_match += file.with_match;
        all.bytes_searched += file.bytes_searched;
        all.bytes_printed += file.bytes_printed;
        all.lines += file.lines;
        all.matches += file.matches;
        all.elapsed += file.elapsed;
        if !self.begun {
            return Ok(());
        }
        let data = json!({ "path": text(name), "binary_offset": null, "stats": file.to_json() });
        self.put(&json!({ "type": "end", "data": data }))
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.dst.flush()
    }

    /// All files have been searched.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        let data =
            json!({ "elapsed_total": elapsed(self.start.elapsed()), "stats": self.all.to_json() });
        self.put(&json!({ "type": "summary", "data": data }))?;
        self.dst.flush()
    }

    fn put(&mut self, value: &Value) -> io::Result<()> {
        let line = value.to_string();
        self.file.bytes_printed += line.len() as u64 + 1;
        self.dst.write_all(line.as_bytes())?;
        self.dst.write_all(b"\n")
    }
}

/// The fields of a line; the first one of each name.
fn fields(line: &[u8]) -> Value {
    let mut fields = serde_json::Map::new();
    lignite::each_field(line, |name, value| {
        let name = String::from_utf8_lossy(name).into_owned();
        fields.entry(name).or_insert_with(|| String::from_utf8_lossy(value).into());
    });
    Value::Object(fields)
}

fn elapsed(elapsed: Duration) -> Value {
    json!({
        "secs": elapsed.as_secs(),
        "nanos": elapsed.subsec_nanos(),
        "human": format!("{}.{:06}s", elapsed.as_secs(), elapsed.subsec_micros()),
    })
}

/// Bytes as text, or in base 64 where they are not UTF-8.
fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!({ "text": text }),
        Err(_) => json!({ "bytes": base64(bytes) }),
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = bits >> (18 - 6 * place) & 63;
            let digit = DIGITS.get(digit as usize).copied().unwrap_or(b'=');
            text.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_of_the_rfc() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
