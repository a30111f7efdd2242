use super::*;
use crate::archive::{ChangeKind, Depth, Subset, Trailing, compact};
use crate::error::ErrorKind;

fn kinds(changes: &[Change]) -> Vec<ChangeKind> {
    changes.iter().map(|change| change.kind).collect()
}

#[test]
fn what_goes_in_comes_out_and_verifies() {
    let place = Place::new();
    let (one, two) = (log(1, 500), log(2, 3));
    let files: [(&str, &[u8]); 6] = [
        ("b/two.log", &two),
        ("a/one.log", &one),
        ("empty", b""),
        ("no-newline", b"last line without end"),
        ("odd", b"\0\xff\r\n\n\nx"),
        ("one-byte", b"\n"),
    ];
    place.add(&files, 7);
    let expected: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
    assert_eq!(place.contents(), expected);
    let mut archive = place.open();
    assert!(archive.blocks().len() > 2);
    assert_eq!(archive.trailing(), Trailing::None);
    let verified = archive.verify(Depth::Decoded, Subset::default()).unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    assert_eq!((verified.members, verified.hole_bytes), (6, 0));
    for member in archive.members() {
        let content = &expected[&member.name.to_string()];
        assert_eq!(member.size, content.len() as u64);
        assert_eq!(member.lines, memchr::memchr_iter(b'\n', content).count() as u64);
        assert_eq!(&member.hash, blake3::hash(content).as_bytes());
    }
    let names: Vec<_> = archive.members().iter().map(|member| member.name.to_vec()).collect();
    assert!(names.is_sorted());
}

#[test]
fn the_bytes_do_not_depend_on_threads() {
    let files = [("a", log(1, 900)), ("b", log(2, 100))];
    let mut archives = Vec::new();
    for threads in 1..4 {
        let place = Place::new();
        let mut options = options();
        options.threads(NonZeroUsize::new(threads).unwrap());
        let mut appender = Appender::create(&OsFileSystem, &place.archive(), &options).unwrap();
        for (name, content) in &files {
            appender.add(&source(name, content, 1), &Change::default()).unwrap().unwrap();
        }
        appender.commit().unwrap();
        archives.push(std::fs::read(place.archive()).unwrap());
    }
    assert!(archives.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn an_unchanged_file_costs_no_block_and_a_grown_one_its_tail() {
    let place = Place::new();
    let whole = log(1, 600);
    let cut = whole.len() / 2 - 5;
    assert_eq!(kinds(&place.add(&[("a", &whole[..cut]), ("b", b"x\n")], 1)), [ChangeKind::New; 2]);
    let blocks = place.open().blocks().len();
    let changes = place.add(&[("a", &whole), ("b", b"x\n")], 1);
    assert_eq!(kinds(&changes), [ChangeKind::Grown, ChangeKind::Unchanged]);
    let mut archive = place.open();
    assert!(archive.blocks().len() <= 2 * blocks);
    let raw: u64 = archive.blocks().map(|block| block.raw_bytes).sum();
    assert_eq!(raw, whole.len() as u64 + 2 + 1, "the tail is stored once, and one newline between");
    let member = archive.members()[0].clone();
    assert_eq!(content(&mut archive, &member).unwrap(), whole);
    assert_eq!(&member.hash, blake3::hash(&whole).as_bytes());
    assert!(member.extents.iter().any(|extent| extent.starts_inside));
    let verified = archive.verify(Depth::Decoded, Subset::default()).unwrap();
    assert!(verified.faults.is_empty());
}

#[test]
fn a_rotated_file_is_stored_once_under_its_new_name() {
    let place = Place::new();
    let (old, new) = (log(1, 400), log(2, 50));
    place.add(&[("app.log", &old)], 1);
    // It grew before it was rotated, too.
    let grown = [&old[..], b"and more\n"].concat();
    let changes = place.add(&[("app.log", &new), ("app.log.1", &grown)], 2);
    assert_eq!(kinds(&changes), [ChangeKind::New, ChangeKind::Renamed]);
    assert!(changes[1].grows);
    assert_eq!(place.contents()["app.log"], new);
    assert_eq!(place.contents()["app.log.1"], grown);
    let changes = place.add(&[("app.log", &new), ("app.log.2", &grown)], 3);
    assert_eq!(kinds(&changes), [ChangeKind::Touched, ChangeKind::Renamed]);
    let archive = place.open();
    let rotated =
        archive.members().iter().find(|member| member.name == Name::from("app.log.2")).unwrap();
    assert_eq!(rotated.past_names, ["app.log", "app.log.1"].map(Name::from));
    let raw: u64 = archive.blocks().map(|block| block.raw_bytes).sum();
    assert_eq!(raw, (new.len() + grown.len()) as u64, "stored once");
}

#[test]
fn a_copy_shares_its_bytes_and_a_replaced_file_stays_as_older() {
    let place = Place::new();
    let content = log(1, 400);
    place.add(&[("a", &content)], 1);
    let changes = place.add(&[("a", &content), ("copy", &content)], 1);
    assert_eq!(kinds(&changes), [ChangeKind::Unchanged, ChangeKind::Copied]);
    let raw: u64 = place.open().blocks().map(|block| block.raw_bytes).sum();
    assert_eq!(raw, content.len() as u64);
    place.add(&[("a", b"something else\n")], 2);
    let archive = place.open();
    let states: Vec<_> =
        archive.members().iter().map(|member| (member.name.to_vec(), member.state)).collect();
    let (a, copy) = (b"a".to_vec(), b"copy".to_vec());
    let expected =
        [(a.clone(), MemberState::Live), (a, MemberState::Older), (copy, MemberState::Live)];
    assert_eq!(states, expected);
    assert_eq!(place.contents()["a"], b"something else\n");
}

#[test]
fn a_hundred_commits_read_as_one_and_compact_to_one() {
    let place = Place::new();
    let whole = log(1, 1000);
    let cuts: Vec<usize> = (1..=100).map(|i| whole.len() * i / 100).collect();
    for (i, &cut) in cuts.iter().enumerate() {
        let other = log(i + 2, 3);
        place.add(&[("a", &whole[..cut]), (&format!("f{i}"), &other)], i64::try_from(i).unwrap());
    }
    let mut archive = place.open();
    assert_eq!(archive.commits(), 100);
    let before = contents(&mut archive).unwrap();
    assert_eq!(before.len(), 101);
    assert_eq!(before["a"], whole);
    assert!(archive.verify(Depth::Decoded, Subset::default()).unwrap().faults.is_empty());
    // A removed member is gone with the next compaction.
    let gone = archive.members().iter().find(|member| member.name == Name::from("f3")).unwrap().id;
    let (mut appender, _) =
        Appender::open(&OsFileSystem, &place.archive(), &options(), &ReaderBuilder::new()).unwrap();
    appender.remove(gone);
    let left = appender.commit().unwrap();
    let path = place.archive();
    let after = compact(&OsFileSystem, &path, None, &options(), &ReaderBuilder::new()).unwrap();
    assert!(after.stored_bytes < left.stored_bytes / 2);
    let mut expected = before;
    expected.remove("f3");
    assert_eq!(place.contents(), expected);
    assert_eq!(place.open().commits(), 1);
    assert_eq!(std::fs::read_dir(place.dir.path()).unwrap().count(), 1);
}

#[test]
fn writers_exclude_each_other_and_readers_see_what_was_committed() {
    let place = Place::new();
    place.add(&[("a", b"1\n")], 1);
    let mut reader = place.open();
    let path = place.archive();
    let open = || Appender::open(&OsFileSystem, &path, &options(), &ReaderBuilder::new());
    let (mut appender, _) = open().unwrap();
    assert!(matches!(open().unwrap_err().kind(), ErrorKind::Locked));
    appender.add(&source("b", b"2\n", 1), &Change::default()).unwrap().unwrap();
    assert_eq!(place.contents().len(), 1);
    appender.commit().unwrap();
    assert_eq!(contents(&mut reader).unwrap().len(), 1, "as of when it was opened");
    assert_eq!(place.contents().len(), 2);
    let again = Appender::create(&OsFileSystem, &path, &options()).unwrap_err();
    assert!(again.is_io(), "a name that is taken");
}

#[test]
fn an_appender_that_is_dropped_leaves_no_trace_that_counts() {
    let place = Place::new();
    let path = place.archive();
    {
        let mut appender = Appender::create(&OsFileSystem, &path, &options()).unwrap();
        appender.add(&source("a", &log(1, 500), 1), &Change::default()).unwrap().unwrap();
    }
    assert_eq!(std::fs::read_dir(place.dir.path()).unwrap().count(), 0);
    place.add(&[("a", b"1\n")], 1);
    for _ in 0..3 {
        let open = Appender::open(&OsFileSystem, &path, &options(), &ReaderBuilder::new());
        let (mut appender, _) = open.unwrap();
        appender.add(&source("b", &log(1, 500), 1), &Change::default()).unwrap().unwrap();
        // Not committed.
    }
    assert!(matches!(place.open().trailing(), Trailing::Unfinished { .. }));
    assert_eq!(place.contents().len(), 1);
    place.add(&[("a", b"1\n"), ("c", b"3\n")], 1);
    assert_eq!(place.contents().len(), 2);
    let verified = place.open().verify(Depth::Decoded, Subset::default()).unwrap();
    assert!(verified.faults.is_empty());
    assert!(verified.hole_bytes > 0);
}
