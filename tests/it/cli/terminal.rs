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

/// Runs a shell line at a terminal, and types an answer once the words have come.
fn answering(place: &Place, line: &str, words: &str, answer: &str) -> Option<(i32, String)> {
    use std::io::{Read, Write};
    let line = line.replace("lig ", concat!(env!("CARGO_BIN_EXE_lig"), " "));
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).current_dir(place.dir.path());
    let Ok(mut child) = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        eprintln!("SKIPPED: no `script` to make a terminal with");
        return None;
    };
    let (mut stdin, mut stdout) = (child.stdin.take()?, child.stdout.take()?);
    let mut text = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&text).contains(words) && stdout.read(&mut byte).unwrap() > 0 {
        text.push(byte[0]);
    }
    stdin.write_all(answer.as_bytes()).unwrap();
    stdout.read_to_end(&mut text).unwrap();
    drop(stdin);
    Some((child.wait().unwrap().code()?, String::from_utf8_lossy(&text).into_owned()))
}

#[test]
fn who_sits_at_a_terminal_is_asked_before_a_file_is_overwritten() {
    let place = Place::new();
    place.write("app.log", log(5));
    for (answer, code) in [("n\n", 1), ("\n", 1), ("yeah\n", 1), ("y\n", 0)] {
        place.write("app.log.lig", "mine");
        let asked =
            answering(&place, "lig app.log", "app.log.lig exists; overwrite it (y/N)?", answer);
        let Some((ended, text)) = asked else { return };
        assert_eq!(ended, code, "{answer:?}: {text}");
        assert_eq!(place.read("app.log.lig") == b"mine", code != 0, "{answer:?}");
    }
    place.lig(["-dc", "app.log.lig"]).code(0).puts(&log(5));
    // Who wants quiet is not asked; who forces has answered.
    let Some((code, text)) = at_terminal(&place, "lig -q app.log") else { return };
    assert!(code == 1 && !text.contains("y/N"), "{text}");
    let Some((code, text)) = at_terminal(&place, "lig -f app.log") else { return };
    assert!(code == 0 && !text.contains("y/N"), "{text}");
}

#[test]
fn progress_is_shown_at_a_terminal_after_a_second_and_taken_away() {
    let place = Place::new();
    let line = "(sleep 2.5; echo line) | lig --flush=off -o out.lig";
    let Some((code, text)) = at_terminal(&place, line) else { return };
    assert_eq!(code, 0, "{text}");
    for words in ["standard input: ", " => ", "ratio ", "/s"] {
        assert!(text.contains(words), "no {words:?} in {text:?}");
    }
    assert!(text.trim_end().ends_with("\u{1b}[K"), "{text:?}");
    for flags in ["--no-progress", "-q"] {
        let line = format!("(sleep 1.4; echo line) | lig {flags} --flush=off -fo out.lig");
        let Some((code, text)) = at_terminal(&place, &line) else { return };
        assert_eq!((code, text.as_str()), (0, ""), "{flags}");
    }
    let Some((_, text)) = at_terminal(&place, "echo line | lig -fo out.lig") else { return };
    assert_eq!(text, "", "not within the first second");
}
