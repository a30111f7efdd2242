//! Queries, against the tools whose answers they must give.

mod archives;
mod clock;
mod counts;
mod examples;
mod fields;
mod follow;
mod grep;
mod hostile;
mod language;
mod scan;
mod templates;

use std::path::Path;
use std::process::{Command, Stdio};

/// Numbers that look random and are the same in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = self.0 ^ self.0 >> 29;
        (mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) % below
    }

    pub(crate) fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[usize::try_from(self.next(choices.len() as u64)).unwrap()]
    }

    pub(crate) fn in_hundred(&mut self, percent: u64) -> bool {
        self.next(100) < percent
    }
}

/// How a log is odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Odd {
    No,
    Crlf,
    NulAndInvalidUtf8,
    NoLastTerminator,
}

/// A log of some kinds of lines.
pub(crate) fn log(random: &mut Random, lines: u32, odd: Odd) -> Vec<u8> {
    let mut log = Vec::new();
    for i in 0..lines {
        log.extend_from_slice(line(random, i).as_bytes());
        match odd {
            Odd::Crlf => log.push(b'\r'),
            Odd::NulAndInvalidUtf8 if i % 10 == 3 => log.extend_from_slice(b"\0a\0foo\x01"),
            Odd::NulAndInvalidUtf8 if i % 10 == 7 => log.extend_from_slice(b"\xff\xfe foo\xc3"),
            _ => {}
        }
        log.push(b'\n');
    }
    if odd == Odd::NoLastTerminator {
        log.pop();
    }
    log
}

fn line(random: &mut Random, i: u32) -> String {
    let user = *random.of(&["root", "alice", "bob", "foo_bar", "foo"]);
    let level = *random.of(&["INFO", "WARN", "ERROR"]);
    match random.next(20) {
        0..=9 => format!(
            "2026-11-24 10:{:02}:{:02} {level} worker[{}]: session {:08x} of user {user} took {} ms",
            i / 60 % 60,
            i % 60,
            i % 7,
            i.wrapping_mul(2_654_435_761),
            i % 97
        ),
        10..=13 => format!(
            "Failed password for {user} from 10.0.{}.{} port {} ssh2",
            i % 256,
            i * 7 % 256,
            i % 65_536
        ),
        14..=15 => format!(
            r#"{{"level":"{}","msg":"foo bar {i}","id":"{:016x}"}}"#,
            level.to_lowercase(),
            random.next(1 << 40)
        ),
        16 => String::new(),
        17 => format!("  foo  {}", "x".repeat(usize::try_from(random.next(200)).unwrap())),
        18 => format!("\tat com.example.Foo(Foo.java:{})", i % 300),
        _ => format!("foo-bar foo.bar foobar _foo_ é ünï {i}"),
    }
}

/// Compresses as `lig` does.
pub(crate) fn compress(log: &[u8], level: u8, block_bytes: u32) -> Vec<u8> {
    use std::io::Write as _;
    let mut builder = lignite::WriterBuilder::new();
    builder.level(level).unwrap().block_bytes(block_bytes).unwrap();
    let mut wtr = builder.from_writer(Vec::new());
    wtr.write_all(log).unwrap();
    wtr.finish().unwrap().0
}

/// Runs a program in a directory; `None` where it is not installed, which is said.
pub(crate) fn run(program: &str, args: &[String], dir: &Path) -> Option<(i32, Vec<u8>)> {
    let mut command = Command::new(program);
    command.args(args).current_dir(dir).stdin(Stdio::null());
    command.env("LC_ALL", "C.UTF-8").env_remove("GREP_COLORS").env_remove("GREP_COLOR");
    match command.output() {
        Ok(output) => Some((output.status.code().unwrap_or(-1), output.stdout)),
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => {
            println!("SKIPPED: {program} is not installed");
            None
        }
        Err(err) => panic!("{program}: {err}"),
    }
}

/// Runs `lig`.
pub(crate) fn lig(args: &[String], dir: &Path) -> (i32, Vec<u8>) {
    run(env!("CARGO_BIN_EXE_lig"), args, dir).unwrap()
}

pub(crate) fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}
