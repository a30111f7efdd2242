//! Pipes: what becomes of the lines that were selected.

use winnow::prelude::*;
use winnow::stream::Location as _;

use super::atom;
use super::stats::{Call, Function, GroupBy};
use super::{Input, Parsed, fail, fail_at, filter, rest};
use crate::fields::{FieldName, Quantity, Unit};
use crate::predicate::Node;

/// Rows that `top` gives unless it is told how many.
const TOP_DEFAULT: u64 = 10;
/// Columns of one pipe.
const COLUMNS_MAX: usize = 64;

/// A step behind the condition.
#[derive(Clone, Debug)]
pub(crate) enum Pipe {
    /// Rows of these fields.
    Fields(Vec<FieldName>),
    /// Rows that meet a condition.
    Where(Node),
    /// A row for each group.
    Stats { by: Vec<GroupBy>, calls: Vec<Call> },
    /// Rows in another order, and of these as many as are wanted. Descending columns are marked.
    Sort { by: Vec<(FieldName, bool)>, offset: u64, limit: Option<u64> },
    /// The first rows.
    Limit(u64),
    /// All but the first rows.
    Offset(u64),
}

impl Pipe {
    /// Whether what comes out are lines if what goes in are.
    pub(super) fn keeps_lines(&self) -> bool {
        !matches!(self, Self::Fields(_) | Self::Stats { .. })
    }

    /// Whether a field is looked at.
    pub(super) fn uses(&self, field: &FieldName) -> bool {
        match self {
            Self::Fields(fields) => fields.contains(field),
            Self::Where(node) => match field {
                FieldName::Time => node.needs_times(),
                FieldName::Template => node.needs_templates(),
                _ => false,
            },
            Self::Stats { by, calls } => {
                by.iter().any(|by| by.field == *field)
                    || calls.iter().any(|call| call.fields.contains(field))
            }
            Self::Sort { by, .. } => by.iter().any(|(by, _)| by == field),
            Self::Limit(_) | Self::Offset(_) => false,
        }
    }
}

const PIPES: &str = "a pipe: fields, where, stats, sort, limit, offset, top or uniq";

/// Takes a pipe, which may be made of several.
pub(super) fn pipes(input: &mut Input<'_>) -> Parsed<Vec<Pipe>> {
    atom::blanks(input)?;
    let at = input.current_token_start();
    let name = atom::text(input, PIPES)?;
    Ok(match name.text.to_ascii_lowercase().as_str() {
        "fields" | "keep" => vec![Pipe::Fields(names(input)?)],
        "where" | "filter" => vec![Pipe::Where(filter::any(input, &FieldName::Message)?)],
        "stats" => vec![stats(input)?],
        "sort" | "order" => vec![sort(input)?],
        "limit" | "head" => vec![Pipe::Limit(atom::number(input)?)],
        "offset" | "skip" => vec![Pipe::Offset(atom::number(input)?)],
        "top" => top(input)?,
        "uniq" => uniq(input)?,
        _ => return fail_at(at, PIPES),
    })
}

fn name(input: &mut Input<'_>) -> Parsed<FieldName> {
    atom::blanks(input)?;
    Ok(FieldName::from_name(&atom::text(input, "the name of a field")?.text))
}

/// Takes names with commas between them.
fn names(input: &mut Input<'_>) -> Parsed<Vec<FieldName>> {
    let mut names = vec![name(input)?];
    while atom::took_apart(input, ",")? {
        enough(input, names.len())?;
        names.push(name(input)?);
    }
    Ok(names)
}

fn enough(input: &Input<'_>, columns: usize) -> Parsed<()> {
    if columns < COLUMNS_MAX {
        return Ok(());
    }
    fail(input, format!("no more than {COLUMNS_MAX} columns"))
}

/// Takes `by (a, b)`, `(a, b)` or `by a, b`.
fn by<T>(input: &mut Input<'_>, each: fn(&mut Input<'_>) -> Parsed<T>) -> Parsed<Option<Vec<T>>> {
    let has_word = atom::took_word(input, "by")?;
    let has_open = atom::took_apart(input, "(")?;
    if !has_word && !has_open {
        return Ok(None);
    }
    let mut items = Vec::new();
    if !(has_open && atom::took(input, ")")?) {
        items.push(each(input)?);
        while atom::took_apart(input, ",")? {
            enough(input, items.len())?;
            items.push(each(input)?);
        }
        if has_open {
            atom::need(input, ")")?;
        }
    }
    Ok(Some(items))
}

fn group_by(input: &mut Input<'_>) -> Parsed<GroupBy> {
    let field = name(input)?;
    let mut by = GroupBy { name: field.to_string(), field, span: None, step: None };
    if atom::took(input, ":")? {
        let step = atom::text(input, "the width of a group, such as 5m or 100")?;
        if by.field == FieldName::Time {
            by.span = input.state.clock.span(&step.text).filter(|&span| span > 0);
        } else {
            let quantity = Quantity::parse(step.text.as_bytes());
            by.step = quantity.filter(|quantity| quantity.billionths > 0);
        }
        if by.span.is_none() && by.step.is_none() {
            return fail_at(step.at, "the width of a group, such as 5m or 100");
        }
    }
    Ok(by)
}

fn stats(input: &mut Input<'_>) -> Parsed<Pipe> {
    let by = by(input, group_by)?.unwrap_or_default();
    let mut calls = vec![call(input)?];
    while atom::took_apart(input, ",")? {
        enough(input, calls.len())?;
        calls.push(call(input)?);
    }
    Ok(Pipe::Stats { by, calls })
}

const FUNCTIONS: &str =
    "a function: count, sum, min, max, avg, median, quantile, count_uniq or uniq_values";

/// Takes a function, its fields, and what its result is called.
fn call(input: &mut Input<'_>) -> Parsed<Call> {
    atom::blanks(input)?;
    let at = input.current_token_start();
    let function = atom::text(input, FUNCTIONS)?.text.to_ascii_lowercase();
    atom::need(input, "(")?;
    let mut parameter = String::new();
    let mut kind = match function.as_str() {
        "count" => Function::Count,
        "sum" => Function::Sum,
        "min" => Function::Min,
        "max" => Function::Max,
        "avg" => Function::Average,
        "median" => Function::Quantile(500_000_000),
        "quantile" => {
            let (text, part) = quantile(input)?;
            parameter = text + ", ";
            Function::Quantile(part)
        }
        "count_uniq" => Function::CountUnique,
        "uniq_values" => Function::UniqueValues(u64::MAX),
        _ => return fail_at(at, FUNCTIONS),
    };
    let mut fields = Vec::new();
    // `count(*)` counts rows.
    if kind == Function::Count && atom::took(input, "*")? {
        atom::blanks(input)?;
    }
    if !rest(input).starts_with(')') {
        fields = names(input)?;
    }
    atom::need(input, ")")?;
    let is_right = match kind {
        Function::Count => fields.len() <= 1,
        Function::CountUnique => !fields.is_empty(),
        _ => fields.len() == 1,
    };
    if !is_right {
        return fail_at(at, format!("{function} with one field"));
    }
    let of: Vec<_> = fields.iter().map(FieldName::to_string).collect();
    let mut name = format!("{function}({parameter}{})", of.join(", "));
    if atom::took_word(input, "limit")? {
        let limit = atom::number(input)?;
        if let Function::UniqueValues(most) = &mut kind {
            *most = limit;
        }
    }
    let has_as = atom::took_word(input, "as")?;
    atom::blanks(input)?;
    if has_as || !(rest(input).is_empty() || rest(input).starts_with(['|', ','])) {
        name = atom::text(input, "what the result is called, `,`, `|` or the end")?.text;
    }
    Ok(Call { function: kind, fields, name })
}

/// Takes the first argument of a quantile, and tells it as text too.
fn quantile(input: &mut Input<'_>) -> Parsed<(String, i128)> {
    let at = input.current_token_start();
    let text = atom::text(input, "a number from 0 to 1")?.text;
    atom::need(input, ",")?;
    match Quantity::parse(text.as_bytes()) {
        Some(Quantity { billionths: part @ 0..=1_000_000_000, unit: Unit::None }) => {
            Ok((text, part))
        }
        _ => fail_at(at, "a number from 0 to 1"),
    }
}

fn sort_by(input: &mut Input<'_>) -> Parsed<(FieldName, bool)> {
    let field = name(input)?;
    Ok((field, descends(input)?))
}

fn descends(input: &mut Input<'_>) -> Parsed<bool> {
    let ascends = atom::took_word(input, "asc")?;
    Ok(!ascends && atom::took_word(input, "desc")?)
}

fn sort(input: &mut Input<'_>) -> Parsed<Pipe> {
    let Some(mut by) = by(input, sort_by)? else { return fail(input, "`by` and fields") };
    if descends(input)? {
        for (_, descends) in &mut by {
            *descends = !*descends;
        }
    }
    let (mut offset, mut limit) = (0, None);
    loop {
        if atom::took_word(input, "limit")? {
            limit = Some(atom::number(input)?);
        } else if atom::took_word(input, "offset")? {
            offset = atom::number(input)?;
        } else {
            return Ok(Pipe::Sort { by, offset, limit });
        }
    }
}

/// The column that counts rows.
const HITS: &str = "hits";

fn grouped(fields: &[FieldName], with_hits: bool) -> Pipe {
    let by = |field: &FieldName| GroupBy {
        name: field.to_string(),
        field: field.clone(),
        span: None,
        step: None,
    };
    let count = Call { function: Function::Count, fields: Vec::new(), name: HITS.into() };
    let calls = if with_hits { vec![count] } else { Vec::new() };
    Pipe::Stats { by: fields.iter().map(by).collect(), calls }
}

/// `top 5 by (a)`: the groups with the most rows.
fn top(input: &mut Input<'_>) -> Parsed<Vec<Pipe>> {
    atom::blanks(input)?;
    let has_number = rest(input).starts_with(|c: char| c.is_ascii_digit());
    let limit = if has_number { atom::number(input)? } else { TOP_DEFAULT };
    let Some(fields) = by(input, name)?.filter(|fields| !fields.is_empty()) else {
        return fail(input, "`by` and fields");
    };
    let mut order = vec![(FieldName::from_name(HITS), true)];
    order.extend(fields.iter().map(|field| (field.clone(), false)));
    Ok(vec![grouped(&fields, true), Pipe::Sort { by: order, offset: 0, limit: Some(limit) }])
}

/// `uniq by (a) with hits`: each group once.
fn uniq(input: &mut Input<'_>) -> Parsed<Vec<Pipe>> {
    let Some(fields) = by(input, name)?.filter(|fields| !fields.is_empty()) else {
        return fail(input, "`by` and fields");
    };
    let with_hits = {
        let start = input.checkpoint();
        let with = atom::took_word(input, "with")?;
        let hits = atom::took_word(input, HITS)?;
        if with && !hits {
            input.reset(&start);
        }
        hits
    };
    let mut pipes = vec![grouped(&fields, with_hits)];
    if atom::took_word(input, "limit")? {
        pipes.push(Pipe::Limit(atom::number(input)?));
    }
    Ok(pipes)
}
