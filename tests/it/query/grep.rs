//! `lig grep` on compressed logs against `grep` and `rg` on the logs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Odd, Random, compress, lig, log, run, words};

/// Runs compared with `grep`: each is one pattern and one set of flags on one to three files.
const RUNS: u32 = 1300;
/// And with `rg`.
const RUNS_RG: u32 = 300;

const PATTERNS: [&str; 34] = [
    "foo",
    "foo|bar",
    "^$",
    "",
    ".",
    "ERROR",
    "Failed password",
    "port [0-9]+ ssh",
    "user (root|bob)",
    "[a-f0-9]{8}",
    "^2026",
    "ms$",
    "foo.*bar",
    "10\\.0\\.1",
    "nothing here at all",
    "o{2}",
    "worker\\[3\\]",
    "\"level\":\"error\"",
    "x+$",
    "[[:upper:]]{4}",
    "é",
    "ünï",
    "k",
    "s",
    "session 9",
    "took 9[0-9]",
    "java:1",
    "ssh2",
    "00:0",
    "a.c",
    "alice took",
    "of user alice took 5",
    "[0-9]+ ms",
    "( |^)foo( |$)",
];

struct Files {
    dir: TempDir,
    names: Vec<String>,
}

impl Files {
    /// Logs, each in `plain` as it is and in `lig` as a stream under the same name.
    fn new(random: &mut Random, odd: &[(Odd, u32)]) -> Self {
        let files = Self { dir: tempfile::tempdir().unwrap(), names: Vec::new() };
        let mut names = Vec::new();
        fs::create_dir(files.plain()).unwrap();
        fs::create_dir(files.lig()).unwrap();
        for (number, &(odd, lines)) in odd.iter().enumerate() {
            let name = format!("f{number}");
            let log = log(random, lines, odd);
            let block = *random.of(&[1u32 << 12, 1 << 14, 1 << 16, 1 << 20]);
            let level = *random.of(&[1, 3]);
            let stored = if number % 3 == 2 {
                // Two streams, cut inside a line.
                let (a, b) = log.split_at(log.len() / 3);
                [compress(a, level, block), compress(b, level, block)].concat()
            } else {
                compress(&log, level, block)
            };
            fs::write(files.plain().join(&name), log).unwrap();
            fs::write(files.lig().join(&name), stored).unwrap();
            names.push(name);
        }
        Self { names, ..files }
    }

    fn plain(&self) -> PathBuf {
        self.dir.path().join("plain")
    }

    fn lig(&self) -> PathBuf {
        self.dir.path().join("lig")
    }
}

/// Flags that `grep` has; each with its chance in a hundred.
fn flags(random: &mut Random) -> Vec<String> {
    const FLAGS: [(&str, u64); 17] = [
        ("-i", 20),
        ("-v", 15),
        ("-w", 15),
        ("-x", 10),
        ("-n", 30),
        ("-b", 20),
        ("-o", 15),
        ("-c", 12),
        ("-l", 6),
        ("-L", 6),
        ("-q", 5),
        ("-H", 15),
        ("-h", 10),
        ("-Z", 10),
        ("-F", 10),
        ("--color=always", 5),
        ("-s", 100),
    ];
    let mut flags: Vec<String> = Vec::new();
    for (flag, percent) in FLAGS {
        if random.in_hundred(percent) {
            flags.push(flag.to_owned());
        }
    }
    for (flag, below) in [("-A", 4), ("-B", 4), ("-C", 3), ("-m", 6)] {
        if random.in_hundred(12) {
            flags.push(format!("{flag}{}", random.next(below)));
        }
    }
    flags
}

#[test]
fn the_lines_and_the_exit_code_are_those_of_grep() {
    let mut random = Random(1);
    let odd = [
        (Odd::No, 900),
        (Odd::Crlf, 400),
        (Odd::No, 500),
        (Odd::NoLastTerminator, 600),
        (Odd::No, 0),
        (Odd::NoLastTerminator, 1),
        (Odd::No, 5),
        (Odd::No, 3000),
        (Odd::NulAndInvalidUtf8, 700),
    ];
    let files = Files::new(&mut random, &odd);
    let mut cases = 0;
    for _ in 0..RUNS {
        let mut args = flags(&mut random);
        // Of several patterns grep takes the longest match, the regex crate that of the first pattern: -o tells.
        let one = args.contains(&"-o".to_owned()) || args.contains(&"--color=always".to_owned());
        for _ in 0..if one { 1 } else { *random.of(&[1, 1, 1, 2]) } {
            args.extend(["-e".to_owned(), (*random.of(&PATTERNS)).to_owned()]);
        }
        // Of what is no character, grep and the regex crate think differently at the edge of a word.
        let edges = args.contains(&"-w".to_owned());
        for _ in 0..*random.of(&[1, 1, 2, 3]) {
            let names = &files.names[..files.names.len() - usize::from(edges)];
            args.push(random.of(names).clone());
            cases += 1;
        }
        if random.in_hundred(3) {
            args.push("missing".to_owned());
        }
        let syntax = if args.contains(&"-F".to_owned()) { "-a" } else { "-aE" };
        let theirs = [vec![syntax.to_owned()], args.clone()].concat();
        let Some(expected) = run("grep", &theirs, &files.plain()) else { return };
        let found = lig(&[words("grep"), args.clone()].concat(), &files.lig());
        assert_same(&found, &expected, &args);
    }
    println!("{cases} cases of patterns, flags and files");
    assert!(cases >= 2000, "{cases}");
}

fn assert_same(found: &(i32, Vec<u8>), expected: &(i32, Vec<u8>), args: &[String]) {
    assert_eq!(found.0, expected.0, "exit code of {args:?}");
    if found.1 == expected.1 {
        return;
    }
    let lines = |bytes: &[u8]| bytes.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (found, expected) = (lines(&found.1), lines(&expected.1));
    let at = found.iter().zip(&expected).take_while(|(a, b)| a == b).count();
    let show = |lines: &[Vec<u8>]| lines.get(at).map(|line| line.escape_ascii().to_string());
    panic!("{args:?}: line {at} is {:?}, not {:?}", show(&found), show(&expected));
}

#[test]
fn the_lines_and_the_exit_code_are_those_of_ripgrep() {
    const FLAGS: [(&str, u64); 11] = [
        ("-i", 20),
        ("-S", 10),
        ("-v", 15),
        ("-w", 15),
        ("-x", 10),
        ("-n", 30),
        ("-b", 20),
        ("-o", 15),
        ("-F", 10),
        ("-H", 15),
        ("-c", 10),
    ];
    let mut random = Random(2);
    let odd = [
        (Odd::No, 900),
        (Odd::Crlf, 300),
        (Odd::NulAndInvalidUtf8, 500),
        (Odd::NoLastTerminator, 600),
    ];
    let files = Files::new(&mut random, &odd);
    let patterns = [
        &PATTERNS[..],
        &[
            "\\d+ ms",
            "\\bfoo\\b",
            "(?i)error",
            "\\w+\\[\\d\\]",
            "\\pL{9}",
            "[^a-z ]{12}",
            "foo|foobar",
        ],
    ]
    .concat();
    for _ in 0..RUNS_RG {
        let mut args: Vec<String> = Vec::new();
        for (flag, percent) in FLAGS {
            if random.in_hundred(percent) {
                args.push(flag.to_owned());
            }
        }
        let pattern = *random.of(&patterns);
        // ripgrep shows empty matches, and whole lines with -v, where grep shows nothing.
        let (only, inverted) = (args.contains(&"-o".to_owned()), args.contains(&"-v".to_owned()));
        if only && (inverted || ["", "^$"].contains(&pattern)) {
            continue;
        }
        args.extend(["-e".to_owned(), pattern.to_owned(), random.of(&files.names).clone()]);
        let theirs =
            [words("-a --no-mmap --no-config --color=never --include-zero"), args.clone()].concat();
        let Some(expected) = run("rg", &theirs, &files.plain()) else { return };
        let found = lig(&[words("grep"), args.clone()].concat(), &files.lig());
        assert_same(&found, &expected, &args);
    }
}

#[test]
fn json_is_that_of_ripgrep() {
    fn lines(bytes: &[u8]) -> Vec<serde_json::Value> {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let parsed = text.lines().map(|line| {
            let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
            for pointer in ["/data", "/data/stats"] {
                if let Some(object) = value.pointer_mut(pointer).and_then(|v| v.as_object_mut()) {
                    // Times differ, and we tell more of a line.
                    for key in [
                        "elapsed",
                        "elapsed_total",
                        "log",
                        "bytes_printed",
                        "bytes_searched",
                        "searches",
                    ] {
                        object.remove(key);
                    }
                }
            }
            value
        });
        parsed.collect()
    }
    let mut random = Random(3);
    let files = Files::new(&mut random, &[(Odd::No, 300), (Odd::NulAndInvalidUtf8, 200)]);
    for flags in ["-n", "-A1 -B2", "-i", "-v", "-m3"] {
        for pattern in ["foo", "session [0-9a-f]+", "nothing here at all", "ünï"] {
            for name in &files.names {
                let args = [
                    words("--json"),
                    words(flags),
                    vec!["-e".into(), pattern.into(), name.clone()],
                ]
                .concat();
                let theirs = [words("-a --no-mmap --no-config -j1"), args.clone()].concat();
                let Some(expected) = run("rg", &theirs, &files.plain()) else { return };
                let found = lig(&[words("grep"), args.clone()].concat(), &files.lig());
                assert_eq!(found.0, expected.0, "{args:?}");
                assert_eq!(lines(&found.1), lines(&expected.1), "{args:?}");
            }
        }
    }
}

fn pipe(args: &[&str], input: &[u8], dir: &Path) -> (i32, Vec<u8>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lig"))
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        use std::io::Write as _;
        let _reader_may_go = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    (output.status.code().unwrap_or(-1), output.stdout)
}

#[test]
fn pipes_and_foreign_formats_are_searched() {
    let mut random = Random(4);
    let log = log(&mut random, 2000, Odd::No);
    let stored = compress(&log, 3, 1 << 14);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("log"), &log).unwrap();
    fs::write(dir.path().join("log.lig"), &stored).unwrap();
    let expected = lig(&words("grep -n alice log"), dir.path());
    assert!(expected.0 == 0 && expected.1.len() > 1000);
    assert_eq!(lig(&words("grep -n alice log.lig"), dir.path()), expected);
    assert_eq!(pipe(&["grep", "-n", "alice"], &log, dir.path()), expected);
    assert_eq!(pipe(&["grep", "-n", "alice", "-"], &stored, dir.path()), expected);
    for (program, suffix) in [("gzip", "gz"), ("xz", "xz"), ("zstd", "zst"), ("bzip2", "bz2")] {
        let packed = dir.path().join(format!("log.{suffix}"));
        let out = fs::File::create(&packed).unwrap();
        let status = Command::new(program)
            .arg("-c")
            .stdin(fs::File::open(dir.path().join("log")).unwrap())
            .stdout(out)
            .status();
        if status.is_ok_and(|status| status.success()) {
            let name = packed.file_name().unwrap().to_str().unwrap().to_owned();
            assert_eq!(lig(&words(&format!("grep -n alice {name}")), dir.path()), expected);
        } else {
            println!("SKIPPED: {program} is not installed");
        }
    }
}

#[test]
fn directories_are_searched_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    put("d/b.log", b"foo 1\n");
    put("d/a.lig", &compress(b"bar\nfoo 2\n", 3, 1 << 14));
    put("d/c/d.txt", b"foo 3\n");
    let ran = |args: &str| {
        let (code, out) = lig(&words(args), dir.path());
        (code, String::from_utf8(out).unwrap())
    };
    assert_eq!(ran("grep -r foo d"), (0, "d/a.lig:foo 2\nd/b.log:foo 1\nd/c/d.txt:foo 3\n".into()));
    assert_eq!(ran("grep -rl foo"), (0, "d/a.lig\nd/b.log\nd/c/d.txt\n".into()));
    assert_eq!(
        ran("grep -r --include=*.l[io]g foo d"),
        (0, "d/a.lig:foo 2\nd/b.log:foo 1\n".into())
    );
    assert_eq!(ran("grep -rc --exclude=?.l* foo d"), (0, "d/c/d.txt:1\n".into()));
    assert_eq!(ran("grep foo d").0, 2);
}

#[test]
fn a_file_that_is_being_written_is_searched_as_far_as_it_goes() {
    let mut random = Random(5);
    let log = log(&mut random, 3000, Odd::No);
    let stored = compress(&log, 1, 1 << 14);
    let dir = tempfile::tempdir().unwrap();
    let whole = lig_on(&stored, dir.path()).1;
    for cut in [stored.len() / 3, stored.len() / 2, stored.len() - 20] {
        let (code, out) = lig_on(&stored[..cut], dir.path());
        assert_eq!(code, 0);
        assert!(!out.is_empty() && whole.starts_with(&out), "{cut}");
    }
}

fn lig_on(stored: &[u8], dir: &Path) -> (i32, Vec<u8>) {
    fs::write(dir.join("x.lig"), stored).unwrap();
    lig(&words("grep -nb foo x.lig"), dir)
}

#[test]
fn damage_is_an_error_or_is_skipped_with_numbers_kept() {
    let mut random = Random(6);
    let log = log(&mut random, 3000, Odd::No);
    let stored = compress(&log, 1, 1 << 14);
    let dir = tempfile::tempdir().unwrap();
    let whole = lig_on(&stored, dir.path()).1;
    for at in (100..stored.len() - 400).step_by(stored.len() / 23) {
        let mut damaged = stored.clone();
        damaged[at] ^= 4;
        assert_eq!(lig_on(&damaged, dir.path()).0, 2, "byte {at}");
        let (code, out) = lig(&words("grep -nb --keep-going foo x.lig"), dir.path());
        assert_eq!(code, 2);
        // What is printed is a part of the whole answer, and not much is missing.
        let mut rest = whole.split(|&byte| byte == b'\n');
        for line in out.split(|&byte| byte == b'\n') {
            assert!(rest.any(|known| known == line), "byte {at}: {}", line.escape_ascii());
        }
        assert!(out.len() > whole.len() / 2, "byte {at}");
    }
}

#[test]
fn misuse_is_exit_code_2() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("x"), b"x\n").unwrap();
    for args in [
        "grep",
        "grep ( x",
        "grep --no-such-flag x",
        "grep -P x x",
        "grep -f missing x",
        "grep x missing",
        "grep a{50}{90}{90}{90} x",
    ] {
        assert_eq!(lig(&words(args), dir.path()).0, 2, "{args}");
    }
    assert_eq!(lig(&words("grep -q x x missing"), dir.path()).0, 0);
    assert_eq!(lig(&words("grep -f /dev/null x"), dir.path()).0, 1);
}

#[test]
fn matches_are_replaced() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("x"), b"user=alice id=7\nnone\n").unwrap();
    let args = |rest: &[&str]| {
        let all = [&["grep", "-e", "(\\w+)=(\\w+)"], rest, &["x"]].concat();
        lig(&all.into_iter().map(str::to_owned).collect::<Vec<_>>(), dir.path()).1
    };
    assert_eq!(args(&["--replace", "$2:$1"]), b"alice:user 7:id\n");
    assert_eq!(args(&["-o", "--replace", "${1}_"]), b"user_\nid_\n");
}

#[test]
fn conditions_are_those_of_the_command_line() {
    use std::fmt::Write as _;
    let dir = tempfile::tempdir().unwrap();
    let mut log = String::new();
    for i in 0..3000 {
        let level = if i % 500 == 7 { "WARN" } else { "INFO" };
        writeln!(log, "2026-11-24 {:02}:{:02}:00 {level} job {i}", i / 60 % 24, i % 60).unwrap();
    }
    fs::write(dir.path().join("log"), &log).unwrap();
    fs::write(dir.path().join("log.lig"), compress(log.as_bytes(), 3, 1 << 12)).unwrap();
    let ran = |args: &[&str], file: &str| {
        let all = [&["grep"], args, &[file]].concat();
        lig(&all.into_iter().map(str::to_owned).collect::<Vec<_>>(), dir.path())
    };
    for (args, expected) in [
        (&["-c", "--since", "2026-11-24 23:00", ""][..], "120\n"),
        (&["-c", "--since", "2026-11-24 03:00", "--until", "2026-11-24 03:10", ""], "20\n"),
        (&["-c", "--until", "2026-11-24T01:00:00+01:00", ""], "0\n"),
        (&["-c", "--until", "2026-11-24T01:00:00+01:00", "--tz", "+01:00", ""], "180\n"),
        (&["-c", "--since", "2099-01-01", ""], "0\n"),
        (&["-c", "--level", "warn..", ""], "6\n"),
        (
            &["--level", "warn", "--since", "2026-11-24 08:00", "job 5"],
            "2026-11-24 08:27:00 WARN job 507\n",
        ),
    ] {
        for file in ["log", "log.lig"] {
            let (_, found) = ran(args, file);
            assert_eq!(String::from_utf8(found).unwrap(), expected, "{args:?} {file}");
        }
    }
    assert_eq!(ran(&["--since", "soon", ""], "log").0, 2);
    assert_eq!(ran(&["--level", "loud", ""], "log").0, 2);
}
