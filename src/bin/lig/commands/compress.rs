//! `lig FILE…`

use std::fs::File;
use std::io::{BufRead as _, Read as _, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use lignite::{Reader, Summary, WriterBuilder};

use crate::args::Args;
use crate::commands::Ending;
use crate::console::Console;
use crate::input::{Got, Input};
use crate::output::{self, Output, SUFFIX};
use crate::progress::Progress;
use crate::{signals, units};

/// Bytes of a read.
const READ: usize = 1 << 18;
/// Threads without -T, on machines that have them.
const THREADS_DEFAULT_MAX: usize = 4;

/// Compresses one input.
pub(crate) fn run(args: &Args, input: &Input, console: &Console) -> anyhow::Result<Ending> {
    let builder = builder(args)?;
    let target = match input {
        Input::File(path) if !args.stdout => {
            if path.extension().is_some_and(|extension| extension == SUFFIX) {
                console.warn(Some(path), "already has the suffix .lig, skipped");
                return Ok(Ending::Whole);
            }
            let mut name = path.clone().into_os_string();
            name.push(".");
            name.push(SUFFIX);
            Some(output::path_for(args, path, Path::new(&name)))
        }
        _ => args.output.clone().filter(|_| !args.stdout),
    };
    input.refuse_terminal(args.force)?;
    // The input first: no output is made for what cannot be read.
    let mut src = input.open(args.flush.unwrap_or_default())?;
    let before = input.path().map(Stamp::of).transpose()?;
    let dst = match &target {
        Some(path) => Output::file(path, input, args.force)?,
        None => Output::stdout(true, args.force)?,
    };
    let mut wtr = builder.from_writer(dst);
    let mut buffer = vec![0; READ];
    let mut progress = Progress::new(args, before.as_ref().map(|stamp| stamp.len));
    loop {
        match src.read(&mut buffer).context("cannot read")? {
            Got::Bytes(len) => wtr.write_all(buffer.get(..len).unwrap_or_default())?,
            Got::Paused => wtr.flush_block()?,
            Got::End => break,
        }
        progress.update(&wtr.progress());
    }
    // A stream on standard output is ended in order even at a signal; a file is not kept half.
    if target.is_some() && signals::received().is_some() {
        bail!("interrupted");
    }
    let (dst, summary) = wtr.finish()?;
    dst.finish()?;
    say(console, input, target.as_deref(), &summary);
    if let (true, Some(source), Some(target)) = (args.rm, input.path(), &target) {
        remove(source, target, before.as_ref())?;
    }
    Ok(Ending::Whole)
}

fn builder(args: &Args) -> anyhow::Result<WriterBuilder> {
    let mut builder = WriterBuilder::new();
    builder.level(args.level)?;
    if let Some(bytes) = args.block_size {
        builder.block_bytes(u32::try_from(bytes).unwrap_or(u32::MAX))?;
    }
    builder.threads(threads(args)?);
    Ok(builder)
}

/// Threads that were asked for, fewer where memory is bounded.
fn threads(args: &Args) -> anyhow::Result<NonZeroUsize> {
    let available = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let asked = if args.threads == 0 { available().min(THREADS_DEFAULT_MAX) } else { args.threads };
    let Some(memory) = args.memory else {
        return Ok(NonZeroUsize::new(asked).unwrap_or(NonZeroUsize::MIN));
    };
    let block = args.block_size.unwrap_or(match args.level {
        ..=5 => 16 << 20,
        6 => 32 << 20,
        _ => 64 << 20,
    });
    // What was measured: some seven times the block for each thread, and as much again to read and write.
    let each = block * 7 + (32 << 20);
    let fit = (memory / each).saturating_sub(u64::from(asked > 1));
    if fit == 0 {
        bail!(
            "needs about {} of memory, allowed are {} (use a lower level or a smaller --block-size)",
            units::bytes(each),
            units::bytes(memory)
        );
    }
    let fit = usize::try_from(fit).unwrap_or(usize::MAX);
    Ok(NonZeroUsize::new(asked.min(fit)).unwrap_or(NonZeroUsize::MIN))
}

fn say(console: &Console, input: &Input, target: Option<&Path>, summary: &Summary) {
    let name = |path: Option<&Path>, other: &str| {
        path.map_or_else(
            || other.to_owned(),
            |path| units::name(path.as_os_str().as_encoded_bytes()),
        )
    };
    console.note(&format!(
        "{} : {:.2}x ({} => {}, {} lines, {} templates, {})",
        name(input.path(), "stdin"),
        units::ratio(summary.bytes_in, summary.bytes_out),
        units::bytes(summary.bytes_in),
        units::bytes(summary.bytes_out),
        summary.lines,
        summary.templates,
        name(target, "stdout"),
    ));
}

/// What tells that a source has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    len: u64,
    modified: Option<std::time::SystemTime>,
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let meta = std::fs::metadata(path).context("cannot read")?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&meta);
        #[cfg(not(unix))]
        let inode = 0;
        Ok(Self { len: meta.len(), modified: meta.modified().ok(), inode })
    }
}

/// Removes a source once its output decodes to the same bytes and it has not changed meanwhile.
fn remove(source: &Path, target: &PathBuf, before: Option<&Stamp>) -> anyhow::Result<()> {
    let original = File::open(source)?;
    let mut reader = Reader::new(File::open(target)?)?;
    let mut expected = Vec::new();
    loop {
        let decoded = reader.fill_buf()?;
        let len = decoded.len();
        expected.clear();
        (&original).take((len as u64).max(1)).read_to_end(&mut expected)?;
        if decoded != expected {
            bail!("the output does not decode to the source; the source is kept");
        }
        if len == 0 {
            break;
        }
        reader.consume(len);
    }
    if before != Some(&Stamp::of(source)?) {
        bail!("changed while being read; the source is kept");
    }
    std::fs::remove_file(source).context("cannot remove the source")
}
