//! File operations, behind one small trait, so that a test can make any of them fail.
//!
//! [`AtomicFile`] is how a whole file comes to be: written beside its final name, synced, renamed, its directory synced.
//! A crash at any point leaves the old file or the new one under that name, never a part.

mod os;

pub use os::OsFileSystem;

use std::ffi::OsString;
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};

/// What is asked of a file system.
pub trait FileSystem: Debug {
    /// Opens a file for reading.
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>>;
    /// Creates a file that is not there.
    fn create_new(&self, path: &Path, access: Access) -> io::Result<Box<dyn WriteFile>>;
    /// Gives a file another name, which may be taken.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn unlink(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
}

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner only, until it takes over a mode.
    Private,
    /// Whoever the user's mask allows.
    Usual,
}

/// A file open for reading.
pub trait ReadFile: io::Read + io::Seek + Debug {}

/// A file open for writing.
pub trait WriteFile: io::Write + Debug {
    /// Makes what was written durable.
    fn sync(&mut self) -> io::Result<()>;
    /// Takes the exclusive lock, or fails with [`WouldBlock`](io::ErrorKind::WouldBlock).
    fn lock(&mut self) -> io::Result<()>;
    /// Takes over mode and modification time of `source`.
    fn take_over(&mut self, source: &Path) -> io::Result<()>;
}

/// A file that has its final name only once it is whole. Removed when dropped before that.
#[derive(Debug)]
pub struct AtomicFile<'a> {
    system: &'a dyn FileSystem,
    file: Box<dyn WriteFile>,
    temporary: PathBuf,
    target: PathBuf,
    source: Option<PathBuf>,
    persisted: bool,
}

impl<'a> AtomicFile<'a> {
    /// Begins the file that will be `target`, with mode and time of `source` if it has one.
    pub fn create(
        system: &'a dyn FileSystem,
        target: &Path,
        source: Option<&Path>,
    ) -> io::Result<Self> {
        let own = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut name = OsString::from(".");
        name.push(own);
        name.push(format!(".tmp-{}", std::process::id()));
        let temporary = target.with_file_name(name);
        let access = if source.is_some() { Access::Private } else { Access::Usual };
        let file = system.create_new(&temporary, access)?;
        let (target, source) = (target.to_owned(), source.map(Path::to_owned));
        Ok(Self { system, file, temporary, target, source, persisted: false })
    }

    /// Makes the file durable under its final name.
    pub fn persist(mut self) -> io::Result<()> {
        if let Some(source) = &self.source {
            self.file.take_over(source)?;
        }
        self.file.sync()?;
        self.system.rename(&self.temporary, &self.target)?;
        self.persisted = true;
        let dir = self.target.parent().filter(|dir| !dir.as_os_str().is_empty());
        self.system.sync_dir(dir.unwrap_or_else(|| Path::new(".")))
    }
}

impl io::Write for AtomicFile<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.file.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for AtomicFile<'_> {
    fn drop(&mut self) {
        if !self.persisted {
            // The error that led here is the one to report.
            drop(self.system.unlink(&self.temporary));
        }
    }
}

#[cfg(test)]
mod tests;
