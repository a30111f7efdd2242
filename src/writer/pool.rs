//! Blocks are encoded here: on the caller's thread, or on several, in order either way.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::block::{self, Encoder};
use crate::error::{Error, Result};
use crate::model::Equipment;
use crate::writer::Statistics;
use crate::writer::stream::{Done, Job};

type Outcome = Result<Done>;

/// Encodes blocks.
pub(crate) enum Pool {
    /// On the caller's thread: each is done when it is submitted.
    Inline(Box<Encoder>, Statistics, Vec<u8>),
    /// On workers. At most one block more than there are workers is under way, which bounds memory.
    Workers {
        jobs: SyncSender<(Job, Sender<Outcome>)>,
        under_way: VecDeque<Receiver<Outcome>>,
        limit: usize,
    },
}

impl Pool {
    pub(crate) fn new(
        level: u8,
        equipment: &Equipment,
        threads: NonZeroUsize,
        statistics: Statistics,
    ) -> Self {
        let encoder = || Encoder::with(level, equipment.clone());
        if threads == NonZeroUsize::MIN {
            return Self::Inline(Box::new(encoder()), statistics, Vec::new());
        }
        let (jobs, queue) = sync_channel::<(Job, Sender<Outcome>)>(1);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads.get() {
            let queue = Arc::clone(&queue);
            let mut encoder = encoder();
            // A worker ends when the pool, the only sender, is gone.
            std::thread::spawn(move || {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((job, outcome)) = next else { return };
                    // Nobody waits for the outcome if the writer has been dropped.
                    drop(outcome.send(encode(&mut encoder, statistics, job)));
                }
            });
        }
        Self::Workers { jobs, under_way: VecDeque::new(), limit: threads.get() + 1 }
    }

    /// Takes a block; returns the oldest one if that is done, or if enough are under way.
    pub(crate) fn submit(&mut self, job: Job) -> Result<Option<Done>> {
        match self {
            Self::Inline(encoder, statistics, _) => encode(encoder, *statistics, job).map(Some),
            Self::Workers { jobs, under_way, limit } => {
                let done = if under_way.len() >= *limit { Some(oldest(under_way)?) } else { None };
                let (sender, receiver) = channel();
                jobs.send((job, sender)).map_err(|_| gone())?;
                under_way.push_back(receiver);
                Ok(done)
            }
        }
    }

    /// Whether blocks are under way.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Workers { under_way, .. } if !under_way.is_empty())
    }

    /// Waits for the oldest block under way.
    pub(crate) fn next(&mut self) -> Result<Done> {
        match self {
            Self::Inline(..) => Err(gone()),
            Self::Workers { under_way, .. } => oldest(under_way),
        }
    }

    /// An empty buffer for the next block.
    pub(crate) fn spare(&mut self) -> Vec<u8> {
        match self {
            Self::Inline(_, _, spare) => std::mem::take(spare),
            Self::Workers { .. } => Vec::new(),
        }
    }
}

fn encode(encoder: &mut Encoder, statistics: Statistics, job: Job) -> Outcome {
    let mut encoded = encoder.encode(&job.raw)?;
    if statistics == Statistics::Keep {
        block::note_stats(&mut encoded, &job.raw, job.starts_inside, job.in_index);
    }
    Ok(Done { job, encoded })
}

fn oldest(under_way: &mut VecDeque<Receiver<Outcome>>) -> Outcome {
    under_way.pop_front().ok_or_else(gone)?.recv().map_err(|_| gone())?
}

/// A worker panicked: a bug of ours, reported as an error to the caller.
#[cold]
fn gone() -> Error {
    std::io::Error::other("a worker thread ended early").into()
}
