//! The `lig` command, as a user meets it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

fn lig(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lig"));
    command.current_dir(dir).args(args).env_remove("LIG_LEVEL").env_remove("LIG_THREADS");
    command
}

fn run(dir: &Path, args: &[&str]) -> Output {
    lig(dir, args).stdin(Stdio::null()).output().unwrap()
}

fn filter(dir: &Path, args: &[&str], input: &[u8]) -> Output {
    let mut child = piped(dir, args);
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output
}

fn piped(dir: &Path, args: &[&str]) -> Child {
    let mut command = lig(dir, args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn log() -> Vec<u8> {
    (0..2000)
        .flat_map(|i| format!("2026-11-24 00:00:{:02} INFO job {i} done\n", i % 60).into_bytes())
        .collect()
}

fn dir_with_log() -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("app.log"), log()).unwrap();
    dir
}

#[test]
fn a_file_becomes_a_lig_and_stays() {
    let dir = dir_with_log();
    let at = |name: &str| dir.path().join(name);
    fs::set_permissions(at("app.log"), fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(code(&run(dir.path(), &["app.log"])), 0);
    assert!(at("app.log").exists());
    let meta = at("app.log.lig").metadata().unwrap();
    assert!(meta.len() * 10 < log().len() as u64);
    assert_eq!(meta.permissions().mode() & 0o777, 0o640);
    assert_eq!(meta.modified().unwrap(), at("app.log").metadata().unwrap().modified().unwrap());
    fs::remove_file(at("app.log")).unwrap();
    assert_eq!(code(&run(dir.path(), &["-d", "app.log.lig"])), 0);
    assert!(fs::read(at("app.log")).unwrap() == log());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "no temporary file is left");
}

#[test]
fn rm_removes_what_has_been_proven() {
    let dir = dir_with_log();
    assert_eq!(code(&run(dir.path(), &["--rm", "app.log"])), 0);
    assert!(!dir.path().join("app.log").exists());
    assert_eq!(code(&run(dir.path(), &["-d", "--rm", "app.log.lig"])), 0);
    assert!(!dir.path().join("app.log.lig").exists());
    assert!(fs::read(dir.path().join("app.log")).unwrap() == log());
}

#[test]
fn a_filter_in_a_pipe_at_every_level() {
    let dir = TempDir::new().unwrap();
    for level in ["-1", "-2", "-3", "-4", "-5", "-6", "-7"] {
        let packed = filter(dir.path(), &[level, "-c", "-T1"], &log());
        assert_eq!(code(&packed), 0, "{}", stderr(&packed));
        assert!(filter(dir.path(), &["-dc"], &packed.stdout).stdout == log());
    }
    let packed = filter(dir.path(), &["-"], &log()).stdout;
    assert!(
        filter(dir.path(), &["-d"], &[&packed[..], &packed].concat()).stdout
            == [log(), log()].concat()
    );
}

#[test]
fn levels_of_the_model_say_so() {
    let dir = dir_with_log();
    let output = run(dir.path(), &["-9", "app.log"]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("level 9"), "{}", stderr(&output));
    assert!(!dir.path().join("app.log.lig").exists());
}

#[test]
fn the_suffix_is_not_put_twice() {
    let dir = dir_with_log();
    run(dir.path(), &["app.log"]);
    let again = run(dir.path(), &["app.log.lig"]);
    assert_eq!(code(&again), 0);
    assert!(stderr(&again).contains("skipped"));
    assert!(!dir.path().join("app.log.lig.lig").exists());
}

#[test]
fn an_existing_output_is_kept_without_force() {
    let dir = dir_with_log();
    fs::write(dir.path().join("app.log.lig"), b"precious").unwrap();
    let output = run(dir.path(), &["app.log"]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("-f"));
    assert_eq!(fs::read(dir.path().join("app.log.lig")).unwrap(), b"precious");
    assert_eq!(code(&run(dir.path(), &["-9f".replace('9', "2").as_str(), "app.log"])), 0);
    assert_eq!(code(&run(dir.path(), &["-o", "app.log", "-f", "app.log"])), 1, "input is output");
}

#[test]
fn exit_codes_for_what_is_missing() {
    let dir = dir_with_log();
    assert_eq!(code(&run(dir.path(), &["nofile"])), 1);
    assert_eq!(code(&run(dir.path(), &["nofile", "app.log"])), 3);
    assert_eq!(code(&run(dir.path(), &["--nonsense"])), 1);
    assert_eq!(code(&run(dir.path(), &["."])), 1);
    assert_eq!(code(&run(dir.path(), &["--help"])), 0);
    assert_eq!(code(&run(dir.path(), &["-V"])), 0);
}

#[test]
fn directories_with_r() {
    let dir = dir_with_log();
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("sub/b.log"), b"b\n").unwrap();
    std::os::unix::fs::symlink("b.log", dir.path().join("sub/link")).unwrap();
    assert_eq!(code(&run(dir.path(), &["-r", "."])), 0);
    assert!(dir.path().join("app.log.lig").exists() && dir.path().join("sub/b.log.lig").exists());
    assert!(!dir.path().join("sub/link.lig").exists());
}

#[test]
fn output_by_name_and_directory() {
    let dir = dir_with_log();
    assert_eq!(code(&run(dir.path(), &["-o", "x.lig", "app.log"])), 0);
    fs::create_dir(dir.path().join("out")).unwrap();
    assert_eq!(code(&run(dir.path(), &["-d", "-o", "out/", "x.lig"])), 0);
    assert!(fs::read(dir.path().join("out/x")).unwrap() == log());
    fs::rename(dir.path().join("x.lig"), dir.path().join("odd")).unwrap();
    assert_eq!(code(&run(dir.path(), &["-d", "odd"])), 1, "no suffix to take off");
    assert_eq!(code(&run(dir.path(), &["-d", "-o", "even", "odd"])), 0, "known by its magic");
}

#[test]
fn damage_is_told_and_costs_a_block() {
    let dir = dir_with_log();
    run(dir.path(), &["--block-size=16K", "app.log"]);
    assert_eq!(code(&run(dir.path(), &["-t", "app.log.lig"])), 0);
    let mut file = fs::read(dir.path().join("app.log.lig")).unwrap();
    let middle = file.len() / 2;
    file[middle] ^= 4;
    fs::write(dir.path().join("app.log.lig"), &file).unwrap();
    let test = run(dir.path(), &["-t", "app.log.lig"]);
    assert_eq!(code(&test), 3);
    assert!(stderr(&test).contains("damaged"), "{}", stderr(&test));
    let cat = run(dir.path(), &["-dc", "app.log.lig"]);
    assert_eq!(code(&cat), 3);
    let missing = log().len() - cat.stdout.len();
    assert!(missing > 0 && missing <= 16 << 10);
    let cut = filter(dir.path(), &["-dc"], &file[..middle / 2]);
    assert!(code(&cut) == 3 && log().starts_with(&cut.stdout));
}

#[test]
fn what_is_not_ours() {
    let dir = TempDir::new().unwrap();
    assert_eq!(code(&filter(dir.path(), &["-d"], b"plain\n")), 1);
    let through = filter(dir.path(), &["-dcf"], b"plain\n");
    assert_eq!((code(&through), &through.stdout[..]), (0, &b"plain\n"[..]));
    let packed = filter(dir.path(), &["-c"], &log()).stdout;
    let behind = filter(dir.path(), &["-dcf"], &packed[1..]);
    assert_eq!(code(&behind), 1, "a damaged start is not passed through");
    assert!(behind.stdout.is_empty());
}

#[test]
fn other_formats_are_decoded_where_their_tools_are_here() {
    let dir = dir_with_log();
    for tool in ["gzip", "zstd", "xz", "bzip2", "lz4"] {
        let source = fs::File::open(dir.path().join("app.log")).unwrap();
        let packed = Command::new(tool).arg("-c").stdin(source).stderr(Stdio::null()).output();
        let Ok(packed) = packed else {
            eprintln!("skipped: {tool} is not installed");
            continue;
        };
        assert!(filter(dir.path(), &["-dcf"], &packed.stdout).stdout == log(), "{tool}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let dir = dir_with_log();
    fs::write(dir.path().join("big.log"), log().repeat(100)).unwrap();
    run(dir.path(), &["big.log"]);
    let mut child = piped(dir.path(), &["-dc", "big.log.lig"]);
    let mut line = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut line).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), stderr(&output).as_str()), (141, ""));
}

/// Waits until `ready`, for ten seconds at most.
fn wait_until(mut ready: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !ready() {
        assert!(begun.elapsed() < Duration::from_secs(10), "nothing happened");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_pause_makes_lines_readable_and_a_signal_ends_in_order() {
    let dir = TempDir::new().unwrap();
    let file = fs::File::create(dir.path().join("live.lig")).unwrap();
    let mut command = lig(dir.path(), &["--flush=100ms", "-c"]);
    let mut child = command.stdin(Stdio::piped()).stdout(file).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"first line\n").unwrap();
    wait_until(|| run(dir.path(), &["-dc", "live.lig"]).stdout == b"first line\n");
    stdin.write_all(b"second line\n").unwrap();
    wait_until(|| run(dir.path(), &["-dc", "live.lig"]).stdout == b"first line\nsecond line\n");
    assert_eq!(code(&run(dir.path(), &["-dc", "live.lig"])), 3, "it is unfinished");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    let whole = run(dir.path(), &["-dc", "live.lig"]);
    assert_eq!((code(&whole), &whole.stdout[..]), (0, &b"first line\nsecond line\n"[..]));
}

#[test]
fn lists_and_explains() {
    let dir = dir_with_log();
    run(dir.path(), &["app.log"]);
    let list = run(dir.path(), &["-l", "--json", "app.log.lig"]);
    let text = String::from_utf8(list.stdout).unwrap();
    assert!(text.contains("\"lines\":2000") && text.contains("\"finished\":true"), "{text}");
    let info = run(dir.path(), &["info", "app.log.lig"]);
    let text = String::from_utf8(info.stdout).unwrap();
    assert!(text.contains("INFO job <*> done") && text.contains("time"), "{text}");
    let json = run(dir.path(), &["info", "--json", "app.log.lig"]);
    assert!(json.stdout.starts_with(b"{") && code(&json) == 0);
}

#[test]
fn memory_is_refused_or_costs_threads_never_bytes() {
    let dir = dir_with_log();
    let refused = run(dir.path(), &["--memory=1M", "-c", "app.log"]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("memory"));
    let expected = run(dir.path(), &["-c", "-T1", "app.log"]).stdout;
    assert!(run(dir.path(), &["-c", "-T8", "--memory=400M", "app.log"]).stdout == expected);
}

#[test]
fn generates_a_man_page_and_completions() {
    let dir = TempDir::new().unwrap();
    assert!(run(dir.path(), &["--generate", "man"]).stdout.starts_with(b".ie"));
    assert!(
        String::from_utf8(run(dir.path(), &["--generate", "complete-bash"]).stdout)
            .unwrap()
            .contains("_lig")
    );
}

#[test]
fn a_link_named_ligcat_is_a_universal_cat() {
    let dir = dir_with_log();
    let link = dir.path().join("ligcat");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_lig"), &link).unwrap();
    run(dir.path(), &["app.log"]);
    let cat = Command::new(link)
        .current_dir(dir.path())
        .args(["app.log.lig", "app.log"])
        .output()
        .unwrap();
    assert!(cat.stdout == [log(), log()].concat());
}
