//! Queries: which lines of a file or a stream a [`Predicate`](crate::Predicate) selects.

mod lines;
mod scan;

pub use lines::{ScanLine, ScanOptions};
pub use scan::{ScanStats, scan_read};
