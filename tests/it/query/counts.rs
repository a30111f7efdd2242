//! `lig hist`, `lig top`: counts are those of a count line by line, whether statistics or lines tell.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;

use lignite::{Clock, IndexedReader, OnDamage, Pipeline, Query, Row};

use super::{Random, compress, lig};

/// A log over three days: seconds since the first, level, line.
fn log(random: &mut Random, lines: u32) -> (String, Vec<(u64, &'static str)>) {
    let (mut log, mut all) = (String::new(), Vec::new());
    let mut second = 0;
    for i in 0..lines {
        second += random.next(40);
        let level = *random.of(&["INFO", "INFO", "WARN", "ERROR"]);
        let (day, rest) = (22 + second / 86_400, second % 86_400);
        let (hour, minute) = (rest / 3600, rest / 60 % 60);
        writeln!(
            log,
            "2026-11-{day} {hour:02}:{minute:02}:{:02} {level} job n={} done by {i}",
            rest % 60,
            random.next(9)
        )
        .unwrap();
        all.push((second, level));
    }
    (log, all)
}

fn ask(words: &[&str], dir: &std::path::Path) -> (i32, String) {
    let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
    let (code, out) = lig(&words, dir);
    (code, String::from_utf8(out).unwrap())
}

#[test]
fn a_histogram_counts_every_line_once() {
    let mut random = Random(31);
    let dir = tempfile::tempdir().unwrap();
    let (log, all) = log(&mut random, 9000);
    fs::write(dir.path().join("a.log"), &log).unwrap();
    fs::write(dir.path().join("a.lig"), compress(log.as_bytes(), 3, 1 << 14)).unwrap();
    for (by, seconds) in [("30s", 30), ("5m", 300), ("1h", 3600), ("1d", 86_400)] {
        for level in [None, Some("WARN"), Some("ERROR")] {
            let mut expected: BTreeMap<u64, u64> = BTreeMap::new();
            for (second, own) in &all {
                if level.is_none_or(|level| level == *own) {
                    *expected.entry(second / seconds * seconds).or_default() += 1;
                }
            }
            for file in ["a.lig", "a.log"] {
                let mut words = vec!["hist", "--json", "--by", by, file];
                let condition = level.map(|level| format!("level:{level}"));
                if let Some(condition) = &condition {
                    words.extend(["--where", condition]);
                }
                let (code, out) = ask(&words, dir.path());
                assert_eq!(code, 0);
                let mut found = BTreeMap::new();
                for line in out.lines() {
                    let row: serde_json::Value = serde_json::from_str(line).unwrap();
                    let (time, lines) = (row["time"].as_str().unwrap(), row["lines"].as_u64());
                    let number = |from: usize| time[from..from + 2].parse::<u64>().unwrap();
                    let second = (number(8) - 22) * 86_400
                        + number(11) * 3600
                        + number(14) * 60
                        + number(17);
                    let levels = row["levels"].as_object().unwrap().values();
                    assert_eq!(levels.map(|n| n.as_u64().unwrap()).sum::<u64>(), lines.unwrap());
                    if lines != Some(0) {
                        found.insert(second, lines.unwrap());
                    }
                }
                assert!(found == expected, "{by} {level:?} {file}");
            }
        }
    }
}

#[test]
fn statistics_are_counted_without_decoding() {
    let mut random = Random(32);
    let (log, all) = log(&mut random, 9000);
    let file = compress(log.as_bytes(), 3, 1 << 14);
    for (text, may_read) in [
        ("* | stats by (level) count() n", 1),
        ("level:warn.. | stats count() n", 1),
        ("* | top 5 by (level)", 1),
        ("* | stats by (_time:1d, level) count() n", 4),
        ("* | stats by (n) count() n", u64::MAX),
        ("job | stats by (level) count() n", u64::MAX),
    ] {
        let query = Query::parse(text, &Clock::at(0)).unwrap();
        let answer = |with_sums: bool| {
            let pipeline = std::cell::RefCell::new(Pipeline::new(&query));
            let mut rows = Vec::new();
            let mut reader = IndexedReader::open(Cursor::new(&file)).unwrap();
            let (predicate, options) = (query.predicate(), query.options());
            let stats = reader
                .scan_summed(
                    &predicate,
                    &options,
                    OnDamage::Stop,
                    &mut |sum| {
                        if with_sums {
                            pipeline.borrow_mut().add_block(sum, b"")
                        } else {
                            Ok(false)
                        }
                    },
                    |line| pipeline.borrow_mut().push(line, b"", &mut |_| Ok(())),
                )
                .unwrap();
            let mut sink = |row: &Row<'_>| {
                if let Row::Record(record) = row {
                    rows.push(record.values().map(|(v, _)| v.to_vec()).collect::<Vec<_>>());
                }
                Ok(())
            };
            pipeline.borrow_mut().finish(&mut sink).unwrap();
            let read = stats.blocks - stats.blocks_skipped;
            (rows, read, stats.blocks, stats.selected)
        };
        let (told, counted) = (answer(true), answer(false));
        assert_eq!((&told.0, told.3), (&counted.0, counted.3), "{text}");
        assert!(told.2 > 20 && told.1 <= may_read, "{text}: {} of {} blocks", told.1, told.2);
        if text.contains("stats by (level)") && !text.starts_with("job") {
            let warnings = all.iter().filter(|(_, level)| *level == "WARN").count();
            assert!(told.0.contains(&vec![b"warning".to_vec(), warnings.to_string().into_bytes()]));
        }
    }
}

#[test]
fn histograms_have_forms() {
    let dir = tempfile::tempdir().unwrap();
    let line = |time: &str, level: &str| format!("2026-11-24 {time} {level} x\n");
    let log = ["no time\n".to_owned(), line("10:00:00", "INFO"), line("10:20:00", "ERROR")]
        .concat()
        + &line("10:21:00", "INFO");
    fs::write(dir.path().join("a.lig"), compress(log.as_bytes(), 3, 1 << 14)).unwrap();
    let (code, text) = ask(&["hist", "--by", "10m", "--ascii", "a.lig"], dir.path());
    let half = "#".repeat(25);
    let whole = "#".repeat(50);
    assert_eq!(
        text,
        format!(
            "2026-11-24 10:00:00  1  {half}\n2026-11-24 10:10:00  0\n\
             2026-11-24 10:20:00  2  {whole} 1 errors\n1 lines before the first time\n"
        )
    );
    assert_eq!(code, 0);
    let (_, svg) = ask(&["hist", "--svg", "a.lig"], dir.path());
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(svg.matches("<rect").count() >= 4 && svg.contains("error: 1"), "{svg}");
    assert_eq!(ask(&["hist", "--where", "nothing", "a.lig"], dir.path()), (1, String::new()));
    assert_eq!(ask(&["hist", "--by", "soon", "a.lig"], dir.path()).0, 2);
    assert_eq!(ask(&["hist", "missing.lig"], dir.path()).0, 2);
}

#[test]
fn top_values_are_counted() {
    let mut random = Random(33);
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = log(&mut random, 3000);
    fs::write(dir.path().join("a.lig"), compress(log.as_bytes(), 3, 1 << 14)).unwrap();
    fs::write(dir.path().join("a.log"), &log).unwrap();
    for field in ["n", "level", "_3"] {
        let (code, rows) = ask(&["top", "-n", "3", "--json", "a.lig", field], dir.path());
        assert_eq!((code, rows.lines().count()), (0, 3), "{rows}");
        assert_eq!(ask(&["top", "-n", "3", "--json", "a.log", field], dir.path()).1, rows);
        let mut hits = Vec::new();
        for row in rows.lines() {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            let value = row[field].as_str().unwrap();
            let condition = format!("{field}:={value}");
            let (_, count) = ask(&["query", "-c", &condition, "a.lig"], dir.path());
            assert_eq!(row["hits"].to_string(), count.trim());
            hits.push(row["hits"].as_u64().unwrap());
        }
        assert!(hits.is_sorted_by(|a, b| a >= b));
    }
    let (_, some) = ask(&["top", "--where", "level:error", "a.lig", "n"], dir.path());
    assert!(some.starts_with("n  hits\n"), "{some}");
    assert_eq!(ask(&["top", "a.lig", "--where", "(", "n"], dir.path()).0, 2);
}
