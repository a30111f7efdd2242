//! File operations, behind one small trait, so that a test can make any of them fail.
//!
//! *Invariant:* nothing in the crate or its command line reaches a file but through a [`FileSystem`]. (A test looks for
//! calls that go around it.)

mod at_once;
mod atomic;
mod descent;
mod directory;
mod faulty;
mod guarded;
mod info;
mod os;
#[cfg(unix)]
mod os_directory;
#[cfg(not(unix))]
#[path = "path_directory.rs"]
mod os_directory;

pub(crate) use at_once::each_at_once;
pub use atomic::AtomicFile;
pub use descent::{Descent, Made, os_name};
pub use directory::Directory;
pub use faulty::{Fault, FaultPlan, FaultyFileSystem};
pub use guarded::{Guard, GuardedFileSystem, Operation};
pub use info::{FileInfo, FileKind};
pub use os::OsFileSystem;

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// What is asked of a file system. Paths mean what they mean to the operating system.
pub trait FileSystem: Debug + Send + Sync {
    /// Opens a file for reading.
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>>;
    /// Standard input.
    fn stdin(&self) -> io::Result<Box<dyn ReadFile>>;
    /// Creates a file that is not there.
    fn create_new(&self, path: &Path, access: Access) -> io::Result<Box<dyn WriteFile>>;
    /// Opens a file that is there: what is written goes behind its end. What a device or a pipe makes of it is its own.
    fn append(&self, path: &Path) -> io::Result<Box<dyn WriteFile>>;
    /// Standard output, without a buffer in between.
    fn stdout(&self) -> io::Result<Box<dyn WriteFile>>;
    /// What is known of the file that a path leads to.
    fn info(&self, path: &Path) -> io::Result<FileInfo>;
    /// What is known of a name itself, where that is a symbolic link.
    fn link_info(&self, path: &Path) -> io::Result<FileInfo>;
    /// The entries of a directory, in any order; each is its path and what the name itself is.
    fn list(&self, path: &Path) -> io::Result<Vec<io::Result<(PathBuf, FileKind)>>>;
    /// Opens the directory that a path leads to.
    fn open_dir(&self, path: &Path) -> io::Result<Box<dyn Directory>>;
    /// Creates a directory, and those above it that are missing.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
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
pub trait ReadFile: io::Read + io::Seek + Debug + Send {
    /// What is known of it now.
    fn info(&self) -> io::Result<FileInfo>;
    /// The operating system's file, where it is one: something to wait for.
    fn as_os(&self) -> Option<&File> {
        None
    }
}

/// A file open for writing.
pub trait WriteFile: io::Write + Debug + Send {
    /// What is known of it now.
    fn info(&self) -> io::Result<FileInfo>;
    /// Makes what was written durable.
    fn sync(&mut self) -> io::Result<()>;
    /// Takes the exclusive lock, or fails with [`WouldBlock`](io::ErrorKind::WouldBlock).
    fn lock(&mut self) -> io::Result<()>;
    /// Takes over mode, owner and modification time of a file, as far as the system lets us. Never more rights than it
    /// had.
    fn take_over(&mut self, source: &FileInfo) -> io::Result<()>;
}

#[cfg(test)]
mod tests;
