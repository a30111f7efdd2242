//! Killed at every call, and at random moments: what was acknowledged is there, and the next run works.

use super::*;

/// The calls that change something.
const CALLS: &str = "write,writev,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,\
                     mkdirat,ftruncate,fchmod,utimensat,flock";

/// Whether calls can be watched here.
fn has_strace() -> bool {
    let works = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    let works = works.is_ok_and(|output| output.status.success());
    if !works {
        eprintln!("strace is not here or not allowed: calls are not swept");
    }
    works
}

/// Runs a command once for each of its calls, killed there; ends with a run that is not killed.
fn sweep(place: &Place, args: &[&str], before: impl Fn(), after: impl Fn(bool)) -> usize {
    for number in 1.. {
        before();
        let inject = format!("inject={CALLS}:signal=KILL:when={number}");
        let output = Command::new("strace")
            .current_dir(place.dir.path())
            .args(["-f", "-qq", "-o", "/dev/null", "-e"])
            .arg(format!("trace={CALLS}"))
            .args(["-e", &inject, env!("CARGO_BIN_EXE_lig")])
            .args(args)
            .env("LIG_THREADS", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let done = output.status.success();
        assert!(done || output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        after(done);
        if done {
            return number;
        }
    }
    unreachable!("the last run is not killed")
}

#[test]
fn killed_at_every_call_nothing_acknowledged_is_lost() {
    if !has_strace() {
        return;
    }
    let place = Place::new();
    let (one, two) = (log(1, 1500), log(2, 1500));
    place.write("in/one.log", &one);
    place.write("sub/two.log", &two);
    let archive = place.path("a.lig");
    let args = ["archive", "--block-size", "32K", "a.lig", "in"];
    // A new archive is whole or not there.
    let calls = sweep(
        &place,
        &args,
        || drop(fs::remove_file(&archive)),
        |done| {
            assert!(archive.exists() || !done);
            if archive.exists() {
                assert!(place.contents("a.lig")[&b"in/one.log"[..]] == one);
            }
            clean(&place);
        },
    );
    assert!(calls > 8, "{calls}");
    // An append is there or not, and the next one works without repair.
    let first = fs::read(&archive).unwrap();
    let args = ["archive", "--block-size", "32K", "a.lig", "sub"];
    sweep(
        &place,
        &args,
        || fs::write(&archive, &first).unwrap(),
        |done| {
            assert!(fs::read(&archive).unwrap().starts_with(&first));
            let found = place.contents("a.lig");
            assert!(found[&b"in/one.log"[..]] == one);
            assert!(found.len() == 2 || !done);
            if let Some(found) = found.get(&b"sub/two.log"[..]) {
                assert!(*found == two);
            }
            place.lig(args).code(0).silent();
            assert!(place.contents("a.lig")[&b"sub/two.log"[..]] == two);
            place.lig(["verify", "--deep", "a.lig"]).code(0).silent();
        },
    );
    assert!(place.path("in/one.log").exists() && place.path("sub/two.log").exists());
}

#[test]
fn killed_at_every_call_a_file_is_whole_or_not_there() {
    if !has_strace() {
        return;
    }
    let place = Place::new();
    let (one, two) = (log(1, 1500), b"two\n".to_vec());
    place.write("in/a/one.log", &one);
    place.write("in/two.log", &two);
    place.lig(["archive", "--block-size", "32K", "a.lig", "in"]).code(0);
    let out = place.path("out");
    sweep(
        &place,
        &["extract", "a.lig", "-C", "out"],
        || drop(fs::remove_dir_all(&out)),
        |done| {
            for (name, content) in [("out/in/a/one.log", &one), ("out/in/two.log", &two)] {
                match fs::read(place.path(name)) {
                    Ok(found) => assert!(found == *content),
                    Err(_) => assert!(!done),
                }
            }
            place.lig(["extract", "a.lig", "-C", "out", "--overwrite"]).code(0);
        },
    );
    let before = fs::read(place.path("a.lig")).unwrap();
    let contents = place.contents("a.lig");
    sweep(
        &place,
        &["compact", "--level", "1", "a.lig"],
        || (),
        |_| {
            assert_eq!(place.contents("a.lig"), contents);
            clean(&place);
        },
    );
    fs::write(place.path("a.lig"), &before).unwrap();
    sweep(
        &place,
        &["recover", "a.lig", "-o", "b.lig"],
        || drop(fs::remove_file(place.path("b.lig"))),
        |done| {
            assert_eq!(fs::read(place.path("a.lig")).unwrap(), before);
            assert!(place.path("b.lig").exists() || !done);
            if place.path("b.lig").exists() {
                assert_eq!(place.contents("b.lig"), contents);
            }
            clean(&place);
        },
    );
    sweep(
        &place,
        &["--rm", "in/two.log"],
        || {
            place.write("in/two.log", &two);
            drop(fs::remove_file(place.path("in/two.log.lig")));
        },
        |_| {
            let packed = place.path("in/two.log.lig");
            assert!(packed.exists() || place.path("in/two.log").exists(), "the source is gone");
            if packed.exists() {
                assert!(place.lig(["-dc", "in/two.log.lig"]).code(0).stdout == two);
            }
        },
    );
}

/// Removes the temporary files that a killed process leaves beside its output.
fn clean(place: &Place) {
    for entry in fs::read_dir(place.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "tmp") {
            fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn killed_at_random_moments_of_an_append_loop_no_commit_is_lost() {
    let place = Place::new();
    let rounds = if is_full() { 1000 } else { 40 };
    let mut expected = BTreeMap::new();
    let mut state = 1u64;
    let (mut killed, mut number) = (0, 0);
    place.write("in/0", b"0\n");
    place.lig(["a", "a.lig", "in"]).code(0);
    expected.insert(b"in/0".to_vec(), b"0\n".to_vec());
    for _ in 0..rounds {
        number += 1;
        let name = format!("in/{}", number % 50);
        let content = log(number, 30);
        place.write(&name, &content);
        let mut child = place
            .command(["a", "-1", "-T", "1", "a.lig", "in"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_micros(state >> 33 & 0x3fff));
        drop(child.kill());
        let acknowledged = child.wait().unwrap().success();
        killed += usize::from(!acknowledged);
        let found = place.contents("a.lig");
        let mut next = expected.clone();
        next.insert(name.into_bytes(), content);
        assert!(found == next || !acknowledged && found == expected, "round {number}");
        if found != next {
            place.lig(["a", "-1", "-T", "1", "a.lig", "in"]).code(0).silent();
            assert!(place.contents("a.lig") == next);
        }
        expected = next;
    }
    assert!(killed > 0);
    place.lig(["verify", "--deep", "a.lig"]).code(0).silent();
}

#[test]
fn a_full_disk_is_said_and_costs_nothing() {
    let place = Place::new();
    place.write("in/a", noise(1));
    place.lig(["a", "small.lig", "in"]).code(0);
    let before = fs::read(place.path("small.lig")).unwrap();
    let limited = |args: &str| {
        let lig = env!("CARGO_BIN_EXE_lig");
        let script = format!("trap '' XFSZ; ulimit -f 8; exec {lig} {args}");
        let mut command = Command::new("sh");
        command.current_dir(place.dir.path()).args(["-c", &script]).stdin(Stdio::null());
        Ran::from(command.output().unwrap())
    };
    limited("a -T1 new.lig in").code(1).says("file size limit reached");
    assert!(!place.path("new.lig").exists());
    place.write("more/b", noise(2));
    limited("a -T1 small.lig more").code(1).says("file size limit reached");
    assert!(fs::read(place.path("small.lig")).unwrap().starts_with(&before));
    assert_eq!(place.contents("small.lig").len(), 1);
    limited("extract small.lig -C out").code(3).says("file size limit reached");
    assert!(!place.path("out/in/a").exists());
    place.lig(["a", "small.lig", "more"]).code(0);
    assert_eq!(place.contents("small.lig").len(), 2);
    let script = format!("exec {} cat small.lig >/dev/full", env!("CARGO_BIN_EXE_lig"));
    let output = Command::new("sh").current_dir(place.dir.path()).args(["-c", &script]).output();
    Ran::from(output.unwrap()).code(1).says("no space left");
}
