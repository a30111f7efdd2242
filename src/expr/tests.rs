//! The language, by what it says of lines.

use super::*;
use crate::fields::FieldName;

const NOW: i64 = 1_795_478_400 * 1_000_000_000;

fn parse(text: &str) -> Result<Query, QueryError> {
    Query::parse(text, &Clock::at(NOW))
}

fn holds(text: &str, line: &str) -> bool {
    let query = parse(text).unwrap_or_else(|err| panic!("{text}: {err}"));
    assert!(query.is_condition(), "{text}");
    query.condition().is_none_or(|condition| condition.is_met_by(line.as_bytes()))
}

#[test]
fn words_and_operators() {
    let line = "2026-11-23T10:00:00 ERROR user=bob took=1.5s code=404 path=/a/b (done)";
    for yes in [
        "ERROR",
        "ERROR bob",
        "ERROR and bob or nothing",
        "nothing or (ERROR bob)",
        "not nothing",
        "-nothing !nothing",
        "not not bob",
        "\"took=1.5s code\"",
        "don*",
        "\"(do\"*",
        "i(error)",
        "i(\"USER=\"*)",
        "user:bob",
        "user:=bob",
        "user=bob",
        "user = \"bob\"",
        "user:bo*",
        "user:=bo*",
        "user:~\"^b.b$\"",
        "user ~ ^b",
        "user !~ x",
        "user != root",
        "user:!root",
        "user:(root or bob)",
        "user:(~^b -root)",
        "user:in(root, bob)",
        "user:*",
        "absent:\"\"",
        "took:>1s took:<=1500ms",
        "code >= 404 and code < 405",
        "code:range[404, 500)",
        "code:range(403, 404]",
        "path:/a/b",
        "path:=/a/*",
        "level:error",
        "level:>=warn",
        "level:warn..",
        "level:in(debug, error)",
        "level:(debug or error)",
        "level != info",
        "_time:2026-11-23",
        "_time:1d",
        "_time:[2026-11-23, 2026-11-24)",
        "_time:>=2026-11-23 10:00",
        "_time:>\"2026-11-23 09:59\"",
        "_time:=2026-11-23T10:00",
        "_time:<today",
        "_2:=ERROR",
        "_msg:~\"done.$\"",
        "~took.*code",
        "*",
        "",
        "_msg:*",
    ] {
        assert!(holds(yes, line), "{yes}");
        if !yes.is_empty() {
            assert!(!holds(&format!("not ({yes})"), line), "{yes}");
        }
    }
    for no in ["nothing", "ERR", "bob -ERROR", "user:=bo", "user:>z", "took:>1", "absent:*"] {
        assert!(!holds(no, line), "{no}");
    }
    assert!(holds("\"a.b\":=1 and .level:=x", r#"{"a":{"b":1},"level":"x"}"#));
    assert!(!holds("template:3 or line:5.. or file:a", "x"));
}

#[test]
fn precedence_is_not_and_or() {
    assert!(holds("a or b c", "a"));
    assert!(!holds("(a or b) c", "a"));
    assert!(holds("not a b", "b") && !holds("not (a or b)", "b"));
    assert!(holds("a or not b", "c"));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, at, expected) in [
        ("user:", 5, "a value"),
        ("user:>", 6, "a value"),
        ("(a or b", 7, "`)`"),
        ("a)", 1, "`|`"),
        ("a or", 4, "a word"),
        ("or a", 0, "a condition"),
        ("a and and b", 6, "a condition"),
        ("\"abc", 0, "behind"),
        ("level:loud", 6, "a level"),
        ("_time:soon", 6, "a time"),
        ("x:~\"(\"", 3, "regular expression"),
        ("template:no", 9, "a template"),
        ("line:x", 5, "number"),
        ("line:in(1)", 10, "another"),
        ("a | nothing", 4, "a pipe"),
        ("a | stats", 9, "a function"),
        ("a | stats count(", 16, "the name"),
        ("a | stats sum()", 10, "one field"),
        ("a | stats by (_time:0) count()", 20, "width"),
        ("a | stats quantile(2, x)", 19, "from 0 to 1"),
        ("a | limit x", 10, "whole number"),
        ("a | sort x", 9, "`by`"),
        ("a | limit 3 b", 12, "a condition"),
        ("x:range(1", 9, "`,`"),
    ] {
        let err = parse(text).expect_err(text);
        assert!(err.expected().contains(expected), "{text}: {err}");
        assert_eq!(err.at(), at, "{text}: {err}");
    }
    let err = parse("ünï level:loud").unwrap_err();
    assert_eq!(err.marked(), "ünï level:loud\n          ^");
}

#[test]
fn hostile_queries_end_soon() {
    let deep = "(".repeat(60_000);
    assert!(parse(&deep).unwrap_err().expected().contains("parentheses"));
    assert!(parse(&"a:(".repeat(20_000)).is_err());
    assert!(parse(&"not ".repeat(16_000)).is_err());
    assert!(parse(&format!("{}a", "-".repeat(60_000))).is_ok());
    assert!(parse(&"a ".repeat(30_000)).unwrap_err().expected().contains("256"));
    assert!(parse(&"a".repeat(70_000)).unwrap_err().expected().contains("bytes"));
    assert!(parse(&format!("* | fields {}", "a,".repeat(9000))).is_err());
    assert!(parse(&" ".repeat(60_000)).is_ok());
    for text in ["\0", "|", "||", ":", "a:b:c", "\\", "[", "]", "a|", "=", "*a*", "in(", "i("] {
        let _whatever = parse(text);
    }
}

/// The rows that come out for a log, values joined by commas.
fn rows(text: &str, log: &str) -> Vec<String> {
    let query = parse(text).unwrap_or_else(|err| panic!("{text}: {err}"));
    let mut pipeline = Pipeline::new(&query);
    let mut found = Vec::new();
    let mut sink = |row: &Row<'_>| {
        found.push(match row {
            Row::Line(line, _) => String::from_utf8_lossy(line.bytes).into_owned(),
            Row::Record(record) => {
                let values = record.values().map(|(value, _)| String::from_utf8_lossy(value));
                values.collect::<Vec<_>>().join(",")
            }
        });
        Ok(())
    };
    let (predicate, options) = (query.predicate(), query.options());
    crate::query::scan_read(log.as_bytes(), &predicate, &options, |line| {
        pipeline.push(line, b"a.log", &mut sink)
    })
    .unwrap();
    pipeline.finish(&mut sink).unwrap();
    found
}

const LOG: &str = "\
2026-11-24 10:00:01 INFO user=a took=5ms
2026-11-24 10:00:02 WARN user=b took=10ms
2026-11-24 10:05:00 INFO user=a took=1s
  more of it
2026-11-24 10:06:00 ERROR user=c took=7 n=2
2026-11-24 10:16:00 INFO user=a n=10
";

#[test]
fn pipes_make_rows() {
    assert_eq!(rows("user:* | fields user, line", LOG), ["a,1", "b,2", "a,3", "c,5", "a,6"]);
    assert_eq!(rows("* | stats count()", LOG), ["6"]);
    assert_eq!(rows("nothing | stats count() x, sum(n)", LOG), ["0,0"]);
    assert_eq!(rows("* | stats by (user) count() hits", LOG), [",1", "a,3", "b,1", "c,1"]);
    assert_eq!(
        rows("* | stats by (_time:5m) count() as hits", LOG),
        ["2026-11-24T10:00:00,2", "2026-11-24T10:05:00,3", "2026-11-24T10:15:00,1"]
    );
    assert_eq!(
        rows("* | stats sum(took), avg(took), min(took), max(took), count(took)", LOG),
        ["1.015s,0.338333333s,7,1s,4"]
    );
    assert_eq!(
        rows("* | stats median(n), quantile(0.99, n) p, count_uniq(user), uniq_values(user)", LOG),
        ["2,10,3,a,b,c"]
    );
    assert_eq!(rows("* | stats by (n:5) count()", LOG), [",4", "0,1", "10,1"]);
    assert_eq!(rows("* | top 1 by (user)", LOG), ["a,3"]);
    assert_eq!(rows("user:* | uniq by (user) with hits | where hits:=1", LOG), ["b,1", "c,1"]);
    assert_eq!(rows("user:* | uniq by (user) limit 2", LOG), ["a", "b"]);
    assert_eq!(
        rows("user:* | fields user, line | sort by (user desc, line desc) limit 3 offset 1", LOG),
        ["b,2", "a,6", "a,3"]
    );
    assert_eq!(rows("user:* | sort by (n) desc | limit 1", LOG), [LOG.lines().last().unwrap()]);
    assert_eq!(rows("* | offset 1 | limit 1 | fields user", LOG), ["b"]);
    assert_eq!(rows("* | where level:warn.. | fields level", LOG), ["warning", "error"]);
    assert_eq!(
        rows("* | stats by (level, user) count() n | where level:>=warn | sort by (n, user)", LOG),
        ["warning,b,1", "error,c,1"]
    );
    assert_eq!(
        rows("* | fields _time, file, template, _2 | limit 1", LOG),
        ["2026-11-24T10:00:01,a.log,,10:00:01"]
    );
    assert_eq!(rows("* | limit 0", LOG), Vec::<String>::new());
}

#[test]
fn what_is_kept_is_bounded() {
    let query = parse("* | sort by (x)").unwrap();
    let mut pipeline = Pipeline::new(&query);
    let line = crate::query::ScanLine {
        number: 1,
        offset: None,
        bytes: &vec![b'x'; 1 << 20],
        terminated: true,
        selected: true,
        time: None,
        template: None,
    };
    let mut result = Ok(std::ops::ControlFlow::Continue(()));
    for _ in 0..200 {
        result = pipeline.push(line, b"", &mut |_| Ok(()));
        if result.is_err() {
            break;
        }
    }
    assert!(matches!(
        result.unwrap_err().kind(),
        ErrorKind::LimitExceeded { limit: "bytes that a query keeps", .. }
    ));
    let _name = FieldName::from_name("x");
}

/// What queries are made of, and more.
const PARTS: [&str; 64] = [
    "a",
    "user",
    ":",
    "=",
    "==",
    "!=",
    "!~",
    "~",
    ">",
    ">=",
    "<",
    "<=",
    "(",
    ")",
    "[",
    "]",
    ",",
    "|",
    "*",
    "-",
    "!",
    "\"",
    "'",
    "`",
    "\\",
    " ",
    "\t",
    "\n",
    "and",
    "OR",
    "not",
    "in(",
    "range[",
    "range(",
    "i(",
    "_time",
    "level",
    "template",
    "line",
    "file",
    "_1",
    "_msg",
    "5m",
    "10",
    "1.5s",
    "2026-11-24",
    "10:00",
    "warn..",
    "t3fa",
    "..",
    "fields",
    "where",
    "stats",
    "by",
    "count()",
    "sum(",
    "sort",
    "limit",
    "top",
    "uniq",
    "quantile(0.5,",
    "é",
    "😀",
    "\0",
];

#[test]
fn any_text_is_a_query_or_an_error_at_its_place() {
    let mut state = 7u64;
    let mut below = |count: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from((state >> 33) % count).unwrap()
    };
    let (mut good, mut bad) = (0, 0);
    for _ in 0..60_000 {
        let text: String = (0..=below(12)).map(|_| PARTS[below(64)]).collect();
        match parse(&text) {
            Ok(query) => {
                good += 1;
                let lines = ["", "user=a level=warn 10", "{\"user\":[1]}"];
                for line in lines.map(str::as_bytes) {
                    let _whatever = query.condition().map(|asked| asked.is_met_by(line));
                }
                if good % 16 == 0 {
                    rows(&text, LOG);
                }
            }
            Err(err) => {
                bad += 1;
                assert!(err.at() <= text.len() && text.is_char_boundary(err.at()), "{text:?}");
                assert!(err.marked().ends_with('^') && !err.expected().is_empty(), "{text:?}");
            }
        }
    }
    assert!(good > 1_000 && bad > 1_000, "{good} {bad}");
}
