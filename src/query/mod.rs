//! Queries: which lines of a file or a stream a [`Predicate`](crate::Predicate) selects.

mod blocks;
mod lines;
mod prune;
mod scan;
mod spots;
mod templates;

pub use blocks::BlockSum;
pub use lines::{ScanLine, ScanOptions};
pub use scan::{LineScan, ScanStats, scan_read};
pub use templates::{FileTemplate, FileTemplates, TemplateSlot};
