use super::*;
use crate::archive::pack::{Packer, Start};
use crate::archive::{Existing, Extractor};
use crate::vfs::Access;

/// An archive of members that no `Appender` would take.
fn forge(place: &Place, names: &[Vec<u8>]) {
    let file = OsFileSystem.create_new(&place.archive(), Access::Usual).unwrap();
    let mut packer = Packer::new(file, &options(), Start::default());
    for (id, name) in (0..).zip(names) {
        let hash = *blake3::hash(b"x\n").as_bytes();
        let member =
            Member { id, name: name.as_slice().into(), mode: 0o7777, hash, ..Member::default() };
        packer.begin(member).unwrap();
        packer.write(b"x\n").unwrap();
    }
    let live = names.len() as u64;
    packer.commit(|_| live, |_| {}).unwrap();
}

fn hostile_names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        "",
        ".",
        "..",
        "/",
        "//",
        "/etc/passwd",
        "../x",
        "../../x",
        "a/../../x",
        "a/..",
        "a/../b",
        "./x",
        "x/.",
        "a//b",
        "a/",
        "/a/",
        "..\0",
        "a\0b",
        "\0",
        "a/\0/b",
        "a/./../../b",
        "....//../x",
        "../outside/canary",
        "a/b/../../../outside/canary",
        "/tmp/x",
        "//tmp/x",
        "link/../x/..",
        "..//x",
    ]
    .iter()
    .map(|name| name.as_bytes().to_vec())
    .collect();
    // Every way to climb, from every depth, and components no file system takes.
    for depth in 1..=30 {
        names.push("../".repeat(depth).into_bytes());
        names.push(
            ["d/".repeat(depth), "../".repeat(depth + 1), "canary".into()].concat().into_bytes(),
        );
    }
    for len in [256, 300, 4096, 5000, 65_000] {
        names.push(vec![b'n'; len]);
        names.push([vec![b'n'; len], b"/x".to_vec()].concat());
    }
    names.push(b"/proc/self/cwd/x".to_vec());
    names.push(b"link/../../outside/canary".to_vec());
    names
}

#[test]
fn no_name_leads_outside() {
    let place = Place::new();
    let mut names = hostile_names();
    // Links that stand in the way lead outside, and are neither followed nor written through.
    let planted = [
        &b"link/canary"[..],
        b"link/new",
        b"link/deep/er",
        b"in/link/canary",
        b"to-canary/x",
        b"link",
        b"to-canary",
    ];
    names.extend(planted.iter().map(|name| name.to_vec()));
    assert!(names.len() >= 100, "{}", names.len());
    names.push(b"good/file".to_vec());
    forge(&place, &names);
    let (outside, target) = (place.path("outside"), place.path("target"));
    std::fs::create_dir_all(target.join("in")).unwrap();
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("canary"), b"alive").unwrap();
    for (link, to) in
        [("link", "../outside"), ("in/link", "../../outside"), ("to-canary", "../outside/canary")]
    {
        std::os::unix::fs::symlink(to, target.join(link)).unwrap();
    }
    let mut archive = place.open();
    for existing in [Existing::Refuse, Existing::Skip, Existing::Overwrite] {
        let mut extractor = Extractor::new(&OsFileSystem, &target, existing).unwrap();
        let mut written = Vec::new();
        for member in archive.members().to_vec() {
            match extractor.extract(&mut archive, &member, &member.name) {
                Ok(crate::archive::Extracted::Done) => written.push(member.name.to_vec()),
                Ok(crate::archive::Extracted::Skipped) => {}
                Err(err) => assert!(!err.to_string().is_empty()),
            }
        }
        extractor.finish().unwrap();
        let replaced: &[&[u8]] = match existing {
            // A link is replaced like any file: what it leads to is not touched.
            Existing::Overwrite => &[b"good/file", b"link", b"to-canary"],
            Existing::Refuse => &[b"good/file"],
            Existing::Skip => &[],
        };
        assert_eq!(written, replaced);
        assert_eq!(std::fs::read(outside.join("canary")).unwrap(), b"alive");
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    }
    assert_eq!(std::fs::read_dir(place.dir.path()).unwrap().count(), 3);
    let mode = std::os::unix::fs::PermissionsExt::mode;
    let good = std::fs::metadata(target.join("good/file")).unwrap().permissions();
    assert_eq!(mode(&good) & 0o7000, 0, "no set-user bits");
}

#[test]
fn a_directory_that_turns_into_a_link_leads_nowhere() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let place = Place::new();
    let names: Vec<Vec<u8>> =
        (0..20).map(|i| format!("swapped/deep/file{i}").into_bytes()).collect();
    forge(&place, &names);
    let (outside, target) = (place.path("outside"), place.path("target"));
    std::fs::create_dir_all(outside.join("deep")).unwrap();
    std::fs::create_dir_all(&target).unwrap();
    let rounds = if std::env::var_os("LIG_FULL").is_some() { 10_000 } else { 300 };
    let done = AtomicBool::new(false);
    let (link, real) = (target.join("swapped"), target.join("real"));
    std::thread::scope(|scope| {
        let swapping = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                drop(std::fs::rename(&link, &real));
                drop(std::os::unix::fs::symlink(&outside, &link));
                drop(std::fs::remove_file(&link));
                drop(std::fs::rename(&real, &link));
            }
        });
        let mut archive = place.open();
        for _ in 0..rounds {
            let existing = Existing::Overwrite;
            let mut extractor = Extractor::new(&OsFileSystem, &target, existing).unwrap();
            let members = archive.members().to_vec();
            for member in members.iter().take(2) {
                drop(extractor.extract(&mut archive, member, &member.name));
            }
            drop(extractor.finish());
        }
        done.store(true, Ordering::Relaxed);
        swapping.join().unwrap();
    });
    assert_eq!(std::fs::read_dir(outside.join("deep")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
}
