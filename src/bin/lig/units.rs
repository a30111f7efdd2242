//! Sizes and times, as people write and read them.

use std::time::Duration;

/// Reads `64K`, `16M`, `1GiB`, …; units are powers of 1024 where they end in `iB` or stand alone, of 1000 with `B`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit_bytes: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return Err("a number with K, M, G, KiB, MiB, GiB, KB, MB or GB is expected".into()),
    };
    let number: u64 =
        number.parse().map_err(|_| "a number is expected before the unit".to_owned())?;
    number.checked_mul(unit_bytes).ok_or_else(|| "too large".to_owned())
}

/// Reads `1s`, `500ms`, `2m`, `0`, `off`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if text == "off" {
        return Ok(Duration::ZERO);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 =
        number.parse().map_err(|_| "a time such as 1s or 500ms is expected".to_owned())?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "" | "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        _ => Err("a time in ms, s or m is expected".into()),
    }
}

/// Bytes for people, in powers of 1000.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn bytes(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["B", "KB", "MB", "GB"] {
        if value < 1000.0 {
            return if unit == "B" { format!("{count} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// Raw over stored.
#[expect(clippy::cast_precision_loss, reason = "a few digits are shown")]
pub(crate) fn ratio(raw: u64, stored: u64) -> f64 {
    if stored == 0 { 0.0 } else { raw as f64 / stored as f64 }
}

/// A name for a terminal: what is not printable is escaped.
pub(crate) fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|c| {
            if c.is_control() || is_bidi(c) {
                c.escape_default().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times() {
        assert_eq!(size("64K"), Ok(65_536));
        assert_eq!(size("1MB"), Ok(1_000_000));
        assert!(size("12x").is_err() && size("G").is_err());
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("off"), Ok(Duration::ZERO));
        assert_eq!(bytes(1_234_567), "1.2 MB");
        assert_eq!(name(b"a\x1b[31m"), "a\\u{1b}[31m");
    }
}
