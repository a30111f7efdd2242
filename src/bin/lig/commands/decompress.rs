//! `lig -d`, `lig -t`

use std::ffi::OsStr;
use std::io::{self, BufRead as _, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use lignite::{OnDamage, Reader};

use crate::args::Args;
use crate::commands::Ending;
use crate::console::Console;
use crate::foreign::{Found, sniff};
use crate::input::Input;
use crate::output::{self, Output, SUFFIX};
use crate::signals;

/// Suffixes that decompression takes off.
const SUFFIXES: [&str; 6] = [SUFFIX, "gz", "zst", "xz", "bz2", "lz4"];

/// Decompresses or tests one input.
pub(crate) fn run(args: &Args, input: &Input, console: &Console) -> anyhow::Result<Ending> {
    input.refuse_terminal(args.force)?;
    let src = input.open(Duration::ZERO)?;
    let found = sniff(src).context("cannot read")?;
    match &found {
        Found::Empty if args.force && args.stdout => return Ok(Ending::Whole),
        Found::Empty => bail!("empty file, not a lignite file"),
        Found::Damaged => bail!("a lignite file with a damaged start"),
        Found::Plain(_) if !(args.force && args.stdout) => bail!("not a lignite file"),
        _ => {}
    }
    if args.test {
        return copy(found, &mut io::sink(), input, console);
    }
    let target = target(args, input)?;
    let mut dst = match &target {
        Some(path) => Output::file(path, input, args.force)?,
        None => Output::stdout(false, args.force)?,
    };
    let ending = copy(found, &mut dst, input, console)?;
    if target.is_some() && signals::received().is_some() {
        bail!("interrupted");
    }
    dst.finish()?;
    if let (true, Ending::Whole, Some(source), true) =
        (args.rm, ending, input.path(), target.is_some())
    {
        std::fs::remove_file(source).context("cannot remove the source")?;
    }
    Ok(ending)
}

/// The output's path; none for standard output.
fn target(args: &Args, input: &Input) -> anyhow::Result<Option<PathBuf>> {
    if args.stdout {
        return Ok(None);
    }
    let Input::File(path) = input else { return Ok(args.output.clone()) };
    let known = path.extension().and_then(OsStr::to_str).is_some_and(|ext| SUFFIXES.contains(&ext));
    if !known && args.output.is_none() {
        bail!("has no suffix to take off (name the output with -o)");
    }
    let name = if known { path.with_extension("") } else { path.clone() };
    Ok(Some(output::path_for(args, path, &name)))
}

/// Copies what an input holds, and says what is lost of it.
fn copy<R: Read>(
    found: Found<R>,
    dst: &mut dyn Write,
    input: &Input,
    console: &Console,
) -> anyhow::Result<Ending> {
    match found {
        Found::Lignite(src) => lignite_stream(src, dst, input.path(), console),
        Found::Compressed(mut src) => drain(&mut src, dst),
        Found::Plain(mut src) => drain(&mut src, dst),
        Found::Damaged | Found::Empty => Ok(Ending::Whole),
    }
}

fn drain(src: &mut dyn Read, dst: &mut dyn Write) -> anyhow::Result<Ending> {
    io::copy(src, dst)?;
    Ok(Ending::Whole)
}

fn lignite_stream<R: Read>(
    src: R,
    dst: &mut dyn Write,
    path: Option<&Path>,
    console: &Console,
) -> anyhow::Result<Ending> {
    let mut reader = Reader::new(src)?;
    reader.on_damage(OnDamage::Skip);
    while signals::received().is_none() {
        let bytes = reader.fill_buf().map_err(lignite::Error::from)?;
        if bytes.is_empty() {
            break;
        }
        dst.write_all(bytes)?;
        let len = bytes.len();
        reader.consume(len);
    }
    let totals = reader.totals();
    for loss in reader.losses() {
        let from = if loss.first_line > 0 {
            format!("; lines from {} on are affected", loss.first_line)
        } else {
            String::new()
        };
        console.say(path, &format!("{}{from}", loss.error));
    }
    if reader.losses().is_empty() {
        return Ok(Ending::Whole);
    }
    if totals.blocks == 0 {
        bail!("no whole block");
    }
    console.say(
        path,
        &format!("{} whole blocks with {} lines are good", totals.blocks, totals.newlines),
    );
    Ok(Ending::Partly)
}
