use std::os::unix::ffi::OsStrExt;

use super::*;

/// A tree with everything in it that a name, a mode and a content can be.
fn odd_tree(place: &Place) {
    place.write("tree/app/app.log", log(1, 300));
    place.write("tree/app/app.log.1", log(2, 200));
    place.write("tree/private", b"secret\n");
    place.write("tree/empty", b"");
    place.write("tree/binary", b"\0\xff\r\nno newline");
    place.write(Path::new("tree").join(OsStr::from_bytes(b"not \xff utf-8 \x1b[2J")), b"x\n");
    place.write(Path::new("tree").join("n".repeat(255)), b"long name\n");
    place.write("tree/one/two/three/deep.log", b"deep\n");
    fs::create_dir_all(place.path("tree/hollow/dir")).unwrap();
    std::os::unix::fs::symlink("private", place.path("tree/link")).unwrap();
    set_mode(&place.path("tree/private"), 0o600);
    set_mode(&place.path("tree/app/app.log"), 0o440);
    set_time(&place.path("tree/app/app.log.1"), 86_400, 123_456_789);
    set_mode(&place.path("tree/hollow"), 0o750);
    set_time(&place.path("tree/hollow/dir"), 1_000_000_000, 1);
}

#[test]
fn a_tree_comes_back_as_it_was() {
    let place = Place::new();
    odd_tree(&place);
    place.lig(["archive", "a.lig", "tree"]).code(0).says("link: skipped (symbolic link)");
    place.lig(["verify", "--deep", "a.lig"]).code(0).silent();
    place.lig(["extract", "a.lig", "-C", "out"]).code(0).silent();
    let (before, after) = (tree(&place.path("tree")), tree(&place.path("out/tree")));
    assert_eq!(before.len(), 14);
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (path, own) in &before {
        assert!(*own == after[path], "{}: mode, time or content", path.display());
    }
    place.lig(["verify", "--against", ".", "a.lig"]).code(0);
    place.write("tree/binary", b"changed");
    place.lig(["verify", "--against", ".", "a.lig"]).code(1).says("tree/binary: has another");
    // The archive may hold what only its owner may read.
    assert_eq!(fs::metadata(place.path("a.lig")).unwrap().permissions().mode() & 0o077, 0);
}

#[test]
fn names_do_not_drive_the_terminal_and_come_as_they_are_on_request() {
    let place = Place::new();
    odd_tree(&place);
    place.lig(["a", "a.lig", "tree"]).code(0);
    for args in [&["ls", "a.lig"][..], &["ls", "-l", "a.lig"], &["ls", "--json", "a.lig"]] {
        let listed = place.lig(args).code(0).stdout;
        assert!(listed.iter().all(|&byte| byte >= 0x20 || byte == b'\n'), "{args:?}");
    }
    let raw = place.lig(["ls", "-0", "a.lig"]).code(0).stdout;
    let names: Vec<&[u8]> = raw.split(|&byte| byte == 0).collect();
    assert!(names.contains(&&b"tree/not \xff utf-8 \x1b[2J"[..]));
    assert!(names.is_sorted_by(|a, b| b.is_empty() || a < b));
}

#[test]
fn globs_choose_members() {
    let place = Place::new();
    odd_tree(&place);
    place.lig(["a", "a.lig", "tree"]).code(0);
    let cat = place.lig(["cat", "a.lig", "app.log*"]).code(0).silent();
    assert!(cat.stdout == [log(1, 300), log(2, 200)].concat());
    assert_eq!(place.lig(["extract", "-O", "a.lig", "deep.log"]).code(0).stdout, b"deep\n");
    assert_eq!(place.lig(["cat", "a.lig", "tree/one"]).code(0).stdout, b"deep\n");
    place.lig(["cat", "a.lig", "nowhere"]).code(1).says("no member of that name");
    place.lig(["ls", "a.lig", "x*"]).code(1);
    place.lig(["extract", "a.lig", "deep.log", "-C", "o", "--strip-components", "3"]).code(0);
    assert_eq!(fs::read(place.path("o/three/deep.log")).unwrap(), b"deep\n");
}

#[test]
fn compressed_files_are_stored_as_their_content() {
    let place = Place::new();
    let content = log(1, 200);
    for (suffix, tool) in [("gz", "gzip"), ("xz", "xz"), ("bz2", "bzip2"), ("zst", "zstd")] {
        let path = place.write(format!("in/{suffix}.log"), &content);
        let Ok(status) = Command::new(tool).arg("-q").arg(&path).status() else { continue };
        assert!(status.success());
        drop(fs::remove_file(path));
    }
    // Two gzip members are one file.
    let gz = place.path("in/gz.log.gz");
    let once = fs::read(&gz).unwrap();
    fs::write(&gz, [once.clone(), once.clone()].concat()).unwrap();
    place.write("in/not.gz", b"\x1f\x8b\x08 only looks like it\n");
    // Its content could not have a name of its own.
    place.write("in/both.gz", &once);
    place.write("in/both", b"taken\n");
    let torn = &once[..once.len() / 2];
    place.write("in/torn.gz", torn);
    place.lig(["a", "a.lig", "in"]).code(0).says("in/torn.gz: cannot be decoded, stored as it is");
    let rows = place.lig(["ls", "--json", "a.lig"]).code(0).json();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    assert_eq!(row("in/gz.log.gz")["container"], "gzip");
    assert_eq!(row("in/gz.log.gz")["lines"], 400);
    assert_eq!(row("in/both.gz")["container"], serde_json::Value::Null);
    place.lig(["ls", "-l", "a.lig", "gz.log"]).code(1);
    place.lig(["ls", "-l", "a.lig", "gz.log.gz"]).code(0).prints("(gzip)");
    place.lig(["extract", "a.lig", "-C", "out"]).code(0);
    assert!(fs::read(place.path("out/in/gz.log")).unwrap() == content.repeat(2));
    assert!(fs::read(place.path("out/in/both.gz")).unwrap() == once);
    assert!(fs::read(place.path("out/in/torn.gz")).unwrap() == torn);
    assert!(fs::read(place.path("out/in/not.gz")).unwrap().starts_with(b"\x1f\x8b\x08 only"));
    for suffix in ["xz", "bz2", "zst"].iter().filter(|suffix| row_exists(&rows, suffix)) {
        assert!(fs::read(place.path(format!("out/in/{suffix}.log"))).unwrap() == content);
    }
    place.lig(["verify", "--against", ".", "a.lig"]).code(0);
    place.lig(["a", "-v", "a.lig", "in"]).code(0).says(": 9 unchanged (0 B");
    place.lig(["a", "--keep-container", "k.lig", "in"]).code(0).silent();
    assert!(
        place.contents("k.lig")[&b"in/xz.log.xz"[..]]
            == fs::read(place.path("in/xz.log.xz")).unwrap()
    );
}

fn row_exists(rows: &[serde_json::Value], suffix: &str) -> bool {
    rows.iter().any(|row| row["name"] == format!("in/{suffix}.log.{suffix}"))
}

#[test]
fn what_is_archived_can_be_chosen_and_named() {
    let place = Place::new();
    for name in ["in/a.log", "in/a.tmp", "in/sub/b.log", "in/cache/c.log", "other"] {
        place.write(name, format!("{name}\n"));
    }
    place.write("globs", "# comment\n\ncache\n");
    let args = ["a", "a.lig", "in", "--exclude", "*.tmp", "--exclude-from", "globs"];
    place.lig(args).code(0).silent();
    let names = |archive: &str| -> Vec<String> {
        place.contents(archive).into_keys().map(|name| String::from_utf8(name).unwrap()).collect()
    };
    assert_eq!(names("a.lig"), ["in/a.log", "in/sub/b.log"]);
    place.lig(["a", "b.lig", "-C", "in", "sub", "a.log", "--include", "*.log"]).code(0);
    assert_eq!(names("b.lig"), ["a.log", "sub/b.log"]);
    place.write("list", b"in/a.log\0other\0");
    place.lig(["a", "c.lig", "--files-from", "list", "-0"]).code(0);
    assert_eq!(names("c.lig"), ["in/a.log", "other"]);
    // An archive does not take itself in; a path that goes up has no name.
    place.lig(["a", "-C", ".", "d.lig", "."]).code(0);
    place.lig(["a", "-C", ".", "d.lig", "."]).code(0);
    assert!(!names("d.lig").contains(&"d.lig".to_owned()));
    place.lig(["a", "e.lig", "in/../other"]).code(1).says("cannot go up (use -C)");
    assert!(!place.path("e.lig").exists());
    let absolute = place.path("other");
    place.lig([OsStr::new("a"), OsStr::new("f.lig"), absolute.as_os_str()]).code(0);
    assert_eq!(names("f.lig"), [absolute.to_str().unwrap().trim_start_matches('/')]);
}

#[test]
fn a_second_run_adds_what_is_new_and_a_dry_run_nothing() {
    let place = Place::new();
    let old = log(1, 300);
    place.write("in/app.log", &old);
    place.write("in/same.log", log(2, 100));
    place.lig(["a", "a.lig", "in"]).code(0);
    let before = fs::read(place.path("a.lig")).unwrap();
    fs::rename(place.path("in/app.log"), place.path("in/app.log.1")).unwrap();
    let status = Command::new("gzip").arg(place.path("in/app.log.1")).status().unwrap();
    assert!(status.success());
    place.write("in/app.log", log(3, 50));
    let dry = place.lig(["a", "-n", "a.lig", "in"]).code(0).silent();
    let dry =
        dry.prints("renamed   in/app.log.1.gz (was in/app.log)").prints("unchanged in/same.log");
    dry.prints("new       in/app.log\n");
    assert_eq!(fs::read(place.path("a.lig")).unwrap(), before);
    place.lig(["a", "--dry-run", "new.lig", "in"]).code(0);
    assert!(!place.path("new.lig").exists());
    let rows = place.lig(["a", "--json", "a.lig", "in"]).code(0).json();
    let renamed = rows.iter().find(|row| row["change"] == "renamed").unwrap();
    assert_eq!((&renamed["past_name"], &renamed["bytes"]), (&"in/app.log".into(), &0.into()));
    place.lig(["ls", "-l", "a.lig"]).code(0).prints("app.log.1.gz (gzip, was in/app.log)");
    assert!(place.lig(["cat", "a.lig", "app.log.1"]).code(0).stdout == old);
    let grown = fs::read(place.path("a.lig")).unwrap();
    assert!(grown.starts_with(&before));
    place.lig(["a", "-v", "a.lig", "in"]).code(0).says("unchanged (0 B taken in");
    assert_eq!(fs::read(place.path("a.lig")).unwrap(), grown, "nothing to commit");
}

#[test]
fn exit_codes_say_how_it_went() {
    let place = Place::new();
    place.write("in/a.log", log(1, 10));
    place.lig(["a", "a.lig", "in", "missing"]).code(3).says("missing: no such file");
    assert_eq!(place.contents("a.lig").len(), 1);
    place.lig(["a", "b.lig", "missing"]).code(1).says("missing: no such file");
    assert!(!place.path("b.lig").exists());
    place.lig(["a", "b.lig"]).code(1).says("required");
    place.lig(["ls", "missing.lig"]).code(1).says("missing.lig: no such file");
    place.lig(["ls", "in/a.log"]).code(1).says("not a lignite file");
    place.lig(["in/a.log"]).code(0);
    place.lig(["ls", "in/a.log.lig"]).code(1).says("is a compressed log, not an archive");
    place.lig(["-dc", "a.lig"]).code(1).says("is an archive (lig ls, lig cat and lig extract");
    place.lig(["extract", "a.lig", "-C", "out"]).code(0);
    let again = place.lig(["extract", "a.lig", "-C", "out"]);
    again.code(3).says("in/a.log: exists (--overwrite or --skip-existing)");
    place.write("out/in/a.log", b"mine\n");
    place.lig(["extract", "a.lig", "-C", "out", "--skip-existing"]).code(0);
    assert_eq!(fs::read(place.path("out/in/a.log")).unwrap(), b"mine\n");
    place.lig(["extract", "a.lig", "-C", "out", "--overwrite"]).code(0);
    assert!(fs::read(place.path("out/in/a.log")).unwrap() == log(1, 10));
    let holder = fs::File::options().append(true).open(place.path("a.lig")).unwrap();
    holder.lock().unwrap();
    place.lig(["a", "a.lig", "in"]).code(1).says("a.lig: locked: another process");
    place.lig(["compact", "a.lig"]).code(1).says("locked");
    place.lig(["ls", "a.lig"]).code(0).silent();
    place.lig(["extract", "a.lig", "-C", "in/a.log"]).code(1).says("in/a.log: is not a directory");
    std::os::unix::fs::symlink("a.log", place.path("in/link")).unwrap();
    drop(holder);
    // Another test's child may hold a copy of it until it runs its command.
    let strict = || place.lig(["a", "--strict", "a.lig", "in"]);
    let free = (0..100).map(|_| strict()).find(|ran| !ran.stderr.contains("locked"));
    free.unwrap().code(3);
}

#[test]
fn a_member_tells_first_and_last_time_though_it_shares_its_block() {
    let place = Place::new();
    place.write("in/a.log", log(1, 100));
    place.write("in/b.log", b"2026-11-25 12:00:00 one\n  no time\n2026-11-24 11:59:59 two\n");
    place.write("in/c.txt", b"no time at all\n");
    place.lig(["a", "a.lig", "in"]).code(0);
    let span = |archive: &str, name: &str| {
        let row = place.lig(["ls", "--json", archive, name]).code(0).json().remove(0);
        (row["time_range"][0].as_i64(), row["time_range"][1].as_i64())
    };
    assert_eq!(Archive::open(place.path("a.lig")).unwrap().blocks().len(), 1);
    let day = 1_795_478_400;
    assert_eq!(span("a.lig", "a.log"), (Some(day), Some(day + 99)));
    assert_eq!(span("a.lig", "b.log"), (Some(day + 43_199), Some(day + 86_400 + 43_200)));
    assert_eq!(span("a.lig", "c.txt"), (None, None));
    place.lig(["ls", "-l", "a.lig", "b.log"]).prints("2026-11-24 11:59:59 - 2026-11-25 12:00:00");
    // What is added counts, and what is written anew or recovered keeps it.
    let more =
        b"2026-11-25 12:00:00 one\n  no time\n2026-11-24 11:59:59 two\n2026-11-26 00:00:00 x\n";
    place.write("in/b.log", more);
    place.lig(["a", "a.lig", "in"]).code(0);
    let grown = (Some(day + 43_199), Some(day + 2 * 86_400));
    assert_eq!(span("a.lig", "b.log"), grown);
    place.lig(["compact", "a.lig", "-o", "c.lig"]).code(0);
    place.lig(["recover", "a.lig", "-o", "r.lig"]).code(0);
    assert_eq!((span("c.lig", "b.log"), span("r.lig", "b.log")), (grown, grown));
}

#[test]
fn what_would_be_too_much_is_not_begun() {
    let place = Place::new();
    place.write("in/a.log", log(1, 1000));
    place.write("in/b.log", log(2, 10));
    place.lig(["a", "a.lig", "in"]).code(0);
    let refused = place.lig(["extract", "a.lig", "-C", "out", "--max-output", "10K"]);
    refused.code(1).says("a.lig: would write 4").says("(--max-output 10 kB)");
    assert!(!place.path("out").exists());
    let refused = place.lig(["cat", "a.lig", "--max-output", "10K"]);
    assert!(refused.code(1).says("--max-output").stdout.is_empty());
    place.lig(["extract", "-O", "a.lig", "--max-output", "10K"]).code(1);
    place.lig(["cat", "a.lig", "b.log", "--max-output", "10K"]).code(0).silent();
    place.lig(["extract", "a.lig", "-C", "out", "--max-output", "1M"]).code(0).silent();
    assert_eq!(fs::read(place.path("out/in/a.log")).unwrap(), log(1, 1000));
}

#[test]
fn damage_costs_a_block_and_recover_gets_the_rest() {
    let place = Place::new();
    place.write("in/a.log", log(1, 5000));
    place.write("in/b.log", log(2, 5000));
    place.lig(["a", "--block-size", "64K", "a.lig", "in"]).code(0);
    let rows = place.lig(["verify", "--json", "a.lig"]).code(0).json();
    assert!(rows[0]["blocks"].as_u64().unwrap() >= 6);
    place.lig(["verify", "--subset", "1/3", "--deep", "a.lig"]).code(0).silent();
    let mut bytes = fs::read(place.path("a.lig")).unwrap();
    let block = Archive::open(place.path("a.lig")).unwrap().blocks().nth(1).unwrap();
    bytes[usize::try_from(block.offset + block.stored_bytes / 2).unwrap()] ^= 1;
    fs::write(place.path("d.lig"), &bytes).unwrap();
    place.lig(["verify", "d.lig"]).code(3).says("in/a.log: lines ").says("are missing");
    place.lig(["cat", "d.lig"]).code(3).says("in/a.log: damaged");
    let part = place.lig(["cat", "--keep-going", "d.lig", "a.log"]).code(3).stdout;
    let whole = log(1, 5000);
    assert!(part.len() >= whole.len() - (64 << 10) && whole.ends_with(&part[part.len() / 2..]));
    place.lig(["extract", "d.lig", "-C", "out"]).code(3).says("in/a.log: damaged");
    assert!(!place.path("out/in/a.log").exists(), "a part is no file");
    assert!(fs::read(place.path("out/in/b.log")).unwrap() == log(2, 5000));
    place.write("taken", b"mine");
    let whole_archive = fs::read(place.path("a.lig")).unwrap();
    place.write("b.lig", [&whole_archive[..], b"garbage\n"].concat());
    place.lig(["verify", "b.lig"]).code(3).says("b.lig: the last 8 B are damaged");
    // Cut, one cannot know how much there was; where nothing is whole, there is nothing to recover.
    place.write("b.lig", &whole_archive[..whole_archive.len() / 2]);
    let torn = place.lig(["recover", "b.lig", "-o", "torn.lig"]).code(3);
    torn.says("b.lig: damaged where nothing tells what was there: more may be missing");
    place.write("b.lig", &whole_archive[..100]);
    place.lig(["recover", "b.lig", "-o", "none.lig"]).code(1).says("b.lig: damaged");
    assert!(!place.path("none.lig").exists());
    for command in ["recover", "compact"] {
        place.lig([command, "a.lig", "-o", "taken"]).code(1).says("lig: taken: exists (");
    }
    let recovered = place.lig(["recover", "--json", "d.lig", "-o", "r.lig"]).code(3);
    let losses = &recovered.json()[0]["losses"];
    assert_eq!(losses.as_array().unwrap().len(), 1);
    assert_eq!(losses[0]["bytes"].as_u64().unwrap(), (whole.len() - part.len()) as u64);
    assert!(place.contents("r.lig")[&b"in/a.log"[..]] == part);
    place.lig(["extract", "r.lig", "-C", "out2"]).code(3);
    place.lig(["recover", "a.lig", "-o", "whole.lig"]).code(0).silent();
    assert_eq!(place.contents("whole.lig"), place.contents("a.lig"));
    place.lig(["recover", "in/a.log", "-o", "x.lig"]).code(1);
    // A commit that is hit is noticed, though all that is read is right.
    bytes = fs::read(place.path("a.lig")).unwrap();
    place.write("in/c.log", b"c\n");
    place.lig(["a", "a.lig", "in"]).code(0);
    let mut newer = fs::read(place.path("a.lig")).unwrap();
    let last = newer.len() - 20;
    newer[last] ^= 1;
    fs::write(place.path("e.lig"), &newer).unwrap();
    place.lig(["ls", "e.lig"]).code(3).says("this is an older state");
    // An append that was interrupted is no damage.
    fs::write(place.path("f.lig"), &newer[..bytes.len() + 50]).unwrap();
    place.lig(["ls", "f.lig"]).code(0).silent();
}

#[test]
fn old_members_go_and_their_room_with_them() {
    let place = Place::new();
    for (number, days) in [(1, 10), (2, 100), (3, 1000)] {
        let path = place.write(format!("in/{number}.log"), log(number, 3000));
        let time = SystemTime::now() - Duration::from_secs(days * 86_400);
        fs::File::open(path).unwrap().set_modified(time).unwrap();
    }
    place.lig(["a", "-1", "a.lig", "in"]).code(0);
    let size = || fs::metadata(place.path("a.lig")).unwrap().len();
    let before = size();
    let dry = place.lig(["prune", "a.lig", "--keep-within", "90d", "-n"]).code(0);
    assert_eq!(dry.stdout, b"in/2.log\nin/3.log\n");
    assert_eq!(size(), before);
    place.lig(["prune", "a.lig", "--keep-within", "1y", "-v"]).code(0).says("1 members");
    assert_eq!(place.contents("a.lig").len(), 2);
    place.lig(["prune", "a.lig", "--keep-within", "soon"]).code(1).says("an age is a number");
    place.lig(["compact", "a.lig"]).code(0).silent();
    assert!(size() < before);
    let compact = size();
    place.lig(["compact", "a.lig", "-o", "cold.lig", "--level", "7"]).code(0);
    assert_eq!(size(), compact);
    assert!(fs::metadata(place.path("cold.lig")).unwrap().len() < compact);
    assert_eq!(place.contents("cold.lig"), place.contents("a.lig"));
    place.lig(["compact", "a.lig", "-o", "cold.lig"]).code(1).says("exists");
}
