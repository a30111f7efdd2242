//! Inputs: which ones there are, and how each is opened.

use std::cell::Cell;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lignite::vfs::{FileInfo, FileKind, FileSystem, ReadFile};

use crate::args::FilterArgs;
use crate::output::{Output, name};
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

    /// The inputs that words name: - is standard input, and so is no word at all.
    pub(crate) fn from_words(words: &[PathBuf]) -> Vec<Self> {
        let one = |word: &PathBuf| {
            let is_standard = word.as_os_str() == "-";
            Self { path: (!is_standard).then(|| word.clone()), found: false }
        };
        if words.is_empty() {
            vec![Self { path: None, found: false }]
        } else {
            words.iter().map(one).collect()
        }
    }

    /// Opens the input.
    pub(crate) fn open(&self, system: &dyn FileSystem) -> Result<Opened> {
        let file = match &self.path {
            None => system.stdin()?,
            Some(path) => system.open(path)?,
        };
        let info = file.info()?;
        if self.path.is_some() && info.is_dir() {
            bail!("is a directory (-r descends)");
        }
        Ok(Opened { file, info })
    }
}

/// An open input, and what was known of it then.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) file: Box<dyn ReadFile>,
    pub(crate) info: FileInfo,
}

/// Lists all inputs; each that is none comes as an error. Directories are sorted by name.
pub(crate) fn collect(
    args: &FilterArgs,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Result<Vec<Result<Input, String>>> {
    let mut named: Vec<PathBuf> = args.files.clone();
    if let Some(list) = &args.files_from {
        named.extend(read_names(list, if args.null { 0 } else { b'\n' }, system)?);
    }
    let mut inputs = Vec::with_capacity(named.len().max(1));
    if named.is_empty() && args.files_from.is_none() {
        inputs.push(Ok(Input { path: None, found: false }));
    }
    for path in named {
        if path.as_os_str() == "-" {
            inputs.push(Ok(Input { path: None, found: false }));
        } else if args.recursive && system.info(&path).is_ok_and(|info| info.is_dir()) {
            descend(&path, system, out, &mut inputs);
        } else {
            inputs.push(Ok(Input { path: Some(path), found: false }));
        }
    }
    Ok(inputs)
}

fn descend(
    dir: &Path,
    system: &dyn FileSystem,
    out: &mut Output,
    inputs: &mut Vec<Result<Input, String>>,
) {
    let failed =
        |err: io::Error| Err(format!("{}: {}", name(dir), crate::output::describe(&err.into())));
    let mut entries = Vec::new();
    match system.list(dir) {
        Ok(found) => {
            for entry in found {
                match entry {
                    Ok(entry) => entries.push(entry),
                    Err(err) => inputs.push(failed(err)),
                }
            }
        }
        Err(err) => inputs.push(failed(err)),
    }
    entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    for (path, kind) in entries {
        match kind {
            FileKind::Dir => descend(&path, system, out, inputs),
            FileKind::File => inputs.push(Ok(Input { path: Some(path), found: true })),
            FileKind::Link => {
                out.warning(format_args!("{}: skipped (symbolic link)", name(&path)));
            }
            FileKind::Special => {
                out.warning(format_args!("{}: skipped (not a regular file)", name(&path)));
            }
        }
    }
}

/// The names in a file, each ended by a byte.
pub(crate) fn read_names(list: &Path, end: u8, system: &dyn FileSystem) -> Result<Vec<PathBuf>> {
    let mut bytes = Vec::new();
    if list.as_os_str() == "-" {
        system.stdin()?.read_to_end(&mut bytes).context("standard input")?;
    } else {
        let read = system.open(list).and_then(|mut file| file.read_to_end(&mut bytes));
        read.with_context(|| name(list))?;
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

/// What came of waiting for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    Ready,
    TimedOut,
}

/// Waits until a read would not block, a signal arrives, or the time is over.
#[cfg(unix)]
pub(crate) fn wait(file: &dyn ReadFile, timeout: Duration) -> io::Result<Waited> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let Some(file) = file.as_os() else { return Ok(Waited::Ready) };
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
pub(crate) fn wait(_: &dyn ReadFile, _: Duration) -> io::Result<Waited> {
    Ok(Waited::Ready)
}

/// A file whose reads end when a signal arrives, however long a pipe is silent.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a mut dyn ReadFile,
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
