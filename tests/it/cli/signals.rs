//! Signals, and readers that go away.
#![cfg(unix)]

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use super::{Place, Ran, log};
use crate::place::{send, settle};

/// Signals that end a command, and the exit code of each.
const ENDING: [(&str, i32); 3] = [("INT", 130), ("TERM", 143), ("HUP", 129)];

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
    for (signal, code) in ENDING {
        let mut child = start(&place, &["--flush", "off"]);
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&log(40)).unwrap();
        settle(&child);
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
    settle(&child);
    assert_eq!(place.names().len(), 1);
    assert!(!place.has("out.lig"));
    send("TERM", &child);
    Ran::from(child.wait_with_output().unwrap()).code(143).silent();
    assert_eq!(place.names(), [] as [String; 0]);
}

#[test]
fn a_signal_ends_a_decoder_that_waits() {
    let place = Place::new();
    let mut child = start(&place, &["-d"]);
    let _stdin = child.stdin.take().unwrap();
    settle(&child);
    send("TERM", &child);
    Ran::from(child.wait_with_output().unwrap()).code(143).silent();
}

#[test]
fn a_request_for_progress_is_one_line() {
    let place = Place::new();
    let mut child = start(&place, &["-q"]);
    let stdin = child.stdin.take().unwrap();
    settle(&child);
    send("USR1", &child);
    settle(&child);
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

#[test]
fn a_second_signal_ends_a_command_that_cannot_end_in_good_order() {
    use std::os::unix::process::ExitStatusExt;
    let place = Place::new();
    // Noise, so that what is written fills the pipe that nobody reads.
    let noise: Vec<u8> = (0..1_000_000_u64)
        .map(|i| {
            let mixed = (i ^ i << 21).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            u8::try_from((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56).unwrap()
        })
        .collect();
    place.write("noise", noise);
    for (signal, code) in ENDING {
        let mut child = start(&place, &["-1c", "--block-size=256KiB", "noise"]);
        settle(&child);
        send(signal, &child);
        settle(&child);
        assert!(child.try_wait().unwrap().is_none(), "it waits for a reader, to finish the stream");
        send(signal, &child);
        assert_eq!(child.wait().unwrap().signal(), Some(code - 128));
    }
}

#[test]
fn what_the_parent_ignores_stays_ignored() {
    let place = Place::new();
    let line = format!("trap '' HUP INT; exec {} --flush=off", env!("CARGO_BIN_EXE_lig"));
    let mut shell = Command::new("bash");
    shell.args(["-c", &line]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&log(7)).unwrap();
    settle(&child);
    send("HUP", &child);
    send("INT", &child);
    settle(&child);
    stdin.write_all(&log(5)).unwrap();
    drop(stdin);
    let ran = Ran::from(child.wait_with_output().unwrap()).code(0).silent();
    place.pipe(["-d"], ran.stdout).code(0).puts(&[log(7), log(5)].concat());
}

#[test]
fn a_signal_in_the_middle_of_a_file_keeps_the_source_and_leaves_no_part() {
    let place = Place::new();
    place.write("big.log", log(400_000));
    for (signal, code) in ENDING {
        for args in [
            &["-7", "--rm", "--block-size=1MiB", "-T1", "big.log"][..],
            &["-6", "-T2", "--rm", "big.log"],
        ] {
            let child = start(&place, args);
            place.wait_for_a_second_name();
            send(signal, &child);
            let ran = Ran::from(child.wait_with_output().unwrap());
            assert_eq!(ran.code, Some(code), "{args:?}: {}", ran.stderr);
            assert!(place.has("big.log"), "{signal} {args:?}");
            // It may have come between the output's completion and the comparison.
            if place.has("big.log.lig") {
                place.lig(["-dc", "big.log.lig"]).code(0).puts(&log(400_000));
                fs::remove_file(place.path("big.log.lig")).unwrap();
            }
            assert_eq!(place.names(), ["big.log"], "{signal} {args:?}");
        }
    }
}
