//! Commands on a file system that fails: whatever fails, the exit code tells, a message says what, the input stays, and
//! no name leads to a part of a file.

use std::fs;
use std::io::Read;
use std::path::Path;

use clap::Parser;
use lignite::vfs::{Fault, FaultyFileSystem, Operation, OsFileSystem};
use tempfile::TempDir;

use super::*;

const LINE: &str = "2026-11-24 00:00:00 INFO job done\n";

/// A directory with two logs and what they compress to, in `packed`.
fn place() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, lines) in [("a.log", 300), ("b.log", 200)] {
        fs::write(dir.path().join(name), LINE.repeat(lines)).unwrap();
    }
    fs::create_dir(dir.path().join("packed")).unwrap();
    fs::create_dir(dir.path().join("out")).unwrap();
    fs::write(dir.path().join("names"), dir.path().join("a.log").to_str().unwrap()).unwrap();
    let (code, messages) =
        run(&["--block-size=4KiB", "-o", "packed/", "a.log"], dir.path(), &OsFileSystem);
    assert_eq!((code, messages.as_str()), (ExitCode::SUCCESS, ""));
    dir
}

/// Runs a command in a directory. Words that name something there are made paths to it.
fn run(words: &[&str], dir: &Path, system: &dyn FileSystem) -> (ExitCode, String) {
    let path = |word: &&str| {
        if word.starts_with('-') { (*word).into() } else { dir.join(word).into_os_string() }
    };
    let words = std::iter::once("lig".into()).chain(words.iter().map(path));
    let args = FilterArgs::try_parse_from(words).unwrap();
    let mut out = Output::keeping();
    let result = run_under(Signals::default(), &args, system, &mut out);
    let code = conclude(result, &mut out);
    (code, out.messages().to_owned())
}

fn has_suffix(name: &str, suffix: &str) -> bool {
    Path::new(name).extension().is_some_and(|own| own == suffix)
}

/// Everything in the directory is whole: each log is one of the two, each `.lig` decodes to one of them. Returns the names.
fn whole_files(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(whole_files(&path));
            continue;
        }
        let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
        let mut raw = fs::read(&path).unwrap();
        if has_suffix(&name, "lig") {
            let packed = std::mem::take(&mut raw);
            lignite::Reader::new(&packed[..]).unwrap().read_to_end(&mut raw).unwrap();
        }
        if name != "names" && !has_suffix(&name, "tmp") {
            let is_log = |lines| raw == LINE.repeat(lines).as_bytes();
            assert!(is_log(300) || is_log(200), "{name} is not whole");
        }
        names.push(name);
    }
    names
}

/// Runs a command with a fault at each operation in turn. Returns how many operations it has.
fn sweep(words: &[&str], fault: fn(u64) -> Fault, errno: i32) -> u64 {
    for n in 1.. {
        let dir = place();
        let system = FaultyFileSystem::new(&OsFileSystem, fault(n), errno);
        let (code, messages) = run(words, dir.path(), &system);
        let names = whole_files(dir.path());
        let Some(failed) = system.failed() else {
            assert_eq!((code, messages.as_str()), (ExitCode::SUCCESS, ""), "{words:?}");
            return n - 1;
        };
        let what = format!("{words:?}, {n}: {failed:?} fails; {names:?}; {messages}");
        if code == ExitCode::SUCCESS {
            // What could not be found out at once may be found out later.
            assert!(failed == Operation::Info && fault(n) == Fault::Once(n), "{what}");
            continue;
        }
        let cause = if errno == 28 { "no space left" } else { "nput/output error" };
        assert!(messages.contains(cause) && messages.starts_with("lig: "), "{what}");
        // The source goes last, so that a failure leaves it, unless that of a second input came later.
        for source in ["a.log", "packed/a.log.lig"].map(|name| dir.path().join(name)) {
            assert!(source.exists(), "{what}");
        }
        let left = names.iter().any(|name| has_suffix(name, "tmp"));
        assert!(!left || matches!(fault(n), Fault::From(_)), "{what}");
    }
    unreachable!()
}

fn sweep_all(words: &[&str]) {
    for errno in [5, 28] {
        assert!(sweep(words, Fault::Once, errno) > 3, "{words:?}");
        sweep(words, Fault::From, errno);
    }
}

#[test]
fn compressing() {
    sweep_all(&["a.log"]);
    sweep_all(&["--block-size=4KiB", "-T2", "a.log"]);
    sweep_all(&["--rm", "a.log"]);
}

#[test]
fn decompressing_and_testing() {
    sweep_all(&["-d", "packed/a.log.lig"]);
    sweep_all(&["-d", "--rm", "packed/a.log.lig"]);
    sweep_all(&["-t", "packed/a.log.lig"]);
    sweep_all(&["-l", "packed/a.log.lig"]);
}

#[test]
fn outputs_elsewhere() {
    sweep_all(&["-o", "out/", "a.log"]);
    sweep_all(&["-o", "new.lig", "a.log"]);
    sweep_all(&["--output-dir-mirror", "mirror", "a.log"]);
    sweep_all(&["--files-from", "names"]);
}

#[test]
fn an_output_that_cannot_be_looked_at_is_not_written() {
    let dir = place();
    fs::write(dir.path().join("a.log.lig"), "precious").unwrap();
    let spared =
        [Operation::Open, Operation::Read, Operation::Create, Operation::Write, Operation::Rename];
    for n in 1..10 {
        let system = FaultyFileSystem::sparing(&OsFileSystem, Fault::Once(n), 5, &spared);
        let (code, _) = run(&["a.log"], dir.path(), &system);
        assert_eq!(code, ExitCode::FAILURE, "{n}");
        assert_eq!(fs::read(dir.path().join("a.log.lig")).unwrap(), b"precious", "{n}");
    }
}
