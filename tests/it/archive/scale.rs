//! Many files, deep trees, long names: time and memory for the files, not for what their names are together.

use std::os::unix::ffi::OsStrExt;

use lignite::vfs::{Directory, FileSystem as _, OsFileSystem};

use super::*;

/// A chain of directories whose names have 255 bytes, some of them not UTF-8, and `files` files on all of its levels.
fn chain(place: &Place, root: &str, levels: usize, files: usize) {
    let dir = place.path(root);
    fs::create_dir_all(&dir).unwrap();
    // A path this deep is longer than the system takes in one piece.
    let mut at: Box<dyn Directory> = OsFileSystem.open_dir(&dir).unwrap();
    let long = |start: String, odd: bool| {
        let mut name = start.into_bytes();
        name.resize(255, if odd { 0xff } else { b'n' });
        name
    };
    for level in 0..levels {
        let name = long(format!("{level}-"), level % 2 == 1);
        at.create_dir(OsStr::from_bytes(&name)).unwrap();
        at = at.open_dir(OsStr::from_bytes(&name)).unwrap();
        for number in files * level / levels..files * (level + 1) / levels {
            let name = long(format!("app.log.{number}."), number % 3 == 0);
            at.create_new(OsStr::from_bytes(&name)).unwrap().write_all(&log(number, 3)).unwrap();
        }
    }
}

/// Runs a command and returns its peak of memory in bytes; `None` without GNU time.
fn peak(place: &Place, args: &[&str]) -> Option<u64> {
    let mut time = Command::new("/usr/bin/time");
    time.args(["-f", "%M", "-o", "peak", env!("CARGO_BIN_EXE_lig")]).args(args);
    let Ok(status) = time.current_dir(place.dir.path()).stdout(Stdio::null()).status() else {
        eprintln!("SKIPPED: no GNU time to measure memory with");
        return None;
    };
    assert!(status.success(), "{args:?}");
    let text = fs::read_to_string(place.path("peak")).unwrap();
    Some(text.trim().parse::<u64>().unwrap() * 1024)
}

/// Takes trees away that are too deep for a path.
fn remove(place: &Place, names: &[&str]) {
    let paths = names.iter().map(|name| place.path(name));
    assert!(Command::new("rm").arg("-rf").args(paths).status().unwrap().success());
}

#[test]
fn names_of_255_bytes_on_a_thousand_levels_take_little_memory() {
    let place = Place::new();
    let (files, levels) = if is_full() { (10_000, 1_000) } else { (600, 300) };
    chain(&place, "in", levels, files);
    let steps: [&[&str]; 5] = [
        &["a", "a.lig", "in"],
        &["ls", "-l", "a.lig"],
        &["extract", "a.lig", "-C", "out"],
        &["a", "a.lig", "in"],
        &["a", "b.lig", "-C", "out", "in"],
    ];
    for args in steps {
        let Some(peak) = peak(&place, args) else {
            place.lig(args).code(0).silent();
            continue;
        };
        assert!(cfg!(debug_assertions) || peak <= 300_000_000, "{args:?}: {peak} bytes");
    }
    let open = |archive: &str| Archive::open(place.path(archive)).unwrap();
    let (mut one, mut other) = (open("a.lig"), open("b.lig"));
    assert_eq!(one.commits(), 1, "nothing has changed");
    let members = one.members().to_vec();
    assert_eq!(members.len(), 1 + levels + files);
    assert!(members.is_sorted_by(|a, b| a.name < b.name));
    assert_eq!(
        members.last().map(|last| last.name.depth()),
        other.members().last().map(|last| last.name.depth())
    );
    for (member, again) in members.iter().zip(other.members().to_vec()) {
        assert_eq!(member.name, again.name);
        assert_eq!(
            (member.hash, member.mtime_ns, member.mode),
            (again.hash, again.mtime_ns, again.mode)
        );
        assert!(member.is_dir || content(&mut one, member) == content(&mut other, &again));
    }
    remove(&place, &["in", "out"]);
}

#[test]
fn many_files_come_back() {
    let place = Place::new();
    let files = if is_full() { 10_000 } else { 1_000 };
    for number in 0..files {
        let dir = format!("in/host{}/svc{}", number % 10, number % 7);
        let mut name = format!("{dir}/app-{number}.log").into_bytes();
        match number % 10 {
            0 => name.resize(dir.len() + 1 + 255, b'n'),
            1 => name.extend(b"\xff\xfe"),
            _ => {}
        }
        place.write(OsStr::from_bytes(&name), log(number, 3));
    }
    place.lig(["a", "a.lig", "in"]).code(0).silent();
    let rows = place.lig(["ls", "-0", "a.lig"]).code(0).stdout;
    assert_eq!(rows.split(|&byte| byte == 0).count() - 1, 1 + files + 10 + 70);
    place.lig(["extract", "a.lig", "-C", "out"]).code(0).silent();
    assert!(tree(&place.path("in")) == tree(&place.path("out/in")));
    place.lig(["a", "-v", "a.lig", "in"]).code(0).says("unchanged (0 B");
}
