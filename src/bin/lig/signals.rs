//! Signals: the first asks for an orderly end, the second ends at once.

#[cfg(unix)]
mod unix {
    use std::sync::Arc;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    static RECEIVED: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

    /// From now on a first SIGINT, SIGTERM or SIGHUP is noted only.
    pub(crate) fn install() {
        let received = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let once = Arc::new(AtomicBool::new(false));
            // Order matters: the default action is armed by the first delivery and taken at the second.
            let number = usize::try_from(signal).unwrap_or(0);
            drop(signal_hook::flag::register_conditional_default(signal, Arc::clone(&once)));
            drop(signal_hook::flag::register(signal, once));
            drop(signal_hook::flag::register_usize(signal, Arc::clone(&received), number));
        }
        drop(RECEIVED.set(received));
    }

    /// The signal that has come.
    pub(crate) fn received() -> Option<u8> {
        let number = RECEIVED.get()?.load(Ordering::Relaxed);
        u8::try_from(number).ok().filter(|&number| number > 0)
    }
}

#[cfg(unix)]
pub(crate) use unix::{install, received};

/// Elsewhere signals keep their default action.
#[cfg(not(unix))]
pub(crate) fn install() {}

/// Elsewhere no signal is noted.
#[cfg(not(unix))]
pub(crate) fn received() -> Option<u8> {
    None
}
