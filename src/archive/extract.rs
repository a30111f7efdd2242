//! Members → files.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::archive::open::Archive;
use crate::error::{Error, ErrorKind, Result};
use crate::format::members::Member;
use crate::name::Name;
use crate::vfs::{self, Descent, Directory, FileInfo, FileSystem, WriteFile};

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

/// A member that is not on disk though [`extract`](Extractor::extract) had taken it.
#[non_exhaustive]
#[derive(Debug)]
pub struct Unwritten {
    /// The name it was to have.
    pub name: Name,
    /// Why it has not.
    pub error: Error,
}

/// Writes members below a directory, and nothing outside it.
///
/// Every step is taken from an open directory and follows no link; a name that cannot be given to a file is refused. A
/// file has its name only once it is whole and on disk, and until then nobody but its owner may read it.
///
/// Files are synced many at a time: [`extract`](Self::extract) writes one, and some files later all of them are synced,
/// get their names, and their directories are synced. [`finish`](Self::finish) must be called: it does so with the last of
/// them, and gives directories their modes and times.
#[derive(Debug)]
pub struct Extractor {
    descent: Descent,
    existing: Existing,
    /// Files that wait for their names.
    pending: Vec<Pending>,
    pending_bytes: u64,
    /// Directories in which others were made.
    touched: Vec<Arc<dyn Directory>>,
    unwritten: Vec<Unwritten>,
    /// Directories made, and what they are to be.
    made: BTreeMap<Name, Option<FileInfo>>,
    temporaries: u64,
}

/// Files that wait for their names at most: each is open, and so is its directory.
const PENDING_MAX: usize = 100;
/// Bytes in them at which they wait no longer.
const PENDING_BYTES_MAX: u64 = 64 << 20;

impl Extractor {
    /// Writes below a directory that is there.
    pub fn new(system: &dyn FileSystem, root: &Path, existing: Existing) -> Result<Self> {
        Ok(Self {
            descent: Descent::new(Arc::from(system.open_dir(root)?), None),
            existing,
            pending: Vec::new(),
            pending_bytes: 0,
            touched: Vec::new(),
            unwritten: Vec::new(),
            made: BTreeMap::new(),
            temporaries: 0,
        })
    }

    /// Writes a member under a name, which may be another one than its own. It has that name, and is durable, once
    /// [`finish`](Self::finish) has returned and does not list it.
    pub fn extract(
        &mut self,
        archive: &mut Archive,
        member: &Member,
        name: &Name,
    ) -> Result<Extracted> {
        if let Some(fault) = name.fault() {
            return Err(Error::new(ErrorKind::InvalidArgument {
                what: format!("refused: unsafe name: {fault}"),
            }));
        }
        if member.is_dir {
            self.enter(Some(name))?;
            if let Some(wanted) = self.made.get_mut(name) {
                *wanted = Some(attributes(member));
            }
            return Ok(Extracted::Done);
        }
        let base = vfs::os_name(name.own())?;
        let dir = self.enter(name.parent())?;
        match dir.info(&base) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {}
            Err(err) => return Err(err.into()),
            Ok(_) if self.existing == Existing::Skip => return Ok(Extracted::Skipped),
            Ok(found) if self.existing == Existing::Refuse || found.is_dir() => {
                return Err(io::Error::from(io::ErrorKind::AlreadyExists).into());
            }
            Ok(_) => {}
        }
        let mut pending = Pending::create(dir, name, base, &mut self.temporaries)?;
        pending.fill(archive, member)?;
        self.pending_bytes += member.size;
        self.pending.push(pending);
        if self.pending.len() >= PENDING_MAX || self.pending_bytes >= PENDING_BYTES_MAX {
            self.settle()?;
        }
        Ok(Extracted::Done)
    }

    /// Gives files their names, and the directories that were made their modes and times, the innermost first. Returns
    /// the members that could not be put on disk.
    pub fn finish(mut self) -> Result<Vec<Unwritten>> {
        self.settle()?;
        let mut open: Vec<Arc<dyn Directory>> = Vec::new();
        for (path, wanted) in std::mem::take(&mut self.made).into_iter().rev() {
            let Some(wanted) = wanted else { continue };
            let dir = self.descent.open(Some(&path))?;
            let owner = dir.own_info()?.owner;
            dir.take_over(&FileInfo { owner, ..wanted })?;
            open.push(dir);
            if open.len() >= PENDING_MAX {
                sync(&mut open)?;
            }
        }
        open.push(Arc::clone(self.descent.root()));
        sync(&mut open)?;
        Ok(self.unwritten)
    }

    /// Makes a directory the current one.
    fn enter(&mut self, name: Option<&Name>) -> Result<Arc<dyn Directory>> {
        if self.touched.len() >= PENDING_MAX {
            self.settle()?;
        }
        let (made, touched) = (&mut self.made, &mut self.touched);
        Ok(self.descent.open_or_make(name, &mut |name, parent| {
            made.insert(name.clone(), None);
            touched.push(Arc::clone(parent));
        })?)
    }

    /// Makes what was written durable, then gives it its names, and makes those durable.
    fn settle(&mut self) -> Result<()> {
        self.pending_bytes = 0;
        let mut pending = std::mem::take(&mut self.pending);
        let synced = vfs::each_at_once(&mut pending, |pending| pending.file.sync());
        let dirs = &mut self.touched;
        for (mut file, synced) in pending.into_iter().zip(synced) {
            match synced.and_then(|()| file.persist(self.existing)) {
                Ok(()) if dirs.last().is_some_and(|last| Arc::ptr_eq(last, &file.dir)) => {}
                Ok(()) => dirs.push(Arc::clone(&file.dir)),
                Err(err) => {
                    let (name, error) = (file.name.clone(), err.into());
                    self.unwritten.push(Unwritten { name, error });
                }
            }
        }
        Ok(sync(dirs)?)
    }
}

/// Makes the names in directories durable, and forgets these.
fn sync(dirs: &mut Vec<Arc<dyn Directory>>) -> io::Result<()> {
    vfs::each_at_once(&mut std::mem::take(dirs), |dir| dir.sync()).into_iter().collect()
}

/// A file that has no name yet. Removed when dropped before that.
#[derive(Debug)]
struct Pending {
    dir: Arc<dyn Directory>,
    file: Box<dyn WriteFile>,
    temporary: OsString,
    /// The name it is to have, from the root, and in its directory.
    name: Name,
    base: OsString,
    is_named: bool,
}

impl Pending {
    fn create(
        dir: Arc<dyn Directory>,
        name: &Name,
        base: OsString,
        number: &mut u64,
    ) -> Result<Self> {
        const TRIES: u32 = 1000;
        for _ in 0..TRIES {
            *number += 1;
            let temporary = OsString::from(format!(".lig-{}-{number}.tmp", std::process::id()));
            match dir.create_new(&temporary) {
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {}
                Err(err) => return Err(err.into()),
                Ok(file) => {
                    let name = name.clone();
                    return Ok(Self { dir, file, temporary, name, base, is_named: false });
                }
            }
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists).into())
    }

    /// Writes the content, and gives the file mode and time.
    fn fill(&mut self, archive: &mut Archive, member: &Member) -> Result<()> {
        let mut reader = archive.reader(member);
        loop {
            let bytes = reader.fill_buf()?;
            if bytes.is_empty() {
                break;
            }
            self.file.write_all(bytes)?;
            let len = bytes.len();
            reader.consume(len);
        }
        self.file.flush()?;
        let owner = self.file.info()?.owner;
        Ok(self.file.take_over(&FileInfo { owner, ..attributes(member) })?)
    }

    /// Gives the file its name. It must have been synced.
    fn persist(&mut self, existing: Existing) -> io::Result<()> {
        match existing {
            Existing::Overwrite => self.dir.rename(&self.temporary, &self.base)?,
            Existing::Refuse | Existing::Skip => {
                self.dir.rename_new(&self.temporary, &self.base)?;
            }
        }
        self.is_named = true;
        Ok(())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.is_named {
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
