//! Patterns that are made to take for ever: refused by their size, or searched for in time that grows with the text only.

use std::fmt::Write as _;
use std::io::Cursor;
use std::ops::ControlFlow;

use lignite::{
    IndexedReader, OnDamage, Pattern, PatternBuilder, Predicate, Result, ScanOptions, scan_read,
};

use super::compress;

fn build(pattern: &str) -> Result<Pattern> {
    PatternBuilder::new().add(pattern.as_bytes()).build()
}

/// Patterns on which engines that try one way after the other take time beyond any bound, and what is to be found in `a`s,
/// an exclamation mark behind them.
const SLOW_ELSEWHERE: [(&str, bool); 16] = [
    ("^(a+)+$", false),
    ("^([a-zA-Z]+)*$", false),
    ("^(a|aa)+$", false),
    ("^(a|a?)+$", false),
    ("^(.*a){20}$", false),
    ("(x+x+)+y", false),
    ("^(([a-z])+.)+[A-Z]([a-z])+$", false),
    ("^(\\d+)*$", false),
    ("(.*)*=.*", false),
    ("^((a{1,3})+b?)*c$", false),
    ("(a?){30}a{30}b", false),
    ("^(\\w+\\s?)*$", false),
    ("(a*)*!$", true),
    ("(.*a){20}!", true),
    ("((a*)*)*$", true),
    ("(?i)^(A+)+!$", true),
];

#[test]
fn what_makes_other_engines_go_back_is_searched_for_once() {
    // A line of so many bytes has 2^65,536 ways to be split into runs.
    let line = [vec![b'a'; 1 << 16], b"!\n".to_vec()].concat();
    let log = line.repeat(3);
    let file = compress(&log, 1, 1 << 18);
    let options = ScanOptions::default();
    for (pattern, is_found) in SLOW_ELSEWHERE {
        let predicate = Predicate::matching(build(pattern).unwrap());
        let mut reader = IndexedReader::open(Cursor::new(&file)).unwrap();
        let go_on = |_: lignite::ScanLine<'_>| Ok(ControlFlow::Continue(()));
        let stats = reader.scan(&predicate, &options, OnDamage::Stop, go_on).unwrap();
        assert_eq!(stats.selected, if is_found { 3 } else { 0 }, "{pattern}");
        let stats = scan_read(&log[..], &predicate, &options, go_on).unwrap();
        assert_eq!(stats.selected, if is_found { 3 } else { 0 }, "{pattern}");
    }
}

#[test]
fn what_would_take_too_much_is_refused_with_what_was_too_much() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    for (pattern, why) in [
        ("(a{1000}){1000}".to_owned(), "when compiled"),
        ("(((a{100}){100}){100}){100}".to_owned(), "when compiled"),
        ("[\\w\\W]{5000}{50}".to_owned(), "when compiled"),
        ("\\pL{2000}".to_owned(), "when compiled"),
        ("(\\p{Greek}|\\p{Han}|\\w){1000}".to_owned(), "when compiled"),
        (nested(5000), "nest"),
        ("a|".repeat(40_000), "longer"),
        ("a{4294967296}".to_owned(), "decimal"),
    ] {
        let refused = build(&pattern).unwrap_err().to_string();
        assert!(refused.contains(why), "{}: {refused}", &pattern[..pattern.len().min(40)]);
    }
    // What is near the bounds is not.
    for pattern in ["(a{100}){100}", "\\pL{20}", &nested(50), &"a|".repeat(2000)] {
        assert!(build(pattern).is_ok(), "{}", &pattern[..pattern.len().min(40)]);
    }
}

/// What is looked for across many values with nothing between them has more places than can be told apart: it is found all
/// the same.
#[test]
fn literals_across_many_values_are_found() {
    let mut log = String::new();
    for i in 0..4000u32 {
        let part = |at: u32| {
            ["svn", "branches", "opens", "switch", "trunk", "x"]
                [(i / 6u32.pow(at % 4) + at) as usize % 6]
        };
        let path = (0..6).map(part).collect::<Vec<_>>().join("/");
        let host = i % 9;
        writeln!(log, "{i} GET /{path} done\n{i} http://h{host}.example/{path}?v={i}").unwrap();
    }
    let file = compress(log.as_bytes(), 3, 1 << 17);
    let options = ScanOptions::default();
    for pattern in
        ["svn/branches", "opens/switch/tr", "witch/x/svn/b", "nswitch", "runk/x", "penswitch"]
    {
        let predicate = Predicate::matching(build(pattern).unwrap());
        let mut reader = IndexedReader::open(Cursor::new(&file)).unwrap();
        let mut found = Vec::new();
        reader
            .scan(&predicate, &options, OnDamage::Stop, |line| {
                found.push(line.number);
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
        let lines = (1..).zip(log.lines()).filter(|(_, line)| line.contains(pattern));
        assert!(found.into_iter().eq(lines.map(|(number, _)| number)), "{pattern}");
    }
}
