//! The operating system's files.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::vfs::{
    Access, Directory, FileInfo, FileKind, FileSystem, ReadFile, WriteFile, os_directory,
};

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsFileSystem;

impl FileSystem for OsFileSystem {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(File::open(path)?))
    }

    fn stdin(&self) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(stdin()?))
    }

    fn create_new(&self, path: &Path, access: Access) -> io::Result<Box<dyn WriteFile>> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if access == Access::Private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        #[cfg(not(unix))]
        let _ = access;
        Ok(Box::new(options.open(path)?))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        Ok(Box::new(OpenOptions::new().append(true).open(path)?))
    }

    fn stdout(&self) -> io::Result<Box<dyn WriteFile>> {
        Ok(Box::new(stdout()?))
    }

    fn info(&self, path: &Path) -> io::Result<FileInfo> {
        Ok(fs::metadata(path)?.into())
    }

    fn link_info(&self, path: &Path) -> io::Result<FileInfo> {
        Ok(fs::symlink_metadata(path)?.into())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<io::Result<(PathBuf, FileKind)>>> {
        let entries = fs::read_dir(path)?;
        let entry = |entry: fs::DirEntry| Ok((entry.path(), entry.file_type()?.into()));
        Ok(entries.map(|found| found.and_then(entry)).collect())
    }

    fn open_dir(&self, path: &Path) -> io::Result<Box<dyn Directory>> {
        os_directory::open(path)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    /// Some file systems cannot sync a directory, and some directories may be written but not opened: there is no more
    /// that can be done then. Elsewhere than on Unix it is not needed.
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
        if !cfg!(unix) {
            return Ok(());
        }
        match File::open(path).and_then(|dir| dir.sync_all()) {
            Err(err) if matches!(err.kind(), InvalidInput | PermissionDenied | Unsupported) => {
                Ok(())
            }
            result => result,
        }
    }
}

#[cfg(unix)]
fn stdin() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn stdin() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

#[cfg(unix)]
fn stdout() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn stdout() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}

impl ReadFile for File {
    fn info(&self) -> io::Result<FileInfo> {
        Ok(self.metadata()?.into())
    }

    fn as_os(&self) -> Option<&File> {
        Some(self)
    }
}

impl WriteFile for File {
    fn info(&self) -> io::Result<FileInfo> {
        Ok(self.metadata()?.into())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }

    fn lock(&mut self) -> io::Result<()> {
        self.try_lock().map_err(|err| match err {
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
            TryLockError::Error(err) => err,
        })
    }

    fn take_over(&mut self, source: &FileInfo) -> io::Result<()> {
        take_over(self, source)
    }
}

/// Gives a file or a directory mode, owner and time of another.
pub(crate) fn take_over(file: &File, source: &FileInfo) -> io::Result<()> {
    take_over_owner(file, source)?;
    if let Some(modified) = source.modified {
        // Some file systems keep no times: not worth failing for.
        drop(file.set_modified(modified));
    }
    Ok(())
}

/// Gives a file the owner of another, where the user may do that, and its mode.
#[cfg(unix)]
fn take_over_owner(file: &File, source: &FileInfo) -> io::Result<()> {
    use std::os::unix::fs::{PermissionsExt, fchown};
    let (Some(mode), Some((user, group))) = (source.mode, source.owner) else { return Ok(()) };
    let mut mode = mode & 0o777;
    let own = FileInfo::from(file.metadata()?).owner;
    if own != Some((user, group)) {
        // Only the administrator can give files away.
        drop(fchown(file, Some(user), None));
        let same_group = own.is_some_and(|(_, own)| own == group);
        if !same_group && fchown(file, None, Some(group)).is_err() {
            // The rights of a group must not pass to another one.
            mode &= 0o707;
        }
    }
    match file.set_permissions(fs::Permissions::from_mode(mode)) {
        // Some file systems keep no modes.
        Err(err)
            if matches!(
                err.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

#[cfg(not(unix))]
fn take_over_owner(_: &File, _: &FileInfo) -> io::Result<()> {
    Ok(())
}
