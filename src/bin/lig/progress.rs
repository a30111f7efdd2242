//! Progress on standard error, for people who wait.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use lignite::Summary;

use crate::args::Args;
use crate::units;

/// Work shorter than this shows nothing.
const QUIET_FOR: Duration = Duration::from_secs(1);
/// Between two updates.
const EVERY: Duration = Duration::from_millis(200);

/// A line that is written over and over.
#[derive(Debug)]
pub(crate) struct Progress {
    /// When the work began; none if nobody watches.
    begun: Option<Instant>,
    next: Duration,
    shown: bool,
    total: Option<u64>,
}

impl Progress {
    /// Shown on a terminal, or where asked for. `total`: bytes of the input, if known.
    pub(crate) fn new(args: &Args, total: Option<u64>) -> Self {
        let wanted =
            args.progress || (!args.no_progress && args.quiet == 0 && io::stderr().is_terminal());
        let begun = wanted.then(Instant::now);
        Self { begun, next: QUIET_FOR, shown: false, total }
    }

    /// Shows how far the work is, now and then.
    pub(crate) fn update(&mut self, now: &Summary) {
        let Some(begun) = self.begun else { return };
        let elapsed = begun.elapsed();
        if elapsed < self.next {
            return;
        }
        self.next = elapsed + EVERY;
        self.shown = true;
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let speed = now.bytes_in.saturating_mul(1000) / millis;
        let left =
            self.total.and_then(|total| total.saturating_sub(now.bytes_in).checked_div(speed));
        let left = left.map_or_else(String::new, |seconds| format!(", {seconds} s left"));
        drop(write!(
            io::stderr().lock(),
            "\r\x1b[K{} => {} ({:.2}x), {}/s{left}",
            units::bytes(now.bytes_in),
            units::bytes(now.bytes_out),
            units::ratio(now.bytes_in, now.bytes_out),
            units::bytes(speed),
        ));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            drop(write!(io::stderr().lock(), "\r\x1b[K"));
        }
    }
}
