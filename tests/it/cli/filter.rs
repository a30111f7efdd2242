//! Files and pipes, there and back.

use std::fs;
use std::process::Stdio;

use super::{Place, log};

#[test]
fn a_file_is_compressed_beside_itself_and_kept() {
    let place = Place::new();
    place.write("app.log", log(500));
    place.lig(["app.log"]).code(0).silent().puts(b"");
    assert_eq!(place.names(), ["app.log", "app.log.lig"]);
    assert!(place.read("app.log.lig").len() < log(500).len() / 2);

    fs::remove_file(place.path("app.log")).unwrap();
    place.lig(["-d", "app.log.lig"]).code(0).silent();
    assert_eq!(place.read("app.log"), log(500));
    assert!(place.has("app.log.lig"));
}

#[test]
fn keep_is_accepted_and_changes_nothing() {
    let place = Place::new();
    place.write("app.log", log(5));
    place.lig(["-k", "app.log"]).code(0);
    assert_eq!(place.names(), ["app.log", "app.log.lig"]);
}

#[test]
fn rm_removes_the_input_once_its_output_is_proven() {
    let place = Place::new();
    place.write("app.log", log(500));
    place.lig(["--rm", "app.log"]).code(0);
    assert_eq!(place.names(), ["app.log.lig"]);
    place.lig(["-d", "--rm", "app.log.lig"]).code(0);
    assert_eq!(place.names(), ["app.log"]);
    assert_eq!(place.read("app.log"), log(500));
    place.lig(["--rm", "--no-verify", "app.log"]).code(0);
    assert_eq!(place.names(), ["app.log.lig"]);
}

#[test]
fn keep_after_rm_keeps() {
    let place = Place::new();
    place.write("app.log", log(5));
    place.lig(["--rm", "-k", "app.log"]).code(0);
    assert!(place.has("app.log"));
}

#[test]
fn rm_does_nothing_to_a_pipe() {
    let place = Place::new();
    let packed = place.pipe(["--rm", "-q"], log(10)).code(0).silent();
    place.pipe(["-d"], packed.stdout).code(0).puts(&log(10));
}

#[test]
fn without_files_it_is_a_filter() {
    let place = Place::new();
    for raw in [log(1_000), Vec::new(), b"no newline".to_vec(), vec![0, 255, 10, 13]] {
        let packed = place.pipe([] as [&str; 0], &raw).code(0).silent();
        place.pipe(["-d"], packed.stdout).code(0).silent().puts(&raw);
    }
}

#[test]
fn a_dash_is_standard_input() {
    let place = Place::new();
    let packed = place.pipe(["-"], log(10)).code(0);
    place.pipe(["-d", "-"], &packed.stdout).code(0).puts(&log(10));
    place.pipe(["-d", "-", "-o", "out.log"], packed.stdout).code(0).puts(b"");
    assert_eq!(place.read("out.log"), log(10));
}

#[test]
fn stdout_keeps_the_input_and_makes_no_file() {
    let place = Place::new();
    place.write("app.log", log(50));
    let packed = place.lig(["-c", "app.log"]).code(0);
    assert_eq!(place.names(), ["app.log"]);
    place.pipe(["-dc"], packed.stdout).code(0).puts(&log(50));
}

#[test]
fn every_level_round_trips() {
    let place = Place::new();
    for level in ["-1", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9"] {
        let packed = place.pipe([level], log(300)).code(0);
        place.pipe(["-d"], packed.stdout).code(0).puts(&log(300));
    }
    place.pipe(["-9", "-1"], log(3)).code(0);
}

#[test]
fn the_environment_sets_level_and_threads_and_flags_win() {
    let place = Place::new();
    place.write("app.log", log(50));
    let run = |name: &str, value: &str, args: &[&str]| {
        super::Ran::from(place.command(args).env(name, value).output().unwrap())
    };
    let one = place.lig(["-1c", "app.log"]).code(0).stdout;
    run("LIG_LEVEL", "1", &["-c", "app.log"]).code(0).puts(&one);
    run("LIG_LEVEL", "7", &["-1c", "app.log"]).code(0).puts(&one);
    run("LIG_LEVEL", "10", &["-c", "app.log"]).code(1).says("LIG_LEVEL: 10");
    run("LIG_LEVEL", "many", &["-c", "app.log"]).code(1).says("LIG_LEVEL: many");
    run("LIG_THREADS", "2", &["-1c", "app.log"]).code(0).puts(&one);
    run("LIG_THREADS", "some", &["-c", "app.log"]).code(1).says("LIG_THREADS: some");
    // What is not needed is not looked at.
    run("LIG_LEVEL", "many", &["-t", "app.log"]).code(1).says("not a lignite file");
}

#[test]
fn threads_and_memory_never_change_bytes() {
    let place = Place::new();
    place.write("app.log", log(60_000));
    let packed = |args: &[&str]| place.lig(args).code(0).stdout;
    let one = packed(&["-c", "-T1", "--block-size", "256K", "app.log"]);
    for threads in ["-T0", "-T2", "-T5"] {
        assert!(packed(&["-c", threads, "--block-size", "256K", "app.log"]) == one);
    }
    let cut = ["-c", "-T5", "--memory", "300MB", "--block-size", "256K", "app.log"];
    assert!(packed(&cut) == one);
    place
        .lig(["-c", "--memory", "10MB", "app.log"])
        .code(1)
        .says("--memory: one thread needs ")
        .puts(b"");
}

#[test]
fn several_blocks_come_back_as_one_log() {
    let place = Place::new();
    place.write("app.log", log(20_000));
    place.lig(["--block-size", "128KiB", "app.log"]).code(0);
    place.lig(["-dc", "app.log.lig"]).code(0).puts(&log(20_000));
    place.lig(["--block-size", "many", "app.log"]).code(1).says("a size is a number");
}

#[test]
fn concatenated_streams_are_concatenated_logs() {
    let place = Place::new();
    let mut both = place.pipe(["-3"], log(100)).code(0).stdout;
    both.extend(place.pipe(["-1"], log(70)).code(0).stdout);
    let raw = [log(100), log(70)].concat();
    place.pipe(["-d"], &both).code(0).silent().puts(&raw);
    place.write("both.lig", both);
    place.lig(["-t", "both.lig"]).code(0).silent();
    place.lig(["-dc", "both.lig"]).code(0).silent().puts(&raw);
}

#[test]
fn several_inputs_to_one_output_are_one_after_the_other() {
    let place = Place::new();
    place.write("a.log", log(10));
    place.write("b.log", log(20));
    let raw = [log(10), log(20)].concat();
    let packed = place.lig(["-c", "a.log", "b.log"]).code(0).stdout;
    place.pipe(["-d"], packed).code(0).puts(&raw);
    place.lig(["a.log", "b.log", "-o", "both.lig"]).code(0);
    place.lig(["-dc", "both.lig"]).code(0).puts(&raw);
    place.lig(["a.log", "b.log"]).code(0);
    place.lig(["-d", "a.log.lig", "b.log.lig", "-o", "both.log"]).code(0);
    assert_eq!(place.read("both.log"), raw);
}

#[test]
fn verbose_says_what_was_won() {
    let place = Place::new();
    place.write("app.log", log(1_000));
    let ran = place.lig(["-v", "app.log"]).code(0).says("app.log : ").says("app.log.lig)");
    assert!(ran.stderr.contains('%') && ran.stderr.contains(" => "), "{}", ran.stderr);
    place.lig(["-dvf", "app.log.lig"]).code(0).says("app.log.lig : ").says("(app.log)");
    place.lig(["-tv", "app.log.lig"]).code(0).says("OK");
}

#[test]
fn progress_is_never_shown_to_a_file_unless_asked_for() {
    let place = Place::new();
    let mut child = place
        .command(["--flush", "off", "--progress"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    drop(child.stdin.take());
    let ran = super::Ran::from(child.wait_with_output().unwrap());
    ran.code(0).says("ratio");
}

#[test]
fn a_pipe_that_pauses_is_written_out() {
    use std::io::{Read, Write};
    let place = Place::new();
    let mut child = place
        .command(["--flush", "50ms"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdin.write_all(&log(10)).unwrap();
    // The stream is not finished yet; what was flushed can be read all the same.
    let mut flushed = Vec::new();
    while place.pipe(["-dc", "-qq"], &flushed).stdout != log(10) {
        let mut more = vec![0; 1 << 16];
        let len = stdout.read(&mut more).unwrap();
        assert_ne!(len, 0, "{} bytes came", flushed.len());
        flushed.extend_from_slice(&more[..len]);
    }
    stdin.write_all(&log(5)).unwrap();
    drop(stdin);
    stdout.read_to_end(&mut flushed).unwrap();
    assert!(child.wait().unwrap().success());
    place.pipe(["-d"], flushed).code(0).silent().puts(&[log(10), log(5)].concat());
}
