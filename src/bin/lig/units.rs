//! Sizes and durations as people write and read them. MB is 10^6, MiB is 2^20.

use std::time::Duration;

use crate::args::Flush;

/// Parses `64K`, `16MB`, `4MiB`, `1G` or plain bytes. A bare letter is the decimal unit.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let accepted =
        || "a size is a number with K, M, G, KB, MB, GB, KiB, MiB or GiB behind it".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| accepted())?;
    let scale: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(accepted()),
    };
    number.checked_mul(scale).ok_or_else(accepted)
}

/// Parses the size of a block. Which sizes are possible is the library's word.
pub(crate) fn parse_block_size(text: &str) -> Result<u32, String> {
    u32::try_from(parse_size(text)?).map_err(|_| "a block is smaller than 4 GiB".to_owned())
}

/// Parses `500ms`, `2s`, `1m`, plain seconds, or `off`.
pub(crate) fn parse_duration(text: &str) -> Result<Flush, String> {
    if text == "off" {
        return Ok(Flush::Never);
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" | "min" => 60_000,
        _ => 0,
    };
    let accepted = || "a duration is a number with ms, s or m behind it, or off".to_owned();
    let number: u64 = number.parse().map_err(|_| accepted())?;
    match number.checked_mul(millis) {
        Some(0) if millis > 0 => Ok(Flush::Never),
        Some(duration) if millis > 0 => Ok(Flush::AfterPause(Duration::from_millis(duration))),
        _ => Err(accepted()),
    }
}

/// Parses an age, such as `12h`, `90d`, `8w`, `6m` or `2y`, as seconds. A month has 30 days, a year 365.
pub(crate) fn parse_age(text: &str) -> Result<u64, String> {
    let accepted = || "an age is a number with h, d, w, m or y behind it".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let hours: u64 = match unit {
        "h" => 1,
        "d" => 24,
        "w" => 24 * 7,
        "m" => 24 * 30,
        "y" => 24 * 365,
        _ => return Err(accepted()),
    };
    let number: u64 = number.parse().map_err(|_| accepted())?;
    number.checked_mul(hours * 3_600).ok_or_else(accepted)
}

/// Writes a number of bytes for people: `58 MB`, `1.2 GB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    for (scale, unit) in UNITS {
        if count >= scale {
            let tenths = count / (scale / 10);
            return match tenths {
                0..100 => format!("{}.{} {unit}", tenths / 10, tenths % 10),
                _ => format!("{} {unit}", tenths / 10),
            };
        }
    }
    format!("{count} B")
}

/// How many times `part` goes into `whole`, to two places.
pub(crate) fn ratio(whole: u64, part: u64) -> String {
    let hundredths = u128::from(whole) * 100 / u128::from(part.max(1));
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Numbers of things: `line 7`, `lines 7-9`.
pub(crate) fn range(what: &str, first: u64, last: u64) -> String {
    if first == last { format!("{what} {first}") } else { format!("{what}s {first}-{last}") }
}

/// `part` as a percentage of `whole`, to two places.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let hundredths = u128::from(part) * 10_000 / u128::from(whole.max(1));
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// A printed time, in nanoseconds since 1970 without regard to zone, to the second.
pub(crate) fn time(nanos: i64) -> String {
    let seconds = nanos.div_euclid(1_000_000_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days to a date of the civil calendar: eras of 400 years that begin on the 1st of March.
    let from_era = days + 719_468;
    let (era, day_of_era) = (from_era.div_euclid(146_097), from_era.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02}", second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_decimal_and_binary_units() {
        assert_eq!(parse_size("12"), Ok(12));
        assert_eq!(parse_size("2K"), Ok(2_000));
        assert_eq!(parse_size("16MB"), Ok(16_000_000));
        assert_eq!(parse_size("4MiB"), Ok(4 << 20));
        assert!(parse_size("4 apples").is_err());
        assert!(parse_size("M").is_err());
        assert!(parse_size("99999999999G").is_err());
    }

    #[test]
    fn durations_have_units_and_can_be_off() {
        assert_eq!(parse_duration("1s"), Ok(Flush::AfterPause(Duration::from_secs(1))));
        assert_eq!(parse_duration("250ms"), Ok(Flush::AfterPause(Duration::from_millis(250))));
        assert_eq!(parse_duration("0"), Ok(Flush::Never));
        assert_eq!(parse_duration("off"), Ok(Flush::Never));
        assert!(parse_duration("1 fortnight").is_err());
    }

    #[test]
    fn ages_have_units() {
        assert_eq!(parse_age("12h"), Ok(43_200));
        assert_eq!(parse_age("90d"), Ok(7_776_000));
        assert_eq!(parse_age("1y"), Ok(31_536_000));
        for bad in ["90", "d", "", "9 d", "99999999999999999999d"] {
            assert!(parse_age(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_234_000_000), "1.2 GB");
        assert_eq!(bytes(58_000_000), "58 MB");
        assert_eq!(percent(483, 10_000), "4.83%");
        assert_eq!(ratio(1_000, 300), "3.33");
    }

    #[test]
    fn times_are_civil() {
        assert_eq!(time(0), "1970-01-01 00:00:00");
        assert_eq!(time(951_827_696_000_000_000), "2000-02-29 12:34:56");
        assert_eq!(time(-1), "1969-12-31 23:59:59");
    }
}
