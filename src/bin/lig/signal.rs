//! Signals as flags: the first one asks the loops to end in good order, the second one kills.

use std::fmt;
#[cfg(unix)]
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lignite::vfs::FileSystem;

/// The signals that have arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signals {
    ending: Arc<AtomicUsize>,
    report: Arc<AtomicBool>,
}

impl Signals {
    /// Takes over interrupt, termination and hang-up, and the request for one line of progress.
    #[cfg(unix)]
    pub(crate) fn install(system: &dyn FileSystem) -> std::io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
        use signal_hook::flag;

        let signals = Self::default();
        let ignored = ignored_signals(system);
        let killing = Arc::new(AtomicBool::new(false));
        for (signal, number) in [(SIGINT, 2), (SIGTERM, 15), (SIGHUP, 1)] {
            // What `nohup` or a shell's background job ignores stays ignored.
            if ignored >> (number - 1) & 1 == 1 {
                continue;
            }
            flag::register_conditional_default(signal, Arc::clone(&killing))?;
            flag::register(signal, Arc::clone(&killing))?;
            flag::register_usize(signal, Arc::clone(&signals.ending), number)?;
        }
        flag::register(SIGUSR1, Arc::clone(&signals.report))?;
        // A file that may not grow is an error of a write, not the end of the process.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(signals)
    }

    /// There are no signals to take over here.
    #[cfg(not(unix))]
    pub(crate) fn install(_: &dyn FileSystem) -> std::io::Result<Self> {
        Ok(Self::default())
    }

    /// The signal that asks for an end, if one has arrived.
    pub(crate) fn ending(&self) -> Option<Interrupted> {
        match self.ending.load(Ordering::Relaxed) {
            0 => None,
            number => Some(Interrupted { number: u8::try_from(number).unwrap_or(2) }),
        }
    }

    /// Whether a line of progress was asked for since the last call.
    pub(crate) fn take_report(&self) -> bool {
        self.report.load(Ordering::Relaxed) && self.report.swap(false, Ordering::Relaxed)
    }
}

/// The work was ended by a signal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupted {
    /// The signal's number.
    pub(crate) number: u8,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ended by signal {}", self.number)
    }
}

impl std::error::Error for Interrupted {}

/// The mask of signals that this process inherited as ignored; bit 0 is signal 1.
#[cfg(unix)]
fn ignored_signals(system: &dyn FileSystem) -> u64 {
    let mut status = String::new();
    let status_file = system.open("/proc/self/status".as_ref());
    // Where there is no such file, none is known to be ignored.
    drop(status_file.and_then(|mut file| file.read_to_string(&mut status)));
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
