//! What is said on standard error, and the exit code that follows from it.

use std::io::{self, Write as _};
use std::path::Path;

use crate::{signals, units};

/// The reader of the output went away: what the shell shows for SIGPIPE.
const READER_GONE: u8 = 141;

/// Says things, counts what went well and what did not.
#[derive(Debug)]
pub(crate) struct Console {
    quiet: u8,
    verbose: bool,
    done: u64,
    partly: u64,
    failed: u64,
    reader_gone: bool,
}

impl Console {
    pub(crate) fn new(quiet: u8, verbose: bool) -> Self {
        Self { quiet, verbose, done: 0, partly: 0, failed: 0, reader_gone: false }
    }

    /// An input is done.
    pub(crate) fn done(&mut self) {
        self.done += 1;
    }

    /// An input is done, but for something that has been said.
    pub(crate) fn partly(&mut self) {
        self.partly += 1;
    }

    /// Whether to go on with the next input.
    pub(crate) fn goes_on(&self) -> bool {
        !self.reader_gone && signals::received().is_none()
    }

    /// Nothing came of an input, or of everything.
    pub(crate) fn fail(&mut self, path: Option<&Path>, err: &anyhow::Error) {
        if is_broken_pipe(err) {
            self.reader_gone = true;
            return;
        }
        self.failed += 1;
        if signals::received().is_none() {
            self.say(path, &format!("{err:#}"));
        }
    }

    /// Says a line that matters even to those who asked for quiet, unless they asked twice.
    pub(crate) fn say(&self, path: Option<&Path>, text: &str) {
        if self.quiet < 2 {
            line(path, text);
        }
    }

    /// Warns: `-q` silences it.
    pub(crate) fn warn(&self, path: Option<&Path>, text: &str) {
        if self.quiet == 0 {
            line(path, text);
        }
    }

    /// Says a line under `-v`.
    pub(crate) fn note(&self, text: &str) {
        if self.verbose && self.quiet == 0 {
            drop(writeln!(io::stderr().lock(), "{text}"));
        }
    }

    /// The code for the shell.
    pub(crate) fn exit_code(&self) -> u8 {
        match signals::received() {
            Some(signal) => 128 | signal,
            None if self.reader_gone => READER_GONE,
            None if self.failed > 0 && self.done + self.partly == 0 => 1,
            None if self.failed + self.partly > 0 => 3,
            None => 0,
        }
    }
}

fn line(path: Option<&Path>, text: &str) {
    let path = path.map(|path| format!("{}: ", units::name(path.as_os_str().as_encoded_bytes())));
    // There is nobody to tell if standard error is gone.
    drop(writeln!(io::stderr().lock(), "lig: {}{text}", path.unwrap_or_default()));
}

fn is_broken_pipe(err: &anyhow::Error) -> bool {
    let broken = |err: &io::Error| err.kind() == io::ErrorKind::BrokenPipe;
    err.chain().any(|cause| {
        let of_ours = cause.downcast_ref::<lignite::Error>();
        cause.downcast_ref::<io::Error>().is_some_and(broken)
            || of_ours
                .is_some_and(|err| matches!(err.kind(), lignite::ErrorKind::Io(err) if broken(err)))
    })
}
