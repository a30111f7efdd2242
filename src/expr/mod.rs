//! The query language: conditions and pipes (`docs/QUERY.md`).

mod atom;
mod clock;
mod filter;
mod pipe;
mod run;
mod stats;
mod value;

use std::fmt;

use winnow::error::{ErrMode, ParserError};
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location as _, Stateful};

pub use clock::Clock;
pub use run::{Pipeline, Record, Row};

use crate::error::{Error, ErrorKind};
use crate::fields::FieldName;
use crate::predicate::{Condition, Node, Predicate};
use crate::query::ScanOptions;
use pipe::Pipe;

/// The longest query, in bytes.
const QUERY_BYTES_MAX: usize = 64 << 10;
/// How deep parentheses and negations may be nested.
const DEPTH_MAX: u32 = 64;
/// Tests of values in one query. Each may hold a compiled pattern.
const TESTS_MAX: u32 = 256;

/// A query: which lines, and what becomes of them.
///
/// # Example
///
/// ```
/// let clock = lignite::Clock::at(0);
/// let query = lignite::Query::parse("user:=root took:>1s | stats by (ip) count() as n", &clock).unwrap();
/// assert!(query.condition().unwrap().is_met_by(b"user=root ip=10.0.0.1 took=3s"));
///
/// let error = lignite::Query::parse("user:=root took:>", &clock).unwrap_err();
/// assert_eq!(error.at(), 17);
/// ```
#[derive(Clone, Debug)]
pub struct Query {
    condition: Option<Condition>,
    pub(crate) pipes: Vec<Pipe>,
}

impl Query {
    /// Parses a query. An empty one asks for every line.
    pub fn parse(text: &str, clock: &Clock) -> Result<Self, QueryError> {
        if text.len() > QUERY_BYTES_MAX {
            let what = format!("no more than {QUERY_BYTES_MAX} bytes of query");
            return Err(QueryError { text: String::new(), at: 0, expected: what });
        }
        let state = State { clock: *clock, depth: 0, tests: 0 };
        let mut input = Stateful { input: LocatingSlice::new(text), state };
        let parsed = query(&mut input);
        parsed.map_err(|err| {
            let fault = match err {
                ErrMode::Backtrack(fault) | ErrMode::Cut(fault) => fault,
                ErrMode::Incomplete(_) => Fault::default(),
            };
            QueryError { text: text.to_owned(), at: fault.at, expected: fault.expected }
        })
    }

    /// The condition on lines; `None`: every line is asked for.
    pub fn condition(&self) -> Option<&Condition> {
        self.condition.as_ref()
    }

    /// What a scan has to look for. The caller says what it is now, and which file it is.
    pub fn predicate(&self) -> Predicate {
        Predicate { condition: self.condition.clone(), ..Predicate::new() }
    }

    /// What a scan has to tell of lines.
    pub fn options(&self) -> ScanOptions {
        let (times, templates) = (self.needs_times(), self.needs_templates());
        ScanOptions { times, templates, ..ScanOptions::default() }
    }

    /// Whether lines come out as they are, and nothing is made of them.
    pub fn gives_lines(&self) -> bool {
        self.pipes.iter().all(Pipe::keeps_lines)
    }

    /// Whether there is nothing but a condition.
    pub fn is_condition(&self) -> bool {
        self.pipes.is_empty()
    }

    /// Whether the times of lines have to be known for what becomes of them.
    fn needs_times(&self) -> bool {
        self.pipes.iter().any(|pipe| pipe.uses(&FieldName::Time))
    }

    /// Whether the templates of lines have to be known for what becomes of them.
    fn needs_templates(&self) -> bool {
        self.pipes.iter().any(|pipe| pipe.uses(&FieldName::Template))
    }
}

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    text: String,
    at: usize,
    expected: String,
}

impl QueryError {
    /// The place of the byte in the query that is not as it should be.
    pub fn at(&self) -> usize {
        self.at
    }

    /// What should be there.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// The query with a mark below the place.
    pub fn marked(&self) -> String {
        let before = self.text.get(..self.at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let rest = rest.split('\n').next().unwrap_or_default();
        format!("{line}{rest}\n{}^", " ".repeat(line.chars().count()))
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in the query, at byte {}: expected {}", self.at, self.expected)
    }
}

impl std::error::Error for QueryError {}

impl From<QueryError> for Error {
    fn from(err: QueryError) -> Self {
        Self::new(ErrorKind::InvalidArgument { what: err.to_string() })
    }
}

/// What parsers know besides the text.
#[derive(Clone, Copy, Debug)]
struct State {
    clock: Clock,
    depth: u32,
    tests: u32,
}

type Input<'i> = Stateful<LocatingSlice<&'i str>, State>;
type Parsed<T> = ModalResult<T, Fault>;

/// What was expected, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Fault {
    at: usize,
    expected: String,
}

impl<'i> ParserError<Input<'i>> for Fault {
    type Inner = Self;

    fn from_input(input: &Input<'i>) -> Self {
        Self { at: input.current_token_start(), expected: "something else".into() }
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

/// Ends the parse here.
fn fail<T>(input: &Input<'_>, expected: impl Into<String>) -> Parsed<T> {
    fail_at(input.current_token_start(), expected)
}

fn fail_at<T>(at: usize, expected: impl Into<String>) -> Parsed<T> {
    Err(ErrMode::Cut(Fault { at, expected: expected.into() }))
}

fn rest<'i>(input: &Input<'i>) -> &'i str {
    input.peek_finish()
}

fn query(input: &mut Input<'_>) -> Parsed<Query> {
    let mut conditions = Vec::new();
    atom::blanks(input)?;
    if !rest(input).is_empty() && !rest(input).starts_with('|') {
        conditions.push(filter::any(input, &FieldName::Message)?);
    }
    let mut pipes = Vec::new();
    loop {
        atom::blanks(input)?;
        if rest(input).is_empty() {
            break;
        }
        if !atom::took(input, "|")? {
            return fail(input, "a condition, `|`, or the end");
        }
        for pipe in pipe::pipes(input)? {
            match pipe {
                // What is asked first of all can be asked of the file.
                Pipe::Where(node) if pipes.is_empty() => conditions.push(node),
                pipe => pipes.push(pipe),
            }
        }
    }
    conditions.retain(|node| !matches!(node, Node::Known(true)));
    let condition = (!conditions.is_empty()).then_some(Condition(Node::All(conditions)));
    Ok(Query { condition, pipes })
}

#[cfg(test)]
mod tests;
