//! Searches of archives against searches of the files that went into them.

use std::fs;
use std::path::Path;

use super::{Odd, Random, lig, log, run, words};

/// Some logs below `logs`, in the order of their names, and an archive of them in several commits.
fn archive(random: &mut Random, dir: &Path) -> Vec<String> {
    let odd = [Odd::No, Odd::Crlf, Odd::NulAndInvalidUtf8, Odd::No, Odd::NoLastTerminator];
    let mut names = Vec::new();
    fs::create_dir_all(dir.join("logs/sub")).unwrap();
    for (number, odd) in odd.into_iter().enumerate() {
        let name = format!("logs/{}f{number}.log", if number % 2 == 0 { "" } else { "sub/" });
        let lines = u32::try_from(random.next(1500)).unwrap();
        let mut text = log(random, lines, odd);
        let half = text.len() / 2;
        let rest = text.split_off(half);
        // It grows between commits, within a line.
        fs::write(dir.join(&name), &text).unwrap();
        assert_eq!(lig(&words("archive -q A.lig logs"), dir).0, 0);
        fs::write(dir.join(&name), [text, rest].concat()).unwrap();
        names.push(name);
    }
    assert_eq!(lig(&words("archive -q A.lig logs"), dir).0, 0);
    names.sort();
    names
}

#[test]
fn the_lines_are_those_of_grep_on_the_files() {
    // Of what is no character, grep and the regex crate think differently at the edge of a word: no -w.
    const FLAGS: [&str; 13] =
        ["", "-n", "-b", "-c", "-l", "-L", "-v", "-i", "-x", "-o", "-A 1", "-B 2", "-m 3"];
    const PATTERNS: [&str; 9] =
        ["foo", "ERROR", "nothing here", "^$", ".", "10\\.0\\.1", "port 1", "ms$", "é"];
    let mut random = Random(29);
    let (mut compared, mut found) = (0, 0);
    for _ in 0..3 {
        let dir = tempfile::tempdir().unwrap();
        let names = archive(&mut random, dir.path());
        for (pattern, flags) in PATTERNS.iter().flat_map(|p| FLAGS.iter().map(move |f| (*p, *f))) {
            let mut flags: Vec<String> = if flags.is_empty() { Vec::new() } else { words(flags) };
            let name = random.of(&["-H", "-h"]);
            flags.extend([(*name).to_owned(), "-e".to_owned(), pattern.to_owned()]);
            let asked = |tool: &[&str], files: &[String]| {
                let tool = tool.iter().map(|&word| word.to_owned());
                tool.chain(flags.clone()).chain(files.iter().cloned()).collect::<Vec<_>>()
            };
            let grep = asked(&["-a", "-E"], &names);
            let Some(expected) = run("grep", &grep, dir.path()) else { return };
            let answer = lig(&asked(&["grep"], &["A.lig".to_owned()]), dir.path());
            assert!(answer == expected, "{flags:?}");
            (compared, found) = (compared + 1, found + u32::from(expected.0 == 0));
        }
    }
    assert!(compared == 351 && found > 150, "{compared} {found}");
}

#[test]
fn members_are_chosen_and_asked_by_their_names() {
    let mut random = Random(31);
    let dir = tempfile::tempdir().unwrap();
    archive(&mut random, dir.path());
    let ask = |text: &[&str]| {
        let words: Vec<String> = text.iter().map(|&word| word.to_owned()).collect();
        let (code, out) = lig(&words, dir.path());
        (code, String::from_utf8_lossy(&out).into_owned())
    };
    let (code, out) = ask(&["grep", "-c", "--include", "f[13].log", ".", "A.lig"]);
    assert_eq!((code, out.lines().count()), (0, 2), "{out}");
    assert!(out.lines().all(|line| line.starts_with("logs/sub/")), "{out}");
    let (_, out) = ask(&["grep", "-l", "--exclude", "f*", ".", "A.lig"]);
    assert_eq!(out, "");
    let (_, of_member) = ask(&["query", "-c", "file:=logs/f0.log foo", "A.lig"]);
    let (_, of_file) = ask(&["query", "-c", "foo", "logs/f0.log"]);
    assert!(
        of_member.contains(&format!("logs/f0.log:{}", of_file.trim())),
        "{of_member} {of_file}"
    );
    // What pipes make of the members is what they make of the files.
    let files = ["logs/f0.log", "logs/f2.log", "logs/f4.log", "logs/sub/f1.log", "logs/sub/f3.log"];
    for asked in [&["query", "foo | stats by (level, file) count()"][..], &["hist", "--json"]] {
        let of_members = ask(&[asked, &["A.lig"]].concat());
        let of_files = ask(&[asked, &files].concat());
        assert_eq!(of_members, of_files);
        assert_eq!(of_members.0, 0);
    }
    assert_eq!(ask(&["top", "A.lig", "_1"]), ask(&[&["top"], &files[..], &["_1"]].concat()));
}

#[test]
fn members_are_passed_over_by_their_times_and_blocks_by_their_filters() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("logs")).unwrap();
    for day in 1..=9 {
        let line = |i: u32| {
            format!("2026-11-0{day} {:02}:{:02}:00 job {i} of day{day} done\n", i / 60 % 24, i % 60)
        };
        let log: String = (0..1440).map(line).collect();
        fs::write(dir.path().join(format!("logs/{day}.log")), log).unwrap();
    }
    assert_eq!(lig(&words("archive -q A.lig logs"), dir.path()).0, 0);
    let (_, counted) =
        lig(&words("grep -c --since 2026-11-03 --until 2026-11-05 job A.lig"), dir.path());
    let counted = String::from_utf8(counted).unwrap();
    let counted: Vec<_> = counted.lines().collect();
    let expected = (1..=9).map(|day| {
        let lines = if day == 3 || day == 4 { 1440 } else { 0 };
        format!("logs/{day}.log:{lines}")
    });
    assert_eq!(counted, expected.collect::<Vec<_>>());
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lig"));
    command.args(["grep", "-c", "--stats", "--since", "2026-11-03", "--until", "2026-11-05"]);
    let stats = command.args(["job", "A.lig"]).current_dir(dir.path()).output().unwrap();
    let stats = String::from_utf8(stats.stderr).unwrap();
    assert!(stats.contains("9 blocks: 7 skipped by time"), "{stats}");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lig"));
    let explained = command.args(["grep", "-c", "--explain", "watchdog quenched", "A.lig"]);
    let explained = explained.current_dir(dir.path()).output().unwrap();
    let explained = String::from_utf8(explained.stderr).unwrap();
    assert!(explained.contains("each line has \"watchdog quenched\""), "{explained}");
    assert!(explained.contains("lines selected"), "{explained}");
}

#[test]
fn templates_are_known_of_members() {
    let mut random = Random(37);
    let dir = tempfile::tempdir().unwrap();
    let names = archive(&mut random, dir.path());
    let ask = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let (code, out) = lig(&words, dir.path());
        assert!(code < 2, "{words:?}");
        String::from_utf8_lossy(&out).into_owned()
    };
    let count = |words: &[&str]| -> u64 {
        let counts = ask(&[&["grep", "-h", "-c", "-e", ""], words, &["A.lig"]].concat());
        counts.lines().map(|count| count.parse::<u64>().unwrap()).sum()
    };
    let all = count(&[]);
    let told = ask(&["templates", "A.lig"]);
    assert!(told.starts_with(&format!("A.lig: {all} lines, ")), "{told}");
    let (mut by_template, mut found) = (0, 0);
    for (rank, row) in (1..).zip(ask(&["templates", "--json", "A.lig"]).lines()) {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let (id, lines) = (row["id"].as_str().unwrap(), row["lines"].as_u64().unwrap());
        let of_template = count(&["--template", id]);
        assert_eq!(of_template + count(&["--not-template", id]), all);
        if rank <= 3 {
            assert_eq!(count(&["--template", &rank.to_string()]), of_template);
        }
        // Its lines look alike: all have its constant text.
        let text = row["text"].as_str().unwrap();
        let longest = text.split("<*>").max_by_key(|piece| piece.len()).unwrap();
        let longest = longest.trim_matches(|c: char| c == '\r' || c == char::REPLACEMENT_CHARACTER);
        if !longest.contains([char::REPLACEMENT_CHARACTER, '\0']) {
            let query = ["grep", "-h", "-c", "-F", "-e", longest, "--template", id, "A.lig"];
            let holding: u64 = ask(&query).lines().map(|count| count.parse::<u64>().unwrap()).sum();
            assert_eq!(holding, of_template, "{longest:?}");
        }
        (by_template, found) = (by_template + of_template, found + 1);
        assert!(of_template <= lines && lines <= of_template + names.len() as u64);
    }
    // A line that lies in two commits has no template, and there is one such line of each file at most.
    let without =
        told.lines().find_map(|line| line.strip_suffix(" lines are stored without templates"));
    let without: u64 = without.map_or(0, |lines| lines.parse().unwrap());
    assert!(found > 3 && by_template + without <= all, "{found} {by_template} {without} {all}");
    assert!(by_template + without + names.len() as u64 >= all, "{by_template} {without} {all}");
    // What another file of its name has replaced does not count.
    fs::write(dir.path().join(&names[0]), "one line is left\n").unwrap();
    assert_eq!(lig(&words("archive -q A.lig logs"), dir.path()).0, 0);
    let left = count(&[]);
    let told = ask(&["templates", "A.lig"]);
    assert!(left < all && told.starts_with(&format!("A.lig: {left} lines, ")), "{left} {told}");
}
