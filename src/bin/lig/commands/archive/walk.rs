//! Files and directories that are to be archived.
//!
//! A tree is walked by directory handles, so that nothing outside of it is read if somebody swaps a directory for a link.
//! `ignore` and `walkdir` walk by paths, and would bring a dozen crates.

use std::cell::RefCell;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use lignite::Name;
use lignite::vfs::{Descent, FileInfo, FileKind, FileSystem, ReadFile, os_name};

use super::glob::Globs;
use crate::output::{Output, describe, name};

/// A file or directory that was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The name it has in an archive.
    pub(crate) name: Name,
    pub(crate) info: FileInfo,
    root: Rc<Root>,
}

/// What was named.
#[derive(Debug)]
struct Root {
    path: PathBuf,
    /// The directories below it; `None` for a file.
    dir: Option<RefCell<Descent>>,
}

/// What is left out.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) exclude: Globs,
    pub(crate) include: Globs,
    /// The archive itself.
    pub(crate) archive: Option<FileInfo>,
}

/// What a walk brought.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// By name, each name once.
    pub(crate) found: Vec<Found>,
    /// The names of what was named.
    pub(crate) roots: Vec<Name>,
    /// Links and the like.
    pub(crate) skipped: u64,
    /// What could not be looked at.
    pub(crate) failed: u64,
}

impl Found {
    pub(crate) fn is_dir(&self) -> bool {
        self.info.is_dir()
    }

    /// Opens the file, and reads what is known of it now.
    pub(crate) fn open(&self, system: &dyn FileSystem) -> io::Result<Box<dyn ReadFile>> {
        let Some(descent) = &self.root.dir else { return system.open(&self.root.path) };
        let dir = descent.borrow_mut().open(self.name.parent())?;
        dir.open_file(&os_name(self.name.own())?)
    }

    /// Time of the last change, in nanoseconds since 1970.
    pub(crate) fn mtime_ns(&self) -> i64 {
        self.info.modified.map_or(0, nanos)
    }
}

/// Nanoseconds since 1970; what lies three centuries away is at the end of the scale.
pub(crate) fn nanos(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    }
}

/// Walks all paths. Names are relative to `base`.
pub(crate) fn walk(
    paths: &[PathBuf],
    base: Option<&Path>,
    filter: &Filter,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Walked {
    let mut walked = Walked::default();
    for path in paths {
        if let Err(err) = root(path, base, filter, system, out, &mut walked) {
            out.error(format_args!("{}: {}", name(path), describe(&err)));
            walked.failed += 1;
        }
    }
    walked.found.sort_by(|a, b| a.name.cmp(&b.name));
    walked.found.dedup_by(|later, first| later.name == first.name);
    walked
}

fn root(
    path: &Path,
    base: Option<&Path>,
    filter: &Filter,
    system: &dyn FileSystem,
    out: &mut Output,
    walked: &mut Walked,
) -> Result<()> {
    let own = member_name(path)?;
    let full = base.map_or_else(|| path.to_owned(), |base| base.join(path));
    let info = system.info(&full)?;
    walked.roots.push(own.clone());
    if filter.exclude.any(&own) {
        return Ok(());
    }
    match info.kind {
        FileKind::File => {
            let root = Rc::new(Root { path: full, dir: None });
            take(Found { name: own, info, root }, filter, walked);
        }
        FileKind::Dir => {
            let base = (!own.is_empty()).then(|| own.clone());
            let descent = Descent::new(Arc::from(system.open_dir(&full)?), base);
            let root = Rc::new(Root { path: full, dir: Some(RefCell::new(descent)) });
            let top = Found { name: own, info, root };
            descend(top, filter, out, walked);
        }
        FileKind::Link | FileKind::Special => bail!("is neither a file nor a directory"),
    }
    Ok(())
}

/// Takes a file, unless it is left out.
fn take(found: Found, filter: &Filter, walked: &mut Walked) {
    let is_archive =
        filter.archive.as_ref().is_some_and(|archive| archive.is_same_file(&found.info));
    if !is_archive && filter.include.selects(&found.name) {
        walked.found.push(found);
    }
}

/// Walks what is below a directory, without recursion: trees may be deep.
fn descend(top: Found, filter: &Filter, out: &mut Output, walked: &mut Walked) {
    let root = Rc::clone(&top.root);
    let Some(descent) = &root.dir else { return };
    // The empty name is none to stand below.
    let mut waiting = vec![(!top.name.is_empty()).then(|| top.name.clone())];
    if !top.name.is_empty() {
        walked.found.push(top);
    }
    while let Some(parent) = waiting.pop() {
        let listed = descent.borrow_mut().open(parent.as_ref()).and_then(|dir| {
            let mut names = dir.list()?;
            names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
            Ok((dir, names))
        });
        let (dir, names) = match listed {
            Ok(listed) => listed,
            Err(err) => {
                failed(&parent.unwrap_or_default(), err, out, walked);
                continue;
            }
        };
        let mut dirs = Vec::new();
        for (name, _) in names {
            let member = join(parent.as_ref(), name.as_encoded_bytes());
            if filter.exclude.any(&member) {
                continue;
            }
            let info = match dir.info(&name) {
                Ok(info) => info,
                Err(err) => {
                    failed(&member, err, out, walked);
                    continue;
                }
            };
            let kind = info.kind;
            let found = Found { name: member.clone(), info, root: Rc::clone(&root) };
            match kind {
                FileKind::File => take(found, filter, walked),
                FileKind::Dir => {
                    walked.found.push(found);
                    dirs.push(Some(member));
                }
                FileKind::Link => skipped(&found.name, "symbolic link", out, walked),
                FileKind::Special => {
                    skipped(&found.name, "neither file nor directory", out, walked);
                }
            }
        }
        waiting.extend(dirs.into_iter().rev());
    }
}

fn failed(member: &Name, err: io::Error, out: &mut Output, walked: &mut Walked) {
    out.error(format_args!("{}: {}", show(member), describe(&err.into())));
    walked.failed += 1;
}

fn skipped(member: &Name, what: &str, out: &mut Output, walked: &mut Walked) {
    out.warning(format_args!("{}: skipped ({what})", show(member)));
    walked.skipped += 1;
}

fn join(above: Option<&Name>, own: &[u8]) -> Name {
    above.map_or_else(|| Name::from(own), |above| above.child(own))
}

/// The name in an archive of what was named: a path without its root, and without steps that go nowhere.
fn member_name(path: &Path) -> Result<Name> {
    let mut own = None;
    for component in path.components() {
        match component {
            Component::Normal(part) => own = Some(join(own.as_ref(), part.as_encoded_bytes())),
            Component::ParentDir => bail!("a name in an archive cannot go up (use -C)"),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Ok(own.unwrap_or_default())
}

/// A name in an archive, for a message.
pub(crate) fn show(name: &Name) -> String {
    crate::output::escape(&name.to_string()).into_owned()
}

/// Reads globs from files.
pub(crate) fn read_globs(
    globs: &mut Globs,
    files: &[PathBuf],
    system: &dyn FileSystem,
) -> Result<()> {
    for path in files {
        let mut text = Vec::new();
        let read = system.open(path).and_then(|mut file| file.read_to_end(&mut text));
        read.with_context(|| name(path))?;
        globs.add_lines(&text);
    }
    Ok(())
}
