//! A disk that loses power: what was not synced may be there, in part, or not, and so may names.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::vfs::{Access, Directory, FileInfo, FileKind, FileSystem, ReadFile, WriteFile};

/// What a disk writes at once or not at all.
const SECTOR: usize = 512;

/// A file: what is certain to be there, and what was written since.
#[derive(Clone, Debug, Default)]
struct File {
    durable: Vec<u8>,
    now: Vec<u8>,
}

/// One directory, and the files in it.
#[derive(Clone, Debug, Default)]
struct State {
    files: Vec<File>,
    names: BTreeMap<OsString, usize>,
    durable_names: BTreeMap<OsString, usize>,
    /// The names after each change that is not durable yet.
    changes: Vec<BTreeMap<OsString, usize>>,
    operations: u64,
    /// The power goes when so many operations have been done.
    ends_at: u64,
}

/// A file system of one directory whose power can be cut.
#[derive(Clone, Debug, Default)]
pub(super) struct SimulatedDisk(Arc<Mutex<State>>);

impl SimulatedDisk {
    /// A disk with these files, durable, that loses its power after so many operations.
    pub(super) fn new(files: &BTreeMap<OsString, Vec<u8>>, ends_at: u64) -> Self {
        let mut state = State { ends_at, ..State::default() };
        for (name, bytes) in files {
            state.names.insert(name.clone(), state.files.len());
            state.files.push(File { durable: bytes.clone(), now: bytes.clone() });
        }
        state.durable_names.clone_from(&state.names);
        Self(Arc::new(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Whether the power went.
    pub(super) fn has_ended(&self) -> bool {
        let state = self.state();
        state.operations > state.ends_at
    }

    /// An operation that changes something, or waits for the disk.
    fn step(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.operations += 1;
        if state.operations > state.ends_at {
            return Err(io::Error::other("the power is gone"));
        }
        Ok(state)
    }

    /// What may stand on the disk when the power comes back, chosen by a number.
    pub(super) fn after(&self, mut choice: u64) -> BTreeMap<OsString, Vec<u8>> {
        let state = self.state();
        let mut choose = |of: usize| {
            choice = choice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(0x5851);
            usize::try_from(choice >> 33).unwrap() % of
        };
        // Changes of names reach the disk in order, some or all of them.
        let names = match choose(state.changes.len() + 1) {
            0 => &state.durable_names,
            done => &state.changes[done - 1],
        };
        let mut left = BTreeMap::new();
        for (name, &number) in names {
            let file = &state.files[number];
            let mut bytes = file.durable.clone();
            let added = &file.now[bytes.len()..];
            // The length may have reached the disk before the bytes, and sectors in any order.
            let len = match choose(4) {
                0 => 0,
                1 => added.len(),
                _ => choose(added.len() + 1),
            };
            let lost_of = [1, 2, 5, usize::MAX][choose(4)];
            for sector in added[..len].chunks(SECTOR) {
                if lost_of != usize::MAX && choose(lost_of) == 0 {
                    bytes.resize(bytes.len() + sector.len(), 0);
                } else {
                    bytes.extend_from_slice(sector);
                }
            }
            left.insert(name.clone(), bytes);
        }
        left
    }

    fn number(&self, name: &OsStr) -> io::Result<usize> {
        self.state().names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn change(&self, change: impl FnOnce(&mut State) -> io::Result<()>) -> io::Result<()> {
        let mut state = self.step()?;
        change(&mut state)?;
        let names = state.names.clone();
        state.changes.push(names);
        Ok(())
    }

    fn writing(&self, number: usize) -> Box<dyn WriteFile> {
        Box::new(Writing { disk: self.clone(), number })
    }
}

fn own(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

fn info(len: usize, number: usize) -> FileInfo {
    FileInfo { len: len as u64, identity: Some((0, number as u64)), ..FileInfo::new() }
}

fn unsupported<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}

impl FileSystem for SimulatedDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        self.open_file(own(path))
    }

    fn stdin(&self) -> io::Result<Box<dyn ReadFile>> {
        unsupported()
    }

    fn create_new(&self, path: &Path, _: Access) -> io::Result<Box<dyn WriteFile>> {
        Directory::create_new(self, own(path))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        Ok(self.writing(self.number(own(path))?))
    }

    fn stdout(&self) -> io::Result<Box<dyn WriteFile>> {
        unsupported()
    }

    fn info(&self, path: &Path) -> io::Result<FileInfo> {
        Directory::info(self, own(path))
    }

    fn link_info(&self, path: &Path) -> io::Result<FileInfo> {
        Directory::info(self, own(path))
    }

    fn list(&self, _: &Path) -> io::Result<Vec<io::Result<(PathBuf, FileKind)>>> {
        unsupported()
    }

    fn open_dir(&self, _: &Path) -> io::Result<Box<dyn Directory>> {
        Ok(Box::new(self.clone()))
    }

    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Directory::rename(self, own(from), own(to))
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        Directory::unlink(self, own(path))
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        self.sync()
    }
}

impl Directory for SimulatedDisk {
    fn open_dir(&self, _: &OsStr) -> io::Result<Box<dyn Directory>> {
        unsupported()
    }

    fn open_file(&self, name: &OsStr) -> io::Result<Box<dyn ReadFile>> {
        let number = self.number(name)?;
        let bytes = self.state().files[number].now.clone();
        Ok(Box::new(Reading { info: info(bytes.len(), number), bytes: Cursor::new(bytes) }))
    }

    fn create_dir(&self, _: &OsStr) -> io::Result<()> {
        unsupported()
    }

    fn create_new(&self, name: &OsStr) -> io::Result<Box<dyn WriteFile>> {
        let mut number = 0;
        self.change(|state| {
            if state.names.contains_key(name) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            number = state.files.len();
            state.files.push(File::default());
            state.names.insert(name.to_owned(), number);
            Ok(())
        })?;
        Ok(self.writing(number))
    }

    fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        self.change(|state| {
            let number = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
            state.names.insert(to.to_owned(), number);
            Ok(())
        })
    }

    fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        if self.number(to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Directory::rename(self, from, to)
    }

    fn unlink(&self, name: &OsStr) -> io::Result<()> {
        self.change(|state| {
            state.names.remove(name).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }

    fn info(&self, name: &OsStr) -> io::Result<FileInfo> {
        let number = self.number(name)?;
        Ok(info(self.state().files[number].now.len(), number))
    }

    fn own_info(&self) -> io::Result<FileInfo> {
        Ok(FileInfo { kind: FileKind::Dir, ..FileInfo::new() })
    }

    fn list(&self) -> io::Result<Vec<(OsString, FileKind)>> {
        Ok(self.state().names.keys().map(|name| (name.clone(), FileKind::File)).collect())
    }

    fn take_over(&self, _: &FileInfo) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.step()?;
        let names = state.names.clone();
        (state.durable_names, state.changes) = (names, Vec::new());
        Ok(())
    }
}

#[derive(Debug)]
struct Reading {
    bytes: Cursor<Vec<u8>>,
    info: FileInfo,
}

impl Read for Reading {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buf)
    }
}

impl Seek for Reading {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(place)
    }
}

impl ReadFile for Reading {
    fn info(&self) -> io::Result<FileInfo> {
        Ok(self.info.clone())
    }
}

#[derive(Debug)]
struct Writing {
    disk: SimulatedDisk,
    number: usize,
}

impl Write for Writing {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.step()?;
        state.files[self.number].now.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl WriteFile for Writing {
    fn info(&self) -> io::Result<FileInfo> {
        Ok(info(self.disk.state().files[self.number].now.len(), self.number))
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.step()?;
        let file = &mut state.files[self.number];
        file.durable.clone_from(&file.now);
        Ok(())
    }

    fn lock(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn take_over(&mut self, _: &FileInfo) -> io::Result<()> {
        Ok(())
    }
}
