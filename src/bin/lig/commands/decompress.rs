//! `lig -d` and `lig -t`: a stream of blocks in, raw bytes out. What is damaged is skipped and reported.

use std::cell::Cell;
use std::io::{self, BufRead, Cursor, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lignite::vfs::FileInfo;
use lignite::{Loss, OnDamage, Reader};

use super::{Outcome, Session, remove};
use crate::dest::{self, Place, SUFFIX};
use crate::foreign::{BlockFinder, Foreign};
use crate::input::{Input, Opened, Source};
use crate::output::name;
use crate::progress::Progress;
use crate::units;

/// Enough to tell every format from every other.
const PREFIX_BYTES: usize = 16;

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
struct Job<'a> {
    input: &'a Input,
    info: &'a FileInfo,
    /// Bytes read so far.
    read: &'a Cell<u64>,
    progress: Progress,
}

impl Job<'_> {
    fn test(&mut self, data: impl Read, session: &mut Session<'_>) -> Result<Outcome> {
        let decoded = self.decode(data, &mut io::sink(), session)?;
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
        let decoded = self.decode(data, &mut dest, session)?;
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
            if decoded.outcome != Outcome::Done || session.is_shared {
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
        session: &mut Session<'_>,
    ) -> Result<Decoded> {
        let mut reader = Reader::new(data)?;
        reader.on_damage(OnDamage::Skip);
        let mut bytes = 0;
        let mut reported = 0;
        let mut lost = false;
        loop {
            session.check_signals()?;
            let result = reader.fill_buf().map(|piece| -> io::Result<usize> {
                sink.write_all(piece)?;
                Ok(piece.len())
            });
            for loss in reader.losses().get(reported..).unwrap_or_default() {
                reported += 1;
                lost = true;
                self.report(loss, session);
            }
            let len = match result {
                Ok(written) => written.context("cannot write")?,
                Err(err) => {
                    let err = lignite::Error::from(err);
                    if !err.is_bad_input() {
                        return Err(err.into());
                    }
                    session.out.error(format_args!("{}: {err}", self.input.name()));
                    lost = true;
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
            (false, _) => Outcome::Done,
            (true, 0) => Outcome::Failed,
            (true, _) => Outcome::Partial,
        };
        Ok(Decoded { bytes, outcome })
    }

    fn report(&self, loss: &Loss, session: &mut Session<'_>) {
        session.out.error(format_args!(
            "{}: {} (lines from {} are missing)",
            self.input.name(),
            loss.error,
            loss.first_line
        ));
    }

    fn pass_through(
        &mut self,
        format: Foreign,
        prefix: Vec<u8>,
        source: Source<'_>,
        session: &mut Session<'_>,
    ) -> Result<Outcome> {
        const PIECE_BYTES: usize = 256 << 10;
        /// Little enough not to hold back a pipe that is slow, and more than our header and a block's.
        const PIPE_START_BYTES: usize = 512;
        let mut dest = session.open(&Place::Stdout, self.info)?;
        let mut data = format.decode(Cursor::new(prefix).chain(source))?;
        let is_file = self.info.is_file();
        let start_bytes = if is_file { PIECE_BYTES } else { PIPE_START_BYTES };
        let mut finder = BlockFinder::default();
        let mut piece = vec![0; PIECE_BYTES];
        let mut bytes = 0;
        loop {
            session.check_signals()?;
            // The start is judged as a whole before any of it is passed on.
            let wanted = if bytes == 0 { start_bytes } else { 1 };
            let len = match read_at_least(&mut data, &mut piece, wanted) {
                Ok(0) => break,
                Ok(len) => len,
                Err(err) if bytes > 0 && super::ending_cause(&err).is_none() => {
                    session.close(dest)?;
                    session.out.error(format_args!("{}: {err}", self.input.name()));
                    return Ok(Outcome::Partial);
                }
                Err(err) => return Err(err.into()),
            };
            if format == Foreign::Other && finder.finds(piece.get(..len).unwrap_or_default()) {
                bail!("a lignite file whose start is damaged (not passed through)");
            }
            dest.write_all(piece.get(..len).unwrap_or_default())?;
            bytes += u64::try_from(len)?;
            self.progress.tick(self.read.get(), bytes, &session.signals, session.out);
        }
        session.close(dest)?;
        Ok(Outcome::Done)
    }
}

/// The name of an output: the input's without our suffix.
fn without_suffix(path: &Path) -> Result<PathBuf> {
    match path.extension() {
        Some(suffix) if suffix == SUFFIX => Ok(path.with_extension("")),
        _ => bail!("has no suffix .{SUFFIX} to take away (-o FILE names the output)"),
    }
}

/// What a decoding came to.
struct Decoded {
    bytes: u64,
    outcome: Outcome,
}

/// Reads until so many bytes have come, or the end has.
fn read_at_least(data: &mut impl Read, buf: &mut [u8], wanted: usize) -> io::Result<usize> {
    let mut len = 0;
    while let Some(rest) = buf.get_mut(len..).filter(|rest| len < wanted && !rest.is_empty()) {
        match data.read(rest) {
            Ok(0) => break,
            Ok(more) => len += more,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
    Ok(len)
}
