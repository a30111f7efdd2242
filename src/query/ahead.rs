//! Blocks that are made ready on other threads before their turn.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::Scope;

use crate::block::Decoder;
use crate::error::Result;
use crate::predicate::Known;
use crate::query::prepare::{Asked, Prepared, Turn};
use crate::reader::StoredBlock;

/// Blocks that wait, or have been made ready, for each thread: memory is bounded by it.
const BLOCKS_PER_THREAD: usize = 2;

/// A block that is to be made ready.
pub(crate) struct Job<'a> {
    pub(crate) index: usize,
    pub(crate) stored: StoredBlock,
    pub(crate) known: Known<'a>,
    pub(crate) turn: Turn,
}

/// A block that is ready, or could not be made so.
type Ready = (Turn, Result<Prepared>);

/// Threads that make blocks ready.
pub(crate) struct Ahead<'a> {
    jobs: Sender<Job<'a>>,
    ready: Receiver<(usize, Ready)>,
    /// Those that have come before their turn; `None` for what is still being made.
    waiting: BTreeMap<usize, Option<Ready>>,
    room: usize,
}

impl<'a> Ahead<'a> {
    /// Starts threads. They end when this is dropped. `jobs` is where they take their work from.
    pub(crate) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        asked: Asked<'scope>,
        threads: usize,
        queue: &'scope Mutex<Option<Receiver<Job<'a>>>>,
    ) -> Self
    where
        'a: 'scope,
    {
        let (jobs, taken) = channel();
        *queue.lock().unwrap_or_else(PoisonError::into_inner) = Some(taken);
        let (done, ready) = channel();
        for _ in 0..threads {
            let done = done.clone();
            scope.spawn(move || work(asked, queue, &done));
        }
        Self { jobs, ready, waiting: BTreeMap::new(), room: threads * BLOCKS_PER_THREAD }
    }

    /// Whether another block may be handed over.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < self.room
    }

    pub(crate) fn submit(&mut self, job: Job<'a>) {
        let index = job.index;
        if self.jobs.send(job).is_ok() {
            self.waiting.insert(index, None);
        }
    }

    /// Takes what has been made of a block; `None` if it was not handed over. What was for blocks before is dropped.
    pub(crate) fn take(&mut self, index: usize) -> Option<Ready> {
        while self.waiting.get(&index)?.is_none() {
            let Ok((done, ready)) = self.ready.recv() else {
                // A thread has died: what it had is made again.
                self.waiting.remove(&index);
                return None;
            };
            // Without an entry it has been passed over.
            if let Some(place) = self.waiting.get_mut(&done) {
                *place = Some(ready);
            }
        }
        let ready = self.waiting.remove(&index).flatten();
        self.waiting.retain(|&waiting, _| waiting > index);
        ready
    }

    /// Drops what was for blocks before this one.
    pub(crate) fn pass(&mut self, index: usize) {
        self.waiting.retain(|&waiting, _| waiting >= index);
    }
}

fn work(asked: Asked<'_>, queue: &Mutex<Option<Receiver<Job<'_>>>>, done: &Sender<(usize, Ready)>) {
    let mut decoder = Decoder::new(asked.limits);
    loop {
        let job = {
            let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.as_ref().and_then(|queue| queue.recv().ok())
        };
        let Some(job) = job else { return };
        let made = asked.prepare(&job.stored, &job.known, &job.turn, (&mut decoder, Vec::new()));
        if done.send((job.index, (job.turn, made))).is_err() {
            return;
        }
    }
}
