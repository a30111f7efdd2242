//! Commands for archives on a file system that fails: the exit code tells, a message says what, and what was committed stays.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use lignite::vfs::{Fault, FaultyFileSystem, OsFileSystem};
use tempfile::TempDir;

use super::*;
use crate::commands::conclude;

const LINE: &str = "2026-11-24 00:00:00 INFO job done\n";

/// A directory of logs, an archive of it, and one more log.
fn place() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("in/sub")).unwrap();
    for (name, lines) in [("in/a.log", 300), ("in/sub/b.log", 200)] {
        fs::write(dir.path().join(name), LINE.repeat(lines)).unwrap();
    }
    let (code, messages) = run_in(APPEND, dir.path(), &OsFileSystem);
    assert_eq!((code, messages.as_str()), (ExitCode::SUCCESS, ""));
    fs::write(dir.path().join("in/c.log"), LINE.repeat(100)).unwrap();
    dir
}

const APPEND: &[&str] = &["archive", "@a.lig", "-C", "@.", "in"];

/// Runs a command in a directory: what begins with an at sign is a path there.
fn run_in(words: &[&str], dir: &Path, system: &dyn FileSystem) -> (ExitCode, String) {
    let word = |word: &&str| match word.strip_prefix('@') {
        Some(name) => dir.join(name).into_os_string(),
        None => (*word).into(),
    };
    let words: Vec<std::ffi::OsString> = words.iter().map(word).collect();
    let command = ArchiveCommand::parse(&words).unwrap().unwrap();
    let mut out = Output::keeping();
    let result = run_under(&Signals::default(), &command, system, &mut out);
    let code = conclude(result, &mut out);
    (code, out.messages().to_owned())
}

/// What the members of an archive hold, by name.
fn contents(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = Archive::open(path).unwrap();
    let mut contents = BTreeMap::new();
    let live = |member: &&Member| member.state == MemberState::Live && !member.is_dir;
    let members: Vec<Member> = archive.members().iter().filter(live).cloned().collect();
    for member in members {
        let mut content = Vec::new();
        archive.reader(&member).read_to_end(&mut content).unwrap();
        contents.insert(member.name.to_string(), content);
    }
    contents
}

/// Runs a command with a fault at each operation in turn, once and for good.
fn sweep(words: &[&str]) {
    let whole = |lines: usize| LINE.repeat(lines).into_bytes();
    let known = |name: &str| match name {
        "in/a.log" => whole(300),
        "in/sub/b.log" => whole(200),
        _ => whole(100),
    };
    let faults: [fn(u64) -> Fault; 2] = [Fault::Once, Fault::From];
    for (errno, fault) in
        [5, 28, 13].into_iter().flat_map(|errno| faults.map(|fault| (errno, fault)))
    {
        for n in 1.. {
            let dir = place();
            let system = FaultyFileSystem::new(&OsFileSystem, fault(n), errno);
            let (code, messages) = run_in(words, dir.path(), &system);
            let what = format!("{words:?}, {n}: {:?} fails; {messages}", system.failed());
            let found = contents(&dir.path().join("a.lig"));
            assert!(found.len() >= 2 || words[0] == "prune", "{what}");
            assert!(found.iter().all(|(name, content)| *content == known(name)), "{what}");
            for name in ["in/a.log", "in/sub/b.log", "in/c.log"] {
                assert!(dir.path().join(name).exists(), "{what}");
                let out = dir.path().join("out").join(name);
                assert!(!out.exists() || fs::read(out).unwrap() == known(name), "{what}");
            }
            if system.failed().is_none() {
                assert_eq!((code, messages.as_str()), (ExitCode::SUCCESS, ""), "{words:?}");
                assert!(n > 5, "few operations were met");
                break;
            }
            if code == ExitCode::SUCCESS {
                // What could not be found out at once, or not be cleaned up, does no harm.
                assert!(messages.is_empty() && fault(n) == Fault::Once(n), "{what}");
                continue;
            }
            let cause = match errno {
                28 => "no space left",
                13 => "ermission denied",
                _ => "nput/output error",
            };
            assert!(messages.contains(cause) && messages.starts_with("lig: "), "{what}");
        }
    }
}

#[test]
fn archiving() {
    sweep(APPEND);
    sweep(&["archive", "@new.lig", "-C", "@.", "in"]);
    sweep(&["archive", "-n", "@a.lig", "-C", "@.", "in/a.log"]);
}

#[test]
fn extracting_and_verifying() {
    sweep(&["extract", "@a.lig", "-C", "@out"]);
    sweep(&["extract", "--overwrite", "@a.lig", "-C", "@out"]);
    sweep(&["verify", "--deep", "@a.lig"]);
    sweep(&["verify", "--against", "@.", "@a.lig"]);
}

#[test]
fn maintaining() {
    sweep(&["prune", "@a.lig", "--keep-within", "0d"]);
    sweep(&["compact", "@a.lig"]);
    sweep(&["recover", "@a.lig", "-o", "@r.lig"]);
}
