//! `--since`, `--until`, `--level`, `--field`, `--template` as people write them.

use std::cmp::Ordering::{Equal, Greater, Less};
use std::time::{SystemTime, UNIX_EPOCH};

use lignite::{
    Condition, FieldName, FieldTest, PatternBuilder, Severity, SeveritySet, TemplateRef,
};

use super::args::GrepArgs;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// What the clock shows in a zone that is so many nanoseconds ahead of UTC.
pub(crate) fn now(zone: i64) -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX).saturating_add(zone)
}

/// Parses `UTC`, `Z`, `+02:00`, `-0330`: nanoseconds ahead of UTC.
pub(crate) fn parse_zone(text: &str) -> Result<i64, String> {
    let accepted = || "a zone is UTC or its distance, such as +02:00".to_owned();
    if ["utc", "z"].contains(&text.to_ascii_lowercase().as_str()) {
        return Ok(0);
    }
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(accepted()),
    };
    let digits: String = rest.chars().filter(|&c| c != ':').collect();
    let number: i64 = digits.parse().map_err(|_| accepted())?;
    let (hours, minutes) =
        if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    if digits.len() > 4 || hours > 15 || minutes > 59 {
        return Err(accepted());
    }
    Ok(sign * (hours * 3600 + minutes * 60) * SECOND)
}

/// Parses a time as systemd.time(7) has them, as the clock of a zone shows it.
pub(crate) fn parse_time(text: &str, zone: i64) -> Result<i64, String> {
    let now = now(zone);
    let text = text.trim();
    let today = now.div_euclid(DAY) * DAY;
    let time = match text {
        "now" => Some(now),
        "today" => Some(today),
        "yesterday" => Some(today - DAY),
        "tomorrow" => Some(today + DAY),
        _ => None,
    };
    let relative = || {
        if let Some(ago) = text.strip_suffix(" ago") {
            return now.checked_sub(parse_span(ago)?);
        }
        match text.split_at_checked(1)? {
            ("-", span) => now.checked_sub(parse_span(span)?),
            ("+", span) => now.checked_add(parse_span(span)?),
            ("@", epoch) => parse_decimal(epoch)?.checked_add(zone),
            _ => None,
        }
    };
    time.or_else(relative).or_else(|| parse_date(text, today, zone)).ok_or_else(|| {
        "a time is such as \"2026-11-23 08:00\", \"2026-11-23\", \"yesterday\", \"-1h\", \"2 days ago\", \"@1700000000\""
            .to_owned()
    })
}

/// Seconds with a fraction.
fn parse_decimal(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(SECOND)?.checked_add(nanos)
}

/// `1h`, `90 min`, `1d 12h`.
fn parse_span(text: &str) -> Option<i64> {
    let mut total = 0i64;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let scale = match unit {
            "ms" | "msec" => 1,
            "" | "s" | "sec" | "second" | "seconds" => 1_000,
            "m" | "min" | "minute" | "minutes" => 60_000,
            "h" | "hr" | "hour" | "hours" => 3_600_000,
            "d" | "day" | "days" => 86_400_000,
            "w" | "week" | "weeks" => 604_800_000,
            _ => return None,
        };
        let thousandths = parse_decimal(number)?.checked_div(1_000_000)?;
        total = total.checked_add(thousandths.checked_mul(scale)?.checked_mul(1_000)?)?;
        rest = after.trim_start();
    }
    (!text.trim().is_empty()).then_some(total)
}

/// A date, a time of today, or both; a zone behind is taken into account.
fn parse_date(text: &str, today: i64, zone: i64) -> Option<i64> {
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, clock.trim()),
        None if text.contains(':') => ("", text),
        None => (text, ""),
    };
    if date.is_empty() && clock.is_empty() {
        return None;
    }
    let day = if date.is_empty() { today } else { parse_day(date)? };
    let zone_at = clock.find(['Z', '+', '-']);
    let (clock, printed) = clock.split_at(zone_at.unwrap_or(clock.len()));
    let within = if clock.is_empty() { 0 } else { parse_clock(clock.trim())? };
    let time = day.checked_add(within)?;
    if printed.is_empty() {
        return Some(time);
    }
    time.checked_sub(parse_zone(printed).ok()?)?.checked_add(zone)
}

fn parse_clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let (hour, minute) = (parse_decimal(parts.next()?)?, parse_decimal(parts.next()?)?);
    let second = parts.next().map_or(Some(0), parse_decimal)?;
    let in_range = hour < 24 * SECOND && minute < 60 * SECOND && second < 60 * SECOND;
    (in_range && parts.next().is_none()).then_some(hour * 3600 + minute * 60 + second)
}

/// Nanoseconds of a date, after Howard Hinnant, "chrono-compatible low-level date algorithms".
fn parse_day(text: &str) -> Option<i64> {
    let mut parts = text.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1970..2262).contains(&year) || !(1..=12).contains(&month) || parts.next().is_some() {
        return None;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => 31,
    };
    if !(1..=month_days).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days =
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (days - 719_468).checked_mul(DAY)
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
    fn times_are_those_of_systemd() {
        let utc = |text| parse_time(text, 0).ok();
        assert_eq!(utc("1970-01-02"), Some(DAY));
        assert_eq!(utc("1970-01-02 03:04"), Some(DAY + (3 * 3600 + 240) * SECOND));
        assert_eq!(utc("1970-01-01T00:00:01.5Z"), Some(SECOND + SECOND / 2));
        assert_eq!(utc("1970-01-01 02:00:00+02:00"), Some(0));
        assert_eq!(parse_time("@60", 3600 * SECOND), Ok(3660 * SECOND));
        assert_eq!(utc("2026-11-24"), Some(1_795_478_400 * SECOND));
        assert_eq!(utc("yesterday").unwrap() + DAY, utc("today").unwrap());
        let hour = utc("now").unwrap() - utc("-1h").unwrap();
        assert!((hour - 3600 * SECOND).abs() < SECOND);
        let span = utc("now").unwrap() - utc("1d 2 hours ago").unwrap();
        assert!((span - DAY - 7200 * SECOND).abs() < SECOND);
        for text in ["", "soon", "2026-02-29", "25:00", "10:61", "-1y", "@x", "1970-1-1-1"] {
            assert!(utc(text).is_none(), "{text}");
        }
    }

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
