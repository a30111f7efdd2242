//! A file system that fails where a test wants it to.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::vfs::{Access, Directory, FileInfo, FileKind, FileSystem, ReadFile, WriteFile};

/// What is asked of a file system or a file.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are named like the functions")]
pub enum Operation {
    Open,
    Create,
    Append,
    Info,
    List,
    CreateDir,
    Rename,
    Unlink,
    SyncDir,
    Read,
    Seek,
    Write,
    Flush,
    Sync,
    Lock,
    TakeOver,
}

/// Which operations fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// None: they are only counted.
    Never,
    /// The operation of that number, from 1.
    Once(u64),
    /// That one, and all behind it.
    From(u64),
}

/// Passes everything on to another file system, except where a [`Fault`] says otherwise: there the call fails with an
/// error of the operating system, and nothing is done.
///
/// For tests of programs that write files: run one with a fault at the first operation, at the second, and so on, until a
/// run meets none.
#[derive(Clone, Debug)]
pub struct FaultyFileSystem {
    inner: Arc<dyn FileSystem>,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    fault: Fault,
    raw_os_error: i32,
    spared: Vec<Operation>,
    count: AtomicU64,
    failed: Mutex<Option<Operation>>,
}

impl Plan {
    fn step(&self, operation: Operation) -> io::Result<()> {
        if self.spared.contains(&operation) {
            return Ok(());
        }
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let fails = match self.fault {
            Fault::Never => false,
            Fault::Once(fault) => number == fault,
            Fault::From(fault) => number >= fault,
        };
        if !fails {
            return Ok(());
        }
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(operation);
        Err(io::Error::from_raw_os_error(self.raw_os_error))
    }
}

impl FaultyFileSystem {
    /// Wraps `inner`. What fails, fails with the error that the operating system gives `raw_os_error`.
    pub fn new(inner: impl FileSystem + 'static, fault: Fault, raw_os_error: i32) -> Self {
        Self::sparing(inner, fault, raw_os_error, &[])
    }

    /// As [`new`](Self::new); operations of the kinds `spared` are neither counted nor fail.
    pub fn sparing(
        inner: impl FileSystem + 'static,
        fault: Fault,
        raw_os_error: i32,
        spared: &[Operation],
    ) -> Self {
        let plan = Plan {
            fault,
            raw_os_error,
            spared: spared.to_owned(),
            count: AtomicU64::new(0),
            failed: Mutex::new(None),
        };
        Self { inner: Arc::new(inner), plan: Arc::new(plan) }
    }

    /// The operation that failed first, if one has.
    pub fn failed(&self) -> Option<Operation> {
        *self.plan.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self, file: Box<dyn ReadFile>) -> Box<dyn ReadFile> {
        Box::new(Reading { file, plan: Arc::clone(&self.plan) })
    }

    fn writer(&self, file: Box<dyn WriteFile>) -> Box<dyn WriteFile> {
        Box::new(Writing { file, plan: Arc::clone(&self.plan) })
    }
}

impl FileSystem for FaultyFileSystem {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        self.plan.step(Operation::Open)?;
        Ok(self.reader(self.inner.open(path)?))
    }

    fn stdin(&self) -> io::Result<Box<dyn ReadFile>> {
        Ok(self.reader(self.inner.stdin()?))
    }

    fn create_new(&self, path: &Path, access: Access) -> io::Result<Box<dyn WriteFile>> {
        self.plan.step(Operation::Create)?;
        Ok(self.writer(self.inner.create_new(path, access)?))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        self.plan.step(Operation::Append)?;
        Ok(self.writer(self.inner.append(path)?))
    }

    fn stdout(&self) -> io::Result<Box<dyn WriteFile>> {
        Ok(self.writer(self.inner.stdout()?))
    }

    fn info(&self, path: &Path) -> io::Result<FileInfo> {
        self.plan.step(Operation::Info)?;
        self.inner.info(path)
    }

    fn link_info(&self, path: &Path) -> io::Result<FileInfo> {
        self.plan.step(Operation::Info)?;
        self.inner.link_info(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<io::Result<(PathBuf, FileKind)>>> {
        self.plan.step(Operation::List)?;
        self.inner.list(path)
    }

    fn open_dir(&self, path: &Path) -> io::Result<Box<dyn Directory>> {
        self.plan.step(Operation::Open)?;
        Ok(directory(self.inner.open_dir(path)?, &self.plan))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.plan.step(Operation::CreateDir)?;
        self.inner.create_dir_all(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.plan.step(Operation::Rename)?;
        self.inner.rename(from, to)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.plan.step(Operation::Unlink)?;
        self.inner.unlink(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.plan.step(Operation::SyncDir)?;
        self.inner.sync_dir(path)
    }
}

#[derive(Debug)]
struct Listing {
    dir: Box<dyn Directory>,
    plan: Arc<Plan>,
}

fn directory(dir: Box<dyn Directory>, plan: &Arc<Plan>) -> Box<dyn Directory> {
    Box::new(Listing { dir, plan: Arc::clone(plan) })
}

impl Directory for Listing {
    fn open_dir(&self, name: &OsStr) -> io::Result<Box<dyn Directory>> {
        self.plan.step(Operation::Open)?;
        Ok(directory(self.dir.open_dir(name)?, &self.plan))
    }

    fn open_file(&self, name: &OsStr) -> io::Result<Box<dyn ReadFile>> {
        self.plan.step(Operation::Open)?;
        Ok(Box::new(Reading { file: self.dir.open_file(name)?, plan: Arc::clone(&self.plan) }))
    }

    fn create_dir(&self, name: &OsStr) -> io::Result<()> {
        self.plan.step(Operation::CreateDir)?;
        self.dir.create_dir(name)
    }

    fn create_new(&self, name: &OsStr) -> io::Result<Box<dyn WriteFile>> {
        self.plan.step(Operation::Create)?;
        Ok(Box::new(Writing { file: self.dir.create_new(name)?, plan: Arc::clone(&self.plan) }))
    }

    fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        self.plan.step(Operation::Rename)?;
        self.dir.rename(from, to)
    }

    fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        self.plan.step(Operation::Rename)?;
        self.dir.rename_new(from, to)
    }

    fn unlink(&self, name: &OsStr) -> io::Result<()> {
        self.plan.step(Operation::Unlink)?;
        self.dir.unlink(name)
    }

    fn info(&self, name: &OsStr) -> io::Result<FileInfo> {
        self.plan.step(Operation::Info)?;
        self.dir.info(name)
    }

    fn own_info(&self) -> io::Result<FileInfo> {
        self.plan.step(Operation::Info)?;
        self.dir.own_info()
    }

    fn list(&self) -> io::Result<Vec<(OsString, FileKind)>> {
        self.plan.step(Operation::List)?;
        self.dir.list()
    }

    fn take_over(&self, source: &FileInfo) -> io::Result<()> {
        self.plan.step(Operation::TakeOver)?;
        self.dir.take_over(source)
    }

    fn free_bytes(&self) -> io::Result<Option<u64>> {
        self.plan.step(Operation::Info)?;
        self.dir.free_bytes()
    }

    fn sync(&self) -> io::Result<()> {
        self.plan.step(Operation::SyncDir)?;
        self.dir.sync()
    }
}

#[derive(Debug)]
struct Reading {
    file: Box<dyn ReadFile>,
    plan: Arc<Plan>,
}

impl io::Read for Reading {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.plan.step(Operation::Read)?;
        self.file.read(buf)
    }
}

impl io::Seek for Reading {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.plan.step(Operation::Seek)?;
        self.file.seek(place)
    }
}

impl ReadFile for Reading {
    fn info(&self) -> io::Result<FileInfo> {
        self.plan.step(Operation::Info)?;
        self.file.info()
    }

    fn as_os(&self) -> Option<&File> {
        self.file.as_os()
    }
}

#[derive(Debug)]
struct Writing {
    file: Box<dyn WriteFile>,
    plan: Arc<Plan>,
}

impl io::Write for Writing {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.plan.step(Operation::Write)?;
        self.file.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.plan.step(Operation::Flush)?;
        self.file.flush()
    }
}

impl WriteFile for Writing {
    fn info(&self) -> io::Result<FileInfo> {
        self.plan.step(Operation::Info)?;
        self.file.info()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.plan.step(Operation::Sync)?;
        self.file.sync()
    }

    fn lock(&mut self) -> io::Result<()> {
        self.plan.step(Operation::Lock)?;
        self.file.lock()
    }

    fn take_over(&mut self, source: &FileInfo) -> io::Result<()> {
        self.plan.step(Operation::TakeOver)?;
        self.file.take_over(source)
    }
}
