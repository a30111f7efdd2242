//! The power goes after each operation, and the disk comes back with anything that it may have of what was not synced: what
//! was acknowledged is there, and the next run works.

use std::ffi::OsString;

use super::simulated::SimulatedDisk;
use super::*;
use crate::archive::{Depth, Existing, Extractor, Subset, compact, recover};

type Files = BTreeMap<OsString, Vec<u8>>;

const ARCHIVE: &str = "a.lig";

/// States of the disk that are looked at for each operation.
fn choices() -> u64 {
    if std::env::var_os("LIG_FULL").is_some() { 300 } else { 16 }
}

/// Runs something with a power cut after its first operation, its second, and so on, and gives each state in which the disk
/// may come back, and whether the work was acknowledged, to a check. Returns how many states there were.
fn cut(
    files: &Files,
    work: impl Fn(&SimulatedDisk) -> Result<()>,
    check: impl Fn(&Files, bool),
) -> usize {
    let mut states = 0;
    for ends_at in 0.. {
        let disk = SimulatedDisk::new(files, ends_at);
        let done = work(&disk).is_ok();
        assert!(done || disk.has_ended());
        for choice in 0..choices() {
            check(&disk.after(choice << 8 | ends_at), done);
            states += 1;
        }
        if !disk.has_ended() {
            assert!(done && ends_at > 5);
            return states;
        }
    }
    unreachable!("the work has an end")
}

/// Opens what came back as a disk that works.
fn disk(files: &Files) -> SimulatedDisk {
    SimulatedDisk::new(files, u64::MAX)
}

fn read(files: &Files, name: &str) -> Result<BTreeMap<String, Vec<u8>>> {
    contents(&mut Archive::open_in(&disk(files), Path::new(name), &ReaderBuilder::new())?)
}

fn append(disk: &SimulatedDisk, files: &[(&str, &[u8])]) -> Result<()> {
    let path = Path::new(ARCHIVE);
    let mut appender = match Appender::open(disk, path, &options(), &ReaderBuilder::new()) {
        Ok((appender, _)) => appender,
        Err(err) if err.is_io() && FileSystem::info(disk, path).is_err() => {
            Appender::create(disk, path, &options())?
        }
        Err(err) => return Err(err),
    };
    for (name, content) in files {
        appender.add(&source(name, content, 1), &Change::default())??;
    }
    appender.commit().map(drop)
}

/// What was there, and what was added, if that was acknowledged; and nothing that was neither.
fn check_append(
    files: &Files,
    done: bool,
    before: &BTreeMap<String, Vec<u8>>,
    after: &BTreeMap<String, Vec<u8>>,
) {
    let found = if files.contains_key(&OsString::from(ARCHIVE)) {
        read(files, ARCHIVE).unwrap()
    } else {
        BTreeMap::new()
    };
    assert!(found == *after || !done && found == *before, "a commit is gone, or a part is there");
    let disk = disk(files);
    append(&disk, &[("next", b"next\n")]).unwrap();
    let mut archive = Archive::open_in(&disk, Path::new(ARCHIVE), &ReaderBuilder::new()).unwrap();
    let next = contents(&mut archive).unwrap();
    assert_eq!(next.len(), found.len() + 1);
    assert!(found.iter().all(|(name, content)| next[name] == *content));
    assert!(archive.verify(Depth::Decoded, Subset::default()).unwrap().faults.is_empty());
}

/// An archive of one commit, and what it holds.
fn first() -> (Files, BTreeMap<String, Vec<u8>>) {
    let whole = disk(&Files::new());
    append(&whole, &[("a", &log(1, 200)), ("b", b"x\n")]).unwrap();
    let files = whole.after(0);
    let contents = read(&files, ARCHIVE).unwrap();
    assert_eq!((files.len(), contents.len()), (1, 2));
    (files, contents)
}

#[test]
fn a_power_cut_costs_no_commit() {
    let (files, before) = first();
    let content = log(2, 300);
    let mut after = before.clone();
    after.insert("c".to_owned(), content.clone());
    let mut states = cut(
        &files,
        |disk| append(disk, &[("c", &content)]),
        |files, done| check_append(files, done, &before, &after),
    );
    let only = BTreeMap::from([("c".to_owned(), content.clone())]);
    states += cut(
        &Files::new(),
        |disk| append(disk, &[("c", &content)]),
        |files, done| check_append(files, done, &BTreeMap::new(), &only),
    );
    assert!(states > 300, "{states}");
}

#[test]
fn a_power_cut_leaves_the_old_archive_or_the_new_one() {
    let (files, before) = first();
    let reading = ReaderBuilder::new();
    cut(
        &files,
        |disk| compact(disk, Path::new(ARCHIVE), None, &options(), &reading).map(drop),
        |files, _| assert!(read(files, ARCHIVE).unwrap() == before),
    );
    let (from, to) = (Path::new(ARCHIVE), Path::new("r.lig"));
    cut(
        &files,
        |disk| recover(disk, from, to, &options(), &reading).map(drop),
        |files, done| {
            assert!(read(files, ARCHIVE).unwrap() == before);
            assert!(files.contains_key(to.as_os_str()) || !done);
            if files.contains_key(to.as_os_str()) {
                assert!(read(files, "r.lig").unwrap() == before);
            }
        },
    );
}

#[test]
fn a_power_cut_leaves_whole_files_where_they_were_extracted() {
    let (files, before) = first();
    let extract = |disk: &SimulatedDisk| {
        let mut archive = Archive::open_in(disk, Path::new(ARCHIVE), &ReaderBuilder::new())?;
        let mut extractor = Extractor::new(disk, Path::new("."), Existing::Refuse)?;
        for member in archive.members().to_vec() {
            extractor.extract(&mut archive, &member, &member.name)?;
        }
        match extractor.finish()?.into_iter().next() {
            Some(unwritten) => Err(unwritten.error),
            None => Ok(()),
        }
    };
    cut(&files, extract, |files, done| {
        for (name, content) in &before {
            match files.get(&OsString::from(name)) {
                Some(found) => assert!(found == content, "{name} is there in part"),
                None => assert!(!done, "{name} is gone"),
            }
        }
    });
}
