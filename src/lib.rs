//! lignite: a structured-log compressor.
//!
//! Log lines are split into templates and parameters, the parameters are stored as typed columns, and columns go through
//! general-purpose codecs. What comes out is what went in, byte for byte, for any input.
//!
//! # Example
//!
//! ```
//! use std::io::{Read, Write};
//!
//! # fn main() -> lignite::Result<()> {
//! let mut wtr = lignite::WriterBuilder::new().level(3)?.from_writer(Vec::new());
//! for i in 0..1000 {
//!     writeln!(wtr, "2026-11-24 00:00:00 INFO worker[{}]: job {i} done", i % 4)?;
//! }
//! let (file, summary) = wtr.finish()?;
//! assert_eq!(summary.lines, 1000);
//! assert!(file.len() < 1000);
//!
//! let mut log = String::new();
//! lignite::Reader::new(&file[..])?.read_to_string(&mut log)?;
//! assert!(log.ends_with("worker[3]: job 999 done\n"));
//! # Ok(())
//! # }
//! ```
//!
//! The file format is specified in `docs/FORMAT.md`, the structure of this code in `docs/ARCHITECTURE.md`.

mod archive;
mod block;
mod codec;
mod column;
mod encoding;
mod error;
mod expr;
mod fields;
mod format;
#[cfg(feature = "unstable-internals")]
pub mod internals;
mod limits;
mod line;
mod model;
mod name;
mod predicate;
mod query;
mod reader;
mod template;
pub mod vfs;
mod wire;
mod writer;

pub use crate::archive::{
    Added, Appender, Archive, ArchiveBlock, Change, ChangeKind, Committed, Content, Depth,
    Existing, Extracted, Extractor, Fault, MemberLoss, MemberReader, Recovered, Source, Subset,
    Trailing, Unwritten, Verified, compact, content_hash, is_archive, recover, storage_key,
};
pub use crate::block::{BlockReport, ColumnReport, TemplateReport};
pub use crate::column::timestamp::show_time;
pub use crate::error::{Error, ErrorKind, Result, Section};
pub use crate::expr::{Clock, Pipeline, Query, QueryError, Record, Row};
pub use crate::fields::{FieldName, each_field};
pub use crate::format::{Container, Extent, Member, MemberState};
pub use crate::limits::Limits;
pub use crate::line::Severity;
pub use crate::model::{
    Base, ColumnKind, Embedding, ModelFile, Models, Predictor, PredictorSource, Situation,
    SymbolKind,
};
pub use crate::name::Name;
pub use crate::predicate::{
    Case, Condition, FieldTest, MatchExtent, Pattern, PatternBuilder, Predicate, SeveritySet,
    TemplateId, TemplateRef,
};
pub use crate::query::{
    BlockSum, FileTemplate, FileTemplates, LineScan, ScanLine, ScanOptions, ScanStats,
    TemplateSlot, scan_read,
};
pub use crate::reader::{
    BlockInfo, IndexedReader, Loss, OnDamage, Reader, ReaderBuilder, StrayBlocks, StreamInfo,
    Totals, UseIndex, is_lignite,
};
pub use crate::writer::{Statistics, Summary, Writer, WriterBuilder};

/// The examples of `docs/MODEL.md`, which have to compile and to hold.
#[cfg(doctest)]
#[doc = include_str!("../docs/MODEL.md")]
struct ModelExamples;
