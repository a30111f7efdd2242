//! The file of a new archive, which has no name before it is whole, and the lock of one that is there.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::vfs::{Directory, FileSystem, WriteFile};

/// A file that has its name only once it is whole. Removed when dropped before that.
#[derive(Debug)]
pub(crate) struct NewFile {
    dir: Box<dyn Directory>,
    temporary: OsString,
    target: OsString,
    over: Over,
    named: bool,
}

/// What a new file may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    Nothing,
    Anything,
}

impl NewFile {
    /// Begins the file that will be `path`. Returns what it is written by, too.
    pub(crate) fn create(
        system: &dyn FileSystem,
        path: &Path,
        over: Over,
    ) -> Result<(Self, Box<dyn WriteFile>)> {
        let target = path
            .file_name()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?
            .to_owned();
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let dir = system.open_dir(parent.unwrap_or_else(|| Path::new(".")))?;
        if over == Over::Nothing && dir.info(&target).is_ok() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists).into());
        }
        let mut attempt = 0;
        let (file, temporary) = loop {
            let mut name = OsString::from(".");
            name.push(&target);
            name.push(format!(".{}-{attempt}.tmp", std::process::id()));
            match dir.create_new(&name) {
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => {
                    attempt += 1;
                }
                Err(err) => return Err(err.into()),
                Ok(file) => break (file, name),
            }
        };
        Ok((Self { dir, temporary, target, over, named: false }, file))
    }

    /// Gives the file its name, which lasts when this returns. The file must have been synced.
    pub(crate) fn persist(&mut self) -> io::Result<()> {
        let (from, to) = (&self.temporary, &self.target);
        match self.over {
            Over::Nothing => self.dir.rename_new(from, to)?,
            Over::Anything => self.dir.rename(from, to)?,
        }
        self.named = true;
        self.dir.sync()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.named {
            // The error that led here is the one to report.
            drop(self.dir.unlink(&self.temporary));
        }
    }
}

/// Opens an archive for writing behind its end, and takes its lock.
pub(crate) fn lock(system: &dyn FileSystem, path: &Path) -> Result<Box<dyn WriteFile>> {
    const TRIES: u32 = 100;
    for _ in 0..TRIES {
        let mut file = system.append(path)?;
        file.lock().map_err(|err| match err.kind() {
            io::ErrorKind::WouldBlock => Error::new(ErrorKind::Locked),
            _ => err.into(),
        })?;
        // Another process may have put a new file in its place before it gave the lock up.
        let (own, named) = (file.info()?, system.info(path)?);
        if own.identity.is_none() || own.is_same_file(&named) {
            return Ok(file);
        }
    }
    let what = format!("{} is being replaced all the time", PathBuf::from(path).display());
    Err(Error::new(ErrorKind::InvalidArgument { what }))
}
