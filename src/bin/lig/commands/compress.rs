//! `lig FILE…`: raw bytes in, a stream of blocks out.

use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lignite::vfs::ReadFile;
use lignite::{Summary, Writer};

use super::plan::Plan;
use super::{Outcome, Session, remove};
use crate::args::Flush;
use crate::dest::{self, Place, SUFFIX};
use crate::input::{self, Input, Opened, WAIT_MAX, Waited};
use crate::output::name;
use crate::progress::Progress;
use crate::signal::Interrupted;
use crate::units;

const READ_BYTES: usize = 128 << 10;

/// Compresses one input.
pub(crate) fn one(input: &Input, plan: &Plan, session: &mut Session<'_>) -> Result<Outcome> {
    let args = session.args;
    let names_output = !args.stdout
        && args.output.as_deref().is_none_or(|output| dest::is_dir(output, session.system));
    let suffix = input.path.as_deref().and_then(Path::extension);
    if names_output && suffix.is_some_and(|suffix| suffix == SUFFIX) {
        let message = format!("{}: has the suffix .{SUFFIX} already (skipped)", input.name());
        session.out.warning(message);
        return Ok(Outcome::Done);
    }
    let mut opened = input.open(session.system)?;
    let place = dest::place(input, |path| Ok(with_suffix(path)), args, session.system)?;
    if input.path.is_some() && names_output && !opened.info.is_file() {
        bail!("is not a regular file (use -c or -o FILE)");
    }
    if place == Place::Stdout && !args.force && io::stdout().is_terminal() {
        bail!("compressed bytes are not for a terminal (-f writes them; see --help)");
    }
    let mut dest = session.open(&place, &opened.info)?;
    let is_stream = dest.is_stream();
    let length = opened.info.is_file().then_some(opened.info.len);
    let mut writer = plan.builder(length).from_writer(&mut dest);
    let flush = if is_stream { args.flush } else { Flush::Never };
    let end = pump(&mut opened, &mut writer, flush, input, session)
        .map_err(|err| err.context(place.cannot_write()))?;
    match end {
        End::Signal(signal) if !is_stream => return Err(signal.into()),
        End::Unreadable(err) if !is_stream => return Err(err).context("cannot read"),
        _ => {}
    }
    // What a stream has taken in is finished, however the input ended.
    let (_, summary) = writer.finish().with_context(|| place.cannot_write())?;
    session.close(dest)?;
    session.out.end_progress();
    match end {
        End::All => {
            summarise(input, &place, &summary, session);
            after(input, &place, &opened, &summary, session)
        }
        End::Signal(signal) => Err(signal.into()),
        End::Unreadable(err) => {
            let read = units::bytes(summary.bytes_in);
            session.out.error(format_args!("{}: cannot read on after {read}: {err}", input.name()));
            Ok(if summary.bytes_in > 0 { Outcome::Partial } else { Outcome::Failed })
        }
    }
}

/// Removes the input if that is wanted, and notices one that changed under our hands.
fn after(
    input: &Input,
    place: &Place,
    opened: &Opened,
    summary: &Summary,
    session: &mut Session<'_>,
) -> Result<Outcome> {
    let now = opened.file.info()?;
    let is_file = input.path.is_some() && now.is_file();
    if is_file && (now.len != summary.bytes_in || !now.has_same_content(&opened.info)) {
        session.out.warning(format_args!(
            "{}: changed while it was read ({} bytes are stored)",
            input.name(),
            summary.bytes_in
        ));
        return Ok(Outcome::Partial);
    }
    if let (true, Some(path), Place::File(output)) = (session.args.rm, &input.path, place) {
        if session.is_shared {
            bail!("is kept (--rm needs an output of its own for each input)");
        }
        remove::after_compression(path, &opened.info, output, session)?;
    }
    Ok(Outcome::Done)
}

fn with_suffix(path: &Path) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(".");
    path.push(SUFFIX);
    path.into()
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
    let is_file = opened.info.is_file();
    let total = is_file.then_some(opened.info.len);
    let mut progress = Progress::new(input.name(), total, session.args);
    let mut read = 0;
    let mut buf = vec![0; READ_BYTES];
    let mut unflushed_since = None;
    loop {
        if let Some(signal) = session.signals.ending() {
            return Ok(End::Signal(signal));
        }
        if !is_file && !ready(&*opened.file, writer, flush, &mut unflushed_since)? {
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
    file: &dyn ReadFile,
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
