//! How a whole file comes to be.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::vfs::{Access, FileInfo, FileSystem, WriteFile};

/// Names that are tried for the file beside the final one.
const NAMES_MAX: u32 = 100;

/// A file that has its final name only once it is whole. Removed when dropped before that.
///
/// It is written beside its final name, synced, renamed, and its directory synced: a crash at any point leaves the old
/// file or the new one under that name, never a part.
#[derive(Debug)]
pub struct AtomicFile<'a> {
    system: &'a dyn FileSystem,
    file: Box<dyn WriteFile>,
    temporary: PathBuf,
    target: PathBuf,
    source: Option<FileInfo>,
    renamed: bool,
}

impl<'a> AtomicFile<'a> {
    /// Begins the file that will be `target`. If it has a source, nobody else may read it before it takes over the
    /// source's mode.
    pub fn create(
        system: &'a dyn FileSystem,
        target: &Path,
        source: Option<FileInfo>,
    ) -> io::Result<Self> {
        let own = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let access = if source.is_some() { Access::Private } else { Access::Usual };
        let mut attempt = 0;
        loop {
            let mut name = OsString::from(".");
            name.push(own);
            name.push(format!(".{}-{attempt}.tmp", std::process::id()));
            let temporary = target.with_file_name(name);
            match system.create_new(&temporary, access) {
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists && attempt < NAMES_MAX => {
                    attempt += 1;
                }
                Err(err) => return Err(err),
                Ok(file) => {
                    let target = target.to_owned();
                    return Ok(Self { system, file, temporary, target, source, renamed: false });
                }
            }
        }
    }

    /// The name it will have.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Makes the file durable under its final name. If that fails at the very end, the file is whole under its name, but
    /// may not be there after a crash.
    pub fn persist(mut self) -> io::Result<()> {
        self.file.flush()?;
        if let Some(source) = &self.source {
            self.file.take_over(source)?;
        }
        self.file.sync()?;
        self.system.rename(&self.temporary, &self.target)?;
        self.renamed = true;
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
        if !self.renamed {
            // The error that led here is the one to report.
            drop(self.system.unlink(&self.temporary));
        }
    }
}
