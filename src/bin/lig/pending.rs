//! A file that has its name only once it is complete and on disk.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that has its name only once it is complete; dropped before that, it leaves nothing.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) file: File,
    temporary: Option<PathBuf>,
    pub(crate) path: PathBuf,
}

impl Pending {
    /// Opens a file beside the final one, readable by nobody else.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file_name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut attempt = 0_u32;
        loop {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(file_name);
            hidden.push(format!(".{}-{attempt}.tmp", std::process::id()));
            let temporary = path.with_file_name(hidden);
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(&temporary) {
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => {
                    attempt += 1;
                }
                Err(err) => return Err(err),
                Ok(file) => {
                    return Ok(Self { file, temporary: Some(temporary), path: path.to_owned() });
                }
            }
        }
    }

    /// Gives the complete file its attributes, its safety on disk, and its name.
    pub(crate) fn commit(mut self, like: Option<&Metadata>) -> io::Result<()> {
        self.file.flush()?;
        copy_attributes(&self.file, like);
        self.file.sync_all()?;
        if let Some(temporary) = &self.temporary {
            fs::rename(temporary, &self.path)?;
            self.temporary = None;
        }
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        // Not every file system can sync a directory; the rename itself has been done.
        if let Ok(dir) = File::open(parent.unwrap_or_else(|| Path::new("."))) {
            let _synced = dir.sync_all();
        }
        Ok(())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _removed = fs::remove_file(temporary);
        }
    }
}

/// Gives an output owner, mode and time of its input, as far as the system lets us.
#[cfg(unix)]
fn copy_attributes(file: &File, like: Option<&Metadata>) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let Some(like) = like.filter(|like| like.is_file()) else {
        // No file to take after: what a new file has.
        let mask = rustix::process::umask(rustix::fs::Mode::empty());
        rustix::process::umask(mask);
        let _done = file.set_permissions(fs::Permissions::from_mode(0o666 & !mask.bits()));
        return;
    };
    let mut mode = like.mode() & 0o777;
    if let Ok(own) = file.metadata()
        && (own.uid() != like.uid() || own.gid() != like.gid())
    {
        let _owned = std::os::unix::fs::fchown(file, Some(like.uid()), None);
        if own.gid() != like.gid()
            && std::os::unix::fs::fchown(file, None, Some(like.gid())).is_err()
        {
            // The rights of a group must not pass to another one.
            mode &= 0o707;
        }
    }
    let _done = file.set_permissions(fs::Permissions::from_mode(mode));
    copy_time(file, like);
}

/// Gives an output the time of its input, as far as the system lets us.
#[cfg(not(unix))]
fn copy_attributes(file: &File, like: Option<&Metadata>) {
    if let Some(like) = like.filter(|like| like.is_file()) {
        copy_time(file, like);
    }
}

fn copy_time(file: &File, like: &Metadata) {
    if let Ok(modified) = like.modified() {
        let _done = file.set_modified(modified);
    }
}
