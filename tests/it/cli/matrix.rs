//! Bad input, row by row: what a user hands in by mistake or by misfortune, what is said, and the exit code.

use std::fs::File;
use std::process::Stdio;

use super::{Place, Ran, log};

/// A directory with one of everything that can be wrong.
fn place() -> Place {
    let place = Place::new();
    place.write("app.log", log(4_000));
    place.lig(["-1", "--block-size=32KiB", "app.log", "-o", "good.lig"]).code(0);
    let good = place.read("good.lig");
    place.write("dir/inside.log", log(3));
    place.write("empty", "");
    place.write("text", "text\n");
    place.write("text.gz", [0x1f, 0x8b, 8, 0, 0, 0]);
    place.write("text.zst", [0x28, 0xb5, 0x2f, 0xfd, 0]);
    place.write("three.lig", &good[..3]);
    place.write("header.lig", &good[..30]);
    place.write("cut.lig", &good[..good.len() / 2]);
    place.write("two.lig", [&good[..], &good].concat());
    place.write("second-cut.lig", [&good[..], &good[..good.len() / 2]].concat());
    place.write("behind.lig", [&good[..], b"garbage"].concat());
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    place.write("start.lig", flipped(20));
    place.write("middle.lig", flipped(good.len() / 2));
    place.write("tail.lig", flipped(good.len() - 6));
    place.write("newer.lig", resealed(&good, 8, 9));
    place.write("feature.lig", resealed(&good, 12, 0x40));
    place.write("taken", "taken");
    place
}

/// A file with another byte in its header, and a checksum that fits.
fn resealed(file: &[u8], at: usize, byte: u8) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at] = byte;
    let check = crc32fast::hash(&file[..36]);
    file[36..40].copy_from_slice(&check.to_le_bytes());
    file
}

/// What is done, the exit code, what is said, and whether all of the log comes out.
type Row = (&'static [&'static str], i32, &'static str, Comes);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    Nothing,
    /// A part of the log, all of it from its start.
    Start,
    /// Some of the log's lines.
    Some,
    All,
    Twice,
    /// All, and a part of it again.
    AllAndStart,
}

const ROWS: [Row; 45] = [
    // A name that leads nowhere.
    (&["nofile"], 1, "lig: nofile: no such file", Comes::Nothing),
    (&["-d", "nofile"], 1, "lig: nofile: no such file", Comes::Nothing),
    (&["-t", "nofile"], 1, "lig: nofile: no such file", Comes::Nothing),
    (&["-l", "nofile"], 1, "lig: nofile: no such file", Comes::Nothing),
    (&["info", "nofile"], 1, "lig: nofile: no such file", Comes::Nothing),
    (&["-c", "text/nofile"], 1, "lig: text/nofile: not a directory", Comes::Nothing),
    (&["-dc", "nofile", "good.lig"], 3, "lig: nofile: no such file", Comes::All),
    // A directory.
    (&["dir"], 1, "dir: is a directory (-r descends)", Comes::Nothing),
    (&["-dc", "dir"], 1, "dir: is a directory", Comes::Nothing),
    (&["-t", "dir"], 1, "dir: is a directory", Comes::Nothing),
    (&["-l", "dir"], 1, "dir: is a directory", Comes::Nothing),
    (&["info", "dir"], 1, "dir: is a directory", Comes::Nothing),
    // Not ours.
    (&["-dc", "empty"], 1, "empty: empty file, not a lignite file", Comes::Nothing),
    (&["-t", "empty"], 1, "empty file", Comes::Nothing),
    (&["-l", "empty"], 1, "empty: ", Comes::Nothing),
    (&["-dc", "text"], 1, "text: not a lignite file (starts with \"text\")", Comes::Nothing),
    (&["-t", "text.gz"], 1, "looks like gzip", Comes::Nothing),
    (&["-dc", "text.zst"], 1, "looks like zstd; -dcf decodes it", Comes::Nothing),
    (&["-l", "text"], 1, "text: not a lignite file", Comes::Nothing),
    (&["info", "text"], 1, "text: not a lignite file", Comes::Nothing),
    // Cut.
    (&["-dc", "three.lig"], 1, "three.lig: truncated in the file header at byte 3", Comes::Nothing),
    (&["-dcf", "three.lig"], 1, "truncated in the file header", Comes::Nothing),
    (
        &["-dc", "header.lig"],
        1,
        "header.lig: truncated in the file header at byte 30",
        Comes::Nothing,
    ),
    (&["-dc", "cut.lig"], 3, "whole blocks, ", Comes::Start),
    (&["-t", "cut.lig"], 3, "cut.lig: truncated or unfinished at byte ", Comes::Nothing),
    (&["-tf", "cut.lig"], 0, "truncated or unfinished at byte ", Comes::Nothing),
    (&["-dc", "second-cut.lig"], 3, " whole blocks of stream 2, ", Comes::AllAndStart),
    (&["-dc", "two.lig"], 0, "", Comes::Twice),
    // Damaged.
    (
        &["-dc", "start.lig"],
        1,
        "start.lig: damaged file header at byte 0: checksum differs",
        Comes::Nothing,
    ),
    (&["-dcf", "start.lig"], 1, "damaged file header", Comes::Nothing),
    (&["-dc", "middle.lig"], 3, "damaged (damaged ", Comes::Some),
    (&["-t", "middle.lig"], 3, " missing", Comes::Nothing),
    (&["-dc", "tail.lig"], 3, "(no line is missing)", Comes::All),
    (&["-dc", "behind.lig"], 3, "is no stream and was skipped", Comes::All),
    // Newer.
    (&["-dc", "newer.lig"], 1, "newer.lig: written in format version 9.", Comes::Nothing),
    (
        &["-dc", "feature.lig"],
        1,
        "feature.lig: needs a feature this build does not have",
        Comes::Nothing,
    ),
    (&["-l", "newer.lig"], 1, "written in format version 9.", Comes::Nothing),
    // Too large for what is allowed.
    (&["-dc", "--memory=1MB", "good.lig"], 1, "good.lig: needs ", Comes::Nothing),
    (&["-c", "--memory=1MB", "app.log"], 1, "--memory: ", Comes::Nothing),
    // Places for outputs.
    (&["app.log", "-o", "taken"], 1, "app.log: taken exists (-f overwrites)", Comes::Nothing),
    (&["-f", "app.log", "-o", "app.log"], 1, "input and output are the same file", Comes::Nothing),
    (&["app.log", "-o", "nowhere/x"], 1, "cannot write nowhere/x: no such file", Comes::Nothing),
    (&["app.log", "-o", "taken/"], 1, "taken/app.log.lig: not a directory", Comes::Nothing),
    // What was typed.
    (&["--decompres"], 1, "a similar argument exists: '--decompress' (see --help)", Comes::Nothing),
    (&["--block-size=9 apples", "app.log"], 1, "a size is a number with K, M, G", Comes::Nothing),
];

fn comes(out: &[u8]) -> Comes {
    let all = log(4_000);
    let is_line = |line: &[u8]| all.split(|&byte| byte == b'\n').any(|own| own == line);
    match out {
        [] => Comes::Nothing,
        out if out == all => Comes::All,
        out if out == [&all[..], &all].concat() => Comes::Twice,
        out if all.starts_with(out) => Comes::Start,
        out if out.strip_prefix(&all[..]).is_some_and(|rest| all.starts_with(rest)) => {
            Comes::AllAndStart
        }
        out => {
            assert!(out.split(|&byte| byte == b'\n').all(is_line), "a wrong line");
            Comes::Some
        }
    }
}

#[test]
fn every_row_has_its_message_and_its_exit_code() {
    let place = place();
    let names = place.names();
    for (args, code, says, expected) in ROWS {
        let ran = place.lig(args);
        let what = format!("lig {args:?}: {:?} {}", ran.code, ran.stderr);
        assert_eq!(ran.code, Some(code), "{what}");
        assert!(ran.stderr.contains(says), "no {says:?}: {what}");
        assert_eq!(ran.stderr.is_empty(), says.is_empty(), "{what}");
        assert_eq!(comes(&ran.stdout), expected, "lig {args:?}");
        // One line a problem, to whom it belongs first.
        assert!(ran.stderr.lines().all(|line| line.starts_with("lig: ")), "{what}");
        assert!(ran.stderr.lines().count() <= 2, "{what}");
        // Being quiet takes the words away, never the code.
        let quiet = place.lig([&["-qq"], args].concat().iter().filter(|_| args[0] != "info"));
        if args[0] != "info" && args[0] != "--decompres" && !says.starts_with("a size") {
            assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(code), ""), "lig -qq {args:?}");
        }
    }
    assert_eq!(place.names(), names, "nothing is left behind");
}

#[test]
fn a_disk_that_is_full_is_told_with_its_file() {
    let place = place();
    for args in
        [&["-c", "app.log"][..], &["-dc", "good.lig"], &["-dcf", "text"], &["-l", "good.lig"]]
    {
        let Ok(full) = File::options().write(true).open("/dev/full") else { return };
        let ran = place.command(args).stdin(Stdio::null()).stdout(full).output().unwrap();
        Ran::from(ran).code(1).says("no space left");
    }
    place.lig(["app.log", "-o", "/dev/full"]).code(1).says("cannot write /dev/full: no space left");
}

#[cfg(unix)]
#[test]
fn a_limit_on_the_size_of_files_is_told_and_leaves_no_part() {
    let place = place();
    let names = place.names();
    let lig = env!("CARGO_BIN_EXE_lig");
    // The signal kills a process that does not expect it; whoever started it may have it ignored.
    for ignored in ["", "trap '' XFSZ;"] {
        for args in ["-d good.lig -o out.log", "-1 app.log -o out.lig"] {
            let line = format!("{ignored} ulimit -f 1; exec {lig} {args}");
            let mut shell = std::process::Command::new("bash");
            let ran = shell.args(["-c", &line]).current_dir(place.dir.path()).output().unwrap();
            Ran::from(ran).code(1).says("cannot write out.l").says("file size limit reached");
            assert_eq!(place.names(), names, "{line}");
        }
    }
}

#[test]
fn the_worst_of_several_inputs_is_told_and_the_others_are_delivered() {
    let place = place();
    place
        .lig(["-t", "good.lig", "middle.lig", "text", "nofile"])
        .code(3)
        .says("middle.lig")
        .says("text:")
        .says("nofile");
    place.lig(["-t", "text", "nofile"]).code(1);
    let ran = place.lig(["-dc", "text", "good.lig", "nofile"]).code(3);
    assert!(ran.stdout == log(4_000));
    place.lig(["-l", "good.lig", "text"]).code(3);
}

#[test]
fn zone_language_and_folder_have_no_effect() {
    let place = place();
    let plain = place.lig(["-c", "app.log"]).code(0).stdout;
    for (name, value) in
        [("TZ", "Pacific/Kiritimati"), ("LC_ALL", "tr_TR.UTF-8"), ("HOME", "/nowhere")]
    {
        let ran = place.command(["-c", "app.log"]).env(name, value).output().unwrap();
        Ran::from(ran).code(0).silent().puts(&plain);
    }
}
