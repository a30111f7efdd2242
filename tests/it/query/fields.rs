//! Conditions on fields and templates: by blocks, by bytes, and line by line.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::io::Cursor;
use std::ops::ControlFlow;

use lignite::{
    Case, Condition, FieldName, FieldTest, IndexedReader, OnDamage, PatternBuilder, Predicate,
    ScanOptions, Severity, SeveritySet, scan_read,
};

use super::{Odd, Random, compress};

/// A log of lines with fields.
pub(crate) fn fields_log(random: &mut Random, lines: u32) -> Vec<u8> {
    let mut log = String::new();
    for i in 0..lines {
        let user = *random.of(&["root", "alice", "bob", "o\\\"neil", ""]);
        let level = *random.of(&["INFO", "WARN", "ERROR"]);
        let (took, size) = (random.next(3000), random.next(90));
        let at = format!("2026-11-24 {:02}:{:02}:{:02}", 8 + i / 3600, i / 60 % 60, i % 60);
        let _infallible = match random.next(8) {
            0..=2 => writeln!(
                log,
                "{at} {level} login user={} from={size}.1.1.7 took={took}ms",
                user.trim_matches(|c| "\\\"".contains(c))
            ),
            3 => writeln!(log, "{at} {level} store path: /v/{size}/{took} size={size}KiB, ok"),
            4 => writeln!(
                log,
                r#"{{"time":"{at}","level":"{}","user":"{user}","http":{{"status":{},"path":"\/p\/{size}"}},"ids":[{took},{size}]}}"#,
                level.to_lowercase(),
                200 + 100 * (size % 4)
            ),
            5 => writeln!(log, r#"{at} {level} event {{"us\u0065r":"r\u006fot","n":{took}.5}}"#),
            6 => writeln!(log, "\tat Foo.java:{size} user=root"),
            _ => writeln!(log, "user={user} msg=\"a \\\"quoted\\\" {size}\" {took}"),
        };
    }
    log.into_bytes()
}

/// A condition that could be anybody's.
fn condition(random: &mut Random, depth: u32) -> Condition {
    let choice = random.next(if depth == 0 { 8 } else { 11 });
    let field = |name: &&str, test| Condition::field(FieldName::from_name(name), test);
    let user = *random.of(&["root", "alice", "", "o\"neil", "nobody"]);
    let number = random.next(3000).to_string();
    match choice {
        0 => field(&"user", FieldTest::equals(user.as_bytes())),
        1 => {
            let unit = *random.of(&["", "ms", "s", "KiB"]);
            let ways = *random.of(&[
                &[Ordering::Greater][..],
                &[Ordering::Less, Ordering::Equal],
                &[Ordering::Equal],
            ]);
            let name = *random.of(&["took", "size", "http.status", "n", "ids.0", "_3"]);
            field(&name, FieldTest::compares(ways, (number + unit).as_bytes()))
        }
        2 => {
            let text = *random.of(&["root", "p", "quoted", "INFO", "Foo", "alice took"]);
            let name = *random.of(&["_msg", "msg", "user", "http.path", "_4"]);
            field(&name, FieldTest::has_phrase(text.as_bytes(), Case::Sensitive).unwrap())
        }
        3 => {
            let text = *random.of(&["ro+t", "^/p/[1-3]", "^$", "1$", "7\\.1"]);
            let pattern = PatternBuilder::new().add(text.as_bytes()).build().unwrap();
            field(random.of(&["user", "http.path", "from", "path"]), FieldTest::matches(pattern))
        }
        4 => {
            let mut set = SeveritySet::new();
            set.insert(*random.of(&[Severity::Info, Severity::Error]));
            Condition::level(set)
        }
        5 => field(&"path", FieldTest::starts_with(b"/v/1")),
        6 => field(random.of(&["user", "path", "n"]), FieldTest::any()),
        7 => field(&"user", FieldTest::one_of(vec![b"alice".to_vec(), user.as_bytes().to_vec()])),
        8 => condition(random, depth - 1).negated(),
        9 => Condition::all_of((0..3).map(|_| condition(random, depth - 1)).collect()),
        _ => Condition::any_of((0..2).map(|_| condition(random, depth - 1)).collect()),
    }
}

/// Numbers of the lines that a scan selects, and how many of them it counts.
fn scan(file: &[u8], predicate: &Predicate, lines: bool) -> (Vec<u64>, u64) {
    let mut options = ScanOptions::default();
    options.lines = lines;
    let mut found = Vec::new();
    let mut reader = IndexedReader::open(Cursor::new(file)).unwrap();
    let stats = reader.scan(predicate, &options, OnDamage::Stop, |line| {
        found.push(line.number);
        Ok(ControlFlow::Continue(()))
    });
    (found, stats.unwrap().selected)
}

#[test]
fn conditions_select_what_they_say_however_they_are_asked() {
    let mut random = Random(5);
    let mut some = 0;
    for round in 0..40 {
        let log = fields_log(&mut random, 900);
        let block = *random.of(&[1u32 << 13, 1 << 15, 1 << 20]);
        let file = compress(&log, *random.of(&[1, 3, 7]), block);
        for _ in 0..20 {
            let mut predicate = Predicate::new();
            let condition = condition(&mut random, 2);
            let pattern = random.in_hundred(30).then(|| {
                let text = *random.of(&["o", "ERROR", "took", "zzz"]);
                PatternBuilder::new().add(text.as_bytes()).build().unwrap()
            });
            predicate.invert = pattern.is_some() && random.in_hundred(30);
            predicate.condition = Some(condition.clone());
            predicate.pattern.clone_from(&pattern);
            let lines = log.split(|&byte| byte == b'\n').zip(1..);
            let expected: Vec<u64> = lines
                .filter(|(line, number)| {
                    let matches = pattern.as_ref().is_none_or(|pattern| pattern.is_match(line));
                    *number <= 900 && matches != predicate.invert && condition.is_met_by(line)
                })
                .map(|(_, number)| number)
                .collect();
            some += u32::from(!expected.is_empty());
            let (found, count) = scan(&file, &predicate, true);
            assert!(found == expected, "round {round}: {predicate:?}: {found:?} {expected:?}");
            assert_eq!(count, expected.len() as u64);
            assert_eq!(scan(&file, &predicate, false).1, count);
            let mut by_bytes = Vec::new();
            scan_read(&log[..], &predicate, &ScanOptions::default(), |line| {
                by_bytes.push(line.number);
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
            assert_eq!(by_bytes, expected);
        }
    }
    assert!(some > 400, "{some} conditions of 800 select anything");
}

#[test]
fn lines_of_templates_are_those_that_are_counted() {
    let mut random = Random(6);
    for (lines, block, odd) in [(4000, 1 << 14, Odd::No), (900, 1 << 20, Odd::NoLastTerminator)] {
        let log = super::log(&mut random, lines, odd);
        let file = compress(&log, 3, block);
        let mut reader = IndexedReader::open(Cursor::new(&file)).unwrap();
        let templates = reader.templates().unwrap();
        let all: u64 = templates.templates.iter().map(|template| template.lines).sum();
        assert_eq!(all + templates.lines_without, u64::from(lines));
        let mut seen = 0;
        for (rank, template) in (1u64..).zip(&templates.templates) {
            let by_rank = lignite::TemplateRef::from_name(&rank.to_string()).unwrap();
            let condition = Condition::template(by_rank);
            assert!(condition.has_ranks());
            let mut predicate = Predicate::new();
            predicate.condition = Some(condition.with_ranks(&templates.ranks()));
            let (found, count) = scan(&file, &predicate, true);
            assert_eq!((found.len() as u64, count), (template.lines, template.lines));
            assert_eq!(scan(&file, &predicate, false).1, count);
            seen += count;
            let mut options = ScanOptions::default();
            options.templates = true;
            options.times = true;
            let stats = reader.scan(&predicate, &options, OnDamage::Stop, |line| {
                assert_eq!(line.template, Some(template.id));
                let pieces = String::from_utf8_lossy(&template.text).into_owned();
                let first = pieces.split("<*>").next().unwrap();
                assert!(line.bytes.starts_with(first.as_bytes()));
                Ok(ControlFlow::Continue(()))
            });
            assert_eq!(stats.unwrap().selected, template.lines);
            predicate.condition = predicate.condition.map(Condition::negated);
            assert_eq!(scan(&file, &predicate, false).1, u64::from(lines) - template.lines);
        }
        assert_eq!(seen, all);
    }
}

/// A value of JSON that could be anybody's.
fn json(random: &mut Random, depth: u32) -> serde_json::Value {
    use serde_json::{Value, json};
    let name = |random: &mut Random| {
        (*random.of(&["a", "user", "x y", "\u{e9}", "q\"q", "b\\", "n\n", "2", ""])).to_owned()
    };
    match random.next(if depth == 0 { 5 } else { 7 }) {
        0 => json!(random.next(1 << 40)),
        1 => json!(name(random) + "/\u{1f600}\t"),
        2 => json!(random.in_hundred(50)),
        3 => Value::Null,
        4 => json!(format!("user={} {{x}}", random.next(9))),
        5 => Value::Array((0..random.next(4)).map(|_| json(random, depth - 1)).collect()),
        _ => {
            let fields = (0..random.next(5)).map(|_| (name(random), json(random, depth - 1)));
            Value::Object(fields.collect())
        }
    }
}

/// The fields of a value by its paths, as another reader of JSON has them.
fn flat(value: &serde_json::Value, path: &str, fields: &mut Vec<(String, String)>) {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        serde_json::Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                flat(item, &below(&number.to_string()), fields);
            }
        }
        serde_json::Value::Object(items) => {
            items.iter().for_each(|(name, item)| flat(item, &below(name), fields));
        }
        serde_json::Value::String(text) => fields.push((path.to_owned(), text.clone())),
        other => fields.push((path.to_owned(), other.to_string())),
    }
}

#[test]
fn fields_of_json_are_those_of_serde() {
    let mut random = Random(77);
    let mut seen = 0;
    for _ in 0..20_000 {
        let value = json(&mut random, 4);
        if !value.is_object() {
            continue;
        }
        let mut expected = Vec::new();
        flat(&value, "", &mut expected);
        seen += expected.len();
        let text = value.to_string();
        let spaced = text.replace(':', ": ").replace(',', " ,\t");
        let is_same = serde_json::from_str(&spaced).ok() == Some(value);
        for (line, more) in [
            (text.clone(), false),
            (format!("2026-11-24 at=5 {text} "), true),
            (if is_same { spaced } else { text }, false),
        ] {
            let mut found = Vec::new();
            lignite::each_field(line.as_bytes(), |name, value| {
                let shown = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                found.push((shown(name), shown(value)));
            });
            let skip = usize::from(more);
            assert!(!more || found[0] == ("at".to_owned(), "5".to_owned()), "{line}");
            assert_eq!(found[skip..], expected, "{line}");
        }
    }
    assert!(seen > 5_000, "{seen} fields");
}
