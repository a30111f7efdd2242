use super::*;
use crate::archive::{Depth, Existing, Extractor, Subset, compact, recover};
use crate::vfs::{Fault, FaultyFileSystem, Operation};

const NO_SPACE: i32 = 28;
const IO: i32 = 5;
const NO_ACCESS: i32 = 13;
const INTERRUPTED: i32 = 4;

/// Runs a command with a fault at its first call, its second, and so on, until none is met. Cleaning up works: a disk that
/// is full still removes files.
fn at_every_call(mut run: impl FnMut(&FaultyFileSystem<'_>) -> Result<()>, check: impl Fn(bool)) {
    let faults: [fn(u64) -> Fault; 2] = [Fault::Once, Fault::From];
    for (error, fault) in
        [NO_SPACE, IO, NO_ACCESS].into_iter().flat_map(|error| faults.map(|fault| (error, fault)))
    {
        for number in 1.. {
            let spared = [Operation::Unlink];
            let system = FaultyFileSystem::sparing(&OsFileSystem, fault(number), error, &spared);
            let result = run(&system);
            check(result.is_ok());
            let Some(failed) = system.failed() else {
                result.unwrap();
                assert!(number > 5, "few calls were made");
                break;
            };
            // Whether a name is taken shows again when it is given.
            if result.is_ok() && failed == Operation::Info && fault(number) == Fault::Once(number) {
                continue;
            }
            let err = result.expect_err(&format!("call {number}, {failed:?}, failed in silence"));
            assert!(err.is_io(), "call {number}, {failed:?}: {err}");
        }
    }
    // Calls that are interrupted, or do less than they were asked, are no faults.
    for number in 1.. {
        let system = FaultyFileSystem::sparing(
            &OsFileSystem,
            Fault::Once(number),
            INTERRUPTED,
            &NOT_RETRIED,
        );
        run(&system).unwrap_or_else(|err| {
            panic!("call {number}, {:?}, interrupted: {err}", system.failed())
        });
        check(true);
        if system.failed().is_none() {
            assert!(number > 5, "few calls were made");
            break;
        }
    }
    for bytes_max in [1, 7, 1000] {
        run(&FaultyFileSystem::slow(&OsFileSystem, bytes_max)).unwrap();
        check(true);
    }
}

/// All but reading and writing: the standard library goes on with these by itself where they are interrupted.
const NOT_RETRIED: [Operation; 14] = [
    Operation::Open,
    Operation::Create,
    Operation::Append,
    Operation::Info,
    Operation::List,
    Operation::CreateDir,
    Operation::Rename,
    Operation::Unlink,
    Operation::SyncDir,
    Operation::Seek,
    Operation::Flush,
    Operation::Sync,
    Operation::Lock,
    Operation::TakeOver,
];

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
                assert!(place.contents()["a"] == one);
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
            assert!(contents["a"] == one);
            if done || contents.len() == 2 {
                assert!(contents["b"] == two);
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
            let mut archive = Archive::open_in(system, &place.archive(), &ReaderBuilder::new())?;
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
                    Ok(found) => assert!(found == content),
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
        |system| compact(system, &path, None, &options(), &ReaderBuilder::new()).map(drop),
        |_| {
            assert!(place.contents()["a"] == one);
            assert_eq!(names(place.dir.path()), ["a.lig"]);
        },
    );
    let output = place.path("b.lig");
    at_every_call(
        |system| {
            drop(std::fs::remove_file(&output));
            recover(system, &path, &output, &options(), &ReaderBuilder::new()).map(drop)
        },
        |done| {
            assert!(output.exists() || !done);
            if output.exists() {
                assert!(contents(&mut Archive::open(&output).unwrap()).unwrap()["a"] == one);
            }
            assert!(place.contents()["a"] == one);
        },
    );
}
