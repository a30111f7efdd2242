//! Patterns in the syntax of the `regex` crate, matched line by line.

use std::fmt::Write as _;
use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use crate::error::{Error, ErrorKind, Result};
use crate::predicate::literal::Required;

/// The longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 64 << 10;
/// What a compiled pattern may take, in bytes; so may its lazily built automaton.
const COMPILED_BYTES_MAX: usize = 10 << 20;
/// How deep groups may be nested.
const NEST_MAX: u32 = 100;

/// Whether the case of letters matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Case {
    /// It does.
    #[default]
    Sensitive,
    /// It does not.
    Insensitive,
    /// It does if a pattern holds an upper-case letter.
    Smart,
}

/// How much of a line must match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MatchExtent {
    /// Any part of it.
    #[default]
    Any,
    /// A part that neither begins nor ends inside a word.
    Words,
    /// A part that does not begin inside a word.
    WordStart,
    /// All of it.
    Line,
}

/// Sets up a [`Pattern`].
#[derive(Clone, Debug, Default)]
pub struct PatternBuilder {
    patterns: Vec<Vec<u8>>,
    fixed: bool,
    case: Case,
    extent: MatchExtent,
}

impl PatternBuilder {
    /// No pattern yet: matches nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pattern. A line matches if any pattern does; newlines part patterns.
    pub fn add(&mut self, pattern: &[u8]) -> &mut Self {
        self.patterns.extend(pattern.split(|&byte| byte == b'\n').map(<[u8]>::to_vec));
        self
    }

    /// Adds one pattern, whatever stands in it.
    pub fn add_whole(&mut self, pattern: &[u8]) -> &mut Self {
        self.patterns.push(pattern.to_vec());
        self
    }

    /// Takes patterns as plain text.
    pub fn fixed(&mut self, fixed: bool) -> &mut Self {
        self.fixed = fixed;
        self
    }

    /// Says whether the case of letters matters.
    pub fn case(&mut self, case: Case) -> &mut Self {
        self.case = case;
        self
    }

    /// Says how much of a line must match.
    pub fn extent(&mut self, extent: MatchExtent) -> &mut Self {
        self.extent = extent;
        self
    }

    /// Compiles the patterns. Fails on a syntax error, and on patterns that would take too much.
    pub fn build(&self) -> Result<Pattern> {
        if self.patterns.iter().any(|pattern| pattern.len() > PATTERN_BYTES_MAX) {
            return Err(invalid(format!("a pattern is longer than {PATTERN_BYTES_MAX} bytes")));
        }
        let insensitive = match self.case {
            Case::Sensitive => false,
            Case::Insensitive => true,
            Case::Smart => !self.patterns.iter().any(|pattern| self.has_upper(pattern)),
        };
        let mut parts = Vec::with_capacity(self.patterns.len());
        for pattern in &self.patterns {
            let text = text(pattern, self.fixed);
            if !self.fixed && self.patterns.len() > 1 {
                // Each must stand by itself: `a)(b` is no pattern, and flags end with it.
                compile(&text, insensitive)?;
            }
            parts.push(if self.patterns.len() == 1 { text } else { format!("(?:{text})") });
        }
        let any = parts.join("|");
        let whole = match self.extent {
            // No pattern matches nothing, an empty one everything.
            _ if parts.is_empty() => "[^\\s\\S]".to_owned(),
            MatchExtent::Any => any,
            MatchExtent::Words => format!("\\b{{start-half}}(?:{any})\\b{{end-half}}"),
            MatchExtent::WordStart => format!("\\b{{start-half}}(?:{any})"),
            MatchExtent::Line => format!("^(?:{any})$"),
        };
        let regex = compile(&whole, insensitive)?;
        let required = Required::of(&whole, insensitive);
        Ok(Pattern { regex, required })
    }

    /// Whether a pattern holds an upper-case letter that stands for itself.
    fn has_upper(&self, pattern: &[u8]) -> bool {
        let mut escaped = false;
        String::from_utf8_lossy(pattern).chars().any(|c| {
            let own = c.is_uppercase() && !escaped;
            escaped = c == '\\' && !escaped && !self.fixed;
            own
        })
    }
}

/// A pattern as text: bytes that are not UTF-8 are written out, plain text is escaped.
fn text(pattern: &[u8], fixed: bool) -> String {
    let mut text = String::with_capacity(pattern.len());
    for chunk in pattern.utf8_chunks() {
        if fixed {
            text.push_str(&regex::escape(chunk.valid()));
        } else {
            text.push_str(chunk.valid());
        }
        for byte in chunk.invalid() {
            let _infallible = write!(text, "(?-u:\\x{byte:02x})");
        }
    }
    text
}

fn compile(text: &str, insensitive: bool) -> Result<Regex> {
    RegexBuilder::new(text)
        .case_insensitive(insensitive)
        .size_limit(COMPILED_BYTES_MAX)
        .dfa_size_limit(COMPILED_BYTES_MAX)
        .nest_limit(NEST_MAX)
        .build()
        .map_err(|err| match err {
            regex::Error::CompiledTooBig(limit) => {
                invalid(format!("the pattern would take more than {limit} bytes when compiled"))
            }
            err => invalid(err.to_string()),
        })
}

#[cold]
fn invalid(what: String) -> Error {
    Error::new(ErrorKind::InvalidArgument { what })
}

/// A compiled pattern. Lines are given without their terminators.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    required: Required,
}

impl Pattern {
    /// Whether a line matches.
    pub fn is_match(&self, line: &[u8]) -> bool {
        self.regex.is_match(line)
    }

    /// The first match in a line that starts at byte `at` or behind it.
    pub fn find_at(&self, line: &[u8], at: usize) -> Option<Range<usize>> {
        if at > line.len() {
            return None;
        }
        self.regex.find_at(line, at).map(|found| found.range())
    }

    /// A line with each match replaced; `$1`, `$name` in `replacement` stand for groups.
    pub fn replace_all(&self, line: &[u8], replacement: &[u8]) -> Vec<u8> {
        self.regex.replace_all(line, replacement).into_owned()
    }

    /// What `replacement` gives for the match at `range`.
    pub fn expand(&self, line: &[u8], range: &Range<usize>, replacement: &[u8]) -> Vec<u8> {
        let mut expanded = Vec::new();
        if let Some(captures) = self.regex.captures_at(line, range.start) {
            captures.expand(replacement, &mut expanded);
        }
        expanded
    }

    /// What every line that matches holds.
    pub(crate) fn required(&self) -> &Required {
        &self.required
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str, extent: MatchExtent) -> Pattern {
        PatternBuilder::new().add(text.as_bytes()).extent(extent).build().unwrap()
    }

    #[test]
    fn words_and_lines() {
        assert!(pattern("foo|foobar", MatchExtent::Words).is_match(b"a foobar."));
        assert!(!pattern("foo", MatchExtent::Words).is_match(b"foobar _foo"));
        assert!(pattern("", MatchExtent::Any).is_match(b""));
        assert!(pattern("a.c", MatchExtent::Line).is_match(b"abc"));
        assert!(!pattern("a|ab", MatchExtent::Line).is_match(b"abc"));
        assert!(pattern("a|abc", MatchExtent::Line).is_match(b"abc"));
    }

    #[test]
    fn no_pattern_matches_nothing_and_invalid_utf8_is_a_pattern() {
        assert!(!PatternBuilder::new().build().unwrap().is_match(b""));
        for fixed in [false, true] {
            let mut builder = PatternBuilder::new();
            let built = builder.add(b"a\xff").fixed(fixed).build().unwrap();
            assert!(built.is_match(b"xa\xff\n") && !built.is_match(b"a\xfe"));
        }
    }

    #[test]
    fn each_pattern_stands_by_itself() {
        assert!(PatternBuilder::new().add(b"a)").add(b"(b").build().is_err());
        assert!(!PatternBuilder::new().add(b"(?i)a").add(b"b").build().unwrap().is_match(b"B"));
        assert!(PatternBuilder::new().add(b"a\nb").build().unwrap().is_match(b"b"));
    }

    #[test]
    fn smart_case_looks_at_letters_that_stand_for_themselves() {
        let smart = |text: &str| {
            PatternBuilder::new().add(text.as_bytes()).case(Case::Smart).build().unwrap()
        };
        assert!(smart("foo\\S").is_match(b"FOOX"));
        assert!(!smart("Foo").is_match(b"foo"));
    }

    #[test]
    fn hostile_patterns_are_refused_or_linear() {
        for text in [
            "a{5}{5}{5}{5}{5}{5}{5}{5}",
            "\\pL{900}{900}",
            &"(".repeat(10_000),
            &"a".repeat(70_000),
        ] {
            assert!(PatternBuilder::new().add(text.as_bytes()).build().is_err());
        }
        let line = vec![b'a'; 1 << 20];
        assert!(!pattern("(a+)+$b", MatchExtent::Any).is_match(&line));
        assert!(!pattern("(a|a)*b", MatchExtent::Any).is_match(&line));
    }
}
