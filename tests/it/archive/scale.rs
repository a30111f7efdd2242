//! Many files, deep trees.

use std::os::unix::ffi::OsStrExt;

use super::*;

#[test]
fn many_files_and_deep_trees_come_back() {
    let place = Place::new();
    let (files, depth) = if is_full() { (10_000, 1_000) } else { (1_000, 300) };
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
    // A path this deep is longer than the system takes in one piece.
    let mut deep = std::env::current_dir().unwrap();
    let back = deep.clone();
    deep = place.path("in");
    let mut at = lignite::vfs::FileSystem::open_dir(&lignite::vfs::OsFileSystem, &deep).unwrap();
    for level in 0..depth {
        let name = format!("{}{level}", "d".repeat(20));
        at.create_dir(name.as_ref()).unwrap();
        at = at.open_dir(name.as_ref()).unwrap();
        if level % 50 == 49 {
            at.create_new("leaf.log".as_ref()).unwrap().write_all(&log(level, 2)).unwrap();
        }
    }
    assert_eq!(std::env::current_dir().unwrap(), back);
    place.lig(["a", "a.lig", "in"]).code(0).silent();
    let rows = place.lig(["ls", "-0", "a.lig"]).code(0).stdout;
    let listed = rows.split(|&byte| byte == 0).count() - 1;
    assert_eq!(listed, 1 + files + 10 + 70 + depth + depth / 50);
    place.lig(["extract", "a.lig", "-C", "out"]).code(0).silent();
    place.lig(["a", "b.lig", "-C", "out", "in"]).code(0).silent();
    assert_eq!(place.contents("a.lig"), place.contents("b.lig"));
    assert_eq!(place.contents("a.lig").len(), files + depth / 50);
    place.lig(["a", "-v", "a.lig", "in"]).code(0).says("unchanged (0 B");
    // The tree is too deep for a path: taken away from inside, as it was made.
    let status = Command::new("rm").arg("-rf").arg(&deep).arg(place.path("out")).status().unwrap();
    assert!(status.success());
}
