//! `lig templates`: counts add up, and two logs are compared.

use std::fmt::Write as _;
use std::fs;

use super::{compress, lig, words};

/// A log of 6,000 jobs; `odd` makes one line in a hundred another one.
fn log(odd: &str) -> Vec<u8> {
    let mut log = String::new();
    for i in 0..6000u32 {
        let (minute, second) = (i / 60 % 60, i % 60);
        if i % 100 == 99 {
            writeln!(log, "2026-11-24 10:{minute:02}:{second:02} WARN {odd} {i}").unwrap();
        } else {
            writeln!(
                log,
                "2026-11-24 10:{minute:02}:{second:02} INFO job {i} done in {} ms",
                i % 37
            )
            .unwrap();
        }
    }
    log.into_bytes()
}

#[test]
fn templates_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.lig"), compress(&log("disk almost full"), 3, 1 << 16)).unwrap();
    let (code, out) = lig(&words("templates --json a.lig"), dir.path());
    assert_eq!(code, 0);
    let rows: Vec<serde_json::Value> = String::from_utf8(out)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let lines = |row: &serde_json::Value| row["lines"].as_u64().unwrap();
    assert_eq!(rows.iter().map(lines).sum::<u64>(), 6000);
    let odd: u64 = rows
        .iter()
        .filter(|row| row["text"].as_str().unwrap().contains("disk almost full"))
        .map(lines)
        .sum();
    assert_eq!(odd, 60);
    assert!(rows.iter().all(|row| {
        row["profile"].as_array().unwrap().iter().map(|p| p.as_u64().unwrap()).sum::<u64>()
            == lines(row)
    }));
    let (code, out) = lig(&words("templates -n 1 a.lig"), dir.path());
    let text = String::from_utf8(out).unwrap();
    assert!(code == 0 && text.lines().count() == 2 && text.contains("6000 lines"), "{text}");
}

#[test]
fn what_is_new_is_exit_code_1() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, log: &[u8]| {
        fs::write(dir.path().join(name), compress(log, 3, 1 << 16)).unwrap();
    };
    put("a.lig", &log("disk almost full"));
    put("same.lig", &log("disk almost full"));
    put("b.lig", &log("connection to peer was lost"));
    assert_eq!(lig(&words("templates --diff a.lig same.lig"), dir.path()), (0, Vec::new()));
    let (code, out) = lig(&words("templates --diff a.lig b.lig"), dir.path());
    let text = String::from_utf8(out).unwrap();
    assert_eq!(code, 1);
    let has = |change: &str, what: &str| {
        text.lines().any(|line| line.starts_with(change) && line.contains(what))
    };
    assert!(has("new", "connection to peer") && has("gone", "disk almost full"), "{text}");
    assert_eq!(lig(&words("templates --diff a.lig"), dir.path()).0, 2);
    assert_eq!(lig(&words("templates missing.lig"), dir.path()).0, 2);
}
