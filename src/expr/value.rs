//! Tests of one field.

use winnow::prelude::*;
use winnow::stream::Location as _;
use winnow::token::take_while;

use super::atom::{self, Word};
use super::filter::{has, ways};
use super::{Input, Parsed, fail, fail_at, rest};
use crate::fields::FieldName;
use crate::line::Severity;
use crate::predicate::{
    Case, FieldTest, Node, Pattern, PatternBuilder, SeveritySet, TemplateRef, Test,
};

fn is_value(c: char) -> bool {
    !c.is_whitespace() && !"()[]|,\"'`*".contains(c)
}

/// A range, and whether each end belongs to it.
struct Range {
    from: Word,
    with_from: bool,
    to: Word,
    with_to: bool,
}

/// Takes the operand of an operator.
pub(super) fn compared(input: &mut Input<'_>, field: &FieldName, operator: &str) -> Parsed<Node> {
    atom::blanks(input)?;
    let at = input.current_token_start();
    let (operator, negated) = match operator {
        "!=" => ("=", true),
        "!~" => ("~", true),
        "==" => ("=", false),
        "=~" => ("~", false),
        operator => (operator, false),
    };
    if operator == "=" && atom::took(input, "*")? {
        let any = Node::Field(field.clone(), Test::Any);
        return Ok(if negated { Node::Not(Box::new(any)) } else { any });
    }
    let operand = atom::text_of(input, is_value, "a value")?;
    let node = match (operator, field) {
        ("~", _) => Node::Field(field.clone(), Test::Matches(pattern(&operand)?)),
        (_, FieldName::Time) => time_compared(input, operator, &operand)?,
        (_, FieldName::Level) => level_compared(operator, &operand)?,
        ("=", FieldName::Template) => Node::Template(template(&operand)?),
        (_, FieldName::Line) => line_compared(operator, &operand)?,
        ("=", _) if atom::took(input, "*")? => {
            Node::Field(field.clone(), FieldTest::starts_with(operand.text.as_bytes()).0)
        }
        ("=", _) => Node::Field(field.clone(), FieldTest::equals(operand.text.as_bytes()).0),
        (_, FieldName::Template) => {
            return fail_at(at, "a template behind `=`: they have no order");
        }
        _ => {
            let test = FieldTest::compares(ways(operator), operand.text.as_bytes());
            Node::Field(field.clone(), test.0)
        }
    };
    Ok(if negated { Node::Not(Box::new(node)) } else { node })
}

/// Takes what stands behind the colon of a field, where that is no operator.
pub(super) fn of_field(input: &mut Input<'_>, field: &FieldName) -> Parsed<Node> {
    if atom::took(input, "*")? {
        return Ok(match field {
            FieldName::Message => Node::Known(true),
            field => Node::Field(field.clone(), Test::Any),
        });
    }
    if *field == FieldName::Time && rest(input).starts_with(['[', '(']) {
        let range = range(input)?;
        return time_range(input, &range);
    }
    if let Some(node) = call(input, field)? {
        return Ok(node);
    }
    let value = atom::text_of(input, is_value, "a value")?;
    match field {
        _ if value.is_quoted && value.text.is_empty() => {
            Ok(Node::Not(Box::new(Node::Field(field.clone(), Test::Any))))
        }
        FieldName::Time => match input.state.clock.span(&value.text) {
            Some(span) => {
                let now = input.state.clock.now();
                Ok(Node::Time(now.checked_sub(span), now.checked_add(1)))
            }
            None => time_compared(input, "=", &value),
        },
        FieldName::Level => Ok(Node::Level(levels(&value)?)),
        FieldName::Template => Ok(Node::Template(template(&value)?)),
        FieldName::Line => line_compared("=", &value),
        field => phrase(input, field, &value),
    }
}

/// Takes the star behind a phrase, if there is one.
pub(super) fn phrase(input: &mut Input<'_>, field: &FieldName, value: &Word) -> Parsed<Node> {
    let is_prefix = atom::took(input, "*")?;
    if value.text.is_empty() {
        // An empty phrase is in every line.
        return Ok(Node::Known(true));
    }
    let test = has(value.at, &value.text, is_prefix, Case::Sensitive)?;
    Ok(Node::Field(field.clone(), test.0))
}

/// Takes `in(…)`, `range(…)` or `i(…)`, if one comes next.
pub(super) fn call(input: &mut Input<'_>, field: &FieldName) -> Parsed<Option<Node>> {
    let next = rest(input);
    if next.starts_with("in(") {
        input.next_slice("in".len());
        return one_of(input, field).map(Some);
    }
    if next.starts_with("range(") || next.starts_with("range[") {
        input.next_slice("range".len());
        let range = range(input)?;
        return in_range(input, field, &range).map(Some);
    }
    if next.starts_with("i(") {
        input.next_slice("i(".len());
        atom::blanks(input)?;
        let value = atom::text_of(input, is_value, "a word or a phrase")?;
        let is_prefix = atom::took(input, "*")?;
        atom::need(input, ")")?;
        let test = has(value.at, &value.text, is_prefix, Case::Insensitive)?;
        return Ok(Some(Node::Field(field.clone(), test.0)));
    }
    Ok(None)
}

fn one_of(input: &mut Input<'_>, field: &FieldName) -> Parsed<Node> {
    atom::need(input, "(")?;
    let mut values = Vec::new();
    while !atom::took(input, ")")? {
        values.push(atom::text_of(input, is_value, "a value or `)`")?);
        atom::blanks(input)?;
        if !rest(input).starts_with(')') {
            atom::need(input, ",")?;
        }
    }
    match field {
        FieldName::Level => {
            let mut set = SeveritySet::new();
            for value in &values {
                for level in levels(value)?.iter() {
                    set.insert(level);
                }
            }
            Ok(Node::Level(set))
        }
        FieldName::Template => {
            let templates = values.iter().map(|value| template(value).map(Node::Template));
            Ok(Node::Some(templates.collect::<Result<_, _>>()?))
        }
        FieldName::Line | FieldName::Time => {
            fail(input, "another condition: `in(…)` is not for lines and times")
        }
        field => {
            let texts = values.into_iter().map(|value| value.text.into_bytes()).collect();
            Ok(Node::Field(field.clone(), FieldTest::one_of(texts).0))
        }
    }
}

/// Takes `(a, b]` and its like.
fn range(input: &mut Input<'_>) -> Parsed<Range> {
    let is_end = |c: char| !"()[]|,\"'`".contains(c);
    let with_from = atom::took(input, "[")?;
    if !with_from {
        atom::need(input, "(")?;
    }
    atom::blanks(input)?;
    let mut from = atom::text_of(input, is_end, "where the range starts")?;
    atom::need(input, ",")?;
    let mut to = atom::text_of(input, is_end, "where the range ends")?;
    for end in [&mut from, &mut to] {
        end.text.truncate(end.text.trim_end().len());
    }
    atom::blanks(input)?;
    let with_to = atom::took(input, "]")?;
    if !with_to && !atom::took(input, ")")? {
        return fail(input, "`)` or `]`");
    }
    Ok(Range { from, with_from, to, with_to })
}

fn in_range(input: &Input<'_>, field: &FieldName, range: &Range) -> Parsed<Node> {
    let (low, high) = match (range.with_from, range.with_to) {
        (true, true) => (">=", "<="),
        (true, false) => (">=", "<"),
        (false, true) => (">", "<="),
        (false, false) => (">", "<"),
    };
    match field {
        FieldName::Time => time_range(input, range),
        FieldName::Level => {
            Ok(Node::All(vec![level_compared(low, &range.from)?, level_compared(high, &range.to)?]))
        }
        FieldName::Line => {
            Ok(Node::All(vec![line_compared(low, &range.from)?, line_compared(high, &range.to)?]))
        }
        FieldName::Template => fail(input, "another condition: templates have no order"),
        field => {
            let test = |operator, end: &Word| {
                let test = FieldTest::compares(ways(operator), end.text.as_bytes());
                Node::Field(field.clone(), test.0)
            };
            Ok(Node::All(vec![test(low, &range.from), test(high, &range.to)]))
        }
    }
}

/// The first and the last nanosecond of a time, and one more: `2026-11-24` is a day long.
fn moment(input: &Input<'_>, text: &Word) -> Parsed<(i64, i64)> {
    let moment = input.state.clock.moment(&text.text);
    let end = moment.and_then(|(time, width)| Some((time, time.checked_add(width)?)));
    match end {
        Some(moment) => Ok(moment),
        None => fail_at(text.at, super::clock::ACCEPTED),
    }
}

fn time_compared(input: &mut Input<'_>, operator: &str, operand: &Word) -> Parsed<Node> {
    let mut operand = operand.clone();
    if !operand.is_quoted {
        // `2026-11-24 10:00` without quotes: the time of day is a word of its own.
        let start = input.checkpoint();
        atom::blanks(input)?;
        let clock: &str = take_while(0.., |c: char| c.is_ascii_digit() || c == ':' || c == '.')
            .parse_next(input)?;
        let joined = format!("{} {clock}", operand.text);
        if clock.contains(':') && input.state.clock.moment(&joined).is_some() {
            operand.text = joined;
        } else {
            input.reset(&start);
        }
    }
    let (start, end) = moment(input, &operand)?;
    Ok(match operator {
        "<" => Node::Time(None, Some(start)),
        "<=" => Node::Time(None, Some(end)),
        ">" => Node::Time(Some(end), None),
        ">=" => Node::Time(Some(start), None),
        _ => Node::Time(Some(start), Some(end)),
    })
}

fn time_range(input: &Input<'_>, range: &Range) -> Parsed<Node> {
    let ((from, behind_from), (to, behind_to)) =
        (moment(input, &range.from)?, moment(input, &range.to)?);
    let since = if range.with_from { from } else { behind_from };
    Ok(Node::Time(Some(since), Some(if range.with_to { behind_to } else { to })))
}

fn level(text: &str, at: usize) -> Parsed<Severity> {
    if let Some(severity) = Severity::from_name(text.trim()) {
        return Ok(severity);
    }
    let names = Severity::ALL.map(Severity::name).join(", ");
    fail_at(at, format!("a level: {names}, or a range such as warn.."))
}

/// `warn`, `warn..`, `info..error`.
fn levels(value: &Word) -> Parsed<SeveritySet> {
    let (low, high) = match value.text.split_once("..") {
        Some((low, high)) => {
            let end =
                |text: &str, open| if text.is_empty() { Ok(open) } else { level(text, value.at) };
            (end(low, Severity::Trace)?, end(high, Severity::Emergency)?)
        }
        None => (level(&value.text, value.at)?, level(&value.text, value.at)?),
    };
    Ok(set_of(|severity| (low..=high).contains(&severity)))
}

fn set_of(holds: impl Fn(Severity) -> bool) -> SeveritySet {
    let mut set = SeveritySet::new();
    for severity in Severity::ALL.into_iter().filter(|&severity| holds(severity)) {
        set.insert(severity);
    }
    set
}

fn level_compared(operator: &str, operand: &Word) -> Parsed<Node> {
    if operator == "=" {
        return Ok(Node::Level(levels(operand)?));
    }
    let bound = level(&operand.text, operand.at)?;
    let holds = |severity: Severity| ways(operator).contains(&severity.cmp(&bound));
    Ok(Node::Level(set_of(holds)))
}

fn line_compared(operator: &str, operand: &Word) -> Parsed<Node> {
    let read = |text: &str| match text.trim().parse::<u64>() {
        Ok(number) => Ok(number),
        Err(_) => fail_at(operand.at, "the number of a line, or a range such as 10..20"),
    };
    if let (Some((low, high)), "=") = (operand.text.split_once(".."), operator) {
        let low = if low.is_empty() { 0 } else { read(low)? };
        return Ok(Node::Line(low, if high.is_empty() { u64::MAX } else { read(high)? }));
    }
    let number = read(&operand.text)?;
    Ok(match (operator, number) {
        ("<", 0) | (">", u64::MAX) => Node::Known(false),
        ("<", _) => Node::Line(0, number - 1),
        ("<=", _) => Node::Line(0, number),
        (">", _) => Node::Line(number + 1, u64::MAX),
        (">=", _) => Node::Line(number, u64::MAX),
        _ => Node::Line(number, number),
    })
}

fn template(value: &Word) -> Parsed<TemplateRef> {
    match TemplateRef::from_name(&value.text) {
        Some(template) => Ok(template),
        None => fail_at(value.at, "a template: its rank, such as 3, or its id, such as t3fa2c901"),
    }
}

fn pattern(value: &Word) -> Parsed<Pattern> {
    let built = PatternBuilder::new().add_whole(value.text.as_bytes()).build();
    built.or_else(|err| {
        let what = err.to_string();
        let last = what.lines().last().unwrap_or_default().trim_start_matches("error: ");
        fail_at(value.at, format!("a regular expression ({last})"))
    })
}
