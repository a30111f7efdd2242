//! What comes out is what went in: logs put together from every hazard we know of, at random levels and block sizes.
//!
//! `LIG_PROPTEST_CASES` sets the number of cases.
#![allow(clippy::cast_possible_truncation, reason = "random bits are cut to what is needed")]

use std::io::{Read, Write};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

const LEVELS: std::ops::RangeInclusive<u8> = 1..=9;

pub(crate) fn cases(share: u32) -> Config {
    let asked = std::env::var("LIG_PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    let default = if cfg!(debug_assertions) { 200 } else { 2_000 };
    Config {
        cases: (asked.unwrap_or(default) / share).max(1),
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    }
}

fn round_trip(log: &[u8], level: u8, block_bytes: u32, write_bytes: usize) -> Vec<u8> {
    let mut builder = lignite::WriterBuilder::new();
    builder.level(level).unwrap();
    builder.block_bytes(block_bytes).unwrap();
    let mut wtr = builder.from_writer(Vec::new());
    for part in log.chunks(write_bytes.max(1)) {
        wtr.write_all(part).unwrap();
    }
    let (file, summary) = wtr.finish().unwrap();
    assert_eq!(summary.bytes_in, log.len() as u64);
    let mut back = Vec::new();
    lignite::Reader::new(&file[..]).unwrap().read_to_end(&mut back).unwrap();
    back
}

/// Cheap, and the same on every machine: a line is a kind and a seed, so that shrinking drops lines and zeroes seeds.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

const WORDS: [&str; 12] = [
    "connect",
    "closed",
    "ERROR",
    "worker",
    "block",
    "blk_-1608999687919862906",
    "naïve",
    "日本",
    "a",
    "x=1",
    "/var/log",
    "",
];
const NUMBERS: [&str; 26] = [
    "0",
    "-0",
    "+0",
    "007",
    "00",
    "1.10",
    "1.",
    ".5",
    "1e5",
    "1E+05",
    "-1",
    "--1",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "-9223372036854775808",
    "-9223372036854775809",
    "0x1F",
    "0X1f",
    "1,234",
    "1_000",
    "NaN",
    "-inf",
    "1.7976931348623157e308",
    "000000000000000000000000001",
    "12345678901234567890123456789012",
];
const TIMES: [&str; 26] = [
    "23:59:60",
    "24:00:00",
    "1900-02-29",
    "2000-02-29 00:00:00",
    "2026-13-01",
    "2026-00-00T00:00:00Z",
    "0000-00-00",
    "9999-12-31T23:59:59.999999999Z",
    "10000-01-01",
    "1969-12-31 23:59:59",
    "2026-11-24T02:26:07+00:00",
    "2026-11-24T02:26:07-00:00",
    "2026-11-24T02:26:07+0530",
    "2026-11-24 02:26:07,123",
    "2026-11-24t02:26:07z",
    "Nov 24 02:26:07",
    "Nov  4 02:26:07",
    "Nov 04 02:26:07",
    "nov 4 2:6:7",
    "24/Nov/2026:02:26:07 +0000",
    "Feb 30 00:00:00",
    "Tue Nov 24 02:26:07 2026",
    "Mon Nov 24 02:26:07 UTC 2026",
    "081109 203615",
    "1763951167.123",
    "2026-1-2 3:4:5",
];
const FRAGMENTS: [&[u8]; 16] = [
    b"\0",
    b"\r",
    b"\r\r",
    b"\xFF\xFE",
    b"\xC0\x80",
    b"\xED\xA0\x80",
    b"\xEF\xBB\xBF",
    b"\x1b[31m",
    b"\x1b[0m",
    b"\t",
    b"  ",
    b"\x7f",
    b"\x01\x02\x03",
    b"\"",
    b"\\",
    b"<*>",
];

fn number(dice: &mut Dice) -> String {
    match dice.below(6) {
        0 => dice.pick(&NUMBERS).to_owned(),
        1 => (dice.next() >> dice.below(64)).to_string(),
        2 => format!("{:0width$}", dice.below(1000), width = dice.below(12) as usize),
        3 => format!("-{}", dice.below(100)),
        4 => format!(
            "{}.{:0width$}",
            dice.below(50),
            dice.below(1000),
            width = dice.below(9) as usize
        ),
        _ => dice.below(40).to_string(),
    }
}

fn time(dice: &mut Dice) -> String {
    if dice.below(3) == 0 {
        return dice.pick(&TIMES).to_owned();
    }
    let (day, hour, minute, second) =
        (dice.below(32), dice.below(25), dice.below(61), dice.below(61));
    let digits = dice.below(13) as usize;
    let fraction = "098765432109"[..digits].to_owned();
    let point = if digits == 0 { "" } else { dice.pick(&[".", ","]) };
    let zone = dice.pick(&["", "Z", "+00:00", "-07:00", " +0000", "+14:00", "+99:99", " UTC"]);
    let between = dice.pick(&["T", " ", "_"]);
    format!("2026-11-{day:02}{between}{hour:02}:{minute:02}:{second:02}{point}{fraction}{zone}")
}

fn json(dice: &mut Dice, depth: u32) -> String {
    let space = dice.pick(&["", "", " ", "  ", "\t"]);
    match dice.below(if depth == 0 { 5 } else { 8 }) {
        0 => number(dice),
        1 => dice.pick(&["true", "false", "null"]).to_owned(),
        2 => format!("\"{}\"", dice.pick(&WORDS)),
        3 => {
            dice.pick(&["\"\\u00e9\\/\"", "\"\\uD800\"", "\"\"", "\"a\\\"b\"", "\"open"]).to_owned()
        }
        4 => format!("\"{}\"", time(dice)),
        5 => {
            let items: Vec<String> = (0..dice.below(4)).map(|_| json(dice, depth - 1)).collect();
            format!("[{space}{}]", items.join(&format!(",{space}")))
        }
        _ => {
            let fields: Vec<String> = (0..dice.below(5))
                .map(|_| {
                    let key = dice.pick(&["ts", "ts", "level", "a b", "", "é"]);
                    format!("\"{key}\"{space}:{space}{}", json(dice, depth - 1))
                })
                .collect();
            format!("{{{space}{}{space}}}", fields.join(","))
        }
    }
}

fn hex(dice: &mut Dice, digits: usize) -> String {
    let text = format!("{:016x}{:016x}", dice.next(), dice.next());
    if dice.below(4) == 0 { text[..digits].to_uppercase() } else { text[..digits].to_owned() }
}

fn address(dice: &mut Dice) -> String {
    match dice.below(7) {
        0 => format!("10.0.{}.{}", dice.below(3), dice.below(256)),
        1 => dice
            .pick(&["256.1.1.1", "1.2.3", "01.02.03.04", "1.2.3.4.5", "::", "::1", "fe80::1%eth0"])
            .to_owned(),
        2 => format!("2001:db8:{}::{}", hex(dice, 3), hex(dice, 4)),
        3 => hex(dice, 12)
            .as_bytes()
            .chunks(2)
            .map(|b| String::from_utf8_lossy(b).into_owned())
            .collect::<Vec<_>>()
            .join(":"),
        4 => format!(
            "{}-{}-{}-{}-{}",
            hex(dice, 8),
            hex(dice, 4),
            hex(dice, 4),
            hex(dice, 4),
            hex(dice, 12)
        ),
        5 => format!("0x{}", hex(dice, 9)),
        _ => hex(dice, 31),
    }
}

fn access(dice: &mut Dice) -> String {
    let uri = format!("/p/{}?q={}&r=%2F{}", dice.below(30), dice.pick(&WORDS), number(dice));
    let stamp = format!("{:02}/Nov/2026:02:26:{:02} +0000", dice.below(32), dice.below(62));
    let agent = dice.pick(&["curl/7.88.1", "-", "Mozilla/5.0 (X11; Linux x86_64) \\x22", ""]);
    let status = dice.pick(&[200, 304, 404, 0, 99_999]);
    format!(
        "{} - - [{stamp}] \"GET {uri} HTTP/1.1\" {status} {} \"{agent}\"",
        address(dice),
        dice.below(9_000)
    )
}

/// One line without its terminator.
fn line(kind: u8, seed: u64) -> Vec<u8> {
    let dice = &mut Dice(seed);
    let text = match kind % 18 {
        0 => String::new(),
        1 => format!("{} INFO worker[{}]: job {} done", time(dice), dice.below(4), number(dice)),
        2 => {
            format!("connection from {} {} port {}", address(dice), dice.pick(&WORDS), number(dice))
        }
        3 => json(dice, 3),
        4 => access(dice),
        5 => format!(
            "{},\"{}\"\"{}\",,{},",
            number(dice),
            dice.pick(&WORDS),
            time(dice),
            address(dice)
        ),
        6 => format!(
            "ts={} level={} msg=\"{} {}\" n={}",
            time(dice),
            dice.pick(&["info", "", "=="]),
            dice.pick(&WORDS),
            json(dice, 1),
            number(dice)
        ),
        7 => format!("\tat com.example.C{}.run(C.java:{})", dice.below(5), number(dice)),
        8 => "Caused by: java.lang.IllegalStateException: x".to_owned(),
        9 => format!(
            "<{}>{} host app[{}]: {}",
            dice.below(200),
            time(dice),
            number(dice),
            dice.pick(&WORDS)
        ),
        10 => [number(dice), number(dice), number(dice)]
            .join(dice.pick(&[" ", "  ", "\t", ",", ":", "-"])),
        11 => "[".repeat(dice.below(300) as usize) + &"{\"a\":".repeat(dice.below(200) as usize),
        12 => dice.pick(&WORDS).repeat(dice.below(900) as usize),
        13 => hex(dice, 32) + &hex(dice, 32),
        14 => time(dice),
        _ => return noise(kind, dice),
    };
    text.into_bytes()
}

/// A line that is not text, or a good one damaged.
fn noise(kind: u8, dice: &mut Dice) -> Vec<u8> {
    match kind % 18 {
        15 => {
            (0..dice.below(60)).map(|_| dice.next() as u8).filter(|&byte| byte != b'\n').collect()
        }
        16 => (0..dice.below(8))
            .flat_map(|_| [dice.pick(&FRAGMENTS), dice.pick(&WORDS).as_bytes()].concat())
            .collect(),
        _ => {
            let mut damaged = line(dice.below(15) as u8, dice.next());
            if !damaged.is_empty() {
                let at = dice.below(damaged.len() as u64) as usize;
                match dice.below(3) {
                    0 => damaged.truncate(at),
                    1 => damaged[at] = dice.next() as u8,
                    _ => drop(damaged.splice(at..at, dice.pick(&FRAGMENTS).iter().copied())),
                }
            }
            damaged
        }
    }
}

/// A log from (kind, seed) pairs. `ending` chooses the terminators, and whether the last line has one.
pub(crate) fn log(lines: &[(u8, u64)], ending: u8, bom: bool) -> Vec<u8> {
    let mut log = if bom { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
    for (at, &(kind, seed)) in lines.iter().enumerate() {
        log.extend(line(kind, seed));
        let is_last = at + 1 == lines.len();
        match ending % 6 {
            0 if is_last => {}
            1 => log.extend(b"\r\n"),
            2 if seed % 3 == 0 => log.extend(b"\r\n"),
            3 if seed % 5 == 0 => log.push(b'\r'),
            4 if is_last => log.push(b'\r'),
            _ => log.push(b'\n'),
        }
    }
    log
}

/// A line whose values tell each other, all but some: one in `odd` is something else.
fn related(at: u64, seed: u64, odd: u64) -> String {
    let dice = &mut Dice(seed ^ at.wrapping_mul(0x2545_F491_4F6C_DD1D));
    let (user, number) = (dice.below(9), at * 7 + dice.below(5));
    let mut or = |value: String| if dice.below(odd) == 0 { number_or_word(dice) } else { value };
    let (again, home) = (or(format!("u{user}")), or(format!("/home/{:x}", user * 0x9E37_79B9)));
    let (later, own) =
        (or((number + at % 3).to_string()), or((user * 100_000 + at / 9).to_string()));
    let stamp = format!("2026-11-24 10:{:02}:{:02}.{:03}", at / 60 % 60, at % 60, at * 7 % 1000);
    match at % 5 {
        0 => format!(
            "{stamp} job u{user} {number} \"{} of {again} took {later} ms/{own}\" end",
            or(stamp.clone())
        ),
        1 => format!("{stamp} note {number} of {} in {}", or(stamp.clone()), hex(dice, 16)),
        _ => {
            format!("{stamp} user u{user} as {again} in {home} from {number} to {later} job {own}")
        }
    }
}

fn number_or_word(dice: &mut Dice) -> String {
    if dice.below(2) == 0 { number(dice) } else { dice.pick(&WORDS).to_owned() }
}

/// Few kinds and seeds, so that lines share templates; or any.
pub(crate) fn lines(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<(u8, u64)>> {
    let kinds = (any::<[u8; 3]>(), any::<bool>());
    (vec((any::<u8>(), any::<u64>()), count), kinds).prop_map(|(mut lines, (few, narrow))| {
        if narrow {
            for (kind, _) in &mut lines {
                *kind = few[usize::from(*kind) % few.len()];
            }
        }
        lines
    })
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn small_logs_come_back(
        lines in lines(0..40), ending in any::<u8>(), bom in prop::bool::weighted(0.05), level in LEVELS,
    ) {
        let log = log(&lines, ending, bom);
        prop_assert!(round_trip(&log, level, 64 << 10, usize::MAX) == log);
    }
}

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn any_bytes_come_back(bytes in vec(any::<u8>(), 0..600), level in LEVELS, part in 1..700_usize) {
        prop_assert!(round_trip(&bytes, level, 64 << 10, part) == bytes);
    }

    #[test]
    fn bytes_of_a_small_alphabet_come_back(
        picks in vec(prop::sample::select(&b"\n\n\r 01a.:-\"{},[]=/\\"[..]), 0..300), level in LEVELS,
    ) {
        prop_assert!(round_trip(&picks, level, 64 << 10, usize::MAX) == picks);
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn logs_of_many_blocks_come_back(
        lines in lines(1..60), repeats in 1..60_u64, ending in any::<u8>(), level in LEVELS,
        block_bytes in (64_u32 << 10)..(200 << 10), part in 1..70_000_usize,
    ) {
        let many: Vec<(u8, u64)> = (0..repeats)
            .flat_map(|round| lines.iter().map(move |&(kind, seed)| (kind, seed.wrapping_add(round))))
            .collect();
        let log = log(&many, ending, false);
        prop_assert!(round_trip(&log, level, block_bytes, part) == log);
    }

    #[test]
    fn lines_whose_values_tell_each_other_come_back(
        seed in any::<u64>(), count in 1..3_000_u64, odd in 1..200_u64, level in LEVELS,
        block_bytes in (64_u32 << 10)..(200 << 10),
    ) {
        let lines: Vec<String> = (0..count).map(|at| related(at, seed, odd)).collect();
        let log = lines.join("\n").into_bytes();
        prop_assert!(round_trip(&log, level, block_bytes, usize::MAX) == log);
    }

    #[test]
    fn lines_that_come_again_come_back(
        lines in lines(1..40), runs in vec((any::<u64>(), 1..30_usize, any::<u64>()), 1..60), ending in any::<u8>(), level in LEVELS,
    ) {
        // Runs of lines from anywhere, some with another line among them.
        let many: Vec<(u8, u64)> = runs
            .iter()
            .flat_map(|&(start, len, odd)| {
                let run = lines.iter().cycle().skip(start as usize % lines.len()).take(len);
                run.copied().chain(odd.is_multiple_of(3).then_some((odd as u8, odd)))
            })
            .collect();
        let log = log(&many, ending, false);
        prop_assert!(round_trip(&log, level, 64 << 10, usize::MAX) == log);
    }

    #[test]
    fn a_line_longer_than_a_block_comes_back(
        seed in any::<u64>(), kib in 1..400_usize, level in LEVELS, newline in any::<bool>(),
    ) {
        let mut log = line(4, seed).repeat(kib * 8);
        if newline {
            log.push(b'\n');
        }
        prop_assert!(round_trip(&log, level, 64 << 10, 10_000) == log);
    }
}

#[test]
fn the_bundled_logs_come_back_at_every_level() {
    for name in ["access.log", "access.jsonl", "dpkg.log", "strace.log"] {
        let log = std::fs::read(format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for level in LEVELS {
            assert!(round_trip(&log, level, 1 << 20, 1 << 16) == log, "{name} at level {level}");
        }
    }
}
