//! `lig FILE…`: raw bytes in, a stream of blocks out.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lignite::{Summary, Writer, WriterBuilder};

use super::{Outcome, Session, remove};
use crate::args::{DEFAULT_LEVEL, FilterArgs, Flush};
use crate::dest::{self, Place, SUFFIX};
use crate::input::{self, Input, Opened, Waited};
use crate::output::name;
use crate::progress::Progress;
use crate::signal::Interrupted;
use crate::units;

const READ_BYTES: usize = 512 << 10;
/// How long a signal may go unnoticed while a pipe is silent.
const WAIT_MAX: Duration = Duration::from_millis(250);
/// Threads where nothing else is asked for.
const DEFAULT_THREADS_MAX: usize = 4;
/// A file below this is one block at every level: a second thread would only cost its start.
const SMALL_BYTES: u64 = 1 << 20;
/// The levels this build has.
const LEVEL_MAX: u8 = 7;

/// How to compress, the same for all inputs.
#[derive(Debug)]
pub(crate) struct Plan {
    builder: WriterBuilder,
    threads: NonZeroUsize,
}

impl Plan {
    pub(crate) fn new(args: &FilterArgs) -> Result<Self> {
        let level = level(args)?;
        let mut builder = WriterBuilder::new();
        builder.level(level)?;
        if let Some(bytes) = args.block_size {
            builder.block_bytes(bytes).context("--block-size")?;
        }
        let threads = within_memory(threads(args)?, args)?;
        Ok(Self { builder, threads })
    }
}

fn level(args: &FilterArgs) -> Result<u8> {
    let from_env = || match std::env::var_os("LIG_LEVEL") {
        None => Ok(DEFAULT_LEVEL),
        Some(text) => text
            .to_str()
            .and_then(|text| text.parse().ok())
            .filter(|level| (1..=9).contains(level))
            .with_context(|| format!("LIG_LEVEL: {} is no level from 1 to 9", name(text.as_ref()))),
    };
    let level = args.level.0.map_or_else(from_env, Ok)?;
    if level > LEVEL_MAX {
        bail!("level {level} needs the model, which is not in this build (-1 to -{LEVEL_MAX} work)");
    }
    Ok(level)
}

fn threads(args: &FilterArgs) -> Result<NonZeroUsize> {
    let from_env = || match std::env::var_os("LIG_THREADS") {
        None => Ok(None),
        Some(text) => match text.to_str().and_then(|text| text.parse().ok()) {
            Some(threads) => Ok(Some(threads)),
            None => bail!("LIG_THREADS: {} is no number of threads", name(text.as_ref())),
        },
    };
    let asked = if args.threads.is_some() { args.threads } else { from_env()? };
    if let Some(threads) = asked.and_then(NonZeroUsize::new) {
        return Ok(threads);
    }
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let most = NonZeroUsize::new(DEFAULT_THREADS_MAX).unwrap_or(NonZeroUsize::MIN);
    Ok(if asked.is_some() { cores } else { cores.min(most) })
}

/// Memory that compression takes, at most: what is there once, and what each thread adds.
fn memory_estimate(threads: usize, block_bytes: Option<u32>) -> u64 {
    const BASE_BYTES: u64 = 100_000_000;
    const THREAD_BYTES: u64 = 100_000_000;
    /// A block is held raw, split, encoded and compressed.
    const PER_RAW_BYTE: u64 = 6;
    let block = u64::from(block_bytes.unwrap_or(0)).saturating_mul(PER_RAW_BYTE);
    let threads = u64::try_from(threads).unwrap_or(u64::MAX);
    BASE_BYTES.saturating_add(threads.saturating_mul(THREAD_BYTES.max(block)))
}

fn within_memory(threads: NonZeroUsize, args: &FilterArgs) -> Result<NonZeroUsize> {
    let Some(allowed) = args.memory else { return Ok(threads) };
    let fits = |threads: usize| memory_estimate(threads, args.block_size) <= allowed;
    let most = (1..=threads.get()).rev().find(|&threads| fits(threads));
    most.and_then(NonZeroUsize::new).with_context(|| {
        format!(
            "--memory: one thread needs {}, allowed are {}",
            units::bytes(memory_estimate(1, args.block_size)),
            units::bytes(allowed)
        )
    })
}

/// Compresses one input.
pub(crate) fn one(input: &Input, plan: &Plan, session: &mut Session<'_>) -> Result<Outcome> {
    let args = session.args;
    let names_output = !args.stdout && args.output.as_deref().is_none_or(dest::is_dir);
    let has_suffix = input.path.as_deref().and_then(|path| path.extension()).is_some_and(|it| it == SUFFIX);
    if names_output && has_suffix {
        session.out.warning(format_args!("{}: has the suffix .{SUFFIX} already (skipped)", input.name()));
        return Ok(Outcome::Done);
    }
    let mut opened = input.open()?;
    let place = dest::place(input, |path| Ok(with_suffix(path)), args)?;
    if input.path.is_some() && names_output && !opened.metadata.is_file() {
        bail!("is not a regular file (use -c or -o FILE)");
    }
    if place == Place::Stdout && !args.force && io::stdout().is_terminal() {
        bail!("compressed bytes are not for a terminal (-f writes them; see --help)");
    }
    let mut dest = session.open(&place, &opened.metadata)?;

    let mut builder = plan.builder.clone();
    let small = opened.metadata.is_file() && opened.metadata.len() < SMALL_BYTES;
    builder.threads(if small { NonZeroUsize::MIN } else { plan.threads });
    let flush = if dest.is_stream() { args.flush } else { Flush::Never };
    let mut writer = builder.from_writer(&mut dest);
    let end = pump(&mut opened, &mut writer, flush, input, session)?;
    if let (End::Signal(signal), Place::File(_)) = (&end, &place) {
        return Err((*signal).into());
    }
    let (_, summary) = writer.finish().map_err(|err| cannot_write(err, &place))?;
    match end {
        End::Signal(signal) => return Err(signal.into()),
        End::Unreadable(err) => {
            if !dest.is_stream() {
                return Err(err).context("cannot read");
            }
            session.close(dest, &opened.metadata)?;
            let read = units::bytes(summary.bytes_in);
            session.out.error(format_args!("{}: cannot read on after {read}: {err}", input.name()));
            return Ok(if summary.bytes_in > 0 { Outcome::Partial } else { Outcome::Failed });
        }
        End::All => session.close(dest, &opened.metadata)?,
    }
    session.out.end_progress();
    summarise(input, &place, &summary, session);
    after(input, &place, &opened, &summary, session)
}

/// Removes the input if that is wanted, and notices one that changed under our hands.
fn after(
    input: &Input,
    place: &Place,
    opened: &Opened,
    summary: &Summary,
    session: &mut Session<'_>,
) -> Result<Outcome> {
    let metadata = opened.file.metadata()?;
    let is_file = input.path.is_some() && metadata.is_file();
    if is_file
        && (metadata.len() != summary.bytes_in || !input::same_content(&opened.metadata, &metadata))
    {
        session.out.warning(format_args!(
            "{}: changed while it was read ({} bytes are stored)",
            input.name(),
            summary.bytes_in
        ));
        return Ok(Outcome::Partial);
    }
    if let (true, Some(path), Place::File(output)) = (session.args.rm, &input.path, place) {
        if session.args.output.as_deref().is_some_and(|output| !dest::is_dir(output)) && session.is_shared {
            bail!("is kept (--rm needs an output of its own for each input)");
        }
        remove::after_compression(path, &opened.metadata, output, session)?;
    }
    Ok(Outcome::Done)
}

fn with_suffix(path: &std::path::Path) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(".");
    path.push(SUFFIX);
    path.into()
}

fn cannot_write(err: lignite::Error, place: &Place) -> anyhow::Error {
    anyhow::Error::new(err).context(match place {
        Place::Stdout => "cannot write to standard output".to_owned(),
        Place::File(path) => format!("cannot write {}", name(path)),
    })
}

fn summarise(input: &Input, place: &Place, summary: &Summary, session: &mut Session<'_>) {
    let target = match place {
        Place::Stdout => "standard output".to_owned(),
        Place::File(path) => name(path),
    };
    session.out.summary(format_args!(
        "{} : {} ({} => {}, {target})",
        input.name(),
        units::percent(summary.bytes_out, summary.bytes_in),
        units::bytes(summary.bytes_in),
        units::bytes(summary.bytes_out),
    ));
}

/// Why there is nothing more to compress.
enum End {
    All,
    Signal(Interrupted),
    Unreadable(io::Error),
}

fn pump<W: Write>(
    opened: &mut Opened,
    writer: &mut Writer<W>,
    flush: Flush,
    input: &Input,
    session: &mut Session<'_>,
) -> Result<End> {
    let is_file = opened.metadata.is_file();
    let total = is_file.then(|| opened.metadata.len());
    let mut progress = Progress::new(input.name(), total, session.args);
    let mut read = 0;
    let mut buf = vec![0; READ_BYTES];
    let mut unflushed_since = None;
    loop {
        if let Some(signal) = session.signals.ending() {
            return Ok(End::Signal(signal));
        }
        if !is_file && !ready(&opened.file, writer, flush, &mut unflushed_since)? {
            progress.tick(read, writer.progress().bytes_out, &session.signals, session.out);
            continue;
        }
        let len = match opened.file.read(&mut buf) {
            Ok(0) => return Ok(End::All),
            Ok(len) => len,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
            Err(err) => return Ok(End::Unreadable(err)),
        };
        writer.write_all(buf.get(..len).unwrap_or_default())?;
        read += u64::try_from(len)?;
        unflushed_since = if is_file { None } else { Some(Instant::now()) };
        progress.tick(read, writer.progress().bytes_out, &session.signals, session.out);
    }
}

/// Waits for a pipe; once it has paused for long enough, what has arrived is written out.
fn ready<W: Write>(
    file: &File,
    writer: &mut Writer<W>,
    flush: Flush,
    unflushed_since: &mut Option<Instant>,
) -> Result<bool> {
    let mut timeout = WAIT_MAX;
    if let (Flush::AfterPause(pause), Some(since)) = (flush, *unflushed_since) {
        let left = pause.saturating_sub(since.elapsed());
        if left.is_zero() && input::wait(file, Duration::ZERO)? == Waited::TimedOut {
            writer.flush_block()?;
            *unflushed_since = None;
        } else {
            timeout = timeout.min(left);
        }
    }
    Ok(input::wait(file, timeout)? == Waited::Ready)
}
