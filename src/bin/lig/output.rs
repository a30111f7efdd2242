//! Where bytes go: standard output, or a file that has its final name only once it is whole.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use lignite::vfs::{AtomicFile, OsFileSystem};

use crate::args::Args;
use crate::input::Input;

/// The suffix of compressed files.
pub(crate) const SUFFIX: &str = "lig";

/// An output of the command.
#[derive(Debug)]
pub(crate) enum Output {
    Stdout(io::Stdout),
    File(AtomicFile<'static>),
}

impl Output {
    /// Standard output, unless it is a terminal and `compressed` bytes are to be written.
    pub(crate) fn stdout(compressed: bool, force: bool) -> anyhow::Result<Self> {
        if compressed && !force && io::stdout().is_terminal() {
            bail!(
                "compressed bytes are not written to a terminal (redirect, use -o, or force with -f)"
            );
        }
        Ok(Self::Stdout(io::stdout()))
    }

    /// A file that is not there yet, or may be overwritten.
    pub(crate) fn file(path: &Path, input: &Input, force: bool) -> anyhow::Result<Self> {
        if input.path().is_some_and(|source| same_file(source, path)) {
            bail!("input and output are the same file");
        }
        if !force && path.symlink_metadata().is_ok() && !agreed(path)? {
            bail!(
                "{} exists (use -f to overwrite)",
                crate::units::name(path.as_os_str().as_encoded_bytes())
            );
        }
        let name =
            || format!("cannot create {}", crate::units::name(path.as_os_str().as_encoded_bytes()));
        Ok(Self::File(AtomicFile::create(&OsFileSystem, path, input.path()).with_context(name)?))
    }

    /// Ends the output; a file gets its name, and mode and time of its input.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Stdout(mut stdout) => Ok(stdout.flush()?),
            Self::File(file) => file.persist().context("cannot finish the output"),
        }
    }
}

impl Write for Output {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(buf),
            Self::File(file) => file.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(file) => file.flush(),
        }
    }
}

/// The path that the output of `input` has.
pub(crate) fn path_for(args: &Args, input: &Path, name: &Path) -> PathBuf {
    match &args.output {
        Some(output)
            if output.is_dir() || output.as_os_str().as_encoded_bytes().ends_with(b"/") =>
        {
            output.join(name.file_name().unwrap_or(name.as_os_str()))
        }
        Some(output) => output.clone(),
        None => input.with_file_name(name.file_name().unwrap_or(name.as_os_str())),
    }
}

/// Asks where somebody is there to answer; else no.
fn agreed(path: &Path) -> anyhow::Result<bool> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(false);
    }
    let name = crate::units::name(path.as_os_str().as_encoded_bytes());
    write!(io::stderr().lock(), "lig: {name} exists; overwrite (y/n)? ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Whether two paths lead to one file.
pub(crate) fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}
