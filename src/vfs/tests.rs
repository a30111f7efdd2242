use std::cell::Cell;
use std::io::Write as _;
use std::rc::Rc;

use super::*;

/// Passes everything on but the n-th operation, which fails.
#[derive(Clone, Debug)]
struct Faulty {
    left: Rc<Cell<u32>>,
}

impl Faulty {
    fn step(&self) -> io::Result<()> {
        match self.left.get() {
            0 => Ok(()),
            1 => Err(io::ErrorKind::StorageFull.into()),
            left => {
                self.left.set(left - 1);
                Ok(())
            }
        }
    }
}

#[derive(Debug)]
struct FaultyFile(Faulty, Box<dyn WriteFile>);

impl io::Write for FaultyFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.step()?;
        self.1.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.step()?;
        self.1.flush()
    }
}

impl WriteFile for FaultyFile {
    fn sync(&mut self) -> io::Result<()> {
        self.0.step()?;
        self.1.sync()
    }

    fn lock(&mut self) -> io::Result<()> {
        self.1.lock()
    }

    fn take_over(&mut self, source: &Path) -> io::Result<()> {
        self.0.step()?;
        self.1.take_over(source)
    }
}

impl FileSystem for Faulty {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        OsFileSystem.open(path)
    }

    fn create_new(&self, path: &Path, access: Access) -> io::Result<Box<dyn WriteFile>> {
        self.step()?;
        Ok(Box::new(FaultyFile(self.clone(), OsFileSystem.create_new(path, access)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        OsFileSystem.rename(from, to)
    }

    // Cleaning up works: a disk that is full still removes files.
    fn unlink(&self, path: &Path) -> io::Result<()> {
        OsFileSystem.unlink(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        OsFileSystem.sync_dir(path)
    }
}

fn write(system: &dyn FileSystem, target: &Path) -> io::Result<()> {
    let mut file = AtomicFile::create(system, target, Some(target))?;
    file.write_all(b"new")?;
    file.persist()
}

#[test]
fn a_fault_at_any_call_leaves_the_old_file_or_the_new_one() {
    let mut faults = 0;
    for n in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("file");
        std::fs::write(&target, b"old").unwrap();
        let result = write(&Faulty { left: Rc::new(Cell::new(n)) }, &target);
        let content = std::fs::read(&target).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "fault {n} left a part");
        if result.is_ok() {
            assert_eq!(content, b"new");
            break;
        }
        faults += 1;
        assert!(content == b"old" || content == b"new");
    }
    assert_eq!(faults, 6, "create, write, take over, sync, rename, sync of the directory");
}

#[test]
fn a_second_lock_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let mut first = OsFileSystem.create_new(&path, Access::Usual).unwrap();
    first.lock().unwrap();
    let mut second: Box<dyn WriteFile> =
        Box::new(std::fs::File::options().write(true).open(&path).unwrap());
    assert_eq!(second.lock().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}
