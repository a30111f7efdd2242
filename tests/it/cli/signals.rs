//! Signals, and readers that go away.
#![cfg(unix)]

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::{Place, Ran, log};

fn send(signal: &str, child: &Child) {
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Starts `lig` with no signal ignored, whatever the tests were started under: a background job ignores interrupts, `lig`
/// keeps to that, and a test would wait for ever.
fn start(place: &Place, args: &[&str]) -> Child {
    let mut command = place.command(args);
    if cfg!(target_os = "linux") {
        let mut env = Command::new("env");
        env.arg("--default-signal=INT,TERM,HUP")
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => env.env(name, value),
                None => env.env_remove(name),
            };
        }
        command.get_current_dir().map(|dir| env.current_dir(dir));
        command = env;
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn a_signal_finishes_a_stream() {
    let place = Place::new();
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let mut child = start(&place, &["--flush", "off"]);
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&log(40)).unwrap();
        sleep(Duration::from_millis(300));
        send(signal, &child);
        let ran = Ran::from(child.wait_with_output().unwrap()).code(code).silent();
        place.pipe(["-d"], ran.stdout).code(0).silent().puts(&log(40));
    }
}

#[test]
fn a_signal_removes_a_file_that_is_not_complete() {
    let place = Place::new();
    let mut child = start(&place, &["-o", "out.lig"]);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&log(40)).unwrap();
    sleep(Duration::from_millis(300));
    assert_eq!(place.names().len(), 1);
    assert!(!place.has("out.lig"));
    send("-TERM", &child);
    Ran::from(child.wait_with_output().unwrap()).code(143).silent();
    assert_eq!(place.names(), [] as [String; 0]);
}

#[test]
fn a_signal_ends_a_decoder_that_waits() {
    let place = Place::new();
    let mut child = start(&place, &["-d"]);
    let _stdin = child.stdin.take().unwrap();
    sleep(Duration::from_millis(200));
    send("-INT", &child);
    Ran::from(child.wait_with_output().unwrap()).code(130).silent();
}

#[test]
fn a_request_for_progress_is_one_line() {
    let place = Place::new();
    let mut child = start(&place, &["-q"]);
    let stdin = child.stdin.take().unwrap();
    sleep(Duration::from_millis(200));
    send("-USR1", &child);
    sleep(Duration::from_millis(400));
    drop(stdin);
    let ran = Ran::from(child.wait_with_output().unwrap()).code(0).says("standard input: ");
    assert_eq!(ran.stderr.lines().count(), 1);
}

#[test]
fn a_reader_that_goes_away_is_141_in_silence() {
    let place = Place::new();
    place.write("app.log", log(60_000));
    place.lig(["app.log"]).code(0);
    for args in [&["-dc", "app.log.lig"][..], &["-dcf", "app.log"], &["--help"], &["-c", "app.log"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = place.command(args).stdin(Stdio::null()).stdout(writer).output().unwrap();
        Ran::from(ran).code(141).silent();
    }
    let mut child = start(&place, &["-dc", "app.log.lig"]);
    let mut head = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut head).unwrap();
    Ran::from(child.wait_with_output().unwrap()).code(141).silent();
}
