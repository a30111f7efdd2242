//! The library's scan against a search of the raw bytes, line by line.

use std::io::Cursor;
use std::ops::ControlFlow;

use lignite::{
    IndexedReader, OnDamage, PatternBuilder, Predicate, ScanOptions, ScanStats, scan_read,
};

use super::{Odd, Random, compress, log};

type Found = Vec<(u64, u64, Vec<u8>, bool)>;

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
            lines.push((number, offset, line.to_vec(), pattern.is_match(line)));
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
            let (found, stats) = by_blocks(&file, &predicate, &options);
            assert!(found == expected, "{pattern} in round {round}");
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
