//! What must stand in every line that a pattern matches.
//!
//! A pattern is taken apart into *clauses*: of each clause, at least one literal is part of every match. It is the idea of
//! Russ Cox, "Regular Expression Matching with a Trigram Index", with literals of any length instead of trigrams.

use aho_corasick::AhoCorasick;
use memchr::memmem;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use crate::line::GramFilter;

/// Literals of one clause.
const LITERALS_MAX: usize = 64;
/// Bytes of one literal.
const LITERAL_BYTES_MAX: usize = 96;
/// Clauses that are kept: the longest.
const CLAUSES_MAX: usize = 4;
/// A clause of more literals than this for each byte of the shortest is not worth a search.
const CHOICES_PER_BYTE: usize = 4;
/// Characters of a class that is taken as a choice of literals.
const CLASS_CHARS_MAX: u32 = 10;

/// In a literal: any byte. No line holds this one.
pub(crate) const ANY: u8 = b'\n';

/// Some bytes, of which [`ANY`] is any. If `folded`, ASCII letters stand for both cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Literal {
    pub(crate) bytes: Vec<u8>,
    pub(crate) folded: bool,
    /// What is any byte in it may also be a longer character; without bytes: any character beyond ASCII.
    wide: bool,
}

impl Literal {
    pub(crate) fn new(bytes: &[u8], folded: bool) -> Self {
        Self { bytes: bytes.to_vec(), folded, wide: false }
    }

    /// Any character beyond ASCII.
    fn beyond_ascii() -> Self {
        Self { wide: true, ..Self::default() }
    }

    /// Whether it is any character beyond ASCII.
    pub(crate) fn is_beyond_ascii(&self) -> bool {
        self.bytes.is_empty() && self.wide
    }

    /// The same without any bytes at its ends.
    fn trimmed(mut self) -> Self {
        let first = self.bytes.iter().position(|&byte| byte != ANY).unwrap_or(self.bytes.len());
        self.bytes.drain(..first);
        let len = self.bytes.iter().rposition(|&byte| byte != ANY).map_or(0, |last| last + 1);
        self.bytes.truncate(len);
        self.wide &= self.bytes.contains(&ANY);
        self
    }

    /// The longest run of bytes that are not any: where it is, and how long.
    pub(crate) fn run(bytes: &[u8]) -> (usize, usize) {
        let mut best = (0, 0);
        let mut at = 0;
        for run in bytes.split(|&byte| byte == ANY) {
            if run.len() > best.1 {
                best = (at, run.len());
            }
            at += run.len() + 1;
        }
        best
    }

    /// How many of its bytes are not any.
    fn weight(&self) -> usize {
        self.bytes.iter().filter(|&&byte| byte != ANY).count()
    }

    fn then(&self, next: &Self) -> Self {
        Self {
            bytes: [&self.bytes[..], &next.bytes].concat(),
            folded: self.folded || next.folded,
            wide: self.wide || next.wide,
        }
    }
}

/// A choice of literals, one of which every match holds, and a way to find them.
#[derive(Clone, Debug)]
pub(crate) struct Clause {
    pub(crate) literals: Vec<Literal>,
    finder: Finder,
}

/// Bytes that are looked for as they are, in any case of ASCII letters if asked to.
#[derive(Clone, Debug)]
pub(crate) struct Run(Finder);

impl Run {
    /// `None` if they cannot be searched for.
    pub(crate) fn new(bytes: &[u8], folded: bool) -> Option<Self> {
        Finder::new(&[bytes.to_vec()], folded).map(Self)
    }

    /// The first place in `bytes`.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<usize> {
        self.0.find(bytes)
    }
}

#[derive(Clone, Debug)]
enum Finder {
    One(Box<memmem::Finder<'static>>),
    Many(AhoCorasick),
}

impl Finder {
    fn new(runs: &[Vec<u8>], folded: bool) -> Option<Self> {
        Some(match runs {
            [] => return None,
            [run] if !folded => Self::One(Box::new(memmem::Finder::new(run).into_owned())),
            runs => {
                Self::Many(AhoCorasick::builder().ascii_case_insensitive(folded).build(runs).ok()?)
            }
        })
    }

    fn find(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::One(finder) => finder.find(bytes),
            Self::Many(finder) => finder.find(bytes).map(|found| found.start()),
        }
    }
}

impl Clause {
    /// `None` if the literals cannot be searched for.
    pub(crate) fn new(literals: Vec<Literal>) -> Option<Self> {
        let run = |literal: &Literal| {
            let (at, len) = Literal::run(&literal.bytes);
            literal.bytes.get(at..at + len).unwrap_or_default().to_vec()
        };
        // What holds a character beyond ASCII instead of any byte holds the bytes around it too.
        let runs: Vec<_> =
            literals.iter().filter(|literal| !literal.is_beyond_ascii()).map(run).collect();
        let folded = literals.iter().any(|literal| literal.folded);
        let finder = Finder::new(&runs, folded)?;
        Some(Self { literals, finder })
    }

    /// The place of the first literal in `bytes`, or of the longest part of it that has no bytes that may be any.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<usize> {
        self.finder.find(bytes)
    }

    /// Bytes of the shortest literal.
    fn shortest(&self) -> usize {
        let literals = self.literals.iter().filter(|literal| !literal.is_beyond_ascii());
        literals.map(Literal::weight).min().unwrap_or(0)
    }
}

/// What is known of a pattern without looking at any line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Required {
    clauses: Vec<Clause>,
    context_free: bool,
    within_line: bool,
    is_all: bool,
}

impl Required {
    /// Takes a pattern apart that has been compiled before.
    pub(crate) fn of(pattern: &str, insensitive: bool) -> Self {
        let mut parser = ParserBuilder::new().case_insensitive(insensitive).utf8(false).build();
        let Ok(hir) = parser.parse(pattern) else { return Self::default() };
        let parts = Parts::of(&hir);
        let is_literal = |literal: &Literal| !literal.folded && !literal.bytes.contains(&ANY);
        let is_exact = parts.exact.as_ref().is_some_and(|exact| exact.iter().all(is_literal));
        let sets = match parts.exact {
            Some(exact) => vec![exact],
            None => parts.required,
        };
        let context_free = hir.properties().look_set().is_empty();
        let within_line = context_free && !may_hold_newline(&hir);
        let required = Self::of_choices(sets, context_free);
        let is_all = is_exact && context_free && required.clauses.len() == 1;
        Self { within_line, is_all, ..required }
    }

    /// What is required where one literal of each choice is.
    pub(crate) fn of_choices(mut choices: Vec<Vec<Literal>>, context_free: bool) -> Self {
        for choice in &mut choices {
            let asked = choice.iter().filter(|literal| !literal.is_beyond_ascii()).cloned();
            *choice = asked
                .map(|mut literal| {
                    literal.bytes.truncate(LITERAL_BYTES_MAX);
                    literal.trimmed()
                })
                .collect();
            if choice.iter().any(|literal| literal.wide) {
                choice.push(Literal::beyond_ascii());
            }
        }
        choices.retain(|choice| choice.iter().all(|one| !one.bytes.is_empty() || one.wide));
        let mut clauses: Vec<_> = choices.into_iter().filter_map(Clause::new).collect();
        // One of many single bytes is in nearly every line.
        clauses.retain(|clause| clause.shortest() > clause.literals.len() / CHOICES_PER_BYTE);
        // The longest first: it is the rarest.
        clauses.sort_by_key(|clause| (std::cmp::Reverse(clause.shortest()), clause.literals.len()));
        clauses.truncate(CLAUSES_MAX);
        Self { clauses, context_free, within_line: false, is_all: false }
    }

    /// Whether a match depends on nothing but the bytes that match.
    pub(crate) fn is_context_free(&self) -> bool {
        self.context_free
    }

    /// Whether besides no match goes beyond a line: in many lines the first match is in the first line that matches.
    pub(crate) fn is_within_line(&self) -> bool {
        self.within_line
    }

    /// Whether a line matches if and only if it has a literal of the one clause.
    pub(crate) fn is_all(&self) -> bool {
        self.is_all
    }

    /// Whether a line that has all this may be among those of a filter.
    pub(crate) fn may_be_in(&self, filter: &GramFilter) -> bool {
        let held = |literal: &Literal| filter.may_hold(&literal.bytes, literal.folded);
        // What holds a character beyond ASCII instead of any byte holds the bytes around it too.
        let asked = |clause: &Clause| {
            clause.literals.iter().filter(|literal| !literal.is_beyond_ascii()).any(held)
        };
        self.clauses.iter().all(asked)
    }

    /// The clauses; one with longer literals comes first.
    pub(crate) fn clauses(&self) -> &[Clause] {
        &self.clauses
    }
}

/// What is known of a part of a pattern.
#[derive(Debug, Default)]
struct Parts {
    /// All that it matches, where that is a few literals.
    exact: Option<Vec<Literal>>,
    /// Choices of literals, one of each is in every match.
    required: Vec<Vec<Literal>>,
}

impl Parts {
    fn exact(literals: Vec<Literal>) -> Self {
        Self { exact: Some(literals), required: Vec::new() }
    }

    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::exact(vec![Literal::default()]),
            HirKind::Literal(literal) if literal.0.len() <= LITERAL_BYTES_MAX => {
                Self::exact(vec![Literal::new(&literal.0, false)])
            }
            HirKind::Literal(literal) => {
                let bytes = literal.0.get(..LITERAL_BYTES_MAX).unwrap_or_default();
                Self { exact: None, required: vec![vec![Literal::new(bytes, false)]] }
            }
            HirKind::Class(class) => {
                Self::exact(of_class(class).unwrap_or_else(|| vec![of_any(class)]))
            }
            HirKind::Repetition(repetition) => Self::of_repetition(repetition),
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Concat(parts) => Self::of_concat(parts),
            HirKind::Alternation(choices) => Self::of_alternation(choices),
        }
    }

    /// All choices of which one is in every match.
    fn into_required(self) -> Vec<Vec<Literal>> {
        let mut required = self.required;
        required.extend(self.exact);
        required.retain(|choice| choice.iter().all(|literal| !literal.bytes.is_empty()));
        required
    }

    fn of_repetition(repetition: &Repetition) -> Self {
        let sub = Self::of(&repetition.sub);
        match (repetition.min, repetition.max, sub.exact) {
            (0, Some(1), Some(mut exact)) => {
                exact.push(Literal::default());
                Self::exact(exact)
            }
            (0, ..) => Self::default(),
            (1, Some(1), exact) => Self { exact, required: sub.required },
            (min, max, Some(exact)) => {
                let times = min.min(8);
                let mut all = vec![Literal::default()];
                for _ in 0..times {
                    match product(&all, &exact) {
                        Some(more) => all = more,
                        None => return Self { exact: None, required: vec![exact] },
                    }
                }
                if max == Some(times) {
                    Self::exact(all)
                } else {
                    Self { exact: None, required: vec![all] }
                }
            }
            (_, _, None) => Self { exact: None, required: sub.required },
        }
    }

    fn of_concat(parts: &[Hir]) -> Self {
        let mut required = Vec::new();
        let mut run = vec![Literal::default()];
        let mut whole = true;
        for part in parts {
            let part = Self::of(part);
            let longer = part.exact.as_ref().and_then(|exact| product(&run, exact));
            if let Some(longer) = longer {
                run = longer;
                continue;
            }
            whole = false;
            let next = part.exact.clone().unwrap_or_else(|| vec![Literal::default()]);
            required.push(std::mem::replace(&mut run, next));
            required.extend(part.required);
        }
        if whole {
            return Self::exact(run);
        }
        required.push(run);
        required.retain(|choice| choice.iter().all(|literal| !literal.bytes.is_empty()));
        Self { exact: None, required }
    }

    fn of_alternation(choices: &[Hir]) -> Self {
        let parts: Vec<Self> = choices.iter().map(Self::of).collect();
        let count = parts.iter().map(|part| part.exact.as_ref().map_or(usize::MAX / 2, Vec::len));
        if count.fold(0usize, usize::saturating_add) <= LITERALS_MAX {
            return Self::exact(
                parts.into_iter().filter_map(|part| part.exact).flatten().collect(),
            );
        }
        // One choice of each branch, the longest: together they are a choice of the whole.
        let mut joined = Vec::new();
        for part in parts {
            let shortest = |choice: &Vec<Literal>| {
                choice.iter().map(|literal| literal.bytes.len()).min().unwrap_or(0)
            };
            match part.into_required().into_iter().max_by_key(shortest) {
                Some(choice) => joined.extend(choice),
                None => return Self::default(),
            }
        }
        let required = if joined.len() <= LITERALS_MAX { vec![joined] } else { Vec::new() };
        Self { exact: None, required }
    }
}

/// Whether a match may hold a newline.
fn may_hold_newline(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.contains(&b'\n'),
        HirKind::Class(Class::Unicode(class)) => {
            class.iter().any(|range| (range.start()..=range.end()).contains(&'\n'))
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.iter().any(|range| (range.start()..=range.end()).contains(&b'\n'))
        }
        HirKind::Repetition(repetition) => may_hold_newline(&repetition.sub),
        HirKind::Capture(capture) => may_hold_newline(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(may_hold_newline),
    }
}

/// Each of `a` followed by each of `b`; `None` if these are too many or too long.
fn product(a: &[Literal], b: &[Literal]) -> Option<Vec<Literal>> {
    if a.len() * b.len() > LITERALS_MAX {
        return None;
    }
    let joined = a.iter().flat_map(|first| b.iter().map(|second| first.then(second)));
    let joined: Vec<_> = joined.collect();
    joined.iter().all(|literal| literal.bytes.len() <= LITERAL_BYTES_MAX).then_some(joined)
}

/// The literals of a small class. Two cases of an ASCII letter are one.
fn of_class(class: &Class) -> Option<Vec<Literal>> {
    let mut chars: Vec<(Vec<u8>, bool)> = Vec::new();
    let mut room = CLASS_CHARS_MAX;
    match class {
        Class::Unicode(class) => {
            for range in class.iter() {
                room = room.checked_sub(range.len().try_into().ok()?)?;
                let utf8 = |c: char| c.encode_utf8(&mut [0; 4]).as_bytes().to_vec();
                chars.extend((range.start()..=range.end()).map(|c| (utf8(c), false)));
            }
        }
        Class::Bytes(class) => {
            for range in class.iter() {
                room = room.checked_sub(range.len().try_into().ok()?)?;
                chars.extend((range.start()..=range.end()).map(|byte| (vec![byte], false)));
            }
        }
    }
    let mut merged: Vec<(Vec<u8>, bool)> = Vec::new();
    for (bytes, _) in chars {
        match merged.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&bytes)) {
            Some((_, folded)) => *folded = true,
            None => merged.push((bytes, false)),
        }
    }
    (!merged.is_empty())
        .then(|| merged.iter().map(|(bytes, folded)| Literal::new(bytes, *folded)).collect())
}

/// One character, whatever it is.
fn of_any(class: &Class) -> Literal {
    let wide = match class {
        Class::Unicode(class) => class.maximum_len().is_none_or(|len| len > 1),
        Class::Bytes(_) => false,
    };
    Literal { bytes: vec![ANY], folded: false, wide }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clauses(pattern: &str) -> Vec<String> {
        let show = |literal: &Literal| {
            let text = String::from_utf8_lossy(&literal.bytes).replace('\n', "?");
            if literal.folded { text + "~" } else { text }
        };
        let required = Required::of(pattern, false);
        let texts = required.clauses().iter();
        texts.map(|clause| clause.literals.iter().map(show).collect::<Vec<_>>().join("|")).collect()
    }

    #[test]
    fn some_patterns_match_within_a_line_only() {
        for pattern in ["a.c", "[0-9]{2}(x|y+)?", "\\.\\d", "\u{212a}"] {
            assert!(Required::of(pattern, false).is_within_line(), "{pattern}");
        }
        for pattern in ["a\\sc", "[^x]", "a\\n", "(?s)a.", "^a", "a$", "\\ba", "x(y|\\W)z"] {
            assert!(!Required::of(pattern, false).is_within_line(), "{pattern}");
        }
    }

    #[test]
    fn some_patterns_are_their_literals() {
        for pattern in ["error", "foo|ba[rz]", "(ab){2}", "x(yes|no)"] {
            assert!(Required::of(pattern, false).is_all(), "{pattern}");
        }
        for pattern in ["(?i)err", "a.c", "^ab", "ab+", "[aA]bc", "ab|[0-9]+", "x*", "\\bfoo"] {
            assert!(!Required::of(pattern, false).is_all(), "{pattern}");
        }
        assert!(!Required::of("error", true).is_all());
    }

    #[test]
    fn literals_are_found_in_patterns() {
        assert_eq!(clauses("error"), ["error"]);
        assert_eq!(clauses("failed .* port [0-9]+"), ["failed ", " port "]);
        assert_eq!(clauses("(?i)err"), ["ERR~"]);
        assert_eq!(clauses("(?i)disk"), ["DISK~|DIS\u{212a}~|DIſK~|DIſ\u{212a}~"]);
        assert_eq!(clauses("foo|ba[rz]"), ["foo|bar|baz"]);
        assert_eq!(clauses("(foo|bar.*x)y"), ["foo|bar", "y"]);
        assert_eq!(clauses("a+b{2}c?"), ["bbc|bb", "a"]);
        assert_eq!(clauses("^\\bab$"), ["ab"]);
        assert_eq!(clauses("10.99\\d."), ["10?99|"]);
        assert_eq!(clauses("(?-u)a.b[a-z]c"), ["a?b?c"]);
        assert_eq!(clauses("[0-9]+ ms"), [" ms"]);
        assert_eq!(clauses("(a.)+b"), ["a", "b"]);
        assert!(clauses("...").is_empty());
        assert!(clauses("a*|b").is_empty());
        assert!(clauses(".*").is_empty());
        assert!(clauses("x?").is_empty());
        assert!(clauses("\\d+").is_empty());
    }
}
