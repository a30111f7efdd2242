//! A decoder written from the format's pages alone reads what levels 8 and 9 write (`tests/second_decoder/decode.py`).

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the second decoder makes of what `level` writes; `None` without Python.
fn decoded(log: &[u8], level: u8) -> Option<Vec<u8>> {
    if Command::new("python3").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("SKIPPED: python3 is not installed");
        return None;
    }
    let mut builder = lignite::WriterBuilder::new();
    builder.level(level).unwrap();
    let mut wtr = builder.from_writer(Vec::new());
    wtr.write_all(log).unwrap();
    let (file, _) = wtr.finish().unwrap();
    let path = std::env::temp_dir().join(format!(
        "lignite-{}-{}-{level}.lig",
        std::process::id(),
        log.len()
    ));
    std::fs::write(&path, file).unwrap();
    let decoder = root().join("tests/second_decoder/decode.py");
    let output = Command::new("python3").arg("-B").arg(decoder).arg(&path).output().unwrap();
    std::fs::remove_file(path).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

/// Times with fractions, numbers of all forms, proportions, names, addresses, and a line without an end.
fn made() -> Vec<u8> {
    let mut log = String::new();
    let mut seed = 7u32;
    let mut random = |below: u32| {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345) & 0x7fff_ffff;
        (seed >> 8) % below
    };
    let mut time = 0;
    for i in 0..70 {
        time += random(9000);
        let user = ["root", "alice", "bob", "carol"][random(4) as usize];
        let (minutes, seconds, millis) = (time / 60_000, time / 1000 % 60, time % 1000);
        write!(log, "2026-11-24 10:{minutes:02}:{seconds:02}.{millis:03} ").unwrap();
        let (bytes, host, port) = (random(60_000), random(250), random(9000));
        let kilobytes = format!("{}.{:02}", bytes / 1024, bytes % 1024 * 100 / 1024);
        match random(4) {
            0 => writeln!(
                log,
                "INFO {user} sent {bytes} bytes ({kilobytes} KB) to 10.0.1.{host}:{port}"
            ),
            1 => writeln!(log, "WARN id={:08x} took {:03}ms état", random(1 << 22), random(30)),
            2 => {
                writeln!(log, "INFO {user} did task_{i}/{host}.tmp code {}", i64::from(port) - 4500)
            }
            _ => writeln!(log, "INFO session opened for {user} on 2026-11-{:02}", 1 + random(30)),
        }
        .unwrap();
    }
    log.push_str("and no end");
    log.into_bytes()
}

#[test]
fn a_made_log_decodes_from_the_page_alone() {
    let log = made();
    for level in [8, 9] {
        let Some(decoded) = decoded(&log, level) else { return };
        assert!(decoded == log, "level {level}");
    }
}

#[test]
fn lines_that_come_again_decode_from_the_page_alone() {
    let log = made();
    let lines: Vec<&[u8]> = log.split_inclusive(|&byte| byte == b'\n').take(24).collect();
    let rounds: Vec<&[u8]> = (0..4)
        .flat_map(|round| lines.iter().enumerate().filter(move |(at, _)| at % 11 != round * 2))
        .map(|(_, &line)| line)
        .collect();
    let log = rounds.concat();
    for level in [8, 9] {
        let Some(decoded) = decoded(&log, level) else { return };
        assert!(decoded == log, "level {level}");
    }
}

#[test]
fn the_head_of_a_real_log_decodes_from_the_page_alone() {
    let log = std::fs::read(root().join("testdata/dpkg.log")).unwrap();
    let log = &log[..8000];
    for level in [8, 9] {
        let Some(decoded) = decoded(log, level) else { return };
        assert!(decoded == log, "level {level}");
    }
}
