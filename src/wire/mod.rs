//! What every structure on disk is made of (`docs/FORMAT.md`, "Conventions"): little-endian integers, canonical
//! varints, and checksums.

pub(crate) mod checksum;
mod cursor;
pub(crate) mod varint;

pub(crate) use cursor::Cursor;
