//! Killed, or failed by the system, at every system call that changes a file: no name leads to a part of a file, and the
//! source is there as long as its output is not. Needs `strace`; says so where it is missing.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Stdio};

use super::{Place, Ran, log};

/// The calls that change files or wait for the disk.
const CALLS: [&str; 9] =
    ["openat", "write", "fsync", "fdatasync", "rename", "fchmod", "utimensat", "unlink", "close"];

/// Runs `lig` under strace with a fault at the `when`-th call of a name.
fn inject(place: &Place, args: &[&str], call: &str, fault: &str, when: u32) -> Ran {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qqq", "-o", "/dev/null", "-e"]).arg(format!("trace={call}"));
    strace.arg("-e").arg(format!("inject={call}:{fault}:when={when}"));
    strace.arg(env!("CARGO_BIN_EXE_lig")).args(args).current_dir(place.dir.path());
    strace.env("LIG_THREADS", "1");
    Ran::from(strace.stdin(Stdio::null()).output().unwrap())
}

/// Whether there is an strace, and it may trace.
fn has_strace() -> bool {
    let ran = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    ran.is_ok_and(|output| output.status.success())
}

/// What must hold after any end: whole files only under final names, and never neither of source and output.
fn check(place: &Place, source: &str, target: &str, what: &str) {
    let is_log = |raw: &[u8]| raw == log(3_000);
    if place.has(target) {
        let raw = if target.ends_with("lig") {
            place.lig(["-dc", target]).code(0).silent().stdout
        } else {
            place.read(target)
        };
        assert!(is_log(&raw), "{what}: a part under the final name");
    } else {
        assert!(place.has(source), "{what}: neither source nor output is left");
    }
    let others = place.names().into_iter().filter(|name| name != source && name != target);
    let is_temporary = |name: String| Path::new(&name).extension().is_some_and(|end| end == "tmp");
    assert!(others.into_iter().all(is_temporary), "{what}");
}

/// Injects a fault at the first call of each name, at the second, and so on, until a run meets none.
fn sweep(args: &[&str], source: &str, target: &str, fault: &str) {
    let fresh = |place: &Place| {
        for name in place.names() {
            std::fs::remove_file(place.path(&name)).unwrap();
        }
        place.write("app.log", log(3_000));
        if source != "app.log" {
            place.lig(["app.log", "--rm"]).code(0);
        }
    };
    let mut faults = 0;
    for call in CALLS {
        for when in 1.. {
            let place = Place::new();
            fresh(&place);
            let ran = inject(&place, args, call, fault, when);
            let what = format!("{args:?}: {fault} at {call} {when}: {ran:?}");
            check(&place, source, target, &what);
            if ran.code == Some(0) && place.has(target) {
                break;
            }
            faults += 1;
            assert!(when < 200, "{what}");
            // What is left does not keep the next run from its work.
            if place.has(source) {
                place.lig([&["-f"], args].concat()).code(0);
            }
            check(&place, source, target, &what);
        }
    }
    assert!(faults > 5, "{faults} faults met the command");
}

#[test]
fn killed_at_any_call() {
    if !has_strace() {
        eprintln!("SKIPPED: no strace to inject faults with");
        return;
    }
    sweep(&["--rm", "app.log"], "app.log", "app.log.lig", "signal=KILL");
    sweep(&["-d", "--rm", "app.log.lig"], "app.log.lig", "app.log", "signal=KILL");
}
