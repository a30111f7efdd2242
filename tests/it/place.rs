//! A directory of its own for a test, the command in it, and what came of a run.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

/// A directory of its own for a test, and the command in it.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn has(&self, name: impl AsRef<Path>) -> bool {
        fs::symlink_metadata(self.path(name)).is_ok()
    }

    /// Names in the directory, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Waits until a command has begun its output beside its source.
    #[track_caller]
    pub(crate) fn wait_for_a_second_name(&self) {
        let begun = (0..6_000).any(|_| {
            sleep(Duration::from_millis(10));
            self.names().len() > 1
        });
        assert!(begun, "no output was begun");
    }

    pub(crate) fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        command(Path::new(env!("CARGO_BIN_EXE_lig")), self.dir.path(), args)
    }

    /// Runs `lig` with nothing on standard input.
    pub(crate) fn lig(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        Ran::from(self.command(args).output().unwrap())
    }

    /// Runs `lig` with `input` on standard input, through a pipe.
    pub(crate) fn pipe(
        &self,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
        input: impl AsRef<[u8]>,
    ) -> Ran {
        feed(&mut self.command(args), input.as_ref())
    }
}

pub(crate) fn command(
    program: &Path,
    dir: &Path,
    args: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(dir)
        .args(args)
        .stdin(Stdio::null())
        .env_remove("LIG_LEVEL")
        .env_remove("LIG_THREADS")
        .env_remove("LIG_MODEL");
    command
}

pub(crate) fn feed(command: &mut Command, input: &[u8]) -> Ran {
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
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
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
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "standard error: {}", self.stderr);
        self
    }

    /// Standard error has the words.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "no {words:?} in {:?}", self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn silent(self) -> Self {
        assert_eq!(self.stderr, "");
        self
    }

    #[track_caller]
    pub(crate) fn puts(self, expected: &[u8]) -> Self {
        assert!(
            self.stdout == expected,
            "{} bytes came, {} were expected",
            self.stdout.len(),
            expected.len()
        );
        self
    }

    #[track_caller]
    pub(crate) fn prints(self, words: &str) -> Self {
        let text = String::from_utf8_lossy(&self.stdout);
        assert!(text.contains(words), "no {words:?} in {text:?}");
        self
    }

    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        let text = std::str::from_utf8(&self.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Sends a signal by its name.
pub(crate) fn send(signal: &str, child: &Child) {
    let status = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
    assert!(status.unwrap().success());
}

/// Waits until a started `lig` has done what it can do for now: it has taken its signals over, or ignores those it is to
/// ignore, and all of its threads sleep, for input, for a reader or for a signal. A test must not depend on how fast the
/// machine is; where there is no `/proc`, half a second has to do.
pub(crate) fn settle(child: &Child) {
    if !cfg!(target_os = "linux") {
        sleep(Duration::from_millis(500));
        return;
    }
    let mut before = None;
    for _ in 0..1_000 {
        let now = asleep(child.id());
        if now.is_some() && now == before {
            return;
        }
        before = now;
        sleep(Duration::from_millis(20));
    }
    panic!("it never comes to rest");
}

/// What each thread of a process has used of the processor, if it is `lig`, cares for signals and all of them sleep.
fn asleep(id: u32) -> Option<Vec<String>> {
    let process = PathBuf::from(format!("/proc/{id}"));
    let status = fs::read_to_string(process.join("status")).ok()?;
    let mask = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    // The bits of SIGHUP, SIGINT and SIGTERM.
    let cares = (mask("SigCgt:") | mask("SigIgn:")) & 0x4003 == 0x4003;
    if !(status.starts_with("Name:\tlig\n") && cares && mask("ShdPnd:") == 0) {
        return None;
    }
    let mut used = Vec::new();
    for thread in fs::read_dir(process.join("task")).ok()? {
        let stat = fs::read_to_string(thread.ok()?.path().join("stat")).ok()?;
        // Behind the name: the state, and as 12th and 13th the time used.
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        if fields[0] != "S" {
            return None;
        }
        used.push(fields[11..13].join(" "));
    }
    Some(used)
}
