//! Dates ↔ days since 1970-01-01, in the proleptic Gregorian calendar.

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar, after Howard Hinnant, "chrono-compatible
/// low-level date algorithms". `None` if there is no such date.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=month_days).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Year, month and day of a number of days since 1970-01-01 (same source).
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// A time in nanoseconds since 1970-01-01 as ISO 8601 has it, zone disregarded, with as many decimal places as it takes.
pub fn show_time(nanos: i64) -> String {
    const NANOS: i64 = 1_000_000_000;
    let (seconds, fraction) = (nanos.div_euclid(NANOS), nanos.rem_euclid(NANOS));
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if fraction > 0 {
        text.push_str(format!(".{fraction:09}").trim_end_matches("000"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_to_the_places_they_have() {
        assert_eq!(show_time(0), "1970-01-01T00:00:00");
        assert_eq!(show_time(951_827_696_250_000_000), "2000-02-29T12:34:56.250");
        assert_eq!(show_time(-1), "1969-12-31T23:59:59.999999999");
    }

    #[test]
    fn every_day_of_two_centuries_round_trips() {
        for days in 0..84_000 {
            let (year, month, day) = civil(days);
            assert_eq!(days_from_civil(year, month, day), Some(days));
        }
    }
}
