//! What is different at a terminal. Needs `script` of util-linux to make one.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use super::{Place, log};

/// Runs a shell line at a terminal of its own; `None` where none can be made.
fn at_terminal(place: &Place, line: &str) -> Option<(i32, String)> {
    let line = line.replace("lig ", concat!(env!("CARGO_BIN_EXE_lig"), " "));
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).current_dir(place.dir.path());
    let Ok(output) = script.stdin(Stdio::null()).output() else {
        eprintln!("SKIPPED: no `script` to make a terminal with");
        return None;
    };
    Some((output.status.code()?, String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[test]
fn compressed_bytes_do_not_go_to_a_terminal_unless_forced() {
    let place = Place::new();
    place.write("app.log", log(5));
    let Some((code, text)) = at_terminal(&place, "lig -c app.log") else { return };
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("not for a terminal"), "{text}");
    let Some((code, text)) = at_terminal(&place, "lig -cf app.log") else { return };
    assert_eq!(code, 0, "{text}");
}

#[test]
fn compressed_bytes_do_not_come_from_a_terminal() {
    let place = Place::new();
    let Some((code, text)) = at_terminal(&place, "lig -d > out") else { return };
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("do not come from a terminal"), "{text}");
}

#[test]
fn nobody_is_asked_where_standard_input_is_no_terminal() {
    let place = Place::new();
    place.write("app.log", log(5));
    place.write("app.log.lig", "mine");
    let Some((code, text)) = at_terminal(&place, "lig app.log < app.log") else { return };
    assert_eq!(code, 1, "{text}");
    assert!(!text.contains("y/N"), "{text}");
    let Some((code, text)) = at_terminal(&place, "echo n | lig app.log") else { return };
    assert_eq!(code, 1, "{text}");
    assert_eq!(place.read("app.log.lig"), b"mine");
}
