//! `lig -dcf` on data that is not ours: decoded if another tool's format is recognised, passed on as it is otherwise.
//! What holds blocks of ours behind a damaged start is refused: it would only look like data.

use std::io::{self, Cursor, Read, SeekFrom, Write};

use anyhow::{Context, Result, bail};
use lignite::StrayBlocks;

use super::decompress::Job;
use super::{Outcome, Session, ending_cause};
use crate::dest::Place;
use crate::foreign::Foreign;
use crate::input::Source;

const PIECE_BYTES: usize = 256 << 10;
/// How much of a pipe that starts with binary data is looked through before any of it is passed on. A file is looked
/// through as a whole.
const HOLD_BYTES: usize = 16 << 20;
const REFUSED: &str = "a lignite file whose start is damaged";

impl Job<'_> {
    /// Passes an input on, of which `prefix` has been read.
    pub(super) fn pass_through(
        &mut self,
        format: Foreign,
        prefix: Vec<u8>,
        mut source: Source<'_>,
        session: &mut Session<'_>,
    ) -> Result<Outcome> {
        let mut dest = session.open(&Place::Stdout, self.info)?;
        let mut prefix = prefix;
        let mut finder = StrayBlocks::new();
        if format == Foreign::Other && !is_text(&prefix) {
            if self.info.is_file() {
                look_through(&prefix, &mut source, session)?;
            } else {
                hold(&mut prefix, &mut source, session)?;
                if finder.finds(&prefix) {
                    bail!("{REFUSED} (not passed through)");
                }
            }
        }
        let held = prefix.len();
        let mut data = format.decode(Cursor::new(prefix).chain(source))?;
        let mut piece = vec![0; PIECE_BYTES];
        let mut bytes = 0;
        loop {
            session.check_signals()?;
            let problem = match data.read(&mut piece) {
                Ok(0) => break,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
                Err(err) if bytes == 0 || ending_cause(&err).is_some() => return Err(err.into()),
                Err(err) => err.to_string(),
                Ok(len) => {
                    let piece = piece.get(..len).unwrap_or_default();
                    if format != Foreign::Other || bytes < held || !finder.finds(piece) {
                        dest.write_all(piece).context("cannot write to standard output")?;
                        bytes += len;
                        let passed = u64::try_from(bytes)?;
                        self.progress.tick(self.read.get(), passed, &session.signals, session.out);
                        continue;
                    }
                    format!("{REFUSED} (passed through up to byte {bytes})")
                }
            };
            session.close(dest)?;
            session.out.error(format_args!("{}: {problem}", self.input.name()));
            return Ok(Outcome::Partial);
        }
        session.close(dest)?;
        Ok(Outcome::Done)
    }
}

/// Looks through a whole file, and goes back to where it was.
fn look_through(prefix: &[u8], source: &mut Source<'_>, session: &Session<'_>) -> Result<()> {
    let mut finder = StrayBlocks::new();
    finder.finds(prefix);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        session.check_signals()?;
        let len = source.read(&mut piece).context("cannot read")?;
        if len == 0 {
            break;
        }
        if finder.finds(piece.get(..len).unwrap_or_default()) {
            bail!("{REFUSED} (not passed through)");
        }
    }
    source.file.seek(SeekFrom::Start(prefix.len() as u64)).context("cannot read")?;
    source.read.set(prefix.len() as u64);
    Ok(())
}

/// Reads the start of a pipe, as much as is held back.
fn hold(prefix: &mut Vec<u8>, source: &mut Source<'_>, session: &Session<'_>) -> Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    while prefix.len() < HOLD_BYTES {
        session.check_signals()?;
        let len = source.read(&mut piece).context("cannot read")?;
        if len == 0 {
            break;
        }
        prefix.extend_from_slice(piece.get(..len).unwrap_or_default());
    }
    Ok(())
}

/// Whether data may be text: no control bytes but those that stand in text. What is compressed has some soon.
fn is_text(prefix: &[u8]) -> bool {
    prefix.iter().all(|&byte| byte >= b' ' || matches!(byte, 7..=13 | 27))
}
