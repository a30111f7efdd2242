use std::io::Write as _;

use super::*;

const ENOSPC: i32 = 28;

fn write(system: &dyn FileSystem, target: &Path) -> io::Result<()> {
    let source = system.info(target).ok();
    let mut file = AtomicFile::create(system, target, source)?;
    file.write_all(b"new")?;
    file.persist()
}

/// Writes with a fault at each operation in turn; returns how many there were.
fn sweep(fault: fn(u64) -> Fault, spared: &[Operation]) -> u64 {
    for n in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("file");
        std::fs::write(&target, b"old").unwrap();
        let system = FaultyFileSystem::sparing(&OsFileSystem, fault(n), ENOSPC, spared);
        let result = write(&system, &target);
        let content = std::fs::read(&target).unwrap();
        let Some(failed) = system.failed() else {
            assert!(result.is_ok() && content == b"new");
            return n - 1;
        };
        let left = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left, 1, "a fault of {failed:?} left a part");
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::StorageFull, "{failed:?}");
        assert_eq!(content, if failed == Operation::SyncDir { b"new" } else { b"old" });
    }
    unreachable!()
}

#[test]
fn a_fault_at_any_call_leaves_the_old_file_or_the_new_one() {
    let spared = [Operation::Info, Operation::Unlink];
    // Create, write, flush, take over, sync, rename, sync of the directory.
    assert_eq!(sweep(Fault::Once, &spared), 7);
    assert_eq!(sweep(Fault::From, &spared), 7);
}

#[test]
fn a_second_lock_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let mut first = OsFileSystem.create_new(&path, Access::Usual).unwrap();
    first.lock().unwrap();
    let mut second = OsFileSystem.append(&path).unwrap();
    assert_eq!(second.lock().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn appending_goes_behind_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, b"old").unwrap();
    OsFileSystem.append(&path).unwrap().write_all(b"new").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"oldnew");
}

#[cfg(unix)]
#[test]
fn a_private_file_takes_over_a_mode_in_the_end() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let (source, target) = (dir.path().join("source"), dir.path().join("target"));
    std::fs::write(&source, b"").unwrap();
    std::fs::set_permissions(&source, std::fs::Permissions::from_mode(0o4751)).unwrap();
    let source = OsFileSystem.info(&source).unwrap();
    let file = AtomicFile::create(&OsFileSystem, &target, Some(source.clone())).unwrap();
    for entry in OsFileSystem.list(dir.path()).unwrap() {
        let (path, kind) = entry.unwrap();
        let mode = OsFileSystem.info(&path).unwrap().mode.unwrap();
        assert_eq!(kind, FileKind::File);
        assert!(path.ends_with("source") || mode == 0o600, "{mode:o}");
    }
    file.persist().unwrap();
    let target = OsFileSystem.info(&target).unwrap();
    // Rights of a program to run as its owner are not passed on.
    assert_eq!(target.mode, Some(0o751));
    assert_eq!(target.modified, source.modified);
}
