//! `lig -d` and `lig -t`: a stream of blocks in, raw bytes out. What is damaged is skipped and reported.

use std::fs::File;
use std::io::{self, BufRead, Cursor, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lignite::{Loss, OnDamage, Reader};

use super::{Outcome, Session, remove};
use crate::dest::{self, Place, SUFFIX};
use crate::foreign::Foreign;
use crate::input::{self, Input, Opened, Waited};
use crate::output::name;
use crate::progress::Progress;
use crate::signal::{Interrupted, Signals};
use crate::units;

/// Enough to tell every format from every other.
const PREFIX_BYTES: usize = 16;
const WAIT_MAX: Duration = Duration::from_millis(250);

/// Decompresses or tests one input.
pub(crate) fn one(input: &Input, session: &mut Session<'_>) -> Result<Outcome> {
    let args = session.args;
    if input.path.is_none() && !args.force && io::stdin().is_terminal() {
        bail!("compressed bytes do not come from a terminal (-f reads them; see --help)");
    }
    let opened = input.open()?;
    let mut source = Source {
        file: &opened.file,
        waits: !opened.metadata.is_file(),
        signals: session.signals.clone(),
        bytes: 0,
    };
    let mut prefix = Vec::with_capacity(PREFIX_BYTES);
    (&mut source).take(PREFIX_BYTES as u64).read_to_end(&mut prefix).context("cannot read")?;
    if Reader::<&[u8]>::is_lignite(&prefix) {
        let data = Cursor::new(prefix).chain(source);
        return if args.test {
            test(input, &opened, data, session)
        } else {
            decompress(input, &opened, data, session)
        };
    }
    let format = Foreign::detect(&prefix);
    if input.found {
        return Ok(Outcome::Done);
    }
    let place = if args.test { None } else { Some(dest::place(input, without_suffix, args)) };
    if args.force && matches!(place, Some(Ok(Place::Stdout))) {
        return pass_through(input, &opened, format, prefix, source, session);
    }
    bail!(format.describe(&prefix));
}

fn test(
    input: &Input,
    opened: &Opened,
    data: impl Read,
    session: &mut Session<'_>,
) -> Result<Outcome> {
    let decoded = decode(input, opened, data, &mut io::sink(), session)?;
    if decoded.outcome == Outcome::Done {
        session.out.summary(format_args!("{} : {} OK", input.name(), units::bytes(decoded.bytes)));
    }
    Ok(decoded.outcome)
}

fn decompress(
    input: &Input,
    opened: &Opened,
    data: impl Read,
    session: &mut Session<'_>,
) -> Result<Outcome> {
    let place = dest::place(input, without_suffix, session.args)?;
    let mut dest = session.open(&place, &opened.metadata)?;
    let decoded = decode(input, opened, data, &mut dest, session)?;
    if decoded.outcome == Outcome::Failed && !dest.is_stream() && !session.is_shared {
        return Ok(Outcome::Failed);
    }
    session.close(dest, &opened.metadata)?;
    if let (true, Place::File(path)) = (decoded.outcome == Outcome::Done, &place) {
        session.out.summary(format_args!(
            "{} : {} ({})",
            input.name(),
            units::bytes(decoded.bytes),
            name(path)
        ));
    }
    if let (true, Some(path), Place::File(_)) = (session.args.rm, &input.path, &place) {
        if decoded.outcome != Outcome::Done || session.is_shared {
            bail!("is kept (not all of it is in an output of its own)");
        }
        remove::remove(path, &opened.metadata)?;
    }
    Ok(decoded.outcome)
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

fn decode(
    input: &Input,
    opened: &Opened,
    data: impl Read,
    sink: &mut impl Write,
    session: &mut Session<'_>,
) -> Result<Decoded> {
    let total = opened.metadata.is_file().then(|| opened.metadata.len());
    let mut progress = Progress::new(input.name(), total, session.args);
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
            lost |= report(input, loss, session);
        }
        let len = match result {
            Ok(written) => written.context("cannot write")?,
            Err(err) => {
                let err = lignite::Error::from(err);
                if !err.is_bad_input() {
                    return Err(err.into());
                }
                session.out.error(format_args!("{}: {err}", input.name()));
                lost = true;
                0
            }
        };
        if len == 0 {
            break;
        }
        reader.consume(len);
        bytes += u64::try_from(len)?;
        progress.tick(0, bytes, &session.signals, session.out);
    }
    session.out.end_progress();
    let outcome = match (lost, bytes) {
        (false, _) => Outcome::Done,
        (true, 0) => Outcome::Failed,
        (true, _) => Outcome::Partial,
    };
    Ok(Decoded { bytes, outcome })
}

/// Reports a loss; says whether it counts.
fn report(input: &Input, loss: &Loss, session: &mut Session<'_>) -> bool {
    session.out.error(format_args!("{}: {loss}", input.name()));
    true
}

fn pass_through(
    input: &Input,
    opened: &Opened,
    format: Foreign,
    prefix: Vec<u8>,
    source: Source<'_>,
    session: &mut Session<'_>,
) -> Result<Outcome> {
    const PIECE_BYTES: usize = 256 << 10;
    let mut dest = session.open(&Place::Stdout, &opened.metadata)?;
    let total = opened.metadata.is_file().then(|| opened.metadata.len());
    let mut progress = Progress::new(input.name(), total, session.args);
    let mut data = format.decode(Cursor::new(prefix).chain(source))?;
    let mut piece = vec![0; PIECE_BYTES];
    let mut bytes = 0;
    loop {
        session.check_signals()?;
        let len = match data.read(&mut piece) {
            Ok(0) => break,
            Ok(len) => len,
            Err(err) if bytes > 0 && super::ending_cause(&err).is_none() => {
                session.close(dest, &opened.metadata)?;
                session.out.error(format_args!("{}: {err}", input.name()));
                return Ok(Outcome::Partial);
            }
            Err(err) => return Err(err.into()),
        };
        dest.write_all(piece.get(..len).unwrap_or_default())?;
        bytes += u64::try_from(len)?;
        progress.tick(0, bytes, &session.signals, session.out);
    }
    session.close(dest, &opened.metadata)?;
    Ok(Outcome::Done)
}

/// A file whose reads end when a signal arrives, however long a pipe is silent.
struct Source<'a> {
    file: &'a File,
    waits: bool,
    signals: Signals,
    bytes: u64,
}

impl Read for Source<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.waits && input::wait(self.file, WAIT_MAX)? == Waited::TimedOut {
            if let Some(signal) = self.signals.ending() {
                return Err(interrupted(signal));
            }
        }
        let len = self.file.read(buf)?;
        self.bytes += len as u64;
        Ok(len)
    }
}

fn interrupted(signal: Interrupted) -> io::Error {
    io::Error::other(signal)
}
