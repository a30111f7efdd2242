//! Logs made to hurt: they come back, and cost at most a little more than they are.
//!
//! How fast they are is measured by `cargo bench --bench pipeline`; here, they end.
#![allow(
    clippy::cast_possible_truncation,
    clippy::items_after_statements,
    reason = "random bits are cut to what is needed; a recursion stands beside its only caller"
)]

use std::io::{Read, Write};

use lignite::{Reader, WriterBuilder};

const BYTES: usize = if cfg!(debug_assertions) { 60_000 } else { 400_000 };

/// Lines by number, until there are enough bytes.
fn lines(line: impl Fn(u64) -> String) -> Vec<u8> {
    let mut log = Vec::new();
    for i in 0.. {
        if log.len() >= BYTES {
            break;
        }
        log.extend_from_slice(line(i).as_bytes());
    }
    log
}

fn mixed(i: u64) -> u64 {
    let i = (i ^ i >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (i ^ i >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 8
}

/// Every word of `length` letters as part of one text, each once: no longer repeats.
fn de_bruijn(letters: usize, length: usize) -> Vec<u8> {
    let (mut word, mut text) = (vec![0; letters * length], Vec::new());
    fn visit(t: usize, p: usize, k: usize, n: usize, word: &mut [usize], text: &mut Vec<u8>) {
        if t > n {
            if n.is_multiple_of(p) {
                text.extend(word[1..=p].iter().map(|&letter| b"abcdefghijklmnop"[letter]));
            }
            return;
        }
        word[t] = word[t - p];
        visit(t + 1, p, k, n, word, text);
        for letter in word[t - p] + 1..k {
            word[t] = letter;
            visit(t + 1, t, k, n, word, text);
        }
    }
    visit(1, 1, letters, length, &mut word, &mut text);
    text
}

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let deep = BYTES / 4;
    vec![
        (
            "lines that are all different",
            lines(|i| format!("{:x} {:o} {}\n", mixed(i), mixed(i + 7), mixed(!i))),
        ),
        (
            "templates that are all different",
            lines(|i| format!("w{:x} {:b}-{:x}=\n", mixed(i), i, mixed(!i))),
        ),
        ("a line of words without end", lines(|i| format!("{:x} ", mixed(i) & 0xffff))),
        ("json, nested without end", [vec![b'['; deep], vec![b']'; deep], b"\n".to_vec()].concat()),
        (
            "json, a key in a key",
            [b"{\"a\":".repeat(deep / 5), b"1".to_vec(), vec![b'}'; deep / 5]].concat(),
        ),
        (
            "json with keys without end",
            lines(|i| if i == 0 { "{".into() } else { format!("\"k{i}\":{i},") }),
        ),
        (
            "quotes that never close",
            lines(|i| format!("\"{}\\\"{}\n", "\"".repeat((i % 40) as usize), i)),
        ),
        ("lines of one byte", lines(|i| format!("{}\n", (b'a' + (mixed(i) % 26) as u8) as char))),
        ("empty lines", vec![b'\n'; BYTES]),
        ("no repeats", de_bruijn(10, 5)),
        ("sorted", lines(|i| format!("{i:012}\n"))),
        ("reversed", lines(|i| format!("{:012}\n", 999_999_999 - i))),
        ("alternating", lines(|i| if i % 2 == 0 { "a b c\n".into() } else { "x=y; z\n".into() })),
        ("one letter", vec![b'a'; BYTES]),
        (
            "times that are none",
            lines(|i| format!("2026-02-{:02} 25:{:02}:61.{i} x\n", i % 40, i % 70)),
        ),
        (
            "numbers beyond all widths",
            lines(|i| format!("{}{} -{}\n", u64::MAX, i, "9".repeat((i % 60) as usize))),
        ),
        ("noise", (0..BYTES as u64).map(|i| mixed(i) as u8).collect()),
        ("delimiters only", lines(|i| ",;|=:[]{}()\"' \t".repeat((i % 9) as usize) + "\n")),
    ]
}

/// R32, for the levels without the model, and the size that no input exceeds.
#[test]
fn hostile_logs_come_back_and_cost_little_more_than_they_are() {
    for (name, log) in hostile() {
        for level in [1, 3, 6] {
            let mut builder = WriterBuilder::new();
            let mut wtr = builder.level(level).unwrap().from_writer(Vec::new());
            wtr.write_all(&log).unwrap();
            let (file, _) = wtr.finish().unwrap();
            assert!(file.len() <= log.len() + log.len() / 1000 + 4096, "{name}: {}", file.len());
            let mut back = Vec::new();
            Reader::new(&file[..]).unwrap().read_to_end(&mut back).unwrap();
            assert!(back == log, "{name}, level {level}");
        }
    }
}
