//! `lig train`: sample logs → a model file.

use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use lignite::vfs::{AtomicFile, FileSystem};
use lignite::{ModelFile, is_lignite};

use crate::foreign::Foreign;
use crate::models::KnownModels;
use crate::output::{Output, name};
use crate::units;

/// Bytes of all samples together, unless more or less is asked for.
const SAMPLE: &str = "512KiB";

/// Learns from sample logs what short logs like them can start from.
#[derive(Clone, Debug, Parser)]
#[command(name = "train", bin_name = "lig train", args_override_self = true, after_help = AFTER_HELP)]
pub(crate) struct TrainArgs {
    /// Sample logs; .lig, .gz, .zst, .xz, .bz2 and .lz4 files are decoded
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The model file to write
    #[arg(short, long, value_name = "MODEL")]
    output: PathBuf,

    /// Overwrite it
    #[arg(short, long)]
    force: bool,

    /// Bytes of lines to learn from, all files together, at most 2MiB; taken from their ends
    #[arg(long, value_name = "SIZE", default_value = SAMPLE, value_parser = units::parse_size)]
    sample: u64,

    #[command(flatten)]
    known: KnownModels,
}

const AFTER_HELP: &str = "\
lig --model MODEL FILE compresses with it, at every level; the .lig file holds a copy, or, with --model-ref, only the model
file's hash: then whoever reads it needs the model file (lig -d --model MODEL, or LIG_MODEL=MODEL for all commands).
It pays for logs that are short beside it: many small files, one model file, --model-ref.";

/// Runs `lig train`.
pub(crate) fn run(args: &TrainArgs, system: &dyn FileSystem, out: &mut Output) -> Result<ExitCode> {
    if !args.force && system.link_info(&args.output).is_ok() {
        bail!("{} exists (-f overwrites)", name(&args.output));
    }
    let most = usize::try_from(args.sample).unwrap_or(usize::MAX);
    let most = most.min(ModelFile::SAMPLE_BYTES_MAX);
    let share = most / args.files.len();
    let mut sample = Vec::new();
    for path in &args.files {
        let end = last_lines((path, share), &args.known, system).with_context(|| name(path))?;
        sample.extend_from_slice(&end);
        if sample.last().is_some_and(|&byte| byte != b'\n') {
            sample.push(b'\n');
        }
    }
    if sample.is_empty() {
        bail!("the samples hold no lines (of up to {})", units::bytes(share as u64));
    }
    let model = ModelFile::train(&sample)?;
    let written = || format!("cannot write {}", name(&args.output));
    let mut file = AtomicFile::create(system, &args.output, None).with_context(written)?;
    file.write_all(model.bytes()).with_context(written)?;
    file.persist().with_context(written)?;
    out.print(&format!(
        "{}: {:016x}, {} from {} of lines\n",
        name(&args.output),
        model.hash(),
        units::bytes(model.bytes().len() as u64),
        units::bytes(sample.len() as u64)
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The whole lines among the last `most` bytes of a log.
fn last_lines(
    (path, most): (&Path, usize),
    known: &KnownModels,
    system: &dyn FileSystem,
) -> Result<Vec<u8>> {
    const PIECE_BYTES: u64 = 256 << 10;
    let mut file = system.open(path)?;
    let mut prefix = Vec::new();
    (&mut file).take(8).read_to_end(&mut prefix)?;
    let whole = std::io::Cursor::new(prefix.clone()).chain(file);
    let mut log: Box<dyn Read> = if is_lignite(&prefix) {
        Box::new(known.readers(system)?.from_reader(whole)?)
    } else {
        Foreign::detect(&prefix).decode(whole)?
    };
    let mut kept = Vec::new();
    let mut is_cut = false;
    while (&mut log).take(PIECE_BYTES).read_to_end(&mut kept)? > 0 {
        // What is in front is dropped now and then.
        if kept.len() / 2 > most.max(1 << 20) {
            kept.drain(..kept.len() - most);
            is_cut = true;
        }
    }
    let start = kept.len().saturating_sub(most);
    if start == 0 && !is_cut {
        return Ok(kept);
    }
    let line = kept.iter().skip(start).position(|&byte| byte == b'\n');
    kept.drain(..line.map_or(kept.len(), |line| start + line + 1));
    Ok(kept)
}
