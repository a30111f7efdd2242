//! Members → files.

use std::ffi::OsString;
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::archive::name;
use crate::archive::open::Archive;
use crate::error::{Error, ErrorKind, Result};
use crate::format::members::Member;
use crate::vfs::{Directory, FileInfo, FileSystem, WriteFile};

/// What to do where a name is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Fail.
    #[default]
    Refuse,
    /// Replace the file. A directory is never replaced.
    Overwrite,
    /// Leave the file as it is.
    Skip,
}

/// What came of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extracted {
    /// It is on disk.
    Done,
    /// Its name is taken, and stays as it is.
    Skipped,
}

/// Writes members below a directory, and nothing outside it.
///
/// Every step is taken from an open directory and follows no link; a name that cannot be given to a file is refused. A
/// file has its name only once it is whole and on disk, and until then nobody but its owner may read it.
/// [`finish`](Self::finish) must be called: it gives directories their modes and times.
#[derive(Debug)]
pub struct Extractor {
    root: Box<dyn Directory>,
    existing: Existing,
    /// The directory of the last member: many lie in one.
    current: Vec<u8>,
    dir: Option<Box<dyn Directory>>,
    /// Names were given in it, and are not durable yet.
    is_unsynced: bool,
    /// Directories made, and what they are to be.
    made: Vec<(Vec<u8>, Option<FileInfo>)>,
    temporaries: u64,
}

impl Extractor {
    /// Writes below a directory that is there.
    pub fn new(system: &dyn FileSystem, root: &Path, existing: Existing) -> Result<Self> {
        Ok(Self {
            root: system.open_dir(root)?,
            existing,
            current: Vec::new(),
            dir: None,
            is_unsynced: false,
            made: Vec::new(),
            temporaries: 0,
        })
    }

    /// Writes a member under a name, which may be another one than its own.
    pub fn extract(
        &mut self,
        archive: &mut Archive,
        member: &Member,
        name: &[u8],
    ) -> Result<Extracted> {
        if let Some(fault) = name::fault(name) {
            return Err(Error::new(ErrorKind::InvalidArgument {
                what: format!("refused: unsafe name: {fault}"),
            }));
        }
        if member.is_dir {
            self.enter(name)?;
            let wanted = attributes(member);
            for (_, made) in self.made.iter_mut().filter(|(made, _)| made == name) {
                *made = Some(wanted.clone());
            }
            return Ok(Extracted::Done);
        }
        let (parent, base) = match memchr::memrchr(b'/', name) {
            Some(at) => {
                (name.get(..at).unwrap_or_default(), name.get(at + 1..).unwrap_or_default())
            }
            None => (&[][..], name),
        };
        let base = os_string(base)?;
        self.enter(parent)?;
        let (existing, temporaries) = (self.existing, &mut self.temporaries);
        let dir = self.dir.as_deref().unwrap_or(&*self.root);
        match dir.info(&base) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {}
            Err(err) => return Err(err.into()),
            Ok(_) if existing == Existing::Skip => return Ok(Extracted::Skipped),
            Ok(found) if existing == Existing::Refuse || found.is_dir() => {
                return Err(io::Error::from(io::ErrorKind::AlreadyExists).into());
            }
            Ok(_) => {}
        }
        let mut pending = Pending::create(dir, temporaries)?;
        pending.fill(archive, member)?;
        pending.persist(&base, existing)?;
        self.is_unsynced = true;
        Ok(Extracted::Done)
    }

    /// Gives the directories that were made their modes and times, the innermost first.
    pub fn finish(mut self) -> Result<()> {
        self.leave()?;
        let mut made = std::mem::take(&mut self.made);
        made.sort_unstable_by(|a, b| b.0.cmp(&a.0));
        for (path, wanted) in made {
            let Some(wanted) = wanted else { continue };
            let mut dir = self.walk(&path, Missing::Fail)?;
            let owner = dir.own_info()?.owner;
            dir.take_over(&FileInfo { owner, ..wanted })?;
            dir.sync()?;
        }
        Ok(self.root.sync()?)
    }

    /// Makes a directory the current one.
    fn enter(&mut self, path: &[u8]) -> Result<()> {
        if self.current == path && (self.dir.is_some() || path.is_empty()) {
            return Ok(());
        }
        self.leave()?;
        let next = match path {
            b"" => None,
            _ => Some(self.walk(path, Missing::Create)),
        };
        self.current.clear();
        self.dir = next.transpose()?;
        self.current.extend_from_slice(path);
        Ok(())
    }

    /// Makes the names in the current directory durable, and leaves it.
    fn leave(&mut self) -> Result<()> {
        if std::mem::take(&mut self.is_unsynced) {
            self.dir.as_deref().unwrap_or(&*self.root).sync()?;
        }
        Ok(())
    }

    /// Opens a directory, component by component, from the nearest one that is open.
    fn walk(&mut self, path: &[u8], missing: Missing) -> Result<Box<dyn Directory>> {
        let below =
            path.strip_prefix(self.current.as_slice()).and_then(|rest| rest.strip_prefix(b"/"));
        let (mut dir, rest) = match (self.dir.take(), below) {
            (Some(dir), Some(rest)) => (Some(dir), rest),
            _ => (None, path),
        };
        let mut done = path.len() - rest.len();
        for component in rest.split(|&byte| byte == b'/') {
            done += component.len();
            let name = os_string(component)?;
            let from = dir.as_deref().unwrap_or(&*self.root);
            let next = match from.open_dir(&name) {
                Err(err) if err.kind() == io::ErrorKind::NotFound && missing == Missing::Create => {
                    from.create_dir(&name)?;
                    from.sync()?;
                    self.made.push((path.get(..done).unwrap_or_default().to_vec(), None));
                    from.open_dir(&name)?
                }
                Err(err) => {
                    let is_link =
                        from.info(&name).is_ok_and(|info| info.kind == crate::vfs::FileKind::Link);
                    let what = "refused: a directory on the way is a symbolic link";
                    return Err(if is_link { io::Error::other(what).into() } else { err.into() });
                }
                Ok(next) => next,
            };
            dir = Some(next);
            done += 1;
        }
        dir.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput).into())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Create,
    Fail,
}

/// A file that is not whole yet. Removed when dropped before that.
struct Pending<'a> {
    dir: &'a dyn Directory,
    file: Box<dyn WriteFile>,
    temporary: OsString,
    attributes: FileInfo,
    named: bool,
}

impl<'a> Pending<'a> {
    fn create(dir: &'a dyn Directory, number: &mut u64) -> Result<Self> {
        const TRIES: u32 = 1000;
        for _ in 0..TRIES {
            *number += 1;
            let temporary = OsString::from(format!(".lig-{}-{number}.tmp", std::process::id()));
            match dir.create_new(&temporary) {
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {}
                Err(err) => return Err(err.into()),
                Ok(file) => {
                    let attributes = FileInfo::new();
                    return Ok(Self { dir, file, temporary, attributes, named: false });
                }
            }
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists).into())
    }

    fn fill(&mut self, archive: &mut Archive, member: &Member) -> Result<()> {
        self.attributes = attributes(member);
        let mut reader = archive.reader(member);
        loop {
            let bytes = reader.fill_buf()?;
            if bytes.is_empty() {
                return Ok(());
            }
            self.file.write_all(bytes)?;
            let len = bytes.len();
            reader.consume(len);
        }
    }

    fn persist(&mut self, name: &std::ffi::OsStr, existing: Existing) -> Result<()> {
        self.file.flush()?;
        self.attributes.owner = self.file.info()?.owner;
        self.file.take_over(&self.attributes)?;
        self.file.sync()?;
        match existing {
            Existing::Overwrite => self.dir.rename(&self.temporary, name)?,
            Existing::Refuse | Existing::Skip => self.dir.rename_new(&self.temporary, name)?,
        }
        self.named = true;
        Ok(())
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.named {
            // The error that led here is the one to report.
            drop(self.dir.unlink(&self.temporary));
        }
    }
}

/// Mode and time of a member, for its file. No file gets the rights of another user.
fn attributes(member: &Member) -> FileInfo {
    let distance = Duration::from_nanos(member.mtime_ns.unsigned_abs());
    let modified = if member.mtime_ns < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    FileInfo { mode: Some(member.mode & 0o777), modified, ..FileInfo::new() }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "it can fail on other systems")]
fn os_string(bytes: &[u8]) -> Result<OsString> {
    use std::os::unix::ffi::OsStrExt;
    Ok(std::ffi::OsStr::from_bytes(bytes).to_owned())
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> Result<OsString> {
    let what =
        || Error::new(ErrorKind::InvalidArgument { what: "refused: name is not UTF-8".into() });
    Ok(std::str::from_utf8(bytes).map_err(|_| what())?.into())
}
