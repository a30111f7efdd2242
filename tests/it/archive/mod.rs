//! Archives on the command line, one test for each promise.

mod commands;
mod crash;
mod disk;
mod files;
mod scale;
mod signals;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use lignite::{Archive, Member, MemberState};

use crate::place::{Place, Ran};

/// Whether loops run at their full length: minutes instead of seconds.
fn is_full() -> bool {
    std::env::var_os("LIG_FULL").is_some()
}

impl Place {
    /// What the members of an archive hold, as the library reads it.
    fn contents(&self, archive: &str) -> BTreeMap<Vec<u8>, Vec<u8>> {
        contents(&self.path(archive))
    }
}

fn contents(path: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut archive = Archive::open(path).unwrap();
    let mut contents = BTreeMap::new();
    for member in archive.members().to_vec() {
        if member.state == MemberState::Live && !member.is_dir {
            contents.insert(member.name.to_vec(), content(&mut archive, &member));
        }
    }
    contents
}

fn content(archive: &mut Archive, member: &Member) -> Vec<u8> {
    let mut content = Vec::new();
    archive.reader(member).read_to_end(&mut content).unwrap();
    content
}

/// A log of so many lines, different for each seed.
fn log(seed: usize, lines: usize) -> Vec<u8> {
    let mut log = Vec::new();
    for i in 0..lines {
        let id = (i * 7919 + seed * 104_729) % 100_003;
        writeln!(
            log,
            "2026-11-24 00:{:02}:{:02} INFO worker[{seed}]: job {id}",
            i / 60 % 60,
            i % 60
        )
        .unwrap();
    }
    log
}

/// Lines that do not compress.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut lines = Vec::new();
    for _ in 0..5000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        writeln!(lines, "{state:016x}").unwrap();
    }
    lines
}

/// What stands in a tree: mode, time and content (none for a directory) of every path.
type Tree = BTreeMap<PathBuf, (u32, SystemTime, Option<Vec<u8>>)>;

fn tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_symlink() {
                continue;
            }
            let content = metadata.is_file().then(|| fs::read(&path).unwrap());
            if metadata.is_dir() {
                waiting.push(path.clone());
            }
            let mode = metadata.permissions().mode() & 0o7777;
            let own = path.strip_prefix(root).unwrap().to_owned();
            tree.insert(own, (mode, metadata.modified().unwrap(), content));
        }
    }
    tree
}

fn set_time(path: &Path, seconds: u64, nanos: u32) {
    let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos);
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
