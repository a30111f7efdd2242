//! Directories below a directory, by their names from there.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;

use crate::name::Name;
use crate::vfs::{Directory, FileKind};

/// Directories on the way that stay open: trees may be deeper than a process may have files open.
const OPEN_MAX: usize = 64;

/// What is called when a directory is made: it learns the name, and the directory in which that was.
pub type Made<'a> = dyn FnMut(&Name, &Arc<dyn Directory>) + 'a;

/// Opens directories below a root, from handle to handle: no path is looked up, no link followed.
///
/// Going from one directory to one near it takes a few steps, however deep they lie.
#[derive(Debug)]
pub struct Descent {
    root: Arc<dyn Directory>,
    /// The root's own name, with which all names begin.
    base: Option<Name>,
    /// Where it is; `None` in the root.
    at: Option<Name>,
    /// The innermost directories on the way, and their depths in `at`.
    open: VecDeque<(usize, Arc<dyn Directory>)>,
}

impl Descent {
    /// Begins in a directory. All names are below `base`, which is the name of the directory itself.
    pub fn new(root: Arc<dyn Directory>, base: Option<Name>) -> Self {
        Self { root, base, at: None, open: VecDeque::new() }
    }

    /// The directory in which it began.
    pub fn root(&self) -> &Arc<dyn Directory> {
        &self.root
    }

    /// Opens a directory that must be there; `None` is the root.
    pub fn open(&mut self, name: Option<&Name>) -> io::Result<Arc<dyn Directory>> {
        self.go(name, None)
    }

    /// Opens a directory. It, and those above it, are made where they are missing.
    pub fn open_or_make(
        &mut self,
        name: Option<&Name>,
        made: &mut Made<'_>,
    ) -> io::Result<Arc<dyn Directory>> {
        self.go(name, Some(made))
    }

    fn current(&self) -> &Arc<dyn Directory> {
        self.open.back().map_or(&self.root, |(_, dir)| dir)
    }

    fn go(
        &mut self,
        name: Option<&Name>,
        mut made: Option<&mut Made<'_>>,
    ) -> io::Result<Arc<dyn Directory>> {
        let Some(name) = name.filter(|&name| Some(name) != self.base.as_ref()) else {
            return Ok(Arc::clone(&self.root));
        };
        if self.base.as_ref().is_some_and(|base| !name.is_below(base)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let common = self.at.as_ref().map_or(0, |at| at.common(name));
        while self.open.back().is_some_and(|&(depth, _)| depth >= common) {
            self.open.pop_back();
        }
        self.at = Some(name.clone());
        let start = match (self.open.back(), &self.base) {
            (Some(&(depth, _)), _) => depth + 1,
            (None, Some(base)) => base.depth() + 1,
            (None, None) => 0,
        };
        let mut way: Vec<&Name> =
            name.ways_up().take((name.depth() + 1).saturating_sub(start)).collect();
        while let Some(next) = way.pop() {
            let dir = step(self.current(), &os_name(next.own())?, next, made.as_deref_mut())?;
            self.open.push_back((next.depth(), dir));
            if self.open.len() > OPEN_MAX {
                self.open.pop_front();
            }
        }
        Ok(Arc::clone(self.current()))
    }
}

/// Opens a directory in another one; `path` is its whole name.
fn step(
    from: &Arc<dyn Directory>,
    name: &OsStr,
    path: &Name,
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
        let root: Arc<dyn Directory> = Arc::from(OsFileSystem.open_dir(place.path()).unwrap());
        let mut descent = Descent::new(Arc::clone(&root), None);
        let deep = |depth: usize| vec!["d"; depth].join("/").into_bytes();
        let name = |path: &[u8]| Name::from(path);
        let mut made = Vec::new();
        let mut note = |name: &Name, _: &Arc<dyn Directory>| made.push(name.to_vec());
        descent.open_or_make(Some(&name(&deep(200))), &mut note).unwrap();
        descent.open_or_make(Some(&name(b"d/da/e")), &mut note).unwrap();
        descent.open_or_make(Some(&name(b"d/d/d")), &mut note).unwrap();
        let expected = (1..=200).map(deep).chain([b"d/da".to_vec(), b"d/da/e".to_vec()]);
        assert!(made.into_iter().eq(expected));
        let identity = |dir: &Arc<dyn Directory>| dir.own_info().unwrap().identity;
        let below: Arc<dyn Directory> = Arc::from(root.open_dir("d".as_ref()).unwrap());
        let mut below = Descent::new(below, Some(name(b"d")));
        for depth in [200, 199, 3, 150, 149, 0, 1, 200] {
            let path = deep(depth);
            let known = OsFileSystem.info(&place.path().join(os_name(&path).unwrap())).unwrap();
            let asked = (depth > 0).then(|| name(&path));
            let found = descent.open(asked.as_ref()).unwrap();
            assert_eq!(identity(&found), known.identity, "{depth}");
            if let Some(asked) = asked {
                assert_eq!(identity(&below.open(Some(&asked)).unwrap()), known.identity);
            }
        }
        for missing in [&b"d/missing"[..], b"d/d/missing/x"] {
            assert!(descent.open(Some(&name(missing))).is_err());
        }
        assert!(below.open(Some(&name(b"e"))).is_err(), "not below its base");
        // A failure on the way leaves it somewhere, and it goes on from there.
        assert!(descent.open(Some(&name(b"d/d/d/d"))).is_ok());
    }
}
