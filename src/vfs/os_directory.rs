//! The operating system's directories, by handle.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, mkdirat, openat, statat, unlinkat};

use crate::vfs::{Directory, FileInfo, FileKind, ReadFile, WriteFile, os};

/// Only what every open of ours has in common: a child process sees none of them, and no link is followed.
const COMMON: OFlags = OFlags::CLOEXEC.union(OFlags::NOFOLLOW);

#[derive(Debug)]
struct OsDirectory {
    file: File,
}

/// Opens the directory that a path leads to.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn Directory>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    Ok(Box::new(OsDirectory { file }))
}

impl OsDirectory {
    fn at(&self, name: &OsStr, flags: OFlags, mode: Mode) -> io::Result<File> {
        component(name)?;
        Ok(File::from(openat(&self.file, name, flags | COMMON, mode)?))
    }
}

/// A name is looked up in its directory and nowhere else.
fn component(name: &OsStr) -> io::Result<()> {
    let bytes = name.as_bytes();
    let leads_away = bytes.is_empty() || bytes == b"." || bytes == b".." || bytes.contains(&b'/');
    if leads_away { Err(io::ErrorKind::InvalidInput.into()) } else { Ok(()) }
}

impl Directory for OsDirectory {
    fn open_dir(&self, name: &OsStr) -> io::Result<Box<dyn Directory>> {
        let file = self.at(name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
        Ok(Box::new(Self { file }))
    }

    fn open_file(&self, name: &OsStr) -> io::Result<Box<dyn ReadFile>> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        Ok(Box::new(self.at(name, flags, Mode::empty())?))
    }

    fn create_dir(&self, name: &OsStr) -> io::Result<()> {
        component(name)?;
        Ok(mkdirat(&self.file, name, Mode::RWXU)?)
    }

    fn create_new(&self, name: &OsStr) -> io::Result<Box<dyn WriteFile>> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        Ok(Box::new(self.at(name, flags, Mode::RUSR | Mode::WUSR)?))
    }

    fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        component(from)?;
        component(to)?;
        Ok(rustix::fs::renameat(&self.file, from, &self.file, to)?)
    }

    fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        component(from)?;
        component(to)?;
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        {
            use rustix::fs::{RenameFlags, renameat_with};
            use rustix::io::Errno;
            match renameat_with(&self.file, from, &self.file, to, RenameFlags::NOREPLACE) {
                // Not every file system knows the flag.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
                result => return Ok(result?),
            }
        }
        rustix::fs::linkat(&self.file, from, &self.file, to, AtFlags::empty())?;
        Ok(unlinkat(&self.file, from, AtFlags::empty())?)
    }

    fn unlink(&self, name: &OsStr) -> io::Result<()> {
        component(name)?;
        Ok(unlinkat(&self.file, name, AtFlags::empty())?)
    }

    fn info(&self, name: &OsStr) -> io::Result<FileInfo> {
        component(name)?;
        Ok(info(&statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    fn own_info(&self) -> io::Result<FileInfo> {
        Ok(self.file.metadata()?.into())
    }

    fn list(&self) -> io::Result<Vec<(OsString, FileKind)>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.file)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes()).to_owned();
            if component(&name).is_err() {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => self.info(&name)?.kind,
                known => kind(known),
            };
            names.push((name, kind));
        }
        Ok(names)
    }

    fn take_over(&self, source: &FileInfo) -> io::Result<()> {
        os::take_over(&self.file, source)
    }

    fn free_bytes(&self) -> io::Result<Option<u64>> {
        let system = rustix::fs::fstatvfs(&self.file)?;
        Ok(system.f_bavail.checked_mul(system.f_frsize))
    }

    fn sync(&self) -> io::Result<()> {
        match self.file.sync_all() {
            // Some file systems cannot sync a directory: there is no more that can be done then.
            Err(err)
                if matches!(
                    err.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
                ) =>
            {
                Ok(())
            }
            result => result,
        }
    }
}

fn kind(file_type: FileType) -> FileKind {
    match file_type {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Dir,
        FileType::Symlink => FileKind::Link,
        _ => FileKind::Special,
    }
}

#[expect(clippy::useless_conversion, reason = "the widths differ from system to system")]
fn info(stat: &Stat) -> FileInfo {
    let seconds = i64::from(stat.st_mtime);
    let nanos = u64::try_from(stat.st_mtime_nsec).unwrap_or(0);
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let modified = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(whole)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(whole)
    };
    FileInfo {
        kind: kind(FileType::from_raw_mode(stat.st_mode)),
        len: u64::try_from(stat.st_size).unwrap_or(0),
        modified: modified.and_then(|time| time.checked_add(Duration::from_nanos(nanos))),
        identity: Some((u64::from(stat.st_dev), u64::from(stat.st_ino))),
        mode: Some(u32::from(stat.st_mode) & 0o7777),
        owner: Some((stat.st_uid, stat.st_gid)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_not_followed_and_a_path_is_not_a_name() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("real")).unwrap();
        std::fs::write(place.path().join("real/file"), b"x").unwrap();
        std::os::unix::fs::symlink("real", place.path().join("link")).unwrap();
        std::os::unix::fs::symlink("real/file", place.path().join("to-file")).unwrap();
        let dir = open(place.path()).unwrap();
        assert!(dir.open_dir("real".as_ref()).is_ok());
        assert!(dir.open_dir("link".as_ref()).is_err());
        assert!(dir.open_file("to-file".as_ref()).is_err());
        assert_eq!(dir.info("link".as_ref()).unwrap().kind, FileKind::Link);
        for name in ["", ".", "..", "real/file", "/"] {
            assert!(dir.open_file(name.as_ref()).is_err(), "{name:?}");
            assert!(dir.create_new(name.as_ref()).is_err(), "{name:?}");
            assert!(dir.create_dir(name.as_ref()).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_name_that_is_taken_is_not_given_again() {
        let place = tempfile::tempdir().unwrap();
        let dir = open(place.path()).unwrap();
        for name in ["a", "b"] {
            drop(dir.create_new(name.as_ref()).unwrap());
        }
        let taken = dir.rename_new("a".as_ref(), "b".as_ref()).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        dir.rename_new("a".as_ref(), "c".as_ref()).unwrap();
        let mut names = dir.list().unwrap();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(names, [("b".into(), FileKind::File), ("c".into(), FileKind::File)]);
        assert_eq!(
            dir.info("b".as_ref()).unwrap(),
            std::fs::metadata(place.path().join("b")).unwrap().into()
        );
    }
}
