//! `--rm`: an input goes only once its output has been proven.

use std::io::{BufRead, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use lignite::vfs::{FileInfo, FileKind, FileSystem};

use super::Session;

/// Removes the input of a compression. Unless that was switched off, its output is decoded and compared before.
pub(crate) fn after_compression(
    path: &Path,
    opened: &FileInfo,
    output: &Path,
    session: &Session<'_>,
) -> Result<()> {
    if !session.args.no_verify {
        compare(path, output, session).context("is kept")?;
    }
    remove(path, opened, session.system)
}

/// Removes a file that is still the one that was opened.
pub(crate) fn remove(path: &Path, opened: &FileInfo, system: &dyn FileSystem) -> Result<()> {
    let now = system.link_info(path).context("is kept")?;
    if now.kind == FileKind::Link {
        bail!("is kept (a symbolic link)");
    }
    if now.identity != opened.identity || !now.has_same_content(opened) {
        bail!("is kept (it changed meanwhile)");
    }
    system.unlink(path).context("cannot be removed")
}

fn compare(path: &Path, output: &Path, session: &Session<'_>) -> Result<()> {
    const PIECE_BYTES: usize = 256 << 10;
    let mut raw = session.system.open(path)?;
    let mut decoded =
        session.args.model.readers(session.system)?.from_reader(session.system.open(output)?)?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        session.check_signals()?;
        let expected = decoded.fill_buf()?;
        let len = expected.len().min(PIECE_BYTES);
        let (Some(expected), Some(piece)) = (expected.get(..len), piece.get_mut(..len.max(1)))
        else {
            bail!("a slice has its length");
        };
        if len == 0 {
            if raw.read(piece)? == 0 {
                return Ok(());
            }
            bail!("what was written decodes to less");
        }
        raw.read_exact(piece)?;
        if piece != expected {
            bail!("what was written decodes to something else");
        }
        decoded.consume(len);
    }
}
