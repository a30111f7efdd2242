//! Conditions on the fields of lines, joined by and, or, not.

use crate::fields::{self, FieldName};
use crate::line::Severity;
use crate::predicate::literal::{Literal, Required};
use crate::predicate::test::{FieldTest, Test};
use crate::predicate::{Facts, SeveritySet, TemplateId, TemplateRef};

/// Literals that a choice may have.
const CHOICES_MAX: usize = 64;

/// A condition on a line.
///
/// # Example
///
/// ```
/// use lignite::{Condition, FieldName, FieldTest};
///
/// let user = Condition::field(FieldName::from_name("user"), FieldTest::equals(b"root"));
/// let slow = Condition::field(
///     FieldName::from_name("took"),
///     FieldTest::compares(&[std::cmp::Ordering::Greater], b"1s"),
/// );
/// let either = Condition::any_of(vec![user, slow]);
/// assert!(either.is_met_by(b"login user=root"));
/// assert!(either.is_met_by(b"GET / took=1200ms"));
/// assert!(!either.is_met_by(b"GET / took=90ms"));
/// ```
#[derive(Clone, Debug)]
pub struct Condition(pub(crate) Node);

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Known(bool),
    All(Vec<Node>),
    Some(Vec<Node>),
    Not(Box<Node>),
    /// The time is not before the first, and before the second.
    Time(Option<i64>, Option<i64>),
    Level(SeveritySet),
    Template(TemplateRef),
    /// The number is not less than the first, and not greater than the second.
    Line(u64, u64),
    Field(FieldName, Test),
}

/// What conditions are about: a line, or a row made of some.
pub(crate) trait Subject {
    fn time(&self) -> Option<i64>;
    fn severity(&self) -> Option<Severity>;
    fn template(&self) -> Option<TemplateId>;
    fn number(&self) -> Option<u64>;
    /// Whether a value of the field passes; one that is missing is empty.
    fn passes(&self, field: &FieldName, test: &Test) -> bool;
}

/// What is known of all lines of some part of a file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known<'a> {
    /// The name of the file.
    pub(crate) file: Option<&'a [u8]>,
    /// The least and the greatest time of the lines; all have one.
    pub(crate) times: Option<(i64, i64)>,
    /// The severities of the lines, and whether some have none.
    pub(crate) severities: Option<(SeveritySet, bool)>,
    /// The template of all lines.
    pub(crate) template: Option<TemplateId>,
    /// The least and the greatest number of the lines.
    pub(crate) numbers: Option<(u64, u64)>,
}

impl Condition {
    /// A field has a value that passes.
    pub fn field(field: FieldName, test: FieldTest) -> Self {
        Self(Node::Field(field, test.0))
    }

    /// The line is at or behind `since` and before `until`: nanoseconds since 1970-01-01, zone disregarded.
    pub fn time(since: Option<i64>, until: Option<i64>) -> Self {
        Self(Node::Time(since, until))
    }

    /// The severity of the line is one of these.
    pub fn level(severities: SeveritySet) -> Self {
        Self(Node::Level(severities))
    }

    /// The line has a template of that name.
    pub fn template(template: TemplateRef) -> Self {
        Self(Node::Template(template))
    }

    /// The number of the line lies in a range, its ends included.
    pub fn lines(first: u64, last: u64) -> Self {
        Self(Node::Line(first, last))
    }

    /// All of these hold.
    pub fn all_of(conditions: Vec<Self>) -> Self {
        Self(Node::All(conditions.into_iter().map(|condition| condition.0).collect()))
    }

    /// One of these holds.
    pub fn any_of(conditions: Vec<Self>) -> Self {
        Self(Node::Some(conditions.into_iter().map(|condition| condition.0).collect()))
    }

    /// It does not hold.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(Node::Not(Box::new(self.0)))
    }

    /// Whether a line by itself, without its terminator, meets the condition. It has the time that is printed in it, and no
    /// number, template or file.
    pub fn is_met_by(&self, line: &[u8]) -> bool {
        let facts =
            Facts { time: crate::line::StampFinder::default().find(line), ..Facts::default() };
        self.holds(line, &facts)
    }

    /// Whether ranks of templates stand in it, which have to be [resolved](Self::with_ranks).
    pub fn has_ranks(&self) -> bool {
        self.0.any(&|node| matches!(node, Node::Template(TemplateRef::Rank(_))))
    }

    /// The same condition for a file the templates of which have these ranks, the most frequent first.
    #[must_use]
    pub fn with_ranks(&self, ranks: &[TemplateId]) -> Self {
        Self(self.0.map(&|node| match node {
            Node::Template(template) => Some(match template.resolved(ranks) {
                Some(template) => Node::Template(template),
                None => Node::Known(false),
            }),
            _ => None,
        }))
    }

    /// Whether it is about templates.
    pub fn needs_templates(&self) -> bool {
        self.0.needs_templates()
    }

    /// Whether it is about times, which lines may have from those before them.
    pub(crate) fn needs_times(&self) -> bool {
        self.0.needs_times()
    }

    /// Whether a line meets the condition.
    pub(crate) fn holds(&self, line: &[u8], facts: &Facts<'_>) -> bool {
        self.0.holds(&LineSubject { line, facts })
    }

    /// What is certain of all lines of which this is known.
    pub(crate) fn verdict(&self, known: &Known<'_>) -> Option<bool> {
        self.0.verdict(known)
    }

    /// What every line holds that meets the condition.
    pub(crate) fn required(&self) -> Vec<Vec<Literal>> {
        self.0.required()
    }
}

impl Node {
    /// Whether it holds for a line, or a row.
    pub(crate) fn holds(&self, subject: &dyn Subject) -> bool {
        match self {
            Self::Known(known) => *known,
            Self::All(nodes) => nodes.iter().all(|node| node.holds(subject)),
            Self::Some(nodes) => nodes.iter().any(|node| node.holds(subject)),
            Self::Not(node) => !node.holds(subject),
            Self::Time(since, until) => subject.time().is_some_and(|time| {
                since.is_none_or(|since| since <= time) && until.is_none_or(|until| time < until)
            }),
            Self::Level(set) => subject.severity().is_some_and(|severity| set.contains(severity)),
            Self::Template(template) => subject.template().is_some_and(|id| template.names(id)),
            Self::Line(first, last) => {
                subject.number().is_some_and(|number| (*first..=*last).contains(&number))
            }
            Self::Field(field, test) => subject.passes(field, test),
        }
    }

    fn verdict(&self, known: &Known<'_>) -> Option<bool> {
        match self {
            Self::Known(known) => Some(*known),
            Self::All(nodes) => joined(nodes, known, false),
            Self::Some(nodes) => joined(nodes, known, true),
            Self::Not(node) => node.verdict(known).map(|verdict| !verdict),
            Self::Time(since, until) => {
                let (least, greatest) = known.times?;
                let since = since.unwrap_or(i64::MIN);
                let starts = if since <= least { Some(true) } else { never(greatest < since) };
                let ends = match until {
                    Some(until) if greatest >= *until => never(least >= *until),
                    _ => Some(true),
                };
                both(starts, ends)
            }
            Self::Level(set) => {
                let (occur, some_have_none) = known.severities?;
                let any = |wanted| {
                    let mut all = Severity::ALL.into_iter();
                    all.any(|level| occur.contains(level) && set.contains(level) == wanted)
                };
                match (any(true), any(false) || some_have_none) {
                    (true, true) => None,
                    (holds, _) => Some(holds),
                }
            }
            Self::Template(template) => known.template.map(|id| template.names(id)),
            Self::Line(first, last) => {
                let (least, greatest) = known.numbers?;
                if *first <= least && greatest <= *last {
                    return Some(true);
                }
                never(greatest < *first || *last < least)
            }
            Self::Field(FieldName::File, test) => known.file.map(|file| test.passes(file)),
            Self::Field(FieldName::Template, test) => {
                Some(test.passes(known.template?.to_string().as_bytes()))
            }
            Self::Field(..) => None,
        }
    }

    fn required(&self) -> Vec<Vec<Literal>> {
        match self {
            Self::All(nodes) => nodes.iter().flat_map(Self::required).collect(),
            Self::Some(nodes) => {
                let mut choice = Vec::new();
                for node in nodes {
                    let best = node.required().into_iter().max_by_key(|choice| shortest(choice));
                    let Some(best) = best else { return Vec::new() };
                    choice.extend(best);
                }
                if choice.is_empty() || choice.len() > CHOICES_MAX {
                    return Vec::new();
                }
                vec![choice]
            }
            Self::Field(FieldName::Message | FieldName::Word(_), test) => test.required(),
            Self::Field(FieldName::Own(name), test) if !test.passes(b"") => {
                let mut required: Vec<_> =
                    test.required().into_iter().filter_map(in_quotes).collect();
                let last = fields::last_name(name);
                if !last.iter().all(u8::is_ascii_digit) {
                    let name = Literal::new(last, false);
                    required.extend(in_quotes(vec![name]));
                }
                required
            }
            Self::Level(set) => required_of(*set),
            _ => Vec::new(),
        }
    }

    /// Whether it is about templates.
    pub(crate) fn needs_templates(&self) -> bool {
        self.any(&|node| matches!(node, Self::Template(_) | Self::Field(FieldName::Template, _)))
    }

    /// Whether it is about times.
    pub(crate) fn needs_times(&self) -> bool {
        self.any(&|node| matches!(node, Self::Time(..) | Self::Field(FieldName::Time, _)))
    }

    fn any(&self, is: &dyn Fn(&Self) -> bool) -> bool {
        is(self)
            || match self {
                Self::All(nodes) | Self::Some(nodes) => nodes.iter().any(|node| node.any(is)),
                Self::Not(node) => node.any(is),
                _ => false,
            }
    }

    /// The same with some of its parts replaced.
    fn map(&self, change: &dyn Fn(&Self) -> Option<Self>) -> Self {
        if let Some(changed) = change(self) {
            return changed;
        }
        let all = |nodes: &[Self]| nodes.iter().map(|node| node.map(change)).collect();
        match self {
            Self::All(nodes) => Self::All(all(nodes)),
            Self::Some(nodes) => Self::Some(all(nodes)),
            Self::Not(node) => Self::Not(Box::new(node.map(change))),
            other => other.clone(),
        }
    }
}

/// What is certain of several: one that `decides` settles it.
fn joined(nodes: &[Node], known: &Known<'_>, decides: bool) -> Option<bool> {
    let mut all = Some(!decides);
    for node in nodes {
        match node.verdict(known) {
            Some(verdict) if verdict == decides => return Some(decides),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}

fn never(is_never: bool) -> Option<bool> {
    is_never.then_some(false)
}

fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn shortest(choice: &[Literal]) -> usize {
    choice.iter().map(|literal| literal.bytes.len()).min().unwrap_or(0)
}

/// What stands in a line of values that hold one of these, where letters may be escaped: the longest part of each that has
/// no escape of its own, or the start of the escape that stands for any letter.
fn in_quotes(choice: Vec<Literal>) -> Option<Vec<Literal>> {
    let mut parts = Vec::with_capacity(choice.len() + 1);
    for literal in choice {
        let may_be_escaped = |&byte: &u8| byte < 0x20 || matches!(byte, b'"' | b'\\' | b'/');
        let part = literal.bytes.split(may_be_escaped).max_by_key(|part| part.len())?;
        if part.is_empty() {
            return None;
        }
        parts.push(Literal::new(part, literal.folded));
    }
    parts.push(Literal::new(b"\\u", false));
    Some(parts)
}

/// A line of a log.
pub(crate) struct LineSubject<'a> {
    pub(crate) line: &'a [u8],
    pub(crate) facts: &'a Facts<'a>,
}

impl Subject for LineSubject<'_> {
    fn time(&self) -> Option<i64> {
        self.facts.time
    }

    fn severity(&self) -> Option<Severity> {
        Severity::of_line(self.line)
    }

    fn template(&self) -> Option<TemplateId> {
        self.facts.template
    }

    fn number(&self) -> Option<u64> {
        self.facts.number
    }

    fn passes(&self, field: &FieldName, test: &Test) -> bool {
        match field {
            FieldName::Own(name) => {
                let mut found = false;
                let passed = fields::any(self.line, name, &mut |value| {
                    found = true;
                    test.passes(value)
                });
                passed || (!found && test.passes(b""))
            }
            field => test.passes(&value(field, self.line, self.facts).unwrap_or_default()),
        }
    }
}

/// The first value of a field of a line, as text.
pub(crate) fn value<'a>(
    field: &FieldName,
    line: &'a [u8],
    facts: &Facts<'a>,
) -> Option<std::borrow::Cow<'a, [u8]>> {
    let shown = |text: String| Some(text.into_bytes().into());
    match field {
        FieldName::Message => Some(line.into()),
        FieldName::Time => shown(crate::column::timestamp::show_time(facts.time?)),
        FieldName::Level => Some(Severity::of_line(line)?.name().as_bytes().into()),
        FieldName::File => Some(facts.file.into()),
        FieldName::Template => shown(facts.template?.to_string()),
        FieldName::Line => shown(facts.number?.to_string()),
        FieldName::Word(number) => fields::word(line, *number).map(Into::into),
        FieldName::Own(name) => fields::first(line, name),
    }
}

/// What stands in every line of one of these severities, in some case of letters.
fn required_of(severities: SeveritySet) -> Vec<Vec<Literal>> {
    let literal = |start: &&str| Literal::new(start.as_bytes(), true);
    let starts = severities.iter().flat_map(Severity::starts);
    let choice: Vec<_> = starts.map(literal).collect();
    if choice.is_empty() { Vec::new() } else { vec![choice] }
}

/// What is required by a pattern, if there is one, by a condition, and by severities.
pub(crate) fn required(
    pattern: Option<&crate::predicate::Pattern>,
    condition: Option<&Condition>,
    severities: Option<SeveritySet>,
) -> Required {
    if condition.is_none() && severities.is_none() {
        return pattern.map(|pattern| pattern.required().clone()).unwrap_or_default();
    }
    let mut choices: Vec<_> = condition.iter().flat_map(|asked| asked.required()).collect();
    choices.extend(severities.into_iter().flat_map(required_of));
    for clause in pattern.iter().flat_map(|pattern| pattern.required().clauses()) {
        choices.push(clause.literals.clone());
    }
    Required::of_choices(choices, false)
}
