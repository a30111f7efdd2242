//! Inputs and outputs: which are taken, where they go, what is refused.

use std::fs::{self, File};

use super::{Place, Ran, log};

#[test]
fn an_output_that_exists_stays_unless_forced() {
    let place = Place::new();
    place.write("app.log", log(5));
    place.write("app.log.lig", "mine");
    place.lig(["app.log"]).code(1).says("app.log: app.log.lig exists (-f overwrites)");
    assert_eq!(place.read("app.log.lig"), b"mine");
    place.lig(["-f", "app.log"]).code(0).silent();
    place.lig(["-dc", "app.log.lig"]).code(0).puts(&log(5));
    assert_eq!(place.names(), ["app.log", "app.log.lig"]);
}

#[test]
fn a_file_with_the_suffix_is_skipped() {
    let place = Place::new();
    place.write("app.log", log(5));
    place.lig(["app.log"]).code(0);
    place.lig(["app.log.lig"]).code(0).says("skipped");
    place.lig(["-q", "app.log.lig"]).code(0).silent();
    assert_eq!(place.names(), ["app.log", "app.log.lig"]);
}

#[test]
fn decompression_goes_by_content_and_needs_a_name() {
    let place = Place::new();
    place.write("app.log", log(5));
    place.lig(["app.log", "-o", "packed"]).code(0);
    place.lig(["-d", "packed"]).code(1).says("-o FILE names the output");
    place.lig(["-d", "packed", "-o", "out"]).code(0);
    assert_eq!(place.read("out"), log(5));
    place.lig(["-dc", "packed"]).code(0).puts(&log(5));
    place.write("fake.lig", "text");
    place
        .lig(["-d", "fake.lig"])
        .code(1)
        .says("fake.lig: not a lignite file (starts with \"text\")");
    place.write("empty.lig", "");
    place.lig(["-d", "empty.lig"]).code(1).says("empty file, not a lignite file");
}

#[test]
fn what_is_missing_fails_and_the_others_go_on() {
    let place = Place::new();
    place.write("app.log", log(5));
    place.lig(["nofile"]).code(1).says("lig: nofile: no such file");
    place.lig(["nofile", "app.log"]).code(3).says("nofile: no such file");
    assert!(place.has("app.log.lig"));
    place.lig(["-qq", "nofile"]).code(1).silent();
}

#[test]
fn directories_need_recursion() {
    let place = Place::new();
    place.write("logs/b.log", log(5));
    place.write("logs/deep/a.log", log(6));
    place.lig(["logs"]).code(1).says("logs: is a directory (-r descends)");
    place.lig(["-r", "logs"]).code(0).silent();
    assert!(place.has("logs/b.log.lig") && place.has("logs/deep/a.log.lig"));
    place.lig(["-rq", "logs", "-f"]).code(0);
    assert!(!place.has("logs/b.log.lig.lig"));
    place.lig(["-rt", "logs"]).code(0).silent();
    place.lig(["-rdf", "logs"]).code(0).silent();
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_followed_when_named_and_skipped_when_found() {
    let place = Place::new();
    place.write("real", log(5));
    fs::create_dir(place.path("logs")).unwrap();
    std::os::unix::fs::symlink("../real", place.path("logs/link")).unwrap();
    place.lig(["-r", "logs"]).code(0).says("logs/link: skipped (symbolic link)");
    place.lig(["-rq", "logs"]).code(0).silent();
    assert!(!place.has("logs/link.lig"));
    place.lig(["logs/link"]).code(0);
    place.lig(["-dc", "logs/link.lig"]).code(0).puts(&log(5));
    place.lig(["--rm", "-f", "logs/link"]).code(1).says("is kept (a symbolic link)");
}

#[test]
fn outputs_go_into_a_directory_or_below_a_mirror() {
    let place = Place::new();
    place.write("in/a/x.log", log(5));
    place.write("in/b/y.log", log(6));
    fs::create_dir(place.path("out")).unwrap();
    place.lig(["in/a/x.log", "in/b/y.log", "-o", "out/"]).code(0);
    assert!(place.has("out/x.log.lig") && place.has("out/y.log.lig"));
    place.lig(["-r", "in", "--output-dir-mirror", "mirror"]).code(0);
    assert!(place.has("mirror/in/a/x.log.lig") && place.has("mirror/in/b/y.log.lig"));
    place.lig(["../x", "--output-dir-mirror", "mirror"]).code(1);
    place.lig(["in/a/x.log", "-o", "nowhere/"]).code(1).says("cannot write nowhere/x.log.lig");
}

#[test]
fn names_come_from_a_file() {
    let place = Place::new();
    place.write("a.log", log(5));
    place.write("b c.log", log(6));
    place.write("list", "a.log\nb c.log\n");
    place.lig(["--files-from", "list"]).code(0).silent();
    assert!(place.has("a.log.lig") && place.has("b c.log.lig"));
    place.pipe(["-f", "-0", "--files-from", "-"], b"a.log\0b c.log\0").code(0).silent();
    place.pipe(["--files-from", "-"], b"").code(0).silent();
    place.lig(["--files-from", "nolist"]).code(1).says("nolist: no such file");
}

#[test]
fn input_and_output_are_never_one() {
    let place = Place::new();
    place.write("app.log", log(5));
    let same = "input and output are the same file";
    place.lig(["-f", "app.log", "-o", "app.log"]).code(1).says(same);
    let append = File::options().append(true).open(place.path("app.log")).unwrap();
    let ran = Ran::from(place.command(["-c", "app.log"]).stdout(append).output().unwrap());
    ran.code(1).says(same);
    assert_eq!(place.read("app.log"), log(5));
}

#[cfg(unix)]
#[test]
fn an_output_takes_mode_and_time_from_its_input() {
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, SystemTime};
    let place = Place::new();
    let path = place.write("app.log", log(5));
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    place.lig(["app.log"]).code(0);
    place.lig(["-d", "app.log.lig", "-o", "back"]).code(0);
    for name in ["app.log.lig", "back"] {
        let metadata = fs::metadata(place.path(name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
        assert_eq!(metadata.modified().unwrap(), time);
    }
}

#[test]
fn a_named_device_is_written_as_it_is() {
    let place = Place::new();
    place.write("app.log", log(5));
    place.lig(["app.log", "-o", "/dev/null"]).code(0).silent();
}

#[test]
fn a_bad_flag_is_one_line_and_a_failure() {
    let place = Place::new();
    for args in [["--bogus"], ["-y"], ["--block-size=x"], ["-Tmany"], ["--flush=soon"]] {
        let ran = place.lig(args).code(1).says("(see --help)");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.starts_with("lig: "), "{}", ran.stderr);
    }
    place.lig(["--decompres"]).code(1).says("--decompress");
}

#[test]
fn a_file_named_like_a_command_or_a_flag_can_be_named() {
    let place = Place::new();
    place.write("info", log(5));
    place.write("-d", log(6));
    place.lig(["info"]).code(1);
    place.lig(["./info"]).code(0);
    assert!(place.has("info.lig"));
    place.lig(["-f", "--", "info", "-d"]).code(0);
    assert!(place.has("-d.lig"));
}

#[test]
fn names_cannot_drive_the_terminal() {
    let place = Place::new();
    let ran = place.lig(["no\x1b[2Jfile"]).code(1).says("no\\u{1b}[2Jfile");
    assert!(!ran.stderr.contains('\x1b'));
}
