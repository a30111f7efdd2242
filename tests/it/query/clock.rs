//! The time of a line is that of the log's clock, however the log is cut into blocks.

use std::fmt::Write as _;
use std::io::Cursor;
use std::ops::ControlFlow;

use lignite::{
    Clock, IndexedReader, OnDamage, PatternBuilder, Predicate, Query, ScanLine, ScanOptions,
    scan_read,
};

use super::{Random, compress};

const NANOS: i64 = 1_000_000_000;

/// Numbers and times of the lines that are selected.
type Found = Vec<(u64, Option<i64>)>;

fn by_blocks(file: &[u8], predicate: &Predicate, options: &ScanOptions) -> (Found, u64) {
    let mut found = Vec::new();
    let mut reader = IndexedReader::open(Cursor::new(file)).unwrap();
    let stats = reader.scan(predicate, options, OnDamage::Stop, |line: ScanLine<'_>| {
        found.push((line.number, line.time));
        Ok(ControlFlow::Continue(()))
    });
    (found, stats.unwrap().blocks_skipped)
}

fn by_bytes(raw: &[u8], predicate: &Predicate, options: &ScanOptions) -> Found {
    let mut found = Vec::new();
    scan_read(raw, predicate, options, |line| {
        found.push((line.number, line.time));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    found
}

/// A line of one of the forms that logs have, at a second of 1970-01-01.
fn line(form: u64, second: u64, i: u32) -> String {
    let (minute, second) = (second / 60 % 60, second % 60);
    match form {
        0 => format!("1970-01-01 00:{minute:02}:{second:02} INFO job {i} done\n"),
        1 => format!(
            "10.0.0.{} - - [01/Jan/1970:00:{minute:02}:{second:02} +0000] \"GET /{i}\"\n",
            i % 9
        ),
        2 => format!("{{\"msg\":\"job {i}\",\"at\":\"1970-01-01T00:{minute:02}:{second:02}Z\"}}\n"),
        3 => format!("Last-Modified: Fri, 17 May 2019 00:{minute:02}:{second:02} GMT\n"),
        4 => format!("notAfter=May 17 00:{minute:02}:{second:02} 2031 GMT\n"),
        _ => format!("  ... and {i} more\n"),
    }
}

#[test]
fn a_quoted_time_is_not_that_of_its_line() {
    let mut random = Random(41);
    let (mut log, mut expected) = (String::new(), Vec::new());
    for second in 0..3000u32 {
        log += &line(0, second.into(), second);
        expected.push(second);
        if second > 40 && random.in_hundred(20) {
            for i in 0..random.next(8) {
                log += &line(3 + random.next(3), i, second);
                expected.push(second);
            }
        }
    }
    let file = compress(log.as_bytes(), 3, 1 << 14);
    let mut predicate = Predicate::new();
    let mut options = ScanOptions::default();
    options.times = true;
    let (found, _) = by_blocks(&file, &predicate, &options);
    let times =
        |found: &Found| found.iter().map(|line| line.1.unwrap() / NANOS).collect::<Vec<_>>();
    assert!(times(&found).into_iter().eq(expected.iter().map(|&second| i64::from(second))));
    (predicate.since, predicate.until) = (Some(1000 * NANOS), Some(1030 * NANOS));
    let (found, skipped) = by_blocks(&file, &predicate, &options);
    let wanted = expected.iter().filter(|second| (1000..1030).contains(*second));
    assert!(times(&found).into_iter().eq(wanted.map(|&second| i64::from(second))));
    let mut reader = IndexedReader::open(Cursor::new(&file)).unwrap();
    assert!(skipped + 2 >= reader.blocks().len() as u64 && skipped > 5, "{skipped}");
    let last = reader
        .blocks()
        .iter()
        .filter_map(lignite::BlockInfo::time_range)
        .map(|times| times.1)
        .max();
    assert_eq!(last, Some(2999 * NANOS));
    // All of the histogram's rows are of the fifty minutes that the log spans.
    let query = Query::parse("* | stats by (_time:1d) count() n", &Clock::at(0)).unwrap();
    let mut days = 0;
    let mut pipeline = lignite::Pipeline::new(&query);
    reader
        .scan(&query.predicate(), &query.options(), OnDamage::Stop, |line| {
            pipeline.push(line, b"", &mut |_| Ok(()))
        })
        .unwrap();
    let mut each = |_: &lignite::Row<'_>| {
        days += 1;
        Ok(())
    };
    pipeline.finish(&mut each).unwrap();
    assert_eq!(days, 1);
}

#[test]
fn blocks_and_bytes_agree_on_times_where_the_clock_changes() {
    let mut random = Random(42);
    let mut changed = 0;
    for round in 0..60 {
        let mut log = String::new();
        let mut second = 0;
        while log.len() < 60_000 {
            let (form, other, mixed) = (random.next(6), random.next(6), random.next(60));
            for i in 0..u32::try_from(random.next(120)).unwrap() {
                second += random.next(3);
                let form = if random.next(100) < mixed { other } else { form };
                log += &line(form, second, i);
            }
        }
        if round % 5 == 0 {
            // Lines beyond the size of a block, and a last one without an end.
            let at = log.len() / 2;
            let at = at + log[at..].find('\n').unwrap() + 1;
            log.insert_str(at, &line(0, 7, 7).replace("job", &"job ".repeat(3000)));
            log.truncate(log.len() - 5);
        }
        let file = compress(log.as_bytes(), 1, 1 << 12);
        let mut predicate = Predicate::new();
        let mut options = ScanOptions::default();
        options.times = true;
        options.threads = usize::try_from(random.next(3)).unwrap();
        let all = by_bytes(log.as_bytes(), &predicate, &options);
        let own = all.windows(2).filter(|two| two[0].1 != two[1].1).count();
        assert!(own > 100, "{own}");
        assert!(by_blocks(&file, &predicate, &options).0 == all, "round {round}");
        for _ in 0..6 {
            if random.in_hundred(70) {
                let from = i64::try_from(random.next(second)).unwrap() * NANOS;
                (predicate.since, predicate.until) = (Some(from), Some(from + 60 * NANOS));
            } else {
                (predicate.since, predicate.until) = (None, None);
            }
            let mut text = String::new();
            write!(text, "(job|GET /|more|and|GMT).*{}", random.next(20)).unwrap();
            let built = PatternBuilder::new().add(text.as_bytes()).build().unwrap();
            predicate.pattern = random.in_hundred(60).then_some(built);
            let expected = by_bytes(log.as_bytes(), &predicate, &options);
            let (found, skipped) = by_blocks(&file, &predicate, &options);
            assert!(found == expected, "round {round}: {predicate:?}");
            changed += skipped;
        }
    }
    assert!(changed > 200, "{changed}");
}
