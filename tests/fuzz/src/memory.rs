//! Files in memory: one directory, and names in it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use lignite::vfs::{Access, Directory, FileInfo, FileKind, FileSystem, ReadFile, WriteFile};

type File = Arc<Mutex<Vec<u8>>>;

/// A file system of one directory.
#[derive(Clone, Debug, Default)]
pub struct MemoryFileSystem {
    files: Arc<Mutex<BTreeMap<OsString, File>>>,
}

impl MemoryFileSystem {
    /// Puts a file there.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        self.files().insert(name.into(), Arc::new(Mutex::new(bytes.to_vec())));
    }

    /// What a file holds; nothing if it is not there.
    pub fn read(&self, name: &str) -> Vec<u8> {
        self.file(name.as_ref()).map_or_else(|_| Vec::new(), |file| bytes(&file).clone())
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<OsString, File>> {
        self.files.lock().expect("no thread panicked")
    }

    fn file(&self, name: &OsStr) -> io::Result<File> {
        self.files().get(name).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn bytes(file: &File) -> MutexGuard<'_, Vec<u8>> {
    file.lock().expect("no thread panicked")
}

fn unsupported<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}

impl FileSystem for MemoryFileSystem {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        self.open_file(path.as_os_str())
    }

    fn stdin(&self) -> io::Result<Box<dyn ReadFile>> {
        unsupported()
    }

    fn create_new(&self, path: &Path, _: Access) -> io::Result<Box<dyn WriteFile>> {
        Directory::create_new(self, path.as_os_str())
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        Ok(Box::new(Writing(self.file(path.as_os_str())?)))
    }

    fn stdout(&self) -> io::Result<Box<dyn WriteFile>> {
        unsupported()
    }

    fn info(&self, path: &Path) -> io::Result<FileInfo> {
        Directory::info(self, path.as_os_str())
    }

    fn link_info(&self, path: &Path) -> io::Result<FileInfo> {
        Directory::info(self, path.as_os_str())
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
        Directory::rename(self, from.as_os_str(), to.as_os_str())
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        Directory::unlink(self, path.as_os_str())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

impl Directory for MemoryFileSystem {
    fn open_dir(&self, _: &OsStr) -> io::Result<Box<dyn Directory>> {
        unsupported()
    }

    fn open_file(&self, name: &OsStr) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(Reading(Cursor::new(bytes(&self.file(name)?).clone()))))
    }

    fn create_dir(&self, _: &OsStr) -> io::Result<()> {
        unsupported()
    }

    fn create_new(&self, name: &OsStr) -> io::Result<Box<dyn WriteFile>> {
        if self.file(name).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = File::default();
        self.files().insert(name.into(), Arc::clone(&file));
        Ok(Box::new(Writing(file)))
    }

    fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        let file = self.files().remove(from).ok_or(io::ErrorKind::NotFound)?;
        self.files().insert(to.into(), file);
        Ok(())
    }

    fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        if self.file(to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Directory::rename(self, from, to)
    }

    fn unlink(&self, name: &OsStr) -> io::Result<()> {
        self.files().remove(name).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn info(&self, name: &OsStr) -> io::Result<FileInfo> {
        self.file(name).map(|_| FileInfo::new())
    }

    fn own_info(&self) -> io::Result<FileInfo> {
        Ok(FileInfo::new())
    }

    fn list(&self) -> io::Result<Vec<(OsString, FileKind)>> {
        Ok(self.files().keys().map(|name| (name.clone(), FileKind::File)).collect())
    }

    fn take_over(&self, _: &FileInfo) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A file as it was when it was opened.
#[derive(Debug)]
struct Reading(Cursor<Vec<u8>>);

impl Read for Reading {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Seek for Reading {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.0.seek(place)
    }
}

impl ReadFile for Reading {
    fn info(&self) -> io::Result<FileInfo> {
        Ok(FileInfo::new())
    }
}

#[derive(Debug)]
struct Writing(File);

impl Write for Writing {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        bytes(&self.0).write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl WriteFile for Writing {
    fn info(&self) -> io::Result<FileInfo> {
        Ok(FileInfo::new())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn lock(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn take_over(&mut self, _: &FileInfo) -> io::Result<()> {
        Ok(())
    }
}
