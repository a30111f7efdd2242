//! Directories below a directory, by their paths from there.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;

use crate::vfs::{Directory, FileKind};

/// Directories on the way that stay open: trees may be deeper than a process may have files open.
const OPEN_MAX: usize = 64;

/// What is called when a directory is made: it learns the path, and the directory in which that was.
pub type Made<'a> = dyn FnMut(&[u8], &Arc<dyn Directory>) + 'a;

/// Opens directories below a root, from handle to handle: no path is looked up, no link followed.
///
/// Going from one directory to one near it takes a few steps, however deep they lie.
#[derive(Debug)]
pub struct Descent {
    root: Arc<dyn Directory>,
    /// Where it is, components with a slash between them.
    path: Vec<u8>,
    /// The innermost directories on the way, and where in the path their names end.
    open: VecDeque<(usize, Arc<dyn Directory>)>,
}

impl Descent {
    /// Begins in a directory, whose path is empty.
    pub fn new(root: Arc<dyn Directory>) -> Self {
        Self { root, path: Vec::new(), open: VecDeque::new() }
    }

    /// The directory in which it began.
    pub fn root(&self) -> &Arc<dyn Directory> {
        &self.root
    }

    /// Opens a directory that must be there.
    pub fn open(&mut self, path: &[u8]) -> io::Result<Arc<dyn Directory>> {
        self.go(path, None)
    }

    /// Opens a directory. It, and those above it, are made where they are missing.
    pub fn open_or_make(
        &mut self,
        path: &[u8],
        made: &mut Made<'_>,
    ) -> io::Result<Arc<dyn Directory>> {
        self.go(path, Some(made))
    }

    fn current(&self) -> &Arc<dyn Directory> {
        self.open.back().map_or(&self.root, |(_, dir)| dir)
    }

    fn go(
        &mut self,
        path: &[u8],
        mut made: Option<&mut Made<'_>>,
    ) -> io::Result<Arc<dyn Directory>> {
        let common = self.path.iter().zip(path).take_while(|(a, b)| a == b).count();
        let leads_on = |end: usize| end <= common && path.get(end).is_none_or(|&byte| byte == b'/');
        while self.open.back().is_some_and(|(end, _)| !leads_on(*end)) {
            self.open.pop_back();
        }
        self.path.truncate(common);
        self.path.extend_from_slice(path.get(common..).unwrap_or_default());
        let mut done = self.open.back().map_or(0, |(end, _)| *end);
        while done < path.len() {
            let start = if done == 0 { 0 } else { done + 1 };
            let rest = path.get(start..).unwrap_or_default();
            let len = memchr::memchr(b'/', rest).unwrap_or(rest.len());
            done = start + len;
            let name = os_name(rest.get(..len).unwrap_or_default())?;
            let so_far = path.get(..done).unwrap_or_default();
            let next = step(self.current(), &name, so_far, made.as_deref_mut())?;
            self.open.push_back((done, next));
            if self.open.len() > OPEN_MAX {
                self.open.pop_front();
            }
        }
        Ok(Arc::clone(self.current()))
    }
}

/// Opens a directory in another one; `path` leads to it.
fn step(
    from: &Arc<dyn Directory>,
    name: &OsStr,
    path: &[u8],
    made: Option<&mut Made<'_>>,
) -> io::Result<Arc<dyn Directory>> {
    let err = match from.open_dir(name) {
        Ok(next) => return Ok(Arc::from(next)),
        Err(err) => err,
    };
    if let (io::ErrorKind::NotFound, Some(made)) = (err.kind(), made) {
        from.create_dir(name)?;
        made(path, from);
        return Ok(Arc::from(from.open_dir(name)?));
    }
    let is_link = from.info(name).is_ok_and(|info| info.kind == FileKind::Link);
    let what = "refused: a directory on the way is a symbolic link";
    Err(if is_link { io::Error::other(what) } else { err })
}

/// A component of a name, for the system. Fails where the system has no such names.
#[cfg(unix)]
pub fn os_name(bytes: &[u8]) -> io::Result<OsString> {
    use std::os::unix::ffi::OsStrExt as _;
    Ok(OsStr::from_bytes(bytes).to_owned())
}

/// A component of a name, for the system. Fails where the system has no such names.
#[cfg(not(unix))]
pub fn os_name(bytes: &[u8]) -> io::Result<OsString> {
    let what = "refused: name is not UTF-8";
    Ok(std::str::from_utf8(bytes).map_err(|_| io::Error::other(what))?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::{FileSystem as _, OsFileSystem};

    #[test]
    fn from_anywhere_to_anywhere_and_deeper_than_handles_are_kept() {
        let place = tempfile::tempdir().unwrap();
        let mut descent = Descent::new(Arc::from(OsFileSystem.open_dir(place.path()).unwrap()));
        let deep = |depth: usize| vec!["d"; depth].join("/").into_bytes();
        let mut made = Vec::new();
        let mut note = |path: &[u8], _: &Arc<dyn Directory>| made.push(path.to_vec());
        descent.open_or_make(&deep(200), &mut note).unwrap();
        descent.open_or_make(b"d/da/e", &mut note).unwrap();
        descent.open_or_make(b"d/d/d", &mut note).unwrap();
        let expected = (1..=200).map(deep).chain([b"d/da".to_vec(), b"d/da/e".to_vec()]);
        assert!(made.into_iter().eq(expected));
        let identity = |dir: &Arc<dyn Directory>| dir.own_info().unwrap().identity;
        for depth in [200, 199, 3, 150, 149, 0, 1, 200] {
            let path = deep(depth);
            let found = descent.open(&path).unwrap();
            let known = OsFileSystem.info(&place.path().join(os_name(&path).unwrap())).unwrap();
            assert_eq!(identity(&found), known.identity, "{depth}");
        }
        assert!(descent.open(b"d/missing").is_err());
        assert!(descent.open(b"d/da/e").is_ok());
        for bad in [&b"d/../d"[..], b"/d", b"d/", b".", b"d//d"] {
            assert!(descent.open(bad).is_err(), "{bad:?}");
        }
    }
}
