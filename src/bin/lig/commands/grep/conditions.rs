//! `--since`, `--until`, `--level`, `--field`, `--template` as people write them.

use std::cmp::Ordering::{Equal, Greater, Less};
use std::time::{SystemTime, UNIX_EPOCH};

use lignite::{
    Clock, Condition, FieldName, FieldTest, PatternBuilder, Severity, SeveritySet, TemplateRef,
};

use super::args::GrepArgs;

/// What the clock of a log shows now that prints the times of a zone so many nanoseconds ahead of UTC.
pub(crate) fn clock(zone: i64) -> Clock {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Clock::in_zone(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX), zone)
}

/// Parses `UTC`, `Z`, `+02:00`, `-0330`: nanoseconds ahead of UTC.
pub(crate) fn parse_zone(text: &str) -> Result<i64, String> {
    Clock::parse_zone(text)
        .ok_or_else(|| "a zone is UTC or its distance, such as +02:00".to_owned())
}

/// Reads a time, if there is one.
pub(crate) fn time_of(text: Option<&str>, clock: &Clock) -> anyhow::Result<Option<i64>> {
    let Some(text) = text else { return Ok(None) };
    clock.time(text).map(Some).ok_or_else(|| {
        anyhow::anyhow!("a time is such as \"2026-11-23 08:00\", \"2026-11-23\", \"yesterday\", \"-1h\", \"2 days ago\", \"@1700000000\"")
    })
}

/// Parses `warn`, `warn..`, `info..error`, `..debug`, and lists of these.
pub(crate) fn parse_levels(text: &str) -> Result<SeveritySet, String> {
    let mut set = SeveritySet::new();
    for part in text.split(',') {
        let level = |name: &str, open: Severity| {
            if name.is_empty() { Some(open) } else { Severity::from_name(name.trim()) }
        };
        let range = match part.split_once("..") {
            Some((low, high)) => level(low, Severity::Trace).zip(level(high, Severity::Emergency)),
            None => Severity::from_name(part.trim()).map(|level| (level, level)),
        };
        let Some((low, high)) = range else {
            let names = Severity::ALL.map(Severity::name).join(", ");
            return Err(format!("a level is one of {names}, or a range such as warn.."));
        };
        for severity in Severity::ALL.into_iter().filter(|level| (low..=high).contains(level)) {
            set.insert(severity);
        }
    }
    Ok(set)
}

/// Parses `user=root`, `took>=1.5s`, `path!~^/api`.
pub(crate) fn parse_field(text: &str) -> Result<Condition, String> {
    let accepted = || {
        "a condition on a field is NAME=VALUE, NAME!=VALUE, NAME~REGEX, NAME!~REGEX, NAME>N, NAME>=N, NAME<N or NAME<=N"
            .to_owned()
    };
    let at = text.find(['=', '!', '~', '<', '>']).filter(|&at| at > 0).ok_or_else(accepted)?;
    let (name, rest) = text.split_at(at);
    let operators = ["!=", "!~", ">=", "<=", "=", "~", ">", "<"];
    let operator = operators.into_iter().find(|operator| rest.starts_with(operator));
    let operator = operator.ok_or_else(accepted)?;
    let value = rest.get(operator.len()..).unwrap_or_default().as_bytes();
    let compares = |ways: &[_]| FieldTest::compares(ways, value);
    let test = match operator {
        "=" | "!=" => FieldTest::equals(value),
        ">" => compares(&[Greater]),
        ">=" => compares(&[Greater, Equal]),
        "<" => compares(&[Less]),
        "<=" => compares(&[Less, Equal]),
        _ => {
            let pattern = PatternBuilder::new().add_whole(value).build();
            FieldTest::matches(pattern.map_err(|err| err.to_string())?)
        }
    };
    let condition = Condition::field(FieldName::from_name(name), test);
    Ok(if operator.starts_with('!') { condition.negated() } else { condition })
}

/// Parses `3`, `t3fa2c901`, `t3fa2`.
pub(crate) fn parse_template(text: &str) -> Result<TemplateRef, String> {
    TemplateRef::from_name(text).ok_or_else(|| {
        "a template is its rank, such as 3, or its id, such as t3fa2c901, as lig templates lists them".to_owned()
    })
}

/// What the flags ask of fields and templates.
pub(crate) fn condition(args: &GrepArgs) -> Option<Condition> {
    let mut all = args.fields.clone();
    if !args.templates.is_empty() {
        let templates = args.templates.iter().copied().map(Condition::template);
        all.push(Condition::any_of(templates.collect()));
    }
    all.extend(args.not_templates.iter().map(|&template| Condition::template(template).negated()));
    (!all.is_empty()).then(|| Condition::all_of(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_compared_in_several_ways() {
        let holds = |text: &str, line: &str| parse_field(text).unwrap().is_met_by(line.as_bytes());
        assert!(holds("user=root", "user=root x") && !holds("user=root", "user=rooty"));
        assert!(holds("user!=root", "x") && holds("path~^/a", "path=/ab"));
        assert!(holds("took>=1s", "took=1000ms") && !holds("took<1s", "took=1000ms"));
        assert!(holds("n=a=b", "n='a=b'"));
        for text in ["user", "=x", "a~(", ""] {
            assert!(parse_field(text).is_err(), "{text}");
        }
    }

    #[test]
    fn levels_have_ranges() {
        let holds = |text: &str| {
            let set = parse_levels(text).unwrap();
            Severity::ALL
                .into_iter()
                .filter(|&level| set.contains(level))
                .map(Severity::name)
                .collect::<Vec<_>>()
        };
        assert_eq!(holds("error.."), ["error", "critical", "alert", "emergency"]);
        assert_eq!(holds("..debug,WARN"), ["trace", "debug", "warning"]);
        assert!(parse_levels("loud").is_err());
    }
}
