//! `--tail` and `--follow`: the last lines that are selected, and those that are still to come.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{Read as _, Seek as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail};
use lignite::vfs::{FileInfo, FileSystem, ReadFile};
use lignite::{Condition, ErrorKind, LineScan, ScanLine, ScanStats, is_lignite};

use super::search::{Log, Search};
use crate::foreign::Foreign;

/// How long to wait until files are looked at again.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);
/// Bytes of a plain file that are read at a time.
const STEP: usize = 1 << 18;

/// Bytes of lines that are given out at a time.
const BATCH_BYTES: usize = 32 << 20;
/// Bytes of the last lines that are kept.
const KEPT_BYTES_MAX: usize = 128 << 20;

/// A line that was selected.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    bytes: Vec<u8>,
    line: ScanLine<'static>,
}

impl Found {
    fn of(line: ScanLine<'_>) -> Self {
        Self { bytes: line.bytes.to_vec(), line: line.with_bytes(&[]) }
    }

    /// The line as it came.
    pub(crate) fn line(&self) -> ScanLine<'_> {
        self.line.with_bytes(&self.bytes)
    }
}

/// Lines in their order: all, or the last ones.
#[derive(Clone, Debug, Default)]
struct Queue {
    lines: VecDeque<Found>,
    bytes: usize,
    most: Option<usize>,
}

impl Queue {
    fn last(most: Option<usize>) -> Self {
        Self { most, ..Self::default() }
    }

    fn push(&mut self, line: ScanLine<'_>) -> lignite::Result<()> {
        self.bytes += line.bytes.len() + size_of::<Found>();
        self.lines.push_back(Found::of(line));
        if self.most.is_some_and(|most| self.lines.len() > most)
            && let Some(first) = self.lines.pop_front()
        {
            self.bytes -= first.bytes.len() + size_of::<Found>();
        }
        if self.most.is_some() && self.bytes > KEPT_BYTES_MAX {
            return Err(lignite::Error::new(ErrorKind::LimitExceeded {
                limit: "bytes of the last lines",
                requested: self.bytes as u64,
                allowed: KEPT_BYTES_MAX as u64,
            }));
        }
        Ok(())
    }

    /// Whether lines should be given out before more are looked for.
    fn is_full(&self) -> bool {
        self.most.is_none() && self.bytes > BATCH_BYTES
    }

    fn take(&mut self) -> Vec<Found> {
        self.bytes = 0;
        self.lines.drain(..).collect()
    }
}

/// The last lines of an input that are selected. Of a file of ours, blocks are looked at from the end on.
pub(crate) fn last(
    search: &mut Search,
    log: Log<'_>,
    most: usize,
) -> Result<(Vec<Found>, ScanStats)> {
    let (file, can_seek) = match log {
        Log::File(file, can_seek) => (file, can_seek),
        log @ Log::Member(..) => {
            let mut queue = Queue::last(Some(most));
            let stats = search.content(log, &mut |line| {
                queue.push(line)?;
                Ok(ControlFlow::Continue(()))
            })?;
            return Ok((queue.lines.into(), stats));
        }
    };
    let mut blocks = 0;
    if can_seek && is_ours(file)? {
        blocks = search.readers.indexed(&mut *file)?.blocks().len();
        file.rewind()?;
    }
    let mut wanted = 1;
    loop {
        search.options.first_block = blocks.saturating_sub(wanted);
        let mut queue = Queue::last(Some(most));
        let searched = search.content(Log::File(&mut *file, can_seek), &mut |line| {
            queue.push(line)?;
            Ok(ControlFlow::Continue(()))
        });
        let is_first = std::mem::take(&mut search.options.first_block) == 0;
        let stats = searched?;
        if is_first || queue.lines.len() >= most {
            return Ok((queue.lines.into(), stats));
        }
        wanted *= 4;
        file.rewind()?;
    }
}

fn is_ours(file: &mut dyn ReadFile) -> Result<bool> {
    let mut prefix = Vec::new();
    file.take(8).read_to_end(&mut prefix)?;
    file.rewind()?;
    Ok(is_lignite(&prefix))
}

/// A file that is looked at again and again.
pub(crate) struct Followed<'p> {
    path: PathBuf,
    pub(crate) search: &'p Search,
    file: Box<dyn ReadFile>,
    info: FileInfo,
    state: State<'p>,
    queue: Rc<RefCell<Queue>>,
}

type Sink = Box<dyn FnMut(ScanLine<'_>) -> lignite::Result<ControlFlow<()>>>;

impl std::fmt::Debug for Followed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Followed").field("path", &self.path).finish_non_exhaustive()
    }
}

/// How far a file has been looked at.
enum State<'p> {
    /// Nothing is known of it.
    Fresh,
    /// A file of ours: so many blocks with so many whole lines, when it had so many bytes.
    Blocks { blocks: usize, lines: u64, len: u64 },
    /// Anything else.
    Bytes(Box<LineScan<'p, Sink>>),
    /// Nothing more can come.
    Over,
}

impl<'p> Followed<'p> {
    /// Opens a file; of what is in it by now, the last `most` selected lines are wanted, or all.
    pub(crate) fn open(
        path: PathBuf,
        search: &'p Search,
        system: &dyn FileSystem,
        most: Option<usize>,
    ) -> Result<Self> {
        let file = system.open(&path)?;
        let info = file.info()?;
        if info.is_dir() {
            bail!("is a directory");
        }
        let queue = Rc::new(RefCell::new(Queue::last(most)));
        Ok(Self { path, search, file, info, state: State::Fresh, queue })
    }

    /// Whether nothing more can come.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether the name leads to another file by now, or the file was cut.
    pub(crate) fn is_replaced(&self, system: &dyn FileSystem) -> bool {
        let Ok(now) = system.info(&self.path) else { return false };
        let other = now.identity.is_some() && !now.is_same_file(&self.info);
        other || now.len < self.info.len
    }

    /// Takes up the file that the name leads to by now; returns what was left of the old one.
    pub(crate) fn replace(&mut self, system: &dyn FileSystem) -> Result<Vec<Found>> {
        let file = system.open(&self.path)?;
        let mut left = self.advance()?;
        if let State::Bytes(scan) = std::mem::replace(&mut self.state, State::Fresh) {
            scan.finish()?;
            left.extend(self.queue.borrow_mut().take());
        }
        self.info = file.info()?;
        self.file = file;
        Ok(left)
    }

    /// The selected lines that have come since the last time.
    pub(crate) fn advance(&mut self) -> Result<Vec<Found>> {
        if matches!(self.state, State::Fresh) {
            self.state = self.start()?;
        }
        let len = self.file.info()?.len;
        self.info.len = self.info.len.max(len);
        match &mut self.state {
            State::Fresh | State::Over => {}
            State::Blocks { len: seen, .. } if *seen == len => {}
            State::Blocks { .. } => self.blocks(len)?,
            State::Bytes(scan) => {
                let mut buffer = vec![0; STEP];
                loop {
                    let read = self.file.read(&mut buffer)?;
                    let bytes = buffer.get(..read).unwrap_or_default();
                    let is_over = bytes.is_empty() || scan.push(bytes)?.is_break();
                    if is_over || self.queue.borrow().is_full() {
                        break;
                    }
                }
            }
        }
        let mut queue = self.queue.borrow_mut();
        if !matches!(self.state, State::Fresh) {
            queue.most = None;
        }
        Ok(queue.take())
    }

    /// Finds out what the file is.
    fn start(&mut self) -> Result<State<'p>> {
        let mut prefix = Vec::new();
        self.file.by_ref().take(8).read_to_end(&mut prefix)?;
        self.file.rewind()?;
        if prefix.is_empty() {
            return Ok(State::Fresh);
        }
        if is_lignite(&prefix) {
            return Ok(State::Blocks { blocks: 0, lines: 0, len: 0 });
        }
        let asked = self.search.predicate.condition.as_ref();
        if asked.is_some_and(Condition::needs_templates) {
            bail!("templates are known of .lig files only");
        }
        let queue = Rc::clone(&self.queue);
        let mut sink = move |line: ScanLine<'_>| {
            queue.borrow_mut().push(line)?;
            Ok(ControlFlow::Continue(()))
        };
        if Foreign::detect(&prefix) != Foreign::Other {
            self.search.clone().content(Log::File(&mut *self.file, true), &mut sink)?;
            return Ok(State::Over);
        }
        let (predicate, options) = (&self.search.predicate, &self.search.options);
        Ok(State::Bytes(Box::new(LineScan::new(predicate, options, Box::new(sink)))))
    }

    /// Looks at the blocks that are new.
    fn blocks(&mut self, len: u64) -> Result<()> {
        let State::Blocks { blocks, lines, .. } = self.state else { return Ok(()) };
        self.file.rewind()?;
        let (count, whole, is_finished) = match self.search.readers.indexed(&mut *self.file) {
            Ok(rdr) => {
                let whole: u64 = rdr.blocks().iter().map(|block| block.lines).sum();
                let is_finished = rdr.streams().last().is_some_and(|stream| stream.finished);
                (rdr.blocks().len(), whole, is_finished)
            }
            // Its header has not been written out.
            Err(err) if is_early(&err) => return Ok(()),
            Err(err) => return Err(err.into()),
        };
        let mut cut = None;
        if count > blocks || is_finished {
            let mut search = self.search.clone();
            search.options.first_block = blocks;
            let mut queue = self.queue.borrow_mut();
            self.file.rewind()?;
            search.content(Log::File(&mut *self.file, true), &mut |line| {
                // The end of a line may still come, unless there is an end to the file.
                let is_whole = line.number <= whole || is_finished && line.number == whole + 1;
                if line.number > lines && is_whole {
                    queue.push(line)?;
                    if queue.is_full() {
                        cut = Some(line.number);
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        self.state = match cut {
            // There is more of what is there already.
            Some(lines) => State::Blocks { blocks, lines, len: 0 },
            None => State::Blocks { blocks: count, lines: whole, len },
        };
        Ok(())
    }
}

fn is_early(err: &lignite::Error) -> bool {
    matches!(err.kind(), ErrorKind::Truncated { .. })
}
