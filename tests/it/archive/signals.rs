//! Ended by a signal: the exit code tells which, nothing half-done has a name, and what was committed stays.

use std::os::unix::ffi::OsStrExt;
use std::time::Instant;

use super::*;

/// Starts a command, sends it a signal after a while, and returns what came of it.
fn interrupt(place: &Place, args: &[&str], signal: &str, after: Duration) -> Ran {
    let mut command = place.command(args);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).env("LIG_THREADS", "1");
    let child = command.spawn().unwrap();
    std::thread::sleep(after);
    let id = child.id().to_string();
    // It may have ended already.
    drop(Command::new("kill").args(["-s", signal, &id]).stderr(Stdio::null()).status());
    Ran::from(child.wait_with_output().unwrap())
}

/// The state that each run begins in: nothing made by the one before.
fn reset(place: &Place) {
    for name in ["new.lig", "r.lig"] {
        drop(fs::remove_file(place.path(name)));
    }
    drop(fs::remove_dir_all(place.path("out")));
    fs::copy(place.path("base.lig"), place.path("a.lig")).unwrap();
    fs::copy(place.path("whole.lig"), place.path("all.lig")).unwrap();
}

/// Whatever a run came to, archives hold what was committed, and files that have a name are whole.
fn check(place: &Place, contents: &BTreeMap<Vec<u8>, Vec<u8>>, what: &str) {
    for archive in ["new.lig", "a.lig", "all.lig", "r.lig"] {
        if place.path(archive).exists() {
            let found = place.contents(archive);
            assert!(found.iter().all(|(name, content)| contents[name] == *content), "{what}");
            let least = if archive == "a.lig" { 1 } else { 3 };
            assert!(found.len() >= least, "{what}: {archive}");
        }
    }
    for (name, content) in contents {
        let out = place.path("out").join(OsStr::from_bytes(name));
        assert!(!out.exists() || fs::read(out).unwrap() == *content, "{what}");
    }
}

/// Names in the tree below, those of temporary files.
fn temporaries(place: &Place) -> Vec<PathBuf> {
    let is_temporary = |path: &PathBuf| path.extension().is_some_and(|end| end == "tmp");
    tree(place.dir.path()).into_keys().filter(is_temporary).collect()
}

#[test]
fn a_signal_ends_each_command_in_order() {
    let place = Place::new();
    let contents: BTreeMap<Vec<u8>, Vec<u8>> =
        [("in/one.log", log(1, 60_000)), ("in/two.log", log(2, 60_000)), ("in/x", b"x\n".to_vec())]
            .map(|(name, content)| (name.as_bytes().to_vec(), content))
            .into();
    for (name, content) in &contents {
        place.write(OsStr::from_bytes(name), content);
    }
    let base = ["a", "--block-size", "256K", "base.lig", "in/one.log"];
    place.lig(base).code(0);
    place.lig(["a", "--block-size", "256K", "whole.lig", "in"]).code(0);
    let rounds = if is_full() { 40 } else { 3 };
    let commands: [&[&str]; 6] = [
        &["a", "new.lig", "in"],
        &["a", "a.lig", "in"],
        &["extract", "all.lig", "-C", "out"],
        &["compact", "all.lig"],
        &["recover", "all.lig", "-o", "r.lig"],
        &["verify", "--deep", "all.lig"],
    ];
    let (mut ended, mut state) = (0, 1_u64);
    for args in commands {
        reset(&place);
        let start = Instant::now();
        place.lig(args).code(0);
        let whole = start.elapsed();
        for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
            let mut here = 0;
            // At random moments of its course; where machine and luck are against it, more often than asked for.
            for round in 0..rounds * 20 {
                if round >= rounds && here > 0 {
                    break;
                }
                reset(&place);
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let after = whole * u32::try_from((state >> 33) % 100).unwrap() / 100;
                let ran = interrupt(&place, args, signal, after);
                let what = format!("{args:?} {signal}: {ran:?}");
                // Before it has taken signals over, one ends it as usual.
                let code = ran.code;
                assert!(matches!(code, Some(0) | None) || code == Some(128 + number), "{what}");
                assert!(ran.stderr.is_empty() || code == Some(128 + number), "{what}");
                here += usize::from(code == Some(128 + number));
                assert!(temporaries(&place).is_empty() || code.is_none(), "{what}");
                check(&place, &contents, &what);
            }
            ended += here;
        }
    }
    assert!(ended > rounds, "{ended} runs were ended");
}
