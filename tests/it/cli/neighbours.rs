//! The programs that call a compressor: each is run, or, where it is not installed, what it would run.
#![cfg(unix)]

use std::fs::{self, File};
use std::process::{Command, Output};

use super::{Place, Ran, log};

/// Runs a program with the directory of `lig` first in its path. `None` where it is not installed.
fn run(place: &Place, program: &str, args: &[&str]) -> Option<Output> {
    let lig = std::path::Path::new(env!("CARGO_BIN_EXE_lig")).parent()?;
    let path = format!("{}:{}", lig.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(program);
    let output = command.args(args).env("PATH", path).current_dir(place.dir.path()).output();
    if output.is_err() {
        eprintln!("SKIPPED: {program} is not installed");
    }
    output.ok()
}

#[test]
fn tar_packs_and_unpacks_through_it() {
    let place = Place::new();
    place.write("logs/a.log", log(100));
    place.write("logs/b.log", log(200));
    let Some(packed) = run(&place, "tar", &["-I", "lig", "-cf", "x.tar.lig", "logs"]) else {
        return;
    };
    Ran::from(packed).code(0).silent();
    fs::rename(place.path("logs"), place.path("before")).unwrap();
    Ran::from(run(&place, "tar", &["-I", "lig", "-xf", "x.tar.lig"]).unwrap()).code(0).silent();
    assert_eq!(place.read("logs/a.log"), log(100));
    assert_eq!(place.read("logs/b.log"), log(200));
}

/// logrotate runs `compresscmd` with the rotated file as standard input and the new file as standard output.
#[test]
fn logrotate_finds_standard_input_and_output() {
    let place = Place::new();
    place.write("app.log.1", log(100));
    let ran = place
        .command(["-q"])
        .stdin(File::open(place.path("app.log.1")).unwrap())
        .stdout(File::create(place.path("app.log.1.lig")).unwrap())
        .output()
        .unwrap();
    Ran::from(ran).code(0).silent();
    place.lig(["-dc", "app.log.1.lig"]).code(0).puts(&log(100));
    let config = "app.log {\n rotate 2\n compress\n compresscmd lig\n uncompresscmd lig\n compressext .lig\n compressoptions -q\n}\n";
    place.write("app.log", log(50));
    place.write("rotate.conf", config.replace("app.log", place.path("app.log").to_str().unwrap()));
    let rotate = ["-f", "-s", "state", "rotate.conf"];
    let Some(_rotated) = run(&place, "logrotate", &rotate) else { return };
    place.lig(["-dc", "app.log.1.lig"]).code(0).puts(&log(50));
}

/// `LESSOPEN='|lig -dcf %s'` shows any file.
#[test]
fn less_shows_what_is_packed_and_what_is_not() {
    let place = Place::new();
    place.write("app.log", log(10));
    place.lig(["app.log"]).code(0);
    for name in ["app.log", "app.log.lig"] {
        place.lig(["-dcf", name]).code(0).silent().puts(&log(10));
    }
}

#[test]
fn file_names_the_format() {
    let place = Place::new();
    let packed = place.pipe(["-3"], log(10)).code(0).stdout;
    place.write("packed", packed);
    let magic = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/magic");
    let Some(output) = run(&place, "file", &["-m", magic, "packed"]) else { return };
    let text = Ran::from(output).code(0).stdout;
    assert!(String::from_utf8(text).unwrap().contains("lignite"), "the magic entry does not match");
}

/// JSON lines in, JSON lines out, on standard input and output.
#[test]
fn a_shipper_of_json_lines_gets_them_back() {
    let place = Place::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/access.jsonl");
    let raw = fs::read(path).unwrap();
    let packed = place.pipe(["-1", "-c"], &raw).code(0).silent().stdout;
    assert!(packed.len() * 8 < raw.len(), "{} of {}", packed.len(), raw.len());
    place.pipe(["-dc"], packed).code(0).silent().puts(&raw);
}
