//! What is left of a damaged file.

use std::io::BufRead;

use lignite::{Loss, OnDamage, Reader, Result};

/// Reads on over damage: the bytes that are left, and what was lost; an error where there is nothing to begin with.
pub(crate) fn salvage(file: &[u8]) -> Result<(Vec<u8>, Vec<Loss>)> {
    let mut raw = Vec::new();
    let mut reader = Reader::new(file)?;
    reader.on_damage(OnDamage::Skip);
    loop {
        let bytes = reader.fill_buf().unwrap_or_else(|error| panic!("{error}"));
        if bytes.is_empty() {
            break;
        }
        raw.extend_from_slice(bytes);
        let len = bytes.len();
        reader.consume(len);
    }
    Ok((raw, reader.take_losses()))
}
