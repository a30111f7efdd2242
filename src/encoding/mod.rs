//! Typed values ↔ bytes, one encoding a file (`docs/FORMAT.md`, "Encodings"). What codec follows is not known here.

pub(crate) mod digits;
pub(crate) mod integer;
pub(crate) mod keyed;
pub(crate) mod packed;
