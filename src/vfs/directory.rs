//! Directories as handles.

use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::io;

use crate::vfs::{FileInfo, FileKind, ReadFile, WriteFile};

/// An open directory.
///
/// Every name is one component, and means what stands under it in this directory: no symbolic link is followed, no path
/// is resolved again. So a tree can be walked, or written, while somebody swaps its directories for links.
pub trait Directory: Debug + Send + Sync {
    /// Opens a directory in this one.
    fn open_dir(&self, name: &OsStr) -> io::Result<Box<dyn Directory>>;
    /// Opens a file for reading. A pipe or a device is opened without waiting for anybody.
    fn open_file(&self, name: &OsStr) -> io::Result<Box<dyn ReadFile>>;
    /// Creates a directory that only its owner may use.
    fn create_dir(&self, name: &OsStr) -> io::Result<()>;
    /// Creates a file that is not there, which only its owner may read.
    fn create_new(&self, name: &OsStr) -> io::Result<Box<dyn WriteFile>>;
    /// Gives a file another name, which may be taken.
    fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()>;
    /// Gives a file another name, which must be free.
    fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()>;
    /// Removes a file.
    fn unlink(&self, name: &OsStr) -> io::Result<()>;
    /// What is known of a name itself, where that is a symbolic link.
    fn info(&self, name: &OsStr) -> io::Result<FileInfo>;
    /// What is known of this directory.
    fn own_info(&self) -> io::Result<FileInfo>;
    /// The names in it, in any order, and what each is.
    fn list(&self) -> io::Result<Vec<(OsString, FileKind)>>;
    /// Takes over mode and time of `source`.
    fn take_over(&self, source: &FileInfo) -> io::Result<()>;
    /// Bytes that its file system has room for; `None` where that is not known.
    fn free_bytes(&self) -> io::Result<Option<u64>> {
        Ok(None)
    }
    /// Makes the names in it durable.
    fn sync(&self) -> io::Result<()>;
}
