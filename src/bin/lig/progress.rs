//! One line that says how far the work is.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use crate::args::FilterArgs;
use crate::output::Output;
use crate::signal::Signals;
use crate::units;

const FIRST_AFTER: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(250);

/// How far the work on one input is.
#[derive(Debug)]
pub(crate) struct Progress {
    name: String,
    total: Option<u64>,
    started: Instant,
    next: Option<Instant>,
}

impl Progress {
    /// Starts the clock. `total` is how much there is to read, where that is known.
    pub(crate) fn new(name: String, total: Option<u64>, args: &FilterArgs) -> Self {
        let wanted =
            args.progress || !args.no_progress && args.quiet == 0 && io::stderr().is_terminal();
        let started = Instant::now();
        Self { name, total, started, next: wanted.then(|| started + FIRST_AFTER) }
    }

    /// Shows progress if it is time to, or if a signal asked.
    pub(crate) fn tick(&mut self, read: u64, written: u64, signals: &Signals, out: &mut Output) {
        if signals.take_report() {
            out.plain(&format!("{}\n", self.line(read, written)));
        }
        let Some(next) = self.next else { return };
        let now = Instant::now();
        if now >= next {
            self.next = Some(now + EVERY);
            out.progress(&self.line(read, written));
        }
    }

    fn line(&self, read: u64, written: u64) -> String {
        let millis = self.started.elapsed().as_millis().max(1);
        let rate = u64::try_from(u128::from(read) * 1_000 / millis).unwrap_or(u64::MAX);
        let (raw, stored) = (read.max(written), read.min(written));
        let mut line = format!(
            "{}: {} => {}, ratio {}, {}/s",
            self.name,
            units::bytes(read),
            units::bytes(written),
            units::ratio(raw, stored),
            units::bytes(rate),
        );
        if let Some(left) = self.total.and_then(|total| total.checked_sub(read))
            && rate > 0
        {
            let seconds = left / rate;
            let _infallible = write!(line, ", {}:{:02} left", seconds / 60, seconds % 60);
        }
        line
    }
}
