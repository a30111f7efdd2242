//! Sources that change while they are read.
#![cfg(unix)]

use std::fs::File;
use std::io::Write;
use std::process::{Child, Stdio};

use super::{Place, Ran, log};

/// Starts on a source that takes a while, and returns once the output has been begun.
fn start(place: &Place, args: &[&str]) -> Child {
    let mut command = place.command(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    place.wait_for_a_second_name();
    child
}

#[test]
fn a_source_that_grows_is_told_and_never_removed() {
    let place = Place::new();
    let path = place.write("app.log", log(400_000));
    let child = start(&place, &["--rm", "-6", "-T1", "--block-size=1MiB", "app.log"]);
    File::options().append(true).open(&path).unwrap().write_all(b"one more line\n").unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap());
    ran.code(3).says("app.log: changed while it was read (").says(" bytes are stored)");
    assert!(place.has("app.log"));
    let stored = place.lig(["-dc", "app.log.lig"]).code(0).stdout;
    assert!(place.read("app.log").starts_with(&stored) && stored.len() >= log(400_000).len());
}

#[test]
fn a_source_that_is_replaced_or_cut_is_told_and_never_removed() {
    let place = Place::new();
    let path = place.write("app.log", log(400_000));
    let child = start(&place, &["--rm", "-6", "-T1", "--block-size=1MiB", "app.log"]);
    std::fs::remove_file(&path).unwrap();
    place.write("app.log", "another");
    Ran::from(child.wait_with_output().unwrap()).code(1).says("is kept");
    assert_eq!(place.read("app.log"), b"another");

    std::fs::remove_file(place.path("app.log.lig")).unwrap();
    place.write("app.log", log(400_000));
    let child = start(&place, &["--rm", "-6", "-T1", "--block-size=1MiB", "app.log"]);
    File::options().write(true).open(&path).unwrap().set_len(10).unwrap();
    Ran::from(child.wait_with_output().unwrap()).code(3).says("changed while it was read");
    assert!(place.has("app.log"));
}
