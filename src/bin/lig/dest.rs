//! Where an output goes: its name, whether it may be written, and its way onto the disk.

use std::io::{self, IsTerminal, Read, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use lignite::vfs::{AtomicFile, FileInfo, FileSystem, WriteFile};

use crate::args::FilterArgs;
use crate::input::Input;
use crate::output::{Output, name};

/// The suffix of our files.
pub(crate) const SUFFIX: &str = "lig";

/// A place for an output, not opened yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Stdout,
    File(PathBuf),
}

impl Place {
    /// What to say when it cannot be written.
    pub(crate) fn cannot_write(&self) -> String {
        match self {
            Self::Stdout => "cannot write to standard output".to_owned(),
            Self::File(path) => format!("cannot write {}", name(path)),
        }
    }
}

/// An open output.
#[derive(Debug)]
pub(crate) enum Dest<'a> {
    /// Standard output, a device, or a pipe with a name: what has been written stays, whatever comes.
    Stream(Box<dyn WriteFile>),
    /// A file that has its name only once it is whole.
    File(AtomicFile<'a>),
}

impl<'a> Dest<'a> {
    /// Opens a place. What is known of the input keeps an output from replacing what it is made from; `like` is the file
    /// that the output takes after.
    pub(crate) fn open(
        place: &Place,
        input: &FileInfo,
        like: Option<&FileInfo>,
        args: &FilterArgs,
        system: &'a dyn FileSystem,
        out: &mut Output,
    ) -> Result<Self> {
        const SAME: &str = "input and output are the same file";
        let path = match place {
            Place::Stdout => {
                let file = system.stdout()?;
                let output = file.info();
                if input.is_file() && output.is_ok_and(|output| input.is_same_file(&output)) {
                    bail!(SAME);
                }
                return Ok(Self::Stream(file));
            }
            Place::File(path) => path,
        };
        if let Some(existing) = found(system.info(path), path)? {
            if existing.is_dir() {
                bail!("{} is a directory", name(path));
            }
            if input.is_same_file(&existing) {
                bail!(SAME);
            }
            if !existing.is_file() {
                return Ok(Self::Stream(system.append(path).with_context(|| name(path))?));
            }
        }
        let is_taken = found(system.link_info(path), path)?.is_some();
        if is_taken && !args.force && !may_overwrite(path, args, system, out) {
            bail!("{} exists (-f overwrites)", name(path));
        }
        let like = like.filter(|like| like.is_file()).cloned();
        let file = AtomicFile::create(system, path, like);
        Ok(Self::File(file.with_context(|| format!("cannot write {}", name(path)))?))
    }

    /// Makes the output final: on disk, complete, under its name.
    pub(crate) fn commit(self) -> Result<()> {
        match self {
            Self::Stream(mut file) => file.flush().context("cannot write"),
            Self::File(file) => {
                let shown = name(file.target());
                file.persist().with_context(|| format!("cannot write {shown}"))
            }
        }
    }

    /// Whether what has been written stays, even if the rest never comes.
    pub(crate) fn is_stream(&self) -> bool {
        !matches!(self, Self::File(_))
    }
}

impl Write for Dest<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream(file) => file.write(buf),
            Self::File(file) => file.write(buf),
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
    system: &dyn FileSystem,
) -> Result<Place> {
    if args.stdout {
        return Ok(Place::Stdout);
    }
    if let Some(output) = args.output.as_deref().filter(|output| !is_dir(output, system)) {
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
    system.create_dir_all(&below).with_context(|| format!("cannot create {}", name(&below)))?;
    Ok(Place::File(below.join(base)))
}

/// What is known of a place for an output; `None` if nothing is there. Where that cannot be told, nothing is written.
fn found(info: io::Result<FileInfo>, path: &Path) -> Result<Option<FileInfo>> {
    match info {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        info => Ok(Some(info.with_context(|| format!("cannot write {}", name(path)))?)),
    }
}

/// Whether `-o` names a directory.
pub(crate) fn is_dir(output: &Path, system: &dyn FileSystem) -> bool {
    output.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
        || system.info(output).is_ok_and(|info| info.is_dir())
}

fn may_overwrite(
    path: &Path,
    args: &FilterArgs,
    system: &dyn FileSystem,
    out: &mut Output,
) -> bool {
    let reads_stdin =
        args.files.is_empty() || args.files.iter().any(|file| file.as_os_str() == "-");
    if reads_stdin || out.is_quiet() || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return false;
    }
    out.plain(&format!("lig: {} exists; overwrite it (y/N)? ", name(path)));
    // A terminal gives one line at a time.
    let mut answer = [0; 64];
    let len = system.stdin().and_then(|mut stdin| stdin.read(&mut answer)).unwrap_or(0);
    let answer = answer.get(..len).unwrap_or_default().trim_ascii();
    matches!(answer, b"y" | b"Y" | b"yes")
}
