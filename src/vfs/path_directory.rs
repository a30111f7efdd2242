//! Directories by path, where the system has no handles for them that the standard library knows. Links are looked for
//! before each step, which another process can outrun.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::vfs::{
    Access, Directory, FileInfo, FileKind, FileSystem, OsFileSystem, ReadFile, WriteFile,
};

#[derive(Debug)]
struct PathDirectory {
    path: PathBuf,
}

/// Opens the directory that a path leads to.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn Directory>> {
    if !fs::metadata(path)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(Box::new(PathDirectory { path: path.to_owned() }))
}

impl PathDirectory {
    fn at(&self, name: &OsStr) -> io::Result<PathBuf> {
        let mut parts = Path::new(name).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(part)), None) if part == name => Ok(self.path.join(name)),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn no_link(&self, name: &OsStr) -> io::Result<PathBuf> {
        let path = self.at(name)?;
        if fs::symlink_metadata(&path)?.is_symlink() {
            return Err(io::Error::other("is a symbolic link"));
        }
        Ok(path)
    }
}

impl Directory for PathDirectory {
    fn open_dir(&self, name: &OsStr) -> io::Result<Box<dyn Directory>> {
        open(&self.no_link(name)?)
    }

    fn open_file(&self, name: &OsStr) -> io::Result<Box<dyn ReadFile>> {
        OsFileSystem.open(&self.no_link(name)?)
    }

    fn create_dir(&self, name: &OsStr) -> io::Result<()> {
        fs::create_dir(self.at(name)?)
    }

    fn create_new(&self, name: &OsStr) -> io::Result<Box<dyn WriteFile>> {
        OsFileSystem.create_new(&self.at(name)?, Access::Private)
    }

    fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        fs::rename(self.at(from)?, self.at(to)?)
    }

    fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        let (from, to) = (self.at(from)?, self.at(to)?);
        fs::hard_link(&from, to)?;
        fs::remove_file(from)
    }

    fn unlink(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.at(name)?)
    }

    fn info(&self, name: &OsStr) -> io::Result<FileInfo> {
        OsFileSystem.link_info(&self.at(name)?)
    }

    fn own_info(&self) -> io::Result<FileInfo> {
        OsFileSystem.info(&self.path)
    }

    fn list(&self) -> io::Result<Vec<(OsString, FileKind)>> {
        let entry = |entry: fs::DirEntry| Ok((entry.file_name(), entry.file_type()?.into()));
        fs::read_dir(&self.path)?.map(|found| found.and_then(entry)).collect()
    }

    fn take_over(&self, _: &FileInfo) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
