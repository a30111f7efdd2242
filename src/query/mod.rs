//! Queries: which lines of a file or a stream a [`Predicate`](crate::Predicate) selects.

mod ahead;
mod blocks;
mod lines;
mod members;
mod prepare;
mod prune;
mod scan;
mod sums;
mod templates;

pub use lines::{ScanLine, ScanOptions};
pub use scan::{LineScan, ScanStats, scan_read};
pub use sums::BlockSum;
pub use templates::{FileTemplate, FileTemplates, TemplateSlot};
