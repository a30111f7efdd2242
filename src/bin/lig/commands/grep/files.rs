//! Which files are searched.

use std::path::{Path, PathBuf};

use lignite::vfs::{FileKind, FileSystem};

use super::args::GrepArgs;
use super::glob;
use crate::input::Input;
use crate::output::{describe, name};

/// Lists the files to search; each that is none comes as an error. Directories are sorted by name.
pub(crate) fn collect(
    args: &GrepArgs,
    words: &[PathBuf],
    system: &dyn FileSystem,
) -> Vec<Result<Input, String>> {
    let mut inputs = Vec::new();
    if words.is_empty() && !args.recursive {
        inputs.push(Ok(Input { path: None, found: false }));
    }
    if words.is_empty() && args.recursive {
        descend(Path::new("."), true, args, system, &mut inputs);
    }
    for path in words {
        if path.as_os_str() == "-" {
            inputs.push(Ok(Input { path: None, found: false }));
        } else if args.recursive && is_dir(path, system) {
            descend(path, false, args, system, &mut inputs);
        } else if is_wanted_path(path, false, args) {
            inputs.push(Ok(Input { path: Some(path.clone()), found: false }));
        }
    }
    inputs
}

/// Whether a word is a directory, or stands for one.
pub(crate) fn holds_dir(words: &[PathBuf], system: &dyn FileSystem) -> bool {
    words.is_empty() || words.iter().any(|path| is_dir(path, system))
}

fn is_dir(path: &Path, system: &dyn FileSystem) -> bool {
    system.info(path).is_ok_and(|info| info.is_dir())
}

fn is_wanted_path(path: &Path, found: bool, args: &GrepArgs) -> bool {
    let base = path.file_name().unwrap_or(path.as_os_str()).as_encoded_bytes();
    is_wanted(base, found, args)
}

/// Whether a name is one of those that are asked for; `found`: it was not given by itself.
pub(super) fn is_wanted(name: &[u8], found: bool, args: &GrepArgs) -> bool {
    let base = name.rsplit(|&byte| byte == b'/').next().unwrap_or(name);
    let any = |globs: &[String]| globs.iter().any(|glob| glob::matches(glob.as_bytes(), base));
    !any(&args.exclude) && (args.include.is_empty() || !found || any(&args.include))
}

fn descend(
    dir: &Path,
    is_here: bool,
    args: &GrepArgs,
    system: &dyn FileSystem,
    inputs: &mut Vec<Result<Input, String>>,
) {
    let mut entries = Vec::new();
    let failed = |err: std::io::Error, inputs: &mut Vec<_>| {
        inputs.push(Err(format!("{}: {}", name(dir), describe(&err.into()))));
    };
    match system.list(dir) {
        Ok(found) => {
            for entry in found {
                match entry {
                    Ok(entry) => entries.push(entry),
                    Err(err) => failed(err, inputs),
                }
            }
        }
        Err(err) => failed(err, inputs),
    }
    entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    for (path, kind) in entries {
        // What is below the current directory is named without it.
        let path = match path.strip_prefix(".") {
            Ok(rest) if is_here => rest.to_path_buf(),
            _ => path,
        };
        match kind {
            FileKind::Dir => descend(&path, false, args, system, inputs),
            FileKind::File if is_wanted_path(&path, true, args) => {
                inputs.push(Ok(Input { path: Some(path), found: true }));
            }
            FileKind::File | FileKind::Link | FileKind::Special => {}
        }
    }
}
