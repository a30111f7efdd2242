//! A file system that asks before each operation.

use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::fs::File;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// Is asked before each operation.
pub trait Guard: Debug + Send + Sync + 'static {
    /// Lets an operation be done; or it fails with this error, and nothing is done.
    fn before(&self, operation: Operation) -> io::Result<()>;

    /// Bytes that one call reads or writes at most. Those that ask for more get fewer, as the system may give them.
    fn bytes_max(&self) -> usize {
        usize::MAX
    }
}

/// Passes everything on to another file system, but asks a [`Guard`] first: to stop work when a signal arrives, or to see
/// in a test what becomes of it where something fails.
#[derive(Debug)]
pub struct GuardedFileSystem<'a, G> {
    inner: &'a dyn FileSystem,
    guard: Arc<G>,
}

impl<'a, G: Guard> GuardedFileSystem<'a, G> {
    /// Guards a file system.
    pub fn guard(inner: &'a dyn FileSystem, guard: G) -> Self {
        Self { inner, guard: Arc::new(guard) }
    }

    /// The guard.
    pub fn as_guard(&self) -> &G {
        &self.guard
    }

    fn shared(&self) -> Arc<dyn Guard> {
        Arc::<G>::clone(&self.guard)
    }

    fn reader(&self, file: Box<dyn ReadFile>) -> Box<dyn ReadFile> {
        Box::new(Reading { file, guard: self.shared() })
    }

    fn writer(&self, file: Box<dyn WriteFile>) -> Box<dyn WriteFile> {
        Box::new(Writing { file, guard: self.shared() })
    }
}

impl<G: Guard> FileSystem for GuardedFileSystem<'_, G> {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        self.guard.before(Operation::Open)?;
        Ok(self.reader(self.inner.open(path)?))
    }

    fn stdin(&self) -> io::Result<Box<dyn ReadFile>> {
        Ok(self.reader(self.inner.stdin()?))
    }

    fn create_new(&self, path: &Path, access: Access) -> io::Result<Box<dyn WriteFile>> {
        self.guard.before(Operation::Create)?;
        Ok(self.writer(self.inner.create_new(path, access)?))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        self.guard.before(Operation::Append)?;
        Ok(self.writer(self.inner.append(path)?))
    }

    fn stdout(&self) -> io::Result<Box<dyn WriteFile>> {
        Ok(self.writer(self.inner.stdout()?))
    }

    fn info(&self, path: &Path) -> io::Result<FileInfo> {
        self.guard.before(Operation::Info)?;
        self.inner.info(path)
    }

    fn link_info(&self, path: &Path) -> io::Result<FileInfo> {
        self.guard.before(Operation::Info)?;
        self.inner.link_info(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<io::Result<(PathBuf, FileKind)>>> {
        self.guard.before(Operation::List)?;
        self.inner.list(path)
    }

    fn open_dir(&self, path: &Path) -> io::Result<Box<dyn Directory>> {
        self.guard.before(Operation::Open)?;
        Ok(directory(self.inner.open_dir(path)?, &self.shared()))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.guard.before(Operation::CreateDir)?;
        self.inner.create_dir_all(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.guard.before(Operation::Rename)?;
        self.inner.rename(from, to)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.guard.before(Operation::Unlink)?;
        self.inner.unlink(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.guard.before(Operation::SyncDir)?;
        self.inner.sync_dir(path)
    }
}

#[derive(Debug)]
struct Listing {
    dir: Box<dyn Directory>,
    guard: Arc<dyn Guard>,
}

fn directory(dir: Box<dyn Directory>, guard: &Arc<dyn Guard>) -> Box<dyn Directory> {
    Box::new(Listing { dir, guard: Arc::clone(guard) })
}

impl Directory for Listing {
    fn open_dir(&self, name: &OsStr) -> io::Result<Box<dyn Directory>> {
        self.guard.before(Operation::Open)?;
        Ok(directory(self.dir.open_dir(name)?, &self.guard))
    }

    fn open_file(&self, name: &OsStr) -> io::Result<Box<dyn ReadFile>> {
        self.guard.before(Operation::Open)?;
        Ok(Box::new(Reading { file: self.dir.open_file(name)?, guard: Arc::clone(&self.guard) }))
    }

    fn create_dir(&self, name: &OsStr) -> io::Result<()> {
        self.guard.before(Operation::CreateDir)?;
        self.dir.create_dir(name)
    }

    fn create_new(&self, name: &OsStr) -> io::Result<Box<dyn WriteFile>> {
        self.guard.before(Operation::Create)?;
        Ok(Box::new(Writing { file: self.dir.create_new(name)?, guard: Arc::clone(&self.guard) }))
    }

    fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        self.guard.before(Operation::Rename)?;
        self.dir.rename(from, to)
    }

    fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        self.guard.before(Operation::Rename)?;
        self.dir.rename_new(from, to)
    }

    fn unlink(&self, name: &OsStr) -> io::Result<()> {
        self.guard.before(Operation::Unlink)?;
        self.dir.unlink(name)
    }

    fn info(&self, name: &OsStr) -> io::Result<FileInfo> {
        self.guard.before(Operation::Info)?;
        self.dir.info(name)
    }

    fn own_info(&self) -> io::Result<FileInfo> {
        self.guard.before(Operation::Info)?;
        self.dir.own_info()
    }

    fn list(&self) -> io::Result<Vec<(OsString, FileKind)>> {
        self.guard.before(Operation::List)?;
        self.dir.list()
    }

    fn take_over(&self, source: &FileInfo) -> io::Result<()> {
        self.guard.before(Operation::TakeOver)?;
        self.dir.take_over(source)
    }

    fn free_bytes(&self) -> io::Result<Option<u64>> {
        self.guard.before(Operation::Info)?;
        self.dir.free_bytes()
    }

    fn sync(&self) -> io::Result<()> {
        self.guard.before(Operation::SyncDir)?;
        self.dir.sync()
    }
}

#[derive(Debug)]
struct Reading {
    file: Box<dyn ReadFile>,
    guard: Arc<dyn Guard>,
}

impl io::Read for Reading {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.guard.before(Operation::Read)?;
        let len = buf.len().min(self.guard.bytes_max());
        self.file.read(buf.get_mut(..len).unwrap_or_default())
    }
}

impl io::Seek for Reading {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.guard.before(Operation::Seek)?;
        self.file.seek(place)
    }
}

impl ReadFile for Reading {
    fn info(&self) -> io::Result<FileInfo> {
        self.guard.before(Operation::Info)?;
        self.file.info()
    }

    fn as_os(&self) -> Option<&File> {
        self.file.as_os()
    }
}

#[derive(Debug)]
struct Writing {
    file: Box<dyn WriteFile>,
    guard: Arc<dyn Guard>,
}

impl io::Write for Writing {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.guard.before(Operation::Write)?;
        let len = buf.len().min(self.guard.bytes_max());
        self.file.write(buf.get(..len).unwrap_or_default())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.guard.before(Operation::Flush)?;
        self.file.flush()
    }
}

impl WriteFile for Writing {
    fn info(&self) -> io::Result<FileInfo> {
        self.guard.before(Operation::Info)?;
        self.file.info()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.guard.before(Operation::Sync)?;
        self.file.sync()
    }

    fn lock(&mut self) -> io::Result<()> {
        self.guard.before(Operation::Lock)?;
        self.file.lock()
    }

    fn take_over(&mut self, source: &FileInfo) -> io::Result<()> {
        self.guard.before(Operation::TakeOver)?;
        self.file.take_over(source)
    }
}
