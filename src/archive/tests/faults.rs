use super::*;
use crate::archive::{Depth, Existing, Extractor, Subset, compact, recover};
use crate::vfs::{Fault, FaultyFileSystem, Operation};

const NO_SPACE: i32 = 28;
const IO: i32 = 5;

/// Runs a command with a fault at its first call, its second, and so on, until none is met. Cleaning up works: a disk that
/// is full still removes files.
fn at_every_call(mut run: impl FnMut(&FaultyFileSystem) -> Result<()>, check: impl Fn(bool)) {
    for error in [NO_SPACE, IO] {
        for number in 1.. {
            let spared = [Operation::Unlink];
            let system =
                FaultyFileSystem::sparing(OsFileSystem, Fault::From(number), error, &spared);
            let result = run(&system);
            check(result.is_ok());
            let Some(failed) = system.failed() else {
                result.unwrap();
                assert!(number > 5, "few calls were made");
                break;
            };
            let err = result.expect_err(&format!("call {number}, {failed:?}, failed in silence"));
            assert!(err.is_io(), "call {number}, {failed:?}: {err}");
        }
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_archive_is_whole_or_not_there() {
    let place = Place::new();
    let (one, path) = (log(1, 300), place.archive());
    at_every_call(
        |system| {
            drop(std::fs::remove_file(&path));
            add(system, &path, &[("a", &one), ("b", b"x")], 1).map(drop)
        },
        |done| {
            // A fault of the last sync leaves a whole file that may not be there after a crash.
            if path.exists() {
                assert_eq!(place.contents()["a"], one);
            } else {
                assert!(!done);
            }
            assert!(names(place.dir.path()).len() <= 1);
        },
    );
}

#[test]
fn a_failed_append_costs_nothing_and_the_next_one_works() {
    let (one, two) = (log(1, 100), log(2, 300));
    let place = Place::new();
    let path = place.archive();
    place.add(&[("a", &one)], 1);
    let before = std::fs::read(&path).unwrap();
    at_every_call(
        |system| {
            std::fs::write(&path, &before).unwrap();
            add(system, &path, &[("a", &one), ("b", &two)], 1).map(drop)
        },
        |done| {
            let now = std::fs::read(&path).unwrap();
            assert!(now.starts_with(&before), "nothing is written over or cut off");
            let contents = place.contents();
            assert_eq!(contents["a"], one);
            if done || contents.len() == 2 {
                assert_eq!(contents["b"], two);
            }
            place.add(&[("a", &one), ("b", &two), ("c", b"y\n")], 1);
            let contents = place.contents();
            assert_eq!((contents.len(), &contents["b"]), (3, &two));
            let verified = place.open().verify(Depth::Decoded, Subset::default()).unwrap();
            assert!(verified.faults.is_empty());
        },
    );
}

#[test]
fn a_failed_extraction_leaves_no_part_of_a_file() {
    let place = Place::new();
    let one = log(1, 300);
    place.add(&[("a/b/one", &one), ("two", b"2\n")], 1);
    let target = place.path("out");
    at_every_call(
        |system| {
            drop(std::fs::remove_dir_all(&target));
            std::fs::create_dir(&target).unwrap();
            let mut archive = Archive::open_in(system, &place.archive(), &Limits::default())?;
            let mut extractor = Extractor::new(system, &target, Existing::Refuse)?;
            for member in archive.members().to_vec() {
                extractor.extract(&mut archive, &member, &member.name)?;
            }
            match extractor.finish()?.into_iter().next() {
                Some(unwritten) => Err(unwritten.error),
                None => Ok(()),
            }
        },
        |done| {
            for (name, content) in [("a/b/one", &one[..]), ("two", b"2\n")] {
                match std::fs::read(target.join(name)) {
                    Ok(found) => assert_eq!(found, content),
                    Err(_) => assert!(!done),
                }
            }
            assert!(names(&target).iter().all(|name| !name.contains(".tmp")));
        },
    );
}

#[test]
fn a_failed_compaction_or_recovery_leaves_the_old_archive() {
    let place = Place::new();
    let (one, path) = (log(1, 300), place.archive());
    place.add(&[("a", &one)], 1);
    place.add(&[("b", b"x\n")], 1);
    at_every_call(
        |system| compact(system, &path, None, &options(), &Limits::default()).map(drop),
        |_| {
            assert_eq!(place.contents()["a"], one);
            assert_eq!(names(place.dir.path()), ["a.lig"]);
        },
    );
    let output = place.path("b.lig");
    at_every_call(
        |system| {
            drop(std::fs::remove_file(&output));
            recover(system, &path, &output, &options(), &Limits::default()).map(drop)
        },
        |done| {
            assert!(output.exists() || !done);
            if output.exists() {
                assert_eq!(contents(&mut Archive::open(&output).unwrap()).unwrap()["a"], one);
            }
            assert_eq!(place.contents()["a"], one);
        },
    );
}
