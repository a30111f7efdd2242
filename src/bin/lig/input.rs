//! Inputs: which ones there are, and how each is opened.

use std::cell::Cell;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::args::FilterArgs;
use crate::output::name;
use crate::signal::Signals;

/// How long a signal may go unnoticed while a pipe is silent.
pub(crate) const WAIT_MAX: Duration = Duration::from_millis(250);

/// One input, not opened yet.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// `None` is standard input.
    pub(crate) path: Option<PathBuf>,
    /// Found in a directory, not named.
    pub(crate) found: bool,
}

impl Input {
    /// The input's name for messages.
    pub(crate) fn name(&self) -> String {
        self.path.as_deref().map_or_else(|| "standard input".to_owned(), name)
    }

    /// Opens the input.
    pub(crate) fn open(&self) -> Result<Opened> {
        let Some(path) = &self.path else {
            let file = stdin()?;
            let metadata = file.metadata()?;
            return Ok(Opened { file, metadata });
        };
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            bail!("is a directory (-r descends)");
        }
        Ok(Opened { file, metadata })
    }
}

/// An open input, and what was known of it then.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) metadata: Metadata,
}

/// Lists all inputs; each that is none comes as an error. Directories are sorted by name.
pub(crate) fn collect(args: &FilterArgs) -> Result<Vec<Result<Input, String>>> {
    let mut named: Vec<PathBuf> = args.files.clone();
    if let Some(list) = &args.files_from {
        named.extend(read_names(list, if args.null { 0 } else { b'\n' })?);
    }
    let mut inputs = Vec::with_capacity(named.len().max(1));
    if named.is_empty() && args.files_from.is_none() {
        inputs.push(Ok(Input { path: None, found: false }));
    }
    for path in named {
        if path.as_os_str() == "-" {
            inputs.push(Ok(Input { path: None, found: false }));
        } else if args.recursive && path.is_dir() {
            descend(&path, &mut inputs);
        } else {
            inputs.push(Ok(Input { path: Some(path), found: false }));
        }
    }
    Ok(inputs)
}

fn descend(dir: &Path, inputs: &mut Vec<Result<Input, String>>) {
    let failed = |path: &Path, err: io::Error| {
        Err(format!("{}: {}", name(path), crate::output::describe(&err.into())))
    };
    let mut entries = Vec::new();
    match fs::read_dir(dir) {
        Ok(iter) => {
            for entry in iter {
                match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
                    Ok(entry) => entries.push(entry),
                    Err(err) => inputs.push(failed(dir, err)),
                }
            }
        }
        Err(err) => inputs.push(failed(dir, err)),
    }
    entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    for (path, kind) in entries {
        if kind.is_dir() {
            descend(&path, inputs);
        } else if kind.is_file() {
            inputs.push(Ok(Input { path: Some(path), found: true }));
        }
    }
}

fn read_names(list: &Path, end: u8) -> Result<Vec<PathBuf>> {
    let mut bytes = Vec::new();
    if list.as_os_str() == "-" {
        stdin()?.read_to_end(&mut bytes).context("standard input")?;
    } else {
        bytes = fs::read(list).with_context(|| name(list))?;
    }
    let names = bytes.split(|&byte| byte == end).filter(|name| !name.is_empty());
    names.map(to_path).collect()
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "it can fail on other systems")]
fn to_path(bytes: &[u8]) -> Result<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn to_path(bytes: &[u8]) -> Result<PathBuf> {
    let name = std::str::from_utf8(bytes).context("a name is not UTF-8")?;
    Ok(PathBuf::from(name.trim_end_matches('\r')))
}

/// Standard input without a buffer in between.
#[cfg(unix)]
pub(crate) fn stdin() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Standard input without a buffer in between.
#[cfg(windows)]
pub(crate) fn stdin() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

/// Whether two open files are one.
#[cfg(unix)]
pub(crate) fn same_file(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    a.dev() == b.dev() && a.ino() == b.ino()
}

/// Whether two open files are one: not known here.
#[cfg(not(unix))]
pub(crate) fn same_file(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// Whether a file is still the one that was opened, with the same content as far as its times tell.
pub(crate) fn unchanged(then: &Metadata, now: &Metadata) -> bool {
    same_file(then, now) && same_content(then, now)
}

/// Whether a file has the same size and time of change as before.
pub(crate) fn same_content(then: &Metadata, now: &Metadata) -> bool {
    then.len() == now.len() && then.modified().ok() == now.modified().ok()
}

/// What came of waiting for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    Ready,
    TimedOut,
}

/// Waits until a read would not block, a signal arrives, or the time is over.
#[cfg(unix)]
pub(crate) fn wait(file: &File, timeout: Duration) -> io::Result<Waited> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let timeout = Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    match poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&timeout)) {
        Ok(0) | Err(rustix::io::Errno::INTR) => Ok(Waited::TimedOut),
        Ok(_) => Ok(Waited::Ready),
        Err(err) => Err(err.into()),
    }
}

/// Waiting is not known here: a read blocks.
#[cfg(not(unix))]
pub(crate) fn wait(_: &File, _: Duration) -> io::Result<Waited> {
    Ok(Waited::Ready)
}

/// A file whose reads end when a signal arrives, however long a pipe is silent.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a File,
    /// A pipe, which may be silent for long.
    pub(crate) waits: bool,
    pub(crate) signals: Signals,
    /// Bytes read so far.
    pub(crate) read: &'a Cell<u64>,
}

impl Read for Source<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.waits && wait(self.file, WAIT_MAX)? == Waited::TimedOut {
            if let Some(signal) = self.signals.ending() {
                return Err(io::Error::other(signal));
            }
        }
        let len = self.file.read(buf)?;
        self.read.set(self.read.get() + len as u64);
        Ok(len)
    }
}
