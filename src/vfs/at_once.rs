//! Waiting for many files at once.

use std::io;
use std::sync::{Mutex, PoisonError};

/// Threads that wait at most. A journal makes durable in one turn what is asked of it at the same time.
const THREADS_MAX: usize = 8;

/// Does the same with each item, several at a time: something that mostly waits, such as a sync. Returns what came of each.
pub(crate) fn each_at_once<T: Send>(
    items: &mut [T],
    work: impl Fn(&mut T) -> io::Result<()> + Sync,
) -> Vec<io::Result<()>> {
    let mut results: Vec<io::Result<()>> = items.iter().map(|_| Ok(())).collect();
    let helpers = THREADS_MAX.min(items.len()).saturating_sub(1);
    let queue = Mutex::new(items.iter_mut().zip(&mut results));
    let worker = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((item, result)) = next else { return };
            *result = work(item);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..helpers {
            // Where no thread is to be had, fewer do it, or this one alone.
            drop(std::thread::Builder::new().spawn_scoped(scope, worker));
        }
        worker();
    });
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_is_done_once_and_has_its_own_result() {
        for len in [0, 1, 2, 100] {
            let mut items = vec![0; len];
            for (number, item) in items.iter_mut().enumerate() {
                *item = number;
            }
            let results = each_at_once(&mut items, |item| {
                *item += 1000;
                if *item % 3 == 0 { Err(io::Error::other(item.to_string())) } else { Ok(()) }
            });
            assert_eq!(items, (1000..1000 + len).collect::<Vec<_>>());
            for (item, result) in items.iter().zip(results) {
                let failed = result.err().map(|err| err.to_string());
                assert_eq!(failed, (item % 3 == 0).then(|| item.to_string()));
            }
        }
    }
}
