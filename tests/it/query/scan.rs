//! The library's scan against a search of the raw bytes, line by line.

use std::io::{Cursor, Write as _};
use std::ops::ControlFlow;

use lignite::{
    Case, IndexedReader, OnDamage, PatternBuilder, Predicate, ScanOptions, ScanStats, Severity,
    SeveritySet, Statistics, WriterBuilder, scan_read,
};

use super::{Odd, Random, compress, log};

type Found = Vec<(u64, Option<u64>, Vec<u8>, bool)>;

fn by_blocks(file: &[u8], predicate: &Predicate, options: &ScanOptions) -> (Found, ScanStats) {
    let mut found = Vec::new();
    let mut reader = IndexedReader::open(Cursor::new(file)).unwrap();
    let stats = reader.scan(predicate, options, OnDamage::Stop, |line| {
        found.push((line.number, line.offset, line.bytes.to_vec(), line.selected));
        Ok(ControlFlow::Continue(()))
    });
    (found, stats.unwrap())
}

fn by_bytes(raw: &[u8], predicate: &Predicate, options: &ScanOptions) -> Found {
    let mut found = Vec::new();
    scan_read(raw, predicate, options, |line| {
        found.push((line.number, line.offset, line.bytes.to_vec(), line.selected));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    found
}

fn naive(raw: &[u8], predicate: &Predicate, options: &ScanOptions) -> Found {
    let pattern = predicate.pattern.as_ref().unwrap();
    let mut lines = Vec::new();
    let mut offset = 0;
    let body = raw.strip_suffix(b"\n").unwrap_or(raw);
    if !raw.is_empty() {
        for (number, line) in (1..).zip(body.split(|&byte| byte == b'\n')) {
            lines.push((number, Some(offset), line.to_vec(), pattern.is_match(line)));
            offset += line.len() as u64 + 1;
        }
    }
    let near = |at: usize| {
        let from = at.saturating_sub(options.after);
        let to = lines.len().min(at + options.before + 1);
        lines[from..to].iter().any(|line| line.3)
    };
    (0..lines.len()).filter(|&at| near(at)).map(|at| lines[at].clone()).collect()
}

#[test]
fn a_scan_of_blocks_is_a_scan_of_the_log_is_the_naive_filter() {
    let mut random = Random(11);
    let patterns = [
        "foo",
        "alice took",
        "session [0-9a-f]*7 ",
        "10\\.0\\.2",
        "",
        "^$",
        "ms$",
        "(?i)ERROR",
        "port 1[0-9]+ ",
        "user (bob|root) took 1",
        "nothing",
        "java:29",
        "^2026.*WARN",
        "\\d{5}",
        "foo bar 1\\d",
        "[0-9a-f]{16}",
        "10.0.2.",
        "foo.bar 1",
        "_ . .n",
        "nï 1.",
        "user .oo took 1.?",
        "00:1.:2. [^E]",
        "(?-u)_ .. .n",
    ];
    let odd = [Odd::No, Odd::Crlf, Odd::NulAndInvalidUtf8, Odd::NoLastTerminator];
    for round in 0..24 {
        let lines = u32::try_from(random.next(1500)).unwrap();
        let log = log(&mut random, lines, odd[round % 4]);
        let block = *random.of(&[1u32 << 12, 1 << 14, 1 << 17]);
        let cut = usize::try_from(random.next(log.len() as u64 + 1)).unwrap();
        let file = if round % 3 == 0 {
            [compress(&log[..cut], 3, block), compress(&log[cut..], 1, block)].concat()
        } else {
            compress(&log, 3, block)
        };
        for pattern in patterns {
            let built = PatternBuilder::new().add(pattern.as_bytes()).build().unwrap();
            let predicate = Predicate::matching(built);
            let mut options = ScanOptions::default();
            options.before = usize::try_from(random.next(3)).unwrap();
            options.after = usize::try_from(random.next(3)).unwrap();
            let expected = naive(&log, &predicate, &options);
            options.offsets = random.in_hundred(50);
            options.threads = usize::try_from(random.next(4)).unwrap();
            let (mut found, stats) = by_blocks(&file, &predicate, &options);
            if !options.offsets {
                // What has not been asked for may be missing, but not wrong.
                for (found, expected) in found.iter_mut().zip(&expected) {
                    found.1 = found.1.or(expected.1);
                }
            }
            let at = found.iter().zip(&expected).take_while(|(a, b)| a == b).count();
            let (one, other) = (found.get(at), expected.get(at));
            assert!(
                found == expected,
                "{pattern} in round {round}, {options:?}: {one:?}, not {other:?}"
            );
            assert!(by_bytes(&log, &predicate, &options) == expected, "{pattern} in round {round}");
            let selected = expected.iter().filter(|line| line.3).count();
            assert_eq!(stats.selected, selected as u64);
        }
    }
}

#[test]
fn a_line_beyond_the_limit_is_an_error() {
    let long = [&b"short\n"[..], &[b'x'; 5000], b"\nfoo\n"].concat();
    let predicate = Predicate::matching(PatternBuilder::new().add(b"foo").build().unwrap());
    let mut options = ScanOptions::default();
    options.line_bytes_max = 5000;
    assert_eq!(by_bytes(&long, &predicate, &options).len(), 1);
    let spanning = vec![b'y'; 20_000];
    let file = compress(&spanning, 1, 1 << 12);
    let mut reader = IndexedReader::open(Cursor::new(&file)).unwrap();
    let found =
        reader.scan(&predicate, &options, OnDamage::Stop, |_| Ok(ControlFlow::Continue(())));
    assert!(found.unwrap_err().to_string().contains("bytes of a line"));
}

/// Time and severity of a line.
type Known = (Option<i64>, Option<Severity>);

/// A log of an hour, and each line's time and severity; lines without a time are of the one before.
fn timed(random: &mut Random, lines: u32) -> (Vec<u8>, Vec<Known>) {
    const NANOS: i64 = 1_000_000_000;
    let (mut log, mut known, mut time) = (Vec::new(), Vec::new(), None);
    for i in 0..i64::from(lines) {
        let severity = *random.of(&[
            Severity::Info,
            Severity::Info,
            Severity::Info,
            Severity::Debug,
            Severity::Error,
        ]);
        if random.in_hundred(if i < 3 { 100 } else { 10 }) {
            log.extend_from_slice(b"  ... and more of it\n");
            known.push((time, None));
            continue;
        }
        // Not quite in order.
        let second = i * 3590 / i64::from(lines) + i64::try_from(random.next(5)).unwrap();
        time = Some(second * NANOS);
        let (minute, second) = (second / 60 % 60, second % 60);
        // A rare severity stands in one part of the log only.
        let severity = if i > 700 && i < 720 { Severity::Alert } else { severity };
        let name = severity.name().to_uppercase();
        log.extend_from_slice(
            format!("1970-01-01 00:{minute:02}:{second:02} {name} job {i} done\n").as_bytes(),
        );
        known.push((time, Some(severity)));
    }
    (log, known)
}

#[test]
fn times_and_severities_skip_blocks_and_lose_no_line() {
    const NANOS: i64 = 1_000_000_000;
    let mut random = Random(12);
    let mut skipped = 0;
    for round in 0..60 {
        let (log, known) = timed(&mut random, 1200);
        let block = *random.of(&[1u32 << 12, 1 << 14]);
        let cut = usize::try_from(random.next(log.len() as u64)).unwrap();
        let file = if round % 4 == 0 {
            [compress(&log[..cut], 3, block), compress(&log[cut..], 3, block)].concat()
        } else {
            compress(&log, 1, block)
        };
        let mut predicate = Predicate::new();
        let from = i64::try_from(random.next(3700)).unwrap() * NANOS;
        if random.in_hundred(70) {
            predicate.since = Some(from);
        }
        if random.in_hundred(60) {
            predicate.until = Some(from + i64::try_from(random.next(600)).unwrap() * NANOS);
        }
        if random.in_hundred(40) {
            let mut set = SeveritySet::new();
            set.insert(*random.of(&[Severity::Alert, Severity::Error, Severity::Emergency]));
            predicate.severities = Some(set);
        }
        let mut options = ScanOptions::default();
        options.before = usize::try_from(random.next(2)).unwrap();
        options.after = usize::try_from(random.next(2)).unwrap();
        options.threads = usize::try_from(random.next(4)).unwrap();
        let selects = |&(time, severity): &Known| {
            let since = predicate.since.is_none_or(|since| time.is_some_and(|time| since <= time));
            let until = predicate.until.is_none_or(|until| time.is_some_and(|time| time < until));
            let set = predicate.severities;
            since
                && until
                && set.is_none_or(|set| severity.is_some_and(|severity| set.contains(severity)))
        };
        let expected: Vec<u64> =
            (1..).zip(&known).filter(|(_, line)| selects(line)).map(|(number, _)| number).collect();
        let numbers = |found: &Found| {
            found.iter().filter(|line| line.3).map(|line| line.0).collect::<Vec<_>>()
        };
        let (by_blocks, stats) = by_blocks(&file, &predicate, &options);
        let by_bytes = by_bytes(&log, &predicate, &options);
        assert_eq!(numbers(&by_blocks), expected, "round {round}: {predicate:?}");
        assert_eq!(numbers(&by_bytes), expected, "round {round}: {predicate:?}");
        let lines =
            |found: &Found| found.iter().map(|line| (line.0, line.2.clone())).collect::<Vec<_>>();
        assert!(lines(&by_blocks) == lines(&by_bytes), "context in round {round}");
        skipped += stats.blocks_skipped;
    }
    assert!(skipped > 200, "{skipped}");
}

#[test]
fn what_cannot_match_is_not_decoded() {
    let mut random = Random(13);
    let (log, _) = timed(&mut random, 4000);
    let file = compress(&log, 3, 1 << 14);
    let stats = |pattern: &str| {
        let built = PatternBuilder::new().add(pattern.as_bytes()).build().unwrap();
        by_blocks(&file, &Predicate::matching(built), &ScanOptions::default()).1
    };
    let absent = stats("connection refused");
    assert_eq!((absent.selected, absent.blocks_whole), (0, 0));
    assert!(absent.bytes_decoded < absent.bytes_raw / 10, "{absent:?}");
    let rare = stats("job 1999 ");
    assert_eq!((rare.selected, rare.blocks_whole), (1, 0));
    assert!(rare.lines_matched < 10, "{rare:?}");
    let constant = stats("ALERT job");
    let expected = memchr::memmem::find_iter(&log, b"ALERT job").count();
    assert_eq!(constant.selected, expected as u64);
    assert!(expected > 5 && constant.blocks_whole == 0, "{constant:?}");
    assert!(constant.lines_matched <= constant.selected);
    let built = PatternBuilder::new().add(b"job ").build().unwrap();
    let mut options = ScanOptions::default();
    options.lines = false;
    let (found, counted) = by_blocks(&file, &Predicate::matching(built), &options);
    assert!(found.is_empty() && counted.selected > 3000);
    // In constant text: no column is needed to count.
    assert_eq!((counted.lines_matched, counted.blocks_whole), (0, 0), "{counted:?}");
}

#[test]
fn filters_exclude_blocks_and_no_line() {
    let mut random = Random(17);
    let mut log = log(&mut random, 9000, Odd::NulAndInvalidUtf8);
    log.extend_from_slice(b"kernel: watchdog quenched\n");
    let file = compress(&log, 1, 1 << 17);
    let bare = {
        let mut builder = WriterBuilder::new();
        builder.level(1).unwrap().block_bytes(1 << 17).unwrap().statistics(Statistics::Leave);
        let mut wtr = builder.from_writer(Vec::new());
        wtr.write_all(&log).unwrap();
        wtr.finish().unwrap().0
    };
    assert!(bare.len() < file.len() && file.len() - bare.len() < file.len() / 40);
    let options = ScanOptions::default();
    let mut filtered = 0;
    let lines: Vec<&[u8]> = log.split(|&byte| byte == b'\n').collect();
    for round in 0..150 {
        let line = *random.of(&lines);
        let start = usize::try_from(random.next(line.len() as u64 + 1)).unwrap();
        let len = 1 + usize::try_from(random.next(12)).unwrap();
        let mut text = line[start..line.len().min(start + len)].to_vec();
        if random.in_hundred(30) {
            text.extend_from_slice(b"quench");
        }
        let mut builder = PatternBuilder::new();
        builder.add(&text).fixed(true);
        if random.in_hundred(40) {
            builder.case(Case::Insensitive);
        }
        let predicate = Predicate::matching(builder.build().unwrap());
        let expected = naive(&log, &predicate, &options);
        let numbers = |found: &Found| found.iter().map(|line| line.0).collect::<Vec<_>>();
        let (found, stats) = by_blocks(&file, &predicate, &options);
        assert_eq!(numbers(&found), numbers(&expected), "round {round}: {text:?}");
        let (found, without) = by_blocks(&bare, &predicate, &options);
        assert_eq!(numbers(&found), numbers(&expected), "round {round}: {text:?}");
        assert_eq!(without.blocks_filtered, 0);
        filtered += stats.blocks_filtered;
    }
    assert!(filtered > 100, "{filtered}");
    let built = PatternBuilder::new().add(b"watchdog quenched").build().unwrap();
    let (found, stats) = by_blocks(&file, &Predicate::matching(built), &options);
    assert_eq!((found.len(), stats.blocks_filtered), (1, stats.blocks - 1));
}
