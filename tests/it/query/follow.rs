//! `lig grep --tail` and `--follow`.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use super::{Odd, Random, compress, lig, log};

#[test]
fn the_last_lines_are_those_of_tail() {
    let mut random = Random(41);
    let dir = tempfile::tempdir().unwrap();
    for round in 0..6 {
        let odd = [Odd::No, Odd::NoLastTerminator, Odd::Crlf][round % 3];
        let log = log(&mut random, 1500, odd);
        fs::write(dir.path().join("a.log"), &log).unwrap();
        fs::write(dir.path().join("a.lig"), compress(&log, 3, 1 << 13)).unwrap();
        for pattern in ["foo", "alice took", "^$", "nothing", "java:29", "INFO"] {
            let grep = |words: &[&str], file: &str| {
                let words = [&["grep", "-n"], words, &["-e", pattern, file]].concat();
                lig(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>(), dir.path())
            };
            let all = grep(&[], "a.lig");
            let lines: Vec<_> = all.1.split_inclusive(|&byte| byte == b'\n').collect();
            for count in [0usize, 1, 3, 40, 100_000] {
                let last = lines[lines.len().saturating_sub(count)..].concat();
                for file in ["a.lig", "a.log"] {
                    let found = grep(&["--tail", &count.to_string()], file);
                    assert_eq!(found.1, last, "{pattern} {count} {file}");
                }
            }
        }
    }
}

/// A `lig` at work, killed when it goes.
struct Following {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Following {
    fn start(words: &[&str], dir: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lig"));
        command.args(words).current_dir(dir).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next line; waits for it.
    fn next(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_plain_file_is_followed_through_rotation() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "old foo\nold\nlast foo\n");
    let mut lig =
        Following::start(&["grep", "--follow", "--tail", "1", "-n", "foo", "a.log"], dir.path());
    assert_eq!(lig.next(), "3:last foo");
    append(&path, "bar\nnew foo\nhalf a f");
    assert_eq!(lig.next(), "5:new foo");
    append(&path, "oo\n");
    assert_eq!(lig.next(), "6:half a foo");
    // Renamed: what still comes to the old file is seen, and then the new one.
    append(&path, "before foo\n");
    fs::rename(&path, dir.path().join("a.log.1")).unwrap();
    append(&path, "after foo, in a line that is longer than all that comes below\n");
    assert_eq!(lig.next(), "7:before foo");
    assert_eq!(lig.next(), "1:after foo, in a line that is longer than all that comes below");
    // Cut. What comes next is shorter, so that it is noticed whenever it is looked at.
    File::create(&path).unwrap();
    append(&path, "x\ncut foo\n");
    assert_eq!(lig.next(), "2:cut foo");
}

#[test]
fn a_file_of_ours_is_followed_while_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.lig");
    let mut writer = Command::new(env!("CARGO_BIN_EXE_lig"));
    writer.args(["--flush", "100ms"]).stdin(Stdio::piped()).stdout(File::create(&path).unwrap());
    let mut writer = writer.spawn().unwrap();
    let mut input = writer.stdin.take().unwrap();
    input
        .write_all(b"2026-11-24 10:00:00 INFO user=a foo\n2026-11-24 10:00:01 INFO bar\n")
        .unwrap();
    let mut lig = Following::start(
        &["grep", "--follow", "-n", "-m", "4", "--where", "user:* or late", "a.lig"],
        dir.path(),
    );
    assert_eq!(lig.next(), "1:2026-11-24 10:00:00 INFO user=a foo");
    input.write_all(b"2026-11-24 10:00:02 WARN user=b foo\n2026-11-24 10:").unwrap();
    assert_eq!(lig.next(), "3:2026-11-24 10:00:02 WARN user=b foo");
    std::thread::sleep(std::time::Duration::from_millis(500));
    input.write_all(b"00:03 WARN user=c\nlate").unwrap();
    assert_eq!(lig.next(), "4:2026-11-24 10:00:03 WARN user=c");
    drop(input);
    assert!(writer.wait().unwrap().success());
    // The last line has no terminator: it is one when the file has its end.
    assert_eq!(lig.next(), "5:late");
    assert_eq!(lig.child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for words in [
        &["grep", "--follow", "-c", "x", "a.log"][..],
        &["grep", "--follow", "-C", "2", "x", "a.log"],
        &["grep", "--tail", "2", "-l", "x", "a.log"],
        &["grep", "--follow", "x", "missing.log"],
    ] {
        let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
        assert_eq!(lig(&words, dir.path()).0, 2, "{words:?}");
    }
}
