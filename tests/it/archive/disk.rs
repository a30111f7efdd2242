//! A disk that is really full: a file system in memory of a few kilobytes, in a mount namespace of its own. Says so where
//! that is not allowed.

use super::*;

/// Mounts a small file system at `disk`, runs a command that writes there, gives the file system room, and runs it again.
/// What became of each run stands beside `disk`.
const SCRIPT: &str = r#"
mount -t tmpfs -o "size=${SIZE}k" tmpfs disk
if [ -n "$HELD" ]; then cp "$HELD" disk/a.lig; fi
"$LIG" "$@" 2>first.err && echo 0 >first.code || echo $? >first.code
find disk -type f | sort >first.files
if [ -e disk/a.lig ]; then "$LIG" cat disk/a.lig >first.cat; fi
rm -f disk/r.lig
mount -o remount,size=64m disk
"$LIG" "$@" 2>second.err && echo 0 >second.code || echo $? >second.code
for archive in disk/*.lig; do
    if [ -e "$archive" ]; then
        "$LIG" verify --deep "$archive"
        "$LIG" cat "$archive" >second.cat
    fi
done
if [ -e disk/out ]; then find disk/out -type f | sort | xargs cat >second.cat; fi
umount disk
"#;

/// How to get a mount namespace here.
fn unshare() -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["--mount"], &["--mount", "--map-root-user"]];
    let works = |way: &&&[&str]| {
        let script = "mount -t tmpfs tmpfs /tmp && umount /tmp";
        let mut command = Command::new("unshare");
        command.args(**way).args(["sh", "-c", script]).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let way = ways.iter().find(works).copied();
    if way.is_none() {
        eprintln!("SKIPPED: no file system may be mounted here to be filled");
    }
    way
}

/// Runs a command on a disk of so many kilobytes, where `held` is an archive if there is one. Returns whether it had room.
fn run(place: &Place, way: &[&str], kilobytes: u64, held: &str, args: &[&str]) -> bool {
    let dir = place.path("run");
    drop(fs::remove_dir_all(&dir));
    fs::create_dir_all(dir.join("disk")).unwrap();
    let mut command = Command::new("unshare");
    command.args(way).args(["sh", "-eu", "-c", SCRIPT, "sh"]).args(args).current_dir(&dir);
    command.env("SIZE", kilobytes.to_string()).env("HELD", held);
    command.env("LIG", env!("CARGO_BIN_EXE_lig")).env("LIG_THREADS", "1");
    let ran = Ran::from(command.stdin(Stdio::null()).output().unwrap());
    let what = format!("{args:?} on {kilobytes} kB: {ran:?}");
    assert_eq!(ran.code, Some(0), "{what}");
    let text = |name: &str| fs::read_to_string(dir.join(name)).unwrap_or_default();
    let (code, said) = (text("first.code"), text("first.err"));
    let had_room = code.trim() == "0";
    assert!(had_room || said.contains("no space left"), "{what}: {said}");
    assert!(had_room || matches!(code.trim(), "1" | "3"), "{what}: {code}");
    // Only whole files have names, and nothing else is left.
    let names = text("first.files");
    assert!(!names.contains(".tmp"), "{what}: {names}");
    assert_eq!(text("second.code").trim(), "0", "{what}: {}", text("second.err"));
    had_room
}

#[test]
fn a_disk_that_fills_up_costs_nothing_that_was_committed() {
    let Some(way) = unshare() else { return };
    let place = Place::new();
    let (one, two) = (noise(1), noise(2));
    place.write("in/one", &one);
    place.lig(["a", "--block-size", "16K", "one.lig", "in"]).code(0);
    place.write("in/two", &two);
    place.lig(["a", "--block-size", "16K", "both.lig", "in"]).code(0);
    let both = [one.clone(), two.clone()].concat();
    let rounds = if is_full() { 50 } else { 10 };
    let (mut full, mut state) = (0, 1_u64);
    for round in 0..rounds {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // Pages, from nearly none up to what all needs.
        let kilobytes = 4 * (1 + (state >> 33) % 64);
        let mut on_disk =
            |held: &str, least: u64, args: &[&str], before: Option<&[u8]>, after: &[u8]| {
                let had_room = run(&place, way, kilobytes.max(least), held, args);
                full += usize::from(!had_room);
                let read = |name: &str| fs::read(place.path("run").join(name)).unwrap_or_default();
                if let Some(before) = before {
                    let found = read("first.cat");
                    assert!(found == before || found == after, "{args:?}: a commit is gone");
                }
                assert!(read("second.cat") == after, "{args:?}, round {round}");
            };
        // The archive that is there fits, and a little more.
        let held = fs::metadata(place.path("one.lig")).unwrap().len() / 1000 + 4;
        let held_both = fs::metadata(place.path("both.lig")).unwrap().len() / 1000 + 4;
        on_disk("", 4, &["a", "--block-size", "16K", "-C", "..", "disk/a.lig", "in"], None, &both);
        let append = ["a", "--block-size", "16K", "-C", "..", "disk/a.lig", "in"];
        on_disk("../one.lig", held, &append, Some(&one), &both);
        on_disk("", 4, &["extract", "--overwrite", "../both.lig", "-C", "disk/out"], None, &both);
        on_disk("../both.lig", held_both, &["compact", "disk/a.lig"], Some(&both), &both);
        on_disk("", 4, &["recover", "../both.lig", "-o", "disk/r.lig"], None, &both);
    }
    assert!(full > rounds, "{full} of {} runs met a full disk", 5 * rounds);
}
