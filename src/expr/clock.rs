//! Times as people write them.

use crate::column::timestamp::days_from_civil;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 86_400 * SECOND;

pub(super) const ACCEPTED: &str =
    "a time, such as 2026-11-23T08:00, 2026-11-23, yesterday, -1h, \"2 days ago\" or @1700000000";

/// What the clock of a log shows now, and how far its zone is ahead of UTC: what times of people are read by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    now: i64,
    zone: i64,
}

impl Clock {
    /// A clock that shows `now`: nanoseconds since 1970-01-01, zone disregarded. It is UTC's.
    pub fn at(now: i64) -> Self {
        Self { now, zone: 0 }
    }

    /// The clock of a zone so many nanoseconds ahead of UTC, when UTC's shows `now`.
    pub fn in_zone(now: i64, zone: i64) -> Self {
        Self { now: now.saturating_add(zone), zone }
    }

    /// What it shows: nanoseconds since 1970-01-01, zone disregarded.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// How far its zone is ahead of UTC, in nanoseconds.
    pub fn zone(&self) -> i64 {
        self.zone
    }

    /// Reads a zone: `UTC`, `Z`, `+02:00`, `-0330`; returns nanoseconds ahead of UTC.
    pub fn parse_zone(text: &str) -> Option<i64> {
        if ["utc", "z"].contains(&text.to_ascii_lowercase().as_str()) {
            return Some(0);
        }
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let digits: String = rest.chars().filter(|&c| c != ':').collect();
        if digits.len() > 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number: i64 = digits.parse().ok()?;
        let (hours, minutes) =
            if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
        (hours <= 15 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60) * SECOND)
    }

    /// Reads a time as systemd.time(7) has them, as this clock would show it.
    pub fn time(&self, text: &str) -> Option<i64> {
        self.moment(text).map(|(time, _)| time)
    }

    /// The same, with how long it lasts: a date is a day long, a time without seconds a minute.
    pub(crate) fn moment(&self, text: &str) -> Option<(i64, i64)> {
        let (now, text) = (self.now, text.trim());
        let today = now.div_euclid(DAY).checked_mul(DAY)?;
        match text {
            "now" => return Some((now, 1)),
            "today" => return Some((today, DAY)),
            "yesterday" => return Some((today.checked_sub(DAY)?, DAY)),
            "tomorrow" => return Some((today.checked_add(DAY)?, DAY)),
            _ => {}
        }
        if let Some(ago) = text.strip_suffix(" ago") {
            return Some((now.checked_sub(self.span(ago)?)?, 1));
        }
        let time = match text.split_at_checked(1)? {
            ("-", span) => now.checked_sub(self.span(span)?),
            ("+", span) => now.checked_add(self.span(span)?),
            ("@", epoch) => decimal(epoch)?.checked_add(self.zone),
            _ => return self.date(text, today),
        };
        Some((time?, 1))
    }

    /// Reads a span of time: `1h`, `90 min`, `1d 12h`; returns nanoseconds.
    pub fn span(&self, text: &str) -> Option<i64> {
        let mut total = 0i64;
        let mut rest = text.trim();
        if rest.is_empty() {
            return None;
        }
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
            let thousandths = decimal(number)?.checked_div(1_000_000)?;
            total = total.checked_add(thousandths.checked_mul(scale)?.checked_mul(1_000)?)?;
            rest = after.trim_start();
        }
        Some(total)
    }

    /// A date, a time of today, or both; a zone behind is taken into account.
    fn date(&self, text: &str, today: i64) -> Option<(i64, i64)> {
        let (date, clock) = match text.split_once(['T', ' ']) {
            Some((date, clock)) => (date, clock.trim()),
            None if text.contains(':') => ("", text),
            None => (text, ""),
        };
        if date.is_empty() && clock.is_empty() {
            return None;
        }
        let day = if date.is_empty() { today } else { day(date)? };
        let zone_at = clock.find(['Z', '+', '-']);
        let (clock, printed) = clock.split_at(zone_at.unwrap_or(clock.len()));
        let (within, width) = if clock.is_empty() { (0, DAY) } else { time_of_day(clock.trim())? };
        let time = day.checked_add(within)?;
        if printed.is_empty() {
            return Some((time, width));
        }
        let zone = Self::parse_zone(printed)?;
        Some((time.checked_sub(zone)?.checked_add(self.zone)?, width))
    }
}

/// Seconds with a fraction.
fn decimal(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(SECOND)?.checked_add(nanos)
}

/// `10:00`, `10:00:00`, `10:00:00.5`, and how long that lasts.
fn time_of_day(text: &str) -> Option<(i64, i64)> {
    let mut parts = text.split(':');
    let (hour, minute) = (decimal(parts.next()?)?, decimal(parts.next()?)?);
    let printed = parts.next();
    let second = printed.map_or(Some(0), decimal)?;
    let in_range = hour < 24 * SECOND && minute < 60 * SECOND && second < 60 * SECOND;
    let width = match printed {
        None => MINUTE,
        Some(second) if second.contains('.') => 1,
        Some(_) => SECOND,
    };
    let is_time = in_range && parts.next().is_none();
    is_time.then_some((hour * 3600 + minute * 60 + second, width))
}

fn day(text: &str) -> Option<i64> {
    let mut parts = text.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1970..2262).contains(&year) || parts.next().is_some() {
        return None;
    }
    days_from_civil(year, month, day)?.checked_mul(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_systemd() {
        let clock = Clock::at(1_795_478_400 * SECOND + 3600 * SECOND);
        let time = |text| clock.time(text);
        assert_eq!(time("1970-01-02"), Some(DAY));
        assert_eq!(time("1970-01-02 03:04"), Some(DAY + (3 * 3600 + 240) * SECOND));
        assert_eq!(time("1970-01-01T00:00:01.5Z"), Some(SECOND + SECOND / 2));
        assert_eq!(time("1970-01-01 02:00:00+02:00"), Some(0));
        assert_eq!(Clock::in_zone(0, 3600 * SECOND).time("@60"), Some(3660 * SECOND));
        assert_eq!(time("2026-11-24"), Some(1_795_478_400 * SECOND));
        assert_eq!(time("today"), time("2026-11-24"));
        assert_eq!(time("yesterday").unwrap() + DAY, time("today").unwrap());
        assert_eq!(time("-1h"), time("today"));
        assert_eq!(time("1d 2h ago").unwrap() + DAY + 2 * 3600 * SECOND, clock.now());
        for text in ["", "soon", "2026-02-29", "25:00", "10:61", "-1y", "@x", "1970-1-1-1", "- "] {
            assert!(time(text).is_none(), "{text}");
        }
        assert_eq!(Clock::parse_zone("-0330"), Some(-12_600 * SECOND));
        assert_eq!(Clock::parse_zone("+1:00x"), None);
    }

    #[test]
    fn a_moment_is_as_long_as_it_is_written() {
        let width = |text| Clock::at(0).moment(text).unwrap().1;
        assert_eq!(width("1970-01-01"), DAY);
        assert_eq!(width("10:00"), MINUTE);
        assert_eq!(width("1970-01-01T10:00:00"), SECOND);
        assert_eq!(width("1970-01-01T10:00:00.5"), 1);
    }
}
