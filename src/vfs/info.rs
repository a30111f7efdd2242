//! What is known of a file without reading it.

use std::fs::{FileType, Metadata};
use std::time::SystemTime;

/// The kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Link,
    /// A pipe, a socket, a device.
    Special,
}

/// What is known of a file without reading it.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// What it is.
    pub kind: FileKind,
    /// Its bytes, if it is a regular file.
    pub len: u64,
    /// When its content changed last, if the system keeps that.
    pub modified: Option<SystemTime>,
    /// Device and number of the file, the same for all its names; unknown on some systems.
    pub identity: Option<(u64, u64)>,
    /// Its permission bits; unknown on some systems.
    pub mode: Option<u32>,
    /// The numbers of its user and its group; unknown on some systems.
    pub owner: Option<(u32, u32)>,
}

impl FileInfo {
    /// An empty regular file of which nothing else is known.
    pub fn new() -> Self {
        let kind = FileKind::File;
        Self { kind, len: 0, modified: None, identity: None, mode: None, owner: None }
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.kind == FileKind::File
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.kind == FileKind::Dir
    }

    /// Whether two names lead to one file, as far as that is known.
    pub fn is_same_file(&self, other: &Self) -> bool {
        self.identity.is_some() && self.identity == other.identity
    }

    /// Whether size and time of change are the same.
    pub fn has_same_content(&self, other: &Self) -> bool {
        self.len == other.len && self.modified == other.modified
    }
}

impl Default for FileInfo {
    fn default() -> Self {
        Self::new()
    }
}

impl From<FileType> for FileKind {
    fn from(kind: FileType) -> Self {
        match kind {
            kind if kind.is_file() => Self::File,
            kind if kind.is_dir() => Self::Dir,
            kind if kind.is_symlink() => Self::Link,
            _ => Self::Special,
        }
    }
}

impl From<Metadata> for FileInfo {
    fn from(metadata: Metadata) -> Self {
        #[cfg_attr(not(unix), expect(unused_mut, reason = "there is an owner on Unix only"))]
        let mut info = Self {
            kind: metadata.file_type().into(),
            len: metadata.len(),
            modified: metadata.modified().ok(),
            ..Self::new()
        };
        #[cfg(unix)]
        add_owner(&mut info, &metadata);
        info
    }
}

#[cfg(unix)]
fn add_owner(info: &mut FileInfo, metadata: &Metadata) {
    use std::os::unix::fs::MetadataExt;
    info.identity = Some((metadata.dev(), metadata.ino()));
    info.mode = Some(metadata.mode() & 0o7777);
    info.owner = Some((metadata.uid(), metadata.gid()));
}
