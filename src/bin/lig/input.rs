//! Where bytes come from.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::args::Args;
use crate::console::Console;
use crate::signals;

/// An input of the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Stdin,
    File(PathBuf),
}

impl Input {
    /// The inputs that were named, directories walked where asked for.
    pub(crate) fn all(args: &Args, console: &mut Console) -> Vec<Self> {
        let mut inputs = Vec::new();
        for path in &args.files {
            if path.as_os_str() == "-" {
                inputs.push(Self::Stdin);
            } else if path.is_dir() {
                if args.recursive {
                    walk(path, &mut inputs, console);
                } else {
                    console.fail(
                        Some(path),
                        &anyhow::anyhow!("is a directory (use -r to go into it)"),
                    );
                }
            } else {
                inputs.push(Self::File(path.clone()));
            }
        }
        if args.files.is_empty() {
            inputs.push(Self::Stdin);
        }
        inputs
    }

    /// The path for messages; none for standard input.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::File(path) => Some(path),
        }
    }

    /// Opens the input; `flush` is how long standard input may pause before [`Waiting::Paused`].
    pub(crate) fn open(&self, flush: Duration) -> anyhow::Result<Waiting> {
        match self {
            Self::Stdin => {
                Ok(Waiting { src: Box::new(io::stdin().lock()), pause: Some(flush), waited: false })
            }
            Self::File(path) => {
                let file = File::open(path).context("cannot open")?;
                if file.metadata().is_ok_and(|meta| meta.is_dir()) {
                    bail!("is a directory (use -r to go into it)");
                }
                Ok(Waiting { src: Box::new(file), pause: None, waited: false })
            }
        }
    }

    /// Refuses to read compressed bytes from a keyboard.
    pub(crate) fn refuse_terminal(&self, force: bool) -> anyhow::Result<()> {
        if *self == Self::Stdin && !force && io::stdin().is_terminal() {
            bail!("standard input is a terminal (name a file, or use -f)");
        }
        Ok(())
    }
}

/// Adds the regular files below `dir`, sorted by name; links and devices are passed over.
fn walk(dir: &Path, inputs: &mut Vec<Input>, console: &mut Console) {
    let entries = match std::fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(err) => {
            return console.fail(Some(dir), &anyhow::Error::from(err).context("cannot read"));
        }
    };
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        match path.symlink_metadata() {
            Ok(meta) if meta.is_dir() => walk(&path, inputs, console),
            Ok(meta) if meta.is_file() => inputs.push(Input::File(path)),
            Ok(_) => console.warn(Some(&path), "skipped (not a regular file)"),
            Err(err) => console.fail(Some(&path), &err.into()),
        }
    }
}

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// So many bytes.
    Bytes(usize),
    /// Nothing for as long as a pause lasts.
    Paused,
    /// The end, of the input or by a signal.
    End,
}

/// A reader that notices pauses and signals.
pub(crate) struct Waiting {
    src: Box<dyn Read>,
    /// Standard input: how long to wait.
    pause: Option<Duration>,
    /// The pause that lasts has been reported.
    waited: bool,
}

impl Waiting {
    /// Reads once.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Got> {
        loop {
            if signals::received().is_some() {
                return Ok(Got::End);
            }
            if let Some(pause) = self.pause
                && !ready(if self.waited { Duration::ZERO } else { pause })?
            {
                if signals::received().is_none() {
                    self.waited = true;
                    return Ok(Got::Paused);
                }
                continue;
            }
            self.waited = false;
            match self.src.read(buffer) {
                Ok(0) => return Ok(Got::End),
                Ok(len) => return Ok(Got::Bytes(len)),
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
    }
}

impl Read for Waiting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match Self::read(self, buffer)? {
                Got::Bytes(len) => return Ok(len),
                Got::End => return Ok(0),
                Got::Paused => {}
            }
        }
    }
}

/// Waits until standard input has something. No time: for ever, or until a signal.
#[cfg(unix)]
fn ready(pause: Duration) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let timeout = Timespec::try_from(pause).ok().filter(|_| !pause.is_zero());
    match poll(&mut fds, timeout.as_ref()) {
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(err) => Err(err.into()),
    }
}

/// Elsewhere a read waits, and there is no flush by time.
#[cfg(not(unix))]
fn ready(_: Duration) -> io::Result<bool> {
    Ok(true)
}
