//! Where bytes go: standard output, or a file that has its final name only once it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::args::Args;
use crate::input::Input;

/// The suffix of compressed files.
pub(crate) const SUFFIX: &str = "lig";

/// An output of the command.
#[derive(Debug)]
pub(crate) enum Output {
    Stdout(io::Stdout),
    File(Temporary),
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
        Ok(Self::File(Temporary::beside(path)?))
    }

    /// Ends the output; a file gets its name, and mode and times of `source`.
    pub(crate) fn finish(self, source: Option<&Path>) -> anyhow::Result<()> {
        match self {
            Self::Stdout(mut stdout) => Ok(stdout.flush()?),
            Self::File(temporary) => temporary.persist(source),
        }
    }
}

impl Write for Output {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(buf),
            Self::File(temporary) => temporary.file.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(temporary) => temporary.file.flush(),
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

/// A file beside its final name, removed unless it is persisted.
#[derive(Debug)]
pub(crate) struct Temporary {
    file: File,
    path: PathBuf,
    target: PathBuf,
    persisted: bool,
}

impl Temporary {
    fn beside(target: &Path) -> anyhow::Result<Self> {
        let mut name = std::ffi::OsString::from(".");
        name.push(target.file_name().context("the output has no name")?);
        name.push(format!(".tmp-{}", std::process::id()));
        let path = target.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            // Nobody else reads it before it has its source's mode.
            options.mode(0o600);
        }
        let create = || {
            format!("cannot create {}", crate::units::name(target.as_os_str().as_encoded_bytes()))
        };
        let file = options.open(&path).with_context(create)?;
        Ok(Self { file, path, target: target.to_owned(), persisted: false })
    }

    fn persist(mut self, source: Option<&Path>) -> anyhow::Result<()> {
        match source.and_then(|source| fs::metadata(source).ok()) {
            Some(meta) => {
                self.file.set_permissions(meta.permissions())?;
                if let Ok(modified) = meta.modified() {
                    // Some file systems keep no times: not worth failing for.
                    drop(self.file.set_times(fs::FileTimes::new().set_modified(modified)));
                }
            }
            None => default_mode(&self.file)?,
        }
        self.file.sync_all().context("cannot sync")?;
        fs::rename(&self.path, &self.target).context("cannot rename")?;
        self.persisted = true;
        let dir = self.target.parent().filter(|dir| !dir.as_os_str().is_empty());
        #[cfg(unix)]
        File::open(dir.unwrap_or_else(|| Path::new(".")))
            .and_then(|dir| dir.sync_all())
            .context("cannot sync")?;
        Ok(())
    }
}

/// The mode of a file without a source: readable by all, as the user's mask would mostly have it.
#[cfg(unix)]
fn default_mode(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let umask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(umask);
    file.set_permissions(fs::Permissions::from_mode(0o666 & !umask.bits()))
}

#[cfg(not(unix))]
fn default_mode(_: &File) -> io::Result<()> {
    Ok(())
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.persisted {
            drop(fs::remove_file(&self.path));
        }
    }
}
