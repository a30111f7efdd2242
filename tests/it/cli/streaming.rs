//! What a file holds while it is still being written.
#![cfg(unix)]

use std::fs::File;
use std::io::Write;
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

use super::{Place, log};
use crate::place::{send, settle};

/// `lig` at work on a pipe that stays open, into the file `live.lig`.
fn start(place: &Place, args: &[&str]) -> (Child, ChildStdin) {
    let file = File::create(place.path("live.lig")).unwrap();
    let mut command = place.command(args);
    let mut child = command.stdin(Stdio::piped()).stdout(file).spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

/// Waits until a second process reads `expected` out of the file; a minute at most.
#[track_caller]
fn wait_for(place: &Place, expected: &[u8]) {
    let begun = Instant::now();
    while place.lig(["-dcqq", "live.lig"]).stdout != expected {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing came");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn after_a_pause_a_second_process_reads_what_has_arrived() {
    let place = Place::new();
    // The default is to flush after a second; no flag is needed.
    for args in [&["-c"][..], &["-c", "-T3", "--flush=100ms"]] {
        let (mut child, mut stdin) = start(&place, args);
        stdin.write_all(b"first line\n").unwrap();
        wait_for(&place, b"first line\n");
        stdin.write_all(b"second line\n").unwrap();
        wait_for(&place, b"first line\nsecond line\n");
        place.lig(["-t", "live.lig"]).code(3).says("truncated or unfinished at byte");
        send("TERM", &child);
        assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
        place.lig(["-dc", "live.lig"]).code(0).silent().puts(b"first line\nsecond line\n");
    }
}

#[test]
fn killing_loses_at_most_what_was_not_flushed() {
    let place = Place::new();
    let (mut child, mut stdin) = start(&place, &["-c", "--flush=50ms"]);
    stdin.write_all(&log(30)).unwrap();
    wait_for(&place, &log(30));
    stdin.write_all(b"not flushed yet").unwrap();
    send("KILL", &child);
    child.wait().unwrap();
    let ran = place.lig(["-dc", "live.lig"]).code(3).says("truncated or unfinished at byte");
    assert!(ran.stdout.starts_with(&log(30)), "{} bytes", ran.stdout.len());
}

#[test]
fn without_flush_a_stream_is_one_block_whatever_the_pauses() {
    let place = Place::new();
    let (mut child, mut stdin) = start(&place, &["-c", "--flush=off"]);
    stdin.write_all(&log(10)).unwrap();
    settle(&child);
    stdin.write_all(&log(10)).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    let whole = place.pipe(["-c"], [log(10), log(10)].concat()).code(0).stdout;
    assert!(place.read("live.lig") == whole);
}
