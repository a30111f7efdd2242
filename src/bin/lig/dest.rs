//! Where an output goes: its name, whether it may be written, and its way onto the disk.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::args::FilterArgs;
use crate::input::{Input, same_file};
use crate::output::{Output, name};
use crate::pending::Pending;

/// The suffix of our files.
pub(crate) const SUFFIX: &str = "lig";

/// A place for an output, not opened yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Stdout,
    File(PathBuf),
}

/// An open output.
#[derive(Debug)]
pub(crate) enum Dest {
    Stdout(File),
    /// A device or a pipe with a name.
    Special(File),
    File(Pending),
}

impl Dest {
    /// Opens a place. The input's metadata keeps an output from replacing what it is made from.
    pub(crate) fn open(
        place: &Place,
        input: Option<&Metadata>,
        args: &FilterArgs,
        out: &mut Output,
    ) -> Result<Self> {
        let path = match place {
            Place::Stdout => {
                let file = stdout()?;
                if let (Some(input), Ok(output)) = (input, file.metadata())
                    && input.is_file()
                    && same_file(input, &output)
                {
                    bail!("input and output are the same file");
                }
                return Ok(Self::Stdout(file));
            }
            Place::File(path) => path,
        };
        if let Ok(existing) = fs::metadata(path) {
            if existing.is_dir() {
                bail!("{} is a directory", name(path));
            }
            if input.is_some_and(|input| same_file(input, &existing)) {
                bail!("input and output are the same file");
            }
            if !existing.is_file() {
                let file = OpenOptions::new().write(true).open(path);
                return Ok(Self::Special(file.with_context(|| name(path))?));
            }
        }
        if fs::symlink_metadata(path).is_ok() && !args.force && !may_overwrite(path, args, out) {
            bail!("{} exists (-f overwrites)", name(path));
        }
        Ok(Self::File(
            Pending::create(path).with_context(|| format!("cannot write {}", name(path)))?,
        ))
    }

    /// Makes the output final: on disk, complete, under its name.
    pub(crate) fn commit(self, like: Option<&Metadata>) -> Result<()> {
        match self {
            Self::Stdout(mut file) | Self::Special(mut file) => file.flush()?,
            Self::File(pending) => {
                let shown = name(&pending.path);
                pending.commit(like).with_context(|| format!("cannot write {shown}"))?;
            }
        }
        Ok(())
    }

    /// Whether what has been written stays, even if the rest never comes.
    pub(crate) fn is_stream(&self) -> bool {
        !matches!(self, Self::File(_))
    }
}

impl Write for Dest {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(file) | Self::Special(file) => file.write(buf),
            Self::File(pending) => pending.file.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says where the output of an input goes. `derived` is the input's path with the suffix added or taken away.
pub(crate) fn place(
    input: &Input,
    derived: impl FnOnce(&Path) -> Result<PathBuf>,
    args: &FilterArgs,
) -> Result<Place> {
    if args.stdout {
        return Ok(Place::Stdout);
    }
    if let Some(output) = args.output.as_deref().filter(|output| !is_dir(output)) {
        return Ok(if output.as_os_str() == "-" {
            Place::Stdout
        } else {
            Place::File(output.to_owned())
        });
    }
    let Some(path) = &input.path else {
        if args.output.is_some() {
            bail!("has no name of its own (-o FILE gives one)");
        }
        return Ok(Place::Stdout);
    };
    let derived = derived(path)?;
    let base = derived.file_name().context("has no file name")?.to_owned();
    if let Some(dir) = &args.output {
        return Ok(Place::File(dir.join(base)));
    }
    let Some(mirror) = &args.output_dir_mirror else { return Ok(Place::File(derived)) };
    let mut below = mirror.clone();
    for part in path.parent().into_iter().flat_map(Path::components) {
        match part {
            Component::Normal(part) => below.push(part),
            Component::ParentDir => bail!("cannot be mirrored (its path has ..)"),
            _ => {}
        }
    }
    fs::create_dir_all(&below).with_context(|| format!("cannot create {}", name(&below)))?;
    Ok(Place::File(below.join(base)))
}

/// Whether `-o` names a directory.
pub(crate) fn is_dir(output: &Path) -> bool {
    output.as_os_str().to_string_lossy().ends_with(std::path::is_separator) || output.is_dir()
}

fn may_overwrite(path: &Path, args: &FilterArgs, out: &mut Output) -> bool {
    let reads_stdin =
        args.files.is_empty() || args.files.iter().any(|file| file.as_os_str() == "-");
    if reads_stdin || out.is_quiet() || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return false;
    }
    out.plain(&format!("lig: {} exists; overwrite it (y/N)? ", name(path)));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Standard output without a buffer in between.
#[cfg(unix)]
pub(crate) fn stdout() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Standard output without a buffer in between.
#[cfg(windows)]
pub(crate) fn stdout() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}
