//! A file system that fails where a test wants it to.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::vfs::{FileSystem, Guard, GuardedFileSystem, Operation};

/// Which operations fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// None: they are only counted.
    Never,
    /// The operation of that number, from 1.
    Once(u64),
    /// That one, and all behind it.
    From(u64),
}

/// Passes everything on to another file system, except where a [`Fault`] says otherwise: there the call fails with an
/// error of the operating system, and nothing is done.
///
/// For tests of programs that write files: run one with a fault at the first operation, at the second, and so on, until a
/// run meets none.
pub type FaultyFileSystem<'a> = GuardedFileSystem<'a, FaultPlan>;

/// Where a [`FaultyFileSystem`] fails.
#[derive(Debug)]
pub struct FaultPlan {
    fault: Fault,
    raw_os_error: i32,
    spared: Vec<Operation>,
    bytes_max: usize,
    count: AtomicU64,
    failed: Mutex<Option<Operation>>,
}

impl Guard for FaultPlan {
    fn before(&self, operation: Operation) -> io::Result<()> {
        if self.spared.contains(&operation) {
            return Ok(());
        }
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let fails = match self.fault {
            Fault::Never => false,
            Fault::Once(fault) => number == fault,
            Fault::From(fault) => number >= fault,
        };
        if !fails {
            return Ok(());
        }
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(operation);
        Err(io::Error::from_raw_os_error(self.raw_os_error))
    }

    fn bytes_max(&self) -> usize {
        self.bytes_max
    }
}

impl<'a> FaultyFileSystem<'a> {
    /// Wraps `inner`. What fails, fails with the error that the operating system gives `raw_os_error`.
    pub fn new(inner: &'a dyn FileSystem, fault: Fault, raw_os_error: i32) -> Self {
        Self::sparing(inner, fault, raw_os_error, &[])
    }

    /// As [`new`](Self::new); operations of the kinds `spared` are neither counted nor fail.
    pub fn sparing(
        inner: &'a dyn FileSystem,
        fault: Fault,
        raw_os_error: i32,
        spared: &[Operation],
    ) -> Self {
        let (count, failed, spared) = (AtomicU64::new(0), Mutex::new(None), spared.to_owned());
        let bytes_max = usize::MAX;
        Self::guard(inner, FaultPlan { fault, raw_os_error, spared, bytes_max, count, failed })
    }

    /// Nothing fails, but no call reads or writes more than so many bytes.
    pub fn slow(inner: &'a dyn FileSystem, bytes_max: usize) -> Self {
        let (count, failed, spared) = (AtomicU64::new(0), Mutex::new(None), Vec::new());
        let (fault, raw_os_error) = (Fault::Never, 0);
        Self::guard(inner, FaultPlan { fault, raw_os_error, spared, bytes_max, count, failed })
    }

    /// The operation that failed first, if one has.
    pub fn failed(&self) -> Option<Operation> {
        *self.as_guard().failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
