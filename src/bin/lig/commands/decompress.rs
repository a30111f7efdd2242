//! `lig -d` and `lig -t`: a stream of blocks in, raw bytes out. What is damaged is skipped and reported.

use std::cell::Cell;
use std::io::{self, BufRead, Cursor, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use lignite::vfs::FileInfo;
use lignite::{ErrorKind, Limits, Loss, OnDamage, Reader, Section};

use super::{Outcome, Session, remove};
use crate::dest::{self, Place, SUFFIX};
use crate::foreign::Foreign;
use crate::input::{Input, Opened, Source};
use crate::output::name;
use crate::progress::Progress;
use crate::units;

/// Enough to tell every format from every other, and text from what is none.
const PREFIX_BYTES: usize = 64;

/// So many bytes of the start of a file of ours are known to be that.
const CUT_BYTES_MIN: usize = 3;

/// Decompresses or tests one input.
pub(crate) fn one(input: &Input, session: &mut Session<'_>) -> Result<Outcome> {
    let args = session.args;
    if input.path.is_none() && !args.force && io::stdin().is_terminal() {
        bail!("compressed bytes do not come from a terminal (-f reads them; see --help)");
    }
    let Opened { mut file, info } = input.open(session.system)?;
    let is_file = info.is_file();
    let read = Cell::new(0);
    let mut source =
        Source { file: &mut *file, waits: !is_file, signals: session.signals.clone(), read: &read };
    let mut job = Job {
        input,
        info: &info,
        read: &read,
        progress: Progress::new(input.name(), is_file.then_some(info.len), args),
    };
    let mut prefix = Vec::with_capacity(PREFIX_BYTES);
    (&mut source).take(PREFIX_BYTES as u64).read_to_end(&mut prefix).context("cannot read")?;
    if lignite::is_lignite(&prefix) {
        let data = Cursor::new(prefix).chain(source);
        return if args.test { job.test(data, session) } else { job.decompress(data, session) };
    }
    let format = Foreign::detect(&prefix);
    if input.found {
        return Ok(Outcome::Done);
    }
    // A few bytes of ours are a file that was cut; fewer could be anything's.
    if prefix.len() >= CUT_BYTES_MIN
        && let Err(err) = Reader::new(&prefix[..])
        && matches!(err.kind(), ErrorKind::Truncated { .. })
    {
        return Err(err.into());
    }
    let place = if args.test {
        None
    } else {
        Some(dest::place(input, without_suffix, args, session.system))
    };
    if args.force && matches!(place, Some(Ok(Place::Stdout))) {
        return job.pass_through(format, prefix, source, session);
    }
    bail!(format.describe(&prefix));
}

/// One input at work.
pub(super) struct Job<'a> {
    pub(super) input: &'a Input,
    pub(super) info: &'a FileInfo,
    /// Bytes read so far.
    pub(super) read: &'a Cell<u64>,
    pub(super) progress: Progress,
}

impl Job<'_> {
    fn test(&mut self, data: impl Read, session: &mut Session<'_>) -> Result<Outcome> {
        let decoded = self.decode(data, &mut io::sink(), "", session)?;
        if decoded.outcome == Outcome::Done {
            session.out.summary(format_args!(
                "{} : {} OK",
                self.input.name(),
                units::bytes(decoded.bytes)
            ));
        }
        Ok(decoded.outcome)
    }

    fn decompress(&mut self, data: impl Read, session: &mut Session<'_>) -> Result<Outcome> {
        let place = dest::place(self.input, without_suffix, session.args, session.system)?;
        let mut dest = session.open(&place, self.info)?;
        let decoded = self.decode(data, &mut dest, &place.cannot_write(), session)?;
        if decoded.outcome == Outcome::Failed && !dest.is_stream() && !session.is_shared {
            return Ok(Outcome::Failed);
        }
        session.close(dest)?;
        if let (true, Place::File(path)) = (decoded.outcome == Outcome::Done, &place) {
            session.out.summary(format_args!(
                "{} : {} ({})",
                self.input.name(),
                units::bytes(decoded.bytes),
                name(path)
            ));
        }
        if let (true, Some(path), Place::File(_)) = (session.args.rm, &self.input.path, &place) {
            if !decoded.is_whole || session.is_shared {
                bail!("is kept (not all of it is in an output of its own)");
            }
            remove::remove(path, self.info, session.system)?;
        }
        Ok(decoded.outcome)
    }

    fn decode(
        &mut self,
        data: impl Read,
        sink: &mut impl Write,
        cannot_write: &str,
        session: &mut Session<'_>,
    ) -> Result<Decoded> {
        let mut reader = reader(data, session)?;
        reader.on_damage(OnDamage::Skip);
        let mut bytes = 0;
        let mut lost = Lost::Nothing;
        loop {
            session.check_signals()?;
            let result = reader.fill_buf().map(|piece| -> io::Result<usize> {
                sink.write_all(piece)?;
                Ok(piece.len())
            });
            let result = result.map(|written| written.context(cannot_write.to_owned()));
            for loss in reader.take_losses() {
                lost = lost.max(self.report(&loss, session));
            }
            let len = match result {
                Ok(written) => written?,
                Err(err) => {
                    let err = lignite::Error::from(err);
                    if !err.is_bad_input() {
                        return Err(err.into());
                    }
                    session.out.error(format_args!("{}: {err}", self.input.name()));
                    lost = Lost::Lines;
                    0
                }
            };
            if len == 0 {
                break;
            }
            reader.consume(len);
            bytes += u64::try_from(len)?;
            self.progress.tick(self.read.get(), bytes, &session.signals, session.out);
        }
        session.out.end_progress();
        let outcome = match (lost, bytes) {
            (Lost::Nothing | Lost::Accepted, _) => Outcome::Done,
            (Lost::Lines, 0) => Outcome::Failed,
            _ => Outcome::Partial,
        };
        Ok(Decoded { bytes, outcome, is_whole: lost == Lost::Nothing })
    }

    /// Says what is missing. That a file is unfinished is normal for one that is being written: -f takes it as it is.
    fn report(&self, loss: &Loss, session: &mut Session<'_>) -> Lost {
        let of =
            if loss.stream > 1 { format!(" of stream {}", loss.stream) } else { String::new() };
        let (block, line, error) = (loss.first_block, loss.first_line, &loss.error);
        let what = if let ErrorKind::Truncated { section, offset } = error.kind() {
            format!(
                "truncated or unfinished at byte {offset} ({section}): {block} whole blocks{of}, {} lines, are before it",
                line.saturating_sub(1)
            )
        } else if line == 0 {
            let at = loss.offset;
            match error.kind() {
                ErrorKind::Corrupt { section: Section::Commit, .. } => {
                    format!("what follows from byte {at} is no stream and was skipped")
                }
                _ => format!("what follows from byte {at} was skipped ({error})"),
            }
        } else if loss.is_harmless() {
            format!("{error} (no line is missing)")
        } else {
            match (loss.next_block, loss.next_line) {
                (Some(next_block), Some(next_line)) => format!(
                    "{}{of} damaged ({error}): {} missing",
                    units::range("block", block, next_block.saturating_sub(1)),
                    units::range("line", line, next_line.saturating_sub(1).max(line))
                ),
                _ => format!(
                    "damaged from block {block}{of} on ({error}): lines from {line}, if any, missing"
                ),
            }
        };
        let message = format!("{}: {what}", self.input.name());
        if session.args.force && matches!(loss.error.kind(), ErrorKind::Truncated { .. }) {
            session.out.warning(message);
            return Lost::Accepted;
        }
        session.out.error(message);
        if loss.is_harmless() { Lost::NoLine } else { Lost::Lines }
    }
}

/// A reader that keeps to the memory that is allowed.
fn reader<R: Read>(data: R, session: &Session<'_>) -> Result<Reader<R>> {
    let mut readers = session.args.model.readers(session.system)?;
    let Some(allowed) = session.args.memory else { return Ok(readers.from_reader(data)?) };
    let readers = readers.limits(Limits::within_memory(allowed));
    readers.from_reader(data).map_err(|err| match err.kind() {
        ErrorKind::LimitExceeded { requested, .. } => anyhow!(
            "needs {}, allowed are {} (--memory)",
            units::bytes(Limits::memory_for(*requested)),
            units::bytes(allowed)
        ),
        _ => err.into(),
    })
}

/// The name of an output: the input's without our suffix.
fn without_suffix(path: &Path) -> Result<PathBuf> {
    match path.extension() {
        Some(suffix) if suffix == SUFFIX => Ok(path.with_extension("")),
        _ => bail!("has no suffix .{SUFFIX} to take away (-o FILE names the output)"),
    }
}

/// What damage has cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lost {
    Nothing,
    /// The end of a file that is being written, perhaps.
    Accepted,
    /// Something that held no lines.
    NoLine,
    Lines,
}

/// What a decoding came to.
struct Decoded {
    bytes: u64,
    outcome: Outcome,
    is_whole: bool,
}
