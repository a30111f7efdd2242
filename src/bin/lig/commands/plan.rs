//! How to compress: level, size of blocks, threads and memory, from flags and environment.

use std::num::NonZeroUsize;

use anyhow::{Context, Result, bail};
use lignite::vfs::FileSystem;
use lignite::{Statistics, WriterBuilder};

use crate::args::{DEFAULT_LEVEL, FilterArgs};
use crate::output::name;
use crate::units;

/// Threads where nothing else is asked for.
const DEFAULT_THREADS_MAX: usize = 4;
/// A file below this is one block at every level: a second thread would only cost its start.
const SMALL_BYTES: u64 = 1 << 20;

/// How to compress, the same for all inputs.
#[derive(Debug)]
pub(crate) struct Plan {
    builder: WriterBuilder,
    threads: NonZeroUsize,
}

impl Plan {
    pub(crate) fn new(args: &FilterArgs, system: &dyn FileSystem) -> Result<Self> {
        let level = level(args.level.0)?;
        let mut builder = WriterBuilder::new();
        builder.level(level)?;
        if let Some(bytes) = args.block_size {
            builder.block_bytes(bytes).context("--block-size")?;
        }
        args.model.set(&mut builder, system)?;
        if args.no_index {
            builder.statistics(Statistics::Leave);
        }
        let threads = within_memory(threads(args.threads)?, &builder, args)?;
        Ok(Self { builder, threads })
    }

    /// The builder for an input of a length, where that is known.
    pub(super) fn builder(&self, bytes: Option<u64>) -> WriterBuilder {
        let mut builder = self.builder.clone();
        let small = bytes.is_some_and(|bytes| bytes < SMALL_BYTES);
        builder.threads(if small { NonZeroUsize::MIN } else { self.threads });
        builder
    }
}

/// The level that was typed, or the environment's, or the usual one.
pub(super) fn level(typed: Option<u8>) -> Result<u8> {
    let from_env = || match std::env::var_os("LIG_LEVEL") {
        None => Ok(DEFAULT_LEVEL),
        Some(text) => text
            .to_str()
            .and_then(|text| text.parse().ok())
            .filter(|level| (1..=9).contains(level))
            .with_context(|| format!("LIG_LEVEL: {} is no level from 1 to 9", name(text.as_ref()))),
    };
    typed.map_or_else(from_env, Ok)
}

/// The threads that were typed, or the environment's, or one a core, up to a few.
pub(super) fn threads(typed: Option<usize>) -> Result<NonZeroUsize> {
    let from_env = || match std::env::var_os("LIG_THREADS") {
        None => Ok(None),
        Some(text) => match text.to_str().and_then(|text| text.parse().ok()) {
            Some(threads) => Ok(Some(threads)),
            None => bail!("LIG_THREADS: {} is no number of threads", name(text.as_ref())),
        },
    };
    let asked = if typed.is_some() { typed } else { from_env()? };
    if let Some(threads) = asked.and_then(NonZeroUsize::new) {
        return Ok(threads);
    }
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let most = NonZeroUsize::new(DEFAULT_THREADS_MAX).unwrap_or(NonZeroUsize::MIN);
    Ok(if asked.is_some() { cores } else { cores.min(most) })
}

/// As many of the threads as fit.
fn within_memory(
    threads: NonZeroUsize,
    builder: &WriterBuilder,
    args: &FilterArgs,
) -> Result<NonZeroUsize> {
    let Some(allowed) = args.memory else { return Ok(threads) };
    let needed = |threads| builder.clone().threads(threads).memory_bytes();
    let all = (1..=threads.get()).rev().filter_map(NonZeroUsize::new);
    all.into_iter().find(|&threads| needed(threads) <= allowed).with_context(|| {
        format!(
            "--memory: one thread needs {}, allowed are {}",
            units::bytes(needed(NonZeroUsize::MIN)),
            units::bytes(allowed)
        )
    })
}
