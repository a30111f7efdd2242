//! Conditions: `or`, `and`, `not`, parentheses, and single tests.

use std::cmp::Ordering;

use winnow::prelude::*;

use super::atom::{self, Word};
use super::value;
use super::{DEPTH_MAX, Input, Parsed, TESTS_MAX, fail, rest};
use crate::fields::FieldName;
use crate::predicate::{Case, FieldTest, Node};

/// Marks between a name and a value, longer ones first.
const OPERATORS: [&str; 10] = ["==", "=~", "!=", "!~", ">=", "<=", "=", "~", ">", "<"];

/// Takes conditions of which one has to hold. `field` is what tests without a name are about.
pub(super) fn any(input: &mut Input<'_>, field: &FieldName) -> Parsed<Node> {
    let mut nodes = vec![all(input, field)?];
    while atom::took_word(input, "or")? {
        nodes.push(all(input, field)?);
    }
    Ok(joined(nodes, Node::Some))
}

fn all(input: &mut Input<'_>, field: &FieldName) -> Parsed<Node> {
    let mut nodes = vec![one(input, field)?];
    loop {
        if atom::took_word(input, "and")? {
            nodes.push(one(input, field)?);
            continue;
        }
        let next = rest(input);
        let ends = next.is_empty() || next.starts_with(['|', ')', ',', ']']);
        if ends || atom::starts_with_word(next, "or") {
            return Ok(joined(nodes, Node::All));
        }
        nodes.push(one(input, field)?);
    }
}

fn joined(mut nodes: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(node) if nodes.is_empty() => node,
        last => {
            nodes.extend(last);
            join(nodes)
        }
    }
}

fn one(input: &mut Input<'_>, field: &FieldName) -> Parsed<Node> {
    atom::blanks(input)?;
    let mut negated = false;
    loop {
        let is_mark = rest(input).starts_with(['-', '!'])
            && !OPERATORS.iter().any(|operator| rest(input).starts_with(operator));
        if is_mark {
            input.next_slice(1);
            atom::blanks(input)?;
        } else if atom::took_word(input, "not")? {
            atom::blanks(input)?;
        } else {
            break;
        }
        negated = !negated;
    }
    let node = test(input, field)?;
    Ok(if negated { Node::Not(Box::new(node)) } else { node })
}

/// Takes a single test, or conditions in parentheses.
fn test(input: &mut Input<'_>, field: &FieldName) -> Parsed<Node> {
    input.state.tests += 1;
    if input.state.tests > TESTS_MAX {
        return fail(input, format!("no more than {TESTS_MAX} conditions"));
    }
    if rest(input).starts_with('(') {
        return parenthesized(input, field);
    }
    if let Some(operator) = operator(input) {
        return value::compared(input, field, operator);
    }
    if *field != FieldName::Message {
        return value::of_field(input, field);
    }
    if atom::took(input, "*")? {
        return Ok(Node::Known(true));
    }
    if let Some(node) = value::call(input, field)? {
        return Ok(node);
    }
    let joins = |word| atom::starts_with_word(rest(input), word);
    if joins("and") || joins("or") {
        return fail(input, "a condition");
    }
    let name = atom::text(input, "a word, a field or a condition")?;
    if atom::took(input, ":")? {
        atom::blanks(input)?;
        return of_name(input, &name);
    }
    let start = input.checkpoint();
    atom::blanks(input)?;
    if let Some(operator) = operator(input) {
        return value::compared(input, &FieldName::from_name(&name.text), operator);
    }
    input.reset(&start);
    value::phrase(input, field, &name)
}

/// Takes what stands behind the colon of a name.
fn of_name(input: &mut Input<'_>, name: &Word) -> Parsed<Node> {
    let field = FieldName::from_name(&name.text);
    if rest(input).starts_with('(') {
        return parenthesized(input, &field);
    }
    match operator(input) {
        Some(operator) => value::compared(input, &field, operator),
        None if rest(input).starts_with('!') => {
            input.next_slice(1);
            Ok(Node::Not(Box::new(value::of_field(input, &field)?)))
        }
        None => value::of_field(input, &field),
    }
}

fn parenthesized(input: &mut Input<'_>, field: &FieldName) -> Parsed<Node> {
    if input.state.depth >= DEPTH_MAX {
        return fail(input, format!("no more than {DEPTH_MAX} parentheses in each other"));
    }
    input.state.depth += 1;
    input.next_slice(1);
    let node = any(input, field)?;
    atom::blanks(input)?;
    if !atom::took(input, ")")? {
        return fail(input, "a condition or `)`");
    }
    input.state.depth -= 1;
    Ok(node)
}

/// Takes an operator if one comes next.
fn operator(input: &mut Input<'_>) -> Option<&'static str> {
    let operator = OPERATORS.into_iter().find(|operator| rest(input).starts_with(operator))?;
    input.next_slice(operator.len());
    Some(operator)
}

/// The ways of comparing that an operator stands for.
pub(super) fn ways(operator: &str) -> &'static [Ordering] {
    match operator {
        ">" => &[Ordering::Greater],
        ">=" => &[Ordering::Greater, Ordering::Equal],
        "<" => &[Ordering::Less],
        "<=" => &[Ordering::Less, Ordering::Equal],
        _ => &[Ordering::Equal],
    }
}

/// A test that holds for a phrase, or the start of one.
pub(super) fn has(at: usize, text: &str, is_prefix: bool, case: Case) -> Parsed<FieldTest> {
    let test = if is_prefix { FieldTest::has_prefix } else { FieldTest::has_phrase };
    test(text.as_bytes(), case).or_else(|err| super::fail_at(at, format!("something else: {err}")))
}
