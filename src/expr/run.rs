//! What the pipes of a query make of lines.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::Query;
use super::pipe::Pipe;
use super::stats::Groups;
use crate::error::{Error, ErrorKind, Result};
use crate::fields::{FieldName, Quantity, Unit};
use crate::line::{Severity, StampFinder};
use crate::predicate::{self, Facts, LineSubject, Node, Subject, TemplateId, Test};
use crate::query::{BlockSum, ScanLine};

/// Bytes that the pipes of a query may keep.
const KEPT_BYTES_MAX: u64 = 128 << 20;

/// Takes what comes out of the pipes.
type Sink<'s> = dyn FnMut(&Row<'_>) -> Result<()> + 's;

/// What comes out of a query.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    /// A line, and the name of what it was read from.
    Line(ScanLine<'a>, &'a [u8]),
    /// A row that was made of lines.
    Record(&'a Record),
}

/// Values under names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    names: Arc<[String]>,
    cells: Vec<Cell>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: Vec<u8>,
    pub(super) is_number: bool,
}

impl Cell {
    pub(super) fn text(text: Vec<u8>) -> Self {
        Self { text, is_number: false }
    }

    pub(super) fn number(text: String) -> Self {
        Self { text: text.into_bytes(), is_number: true }
    }

    pub(super) fn quantity(billionths: i128, unit: Unit) -> Self {
        Self { text: shown(billionths, unit).into_bytes(), is_number: unit == Unit::None }
    }
}

impl Record {
    pub(super) fn new(names: &Arc<[String]>, cells: Vec<Cell>) -> Self {
        Self { names: Arc::clone(names), cells }
    }

    /// The names of its values.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Its values, and whether each was computed as a number. What is missing is empty.
    pub fn values(&self) -> impl Iterator<Item = (&[u8], bool)> {
        self.cells.iter().map(|cell| (&cell.text[..], cell.is_number))
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        let place = self.names.iter().position(|own| own == name)?;
        self.cells.get(place).map(|cell| &cell.text[..])
    }
}

impl<'a> Row<'a> {
    /// The first value of a field; `name` is what the field is called.
    pub(super) fn value(&self, field: &FieldName, name: &str) -> Option<Cow<'a, [u8]>> {
        match self {
            Self::Line(line, file) => predicate::value(field, line.bytes, &facts(line, file)),
            Self::Record(record) => record.get(name).map(Cow::Borrowed),
        }
    }

    pub(super) fn time(&self) -> Option<i64> {
        match self {
            Self::Line(line, _) => line.time,
            Self::Record(record) => StampFinder::default().find(record.get("_time")?),
        }
    }

    fn holds(&self, node: &Node) -> bool {
        match self {
            Self::Line(line, file) => {
                node.holds(&LineSubject { line: line.bytes, facts: &facts(line, file) })
            }
            Self::Record(_) => node.holds(self),
        }
    }

    fn to_owned(self) -> Owned {
        match self {
            Row::Line(line, file) => Owned::Line {
                bytes: line.bytes.into(),
                file: file.into(),
                rest: ScanLine { bytes: &[], ..line },
            },
            Row::Record(record) => Owned::Record(record.clone()),
        }
    }
}

fn facts<'a>(line: &ScanLine<'_>, file: &'a [u8]) -> Facts<'a> {
    Facts { number: Some(line.number), time: line.time, template: line.template, file }
}

impl Subject for Row<'_> {
    fn time(&self) -> Option<i64> {
        Row::time(self)
    }

    fn severity(&self) -> Option<Severity> {
        let level = self.value(&FieldName::Level, "level")?;
        Severity::from_name(std::str::from_utf8(&level).ok()?)
    }

    fn template(&self) -> Option<TemplateId> {
        let template = self.value(&FieldName::Template, "template")?;
        TemplateId::from_shown(&template)
    }

    fn number(&self) -> Option<u64> {
        let number = self.value(&FieldName::Line, "line")?;
        std::str::from_utf8(&number).ok()?.parse().ok()
    }

    fn passes(&self, field: &FieldName, test: &Test) -> bool {
        test.passes(&self.value(field, &field.to_string()).unwrap_or_default())
    }
}

/// A row that is kept.
#[derive(Debug)]
enum Owned {
    Line { bytes: Box<[u8]>, file: Box<[u8]>, rest: ScanLine<'static> },
    Record(Record),
}

impl Owned {
    fn row(&self) -> Row<'_> {
        match self {
            Self::Line { bytes, file, rest } => Row::Line(ScanLine { bytes, ..*rest }, file),
            Self::Record(record) => Row::Record(record),
        }
    }

    fn bytes(&self) -> u64 {
        let texts = match self {
            Self::Line { bytes, file, .. } => bytes.len() + file.len(),
            Self::Record(record) => record.cells.iter().map(|cell| cell.text.len() + 40).sum(),
        };
        (texts + size_of::<Self>()) as u64
    }
}

/// What values are put in order by: numbers by size, before text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sortable {
    Missing,
    Number(Unit, i128),
    Text(Vec<u8>),
}

impl Sortable {
    pub(super) fn of(text: &[u8]) -> Self {
        if text.is_empty() {
            return Self::Missing;
        }
        Quantity::parse(text).map_or_else(
            || Self::Text(text.to_vec()),
            |number| Self::Number(number.unit, number.billionths),
        )
    }
}

/// A number as text.
pub(super) fn shown(billionths: i128, unit: Unit) -> String {
    const ONE: u128 = 1_000_000_000;
    let sign = if billionths < 0 { "-" } else { "" };
    let (whole, part) = (billionths.unsigned_abs() / ONE, billionths.unsigned_abs() % ONE);
    let part = if part == 0 { String::new() } else { format!(".{part:09}") };
    let unit = match unit {
        Unit::None => "",
        Unit::Seconds => "s",
        Unit::Bytes => "B",
    };
    format!("{sign}{whole}{}{unit}", part.trim_end_matches('0'))
}

/// What may still be kept.
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Budget {
    pub(super) fn spend(&mut self, bytes: u64) -> Result<()> {
        match self.0.checked_sub(bytes) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(Error::new(ErrorKind::LimitExceeded {
                limit: "bytes that a query keeps",
                requested: KEPT_BYTES_MAX + bytes,
                allowed: KEPT_BYTES_MAX,
            })),
        }
    }

    fn give_back(&mut self, bytes: u64) {
        self.0 += bytes;
    }
}

/// A pipe at work.
#[derive(Debug)]
enum Stage {
    Fields(Vec<FieldName>, Arc<[String]>),
    Where(Node),
    Limit(u64),
    Offset(u64),
    Groups(Groups),
    Sorted(Sorted),
}

#[derive(Debug)]
struct Sorted {
    by: Vec<(FieldName, String, bool)>,
    offset: usize,
    /// How many rows are wanted, those before the offset included.
    most: usize,
    rows: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    keys: Vec<Direction>,
    bytes: u64,
    row: Owned,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Direction {
    Up(Sortable),
    Down(Reverse<Sortable>),
}

/// The pipes of a query at work.
///
/// # Example
///
/// ```
/// use std::ops::ControlFlow;
///
/// # fn main() -> lignite::Result<()> {
/// let query = lignite::Query::parse("* | top 1 by (user)", &lignite::Clock::at(0))?;
/// let mut pipeline = lignite::Pipeline::new(&query);
/// let mut shown = Vec::new();
/// let mut sink = |row: &lignite::Row<'_>| {
///     if let lignite::Row::Record(record) = row {
///         shown.extend(record.values().map(|(value, _)| value.to_vec()));
///     }
///     Ok(())
/// };
/// let log = &b"user=a\nuser=b\nuser=b\n"[..];
/// lignite::scan_read(log, &query.predicate(), &query.options(), |line| {
///     pipeline.push(line, b"log", &mut sink)
/// })?;
/// pipeline.finish(&mut sink)?;
/// assert_eq!(shown, [b"b".to_vec(), b"2".to_vec()]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pipeline {
    stages: Vec<Stage>,
    budget: Budget,
}

impl Pipeline {
    /// The pipes of a query, before the first line.
    pub fn new(query: &Query) -> Self {
        let stage = |pipe: &Pipe| match pipe {
            Pipe::Fields(fields) => {
                Stage::Fields(fields.clone(), fields.iter().map(ToString::to_string).collect())
            }
            Pipe::Where(node) => Stage::Where(node.clone()),
            Pipe::Limit(count) => Stage::Limit(*count),
            Pipe::Offset(count) => Stage::Offset(*count),
            Pipe::Stats { by, calls } => Stage::Groups(Groups::new(by, calls)),
            Pipe::Sort { by, offset, limit } => {
                let by = by.iter().map(|(field, down)| (field.clone(), field.to_string(), *down));
                let offset = usize::try_from(*offset).unwrap_or(usize::MAX);
                let limit = limit.and_then(|limit| usize::try_from(limit).ok());
                let most = limit.unwrap_or(usize::MAX).saturating_add(offset);
                Stage::Sorted(Sorted { by: by.collect(), offset, most, rows: Vec::new() })
            }
        };
        Self { stages: query.pipes.iter().map(stage).collect(), budget: Budget(KEPT_BYTES_MAX) }
    }

    /// Takes a line that meets the condition, and calls `sink` for what comes out; says whether more are wanted.
    pub fn push(
        &mut self,
        line: ScanLine<'_>,
        file: &[u8],
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>> {
        feed(&mut self.stages, Row::Line(line, file), &mut self.budget, sink)
    }

    /// Takes what statistics tell of a block that meets the condition; says whether that is enough, and its lines need not
    /// come.
    pub fn add_block(&mut self, sum: &BlockSum, file: &[u8]) -> Result<bool> {
        match self.stages.first_mut() {
            Some(Stage::Groups(groups)) => groups.add_block(sum, file, &mut self.budget),
            _ => Ok(false),
        }
    }

    /// Calls `sink` for what is left when all lines have come.
    pub fn finish(&mut self, sink: &mut Sink<'_>) -> Result<()> {
        for place in 0..self.stages.len() {
            let (before, behind) = self.stages.split_at_mut(place + 1);
            let budget = &mut self.budget;
            match before.last_mut() {
                Some(Stage::Groups(groups)) => {
                    for record in groups.take()? {
                        if feed(behind, Row::Record(&record), budget, sink)?.is_break() {
                            break;
                        }
                    }
                }
                Some(Stage::Sorted(sorted)) => {
                    for row in sorted.take() {
                        budget.give_back(row.bytes);
                        if feed(behind, row.row.row(), budget, sink)?.is_break() {
                            break;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Sends a row through stages; says whether they want more.
fn feed(
    stages: &mut [Stage],
    row: Row<'_>,
    budget: &mut Budget,
    sink: &mut Sink<'_>,
) -> Result<ControlFlow<()>> {
    let Some((stage, behind)) = stages.split_first_mut() else {
        return sink(&row).map(ControlFlow::Continue);
    };
    match stage {
        Stage::Where(node) if !row.holds(node) => {}
        Stage::Limit(0) => return Ok(ControlFlow::Break(())),
        Stage::Limit(left) => {
            *left -= 1;
            let is_last = *left == 0;
            let flow = feed(behind, row, budget, sink)?;
            return Ok(if is_last { ControlFlow::Break(()) } else { flow });
        }
        Stage::Where(_) | Stage::Offset(0) => return feed(behind, row, budget, sink),
        Stage::Offset(left) => *left -= 1,
        Stage::Fields(fields, names) => {
            let cells = fields.iter().zip(names.iter()).map(|(field, name)| {
                Cell::text(row.value(field, name).unwrap_or_default().into_owned())
            });
            let record = Record::new(names, cells.collect());
            return feed(behind, Row::Record(&record), budget, sink);
        }
        Stage::Groups(groups) => groups.add(&row, budget)?,
        Stage::Sorted(sorted) => sorted.add(row, budget)?,
    }
    Ok(ControlFlow::Continue(()))
}

impl Sorted {
    fn add(&mut self, row: Row<'_>, budget: &mut Budget) -> Result<()> {
        let key = |(field, name, down): &(FieldName, String, bool)| {
            let sortable = Sortable::of(&row.value(field, name).unwrap_or_default());
            if *down { Direction::Down(Reverse(sortable)) } else { Direction::Up(sortable) }
        };
        let keys: Vec<_> = self.by.iter().map(key).collect();
        let row = row.to_owned();
        let bytes = row.bytes() + 64 * keys.len() as u64;
        budget.spend(bytes)?;
        self.rows.push(Kept { keys, bytes, row });
        if self.rows.len() > self.most.saturating_mul(2).max(1024) {
            self.cut(budget);
        }
        Ok(())
    }

    /// Drops the rows that cannot be wanted. Rows of equal keys stay in their order.
    fn cut(&mut self, budget: &mut Budget) {
        self.rows.sort_by(|a, b| a.keys.cmp(&b.keys));
        for row in self.rows.drain(self.most.min(self.rows.len())..) {
            budget.give_back(row.bytes);
        }
    }

    fn take(&mut self) -> Vec<Kept> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_by(|a, b| a.keys.cmp(&b.keys));
        rows.truncate(self.most);
        rows.drain(..self.offset.min(rows.len()));
        rows
    }
}
