//! The command line, one test for each promise.

mod changes;
mod damage;
mod filter;
mod foreign;
mod kill;
mod matrix;
mod memory;
mod names;
mod neighbours;
mod reports;
mod signals;
mod streaming;
mod terminal;
mod train;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A directory of its own for a test, and the command in it.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn has(&self, name: &str) -> bool {
        fs::symlink_metadata(self.path(name)).is_ok()
    }

    /// Names in the directory, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        command(Path::new(env!("CARGO_BIN_EXE_lig")), self.dir.path(), args)
    }

    /// Runs `lig` with nothing on standard input.
    fn lig(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        Ran::from(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs `lig` with `input` on standard input, through a pipe.
    fn pipe(
        &self,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
        input: impl AsRef<[u8]>,
    ) -> Ran {
        feed(&mut self.command(args), input.as_ref())
    }
}

fn command(
    program: &Path,
    dir: &Path,
    args: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(dir)
        .args(args)
        .env_remove("LIG_LEVEL")
        .env_remove("LIG_THREADS")
        .env_remove("LIG_MODEL");
    command
}

fn feed(command: &mut Command, input: &[u8]) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A command that refuses does not read.
        let _refused = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ran::from(output)
}

/// What came of a run.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    #[track_caller]
    fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "standard error: {}", self.stderr);
        self
    }

    /// Standard error has the words.
    #[track_caller]
    fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "no {words:?} in {:?}", self.stderr);
        self
    }

    #[track_caller]
    fn silent(self) -> Self {
        assert_eq!(self.stderr, "");
        self
    }

    #[track_caller]
    fn puts(self, expected: &[u8]) -> Self {
        assert!(
            self.stdout == expected,
            "{} bytes came, {} were expected",
            self.stdout.len(),
            expected.len()
        );
        self
    }
}

/// A log of so many lines.
fn log(lines: usize) -> Vec<u8> {
    let mut log = Vec::new();
    for i in 0..lines {
        writeln!(
            log,
            "2026-11-24 00:{:02}:{:02} INFO worker[{}]: job {} took {} ms",
            i / 60 % 60,
            i % 60,
            i % 4,
            i * 7919 % 100_003,
            i * i % 977
        )
        .unwrap();
    }
    log
}
