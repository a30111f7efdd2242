//! Options for readers.

use std::io;

use crate::error::Result;
use crate::limits::Limits;
use crate::model::Models;
use crate::reader::{IndexedReader, OnDamage, Reader, UseIndex};

/// Sets up a [`Reader`] or an [`IndexedReader`]; [`Archive`](crate::Archive)s take limits and models from it.
#[derive(Clone, Debug, Default)]
pub struct ReaderBuilder {
    limits: Limits,
    models: Models,
    use_index: UseIndex,
    on_damage: OnDamage,
}

impl ReaderBuilder {
    /// Default limits, the built-in models.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the reader may allocate.
    pub fn limits(&mut self, limits: Limits) -> &mut Self {
        self.limits = limits;
        self
    }

    /// What files may be coded with beside the built-in models. A file that names something else is refused.
    pub fn models(&mut self, models: Models) -> &mut Self {
        self.models = models;
        self
    }

    /// Whether an [`IndexedReader`] believes an index.
    pub fn use_index(&mut self, use_index: UseIndex) -> &mut Self {
        self.use_index = use_index;
        self
    }

    /// What a [`Reader`] does at damage.
    pub fn on_damage(&mut self, on_damage: OnDamage) -> &mut Self {
        self.on_damage = on_damage;
        self
    }

    /// What archives may allocate.
    pub(crate) fn allowed(&self) -> &Limits {
        &self.limits
    }

    /// What archives may be coded with.
    pub(crate) fn known(&self) -> &Models {
        &self.models
    }

    /// A reader that decompresses `rdr` from front to back. Fails if it does not start as a `.lig` does.
    pub fn from_reader<R: io::Read>(&self, rdr: R) -> Result<Reader<R>> {
        let mut reader = Reader::build(rdr, self.limits.clone(), self.models.clone())?;
        reader.on_damage(self.on_damage);
        Ok(reader)
    }

    /// A reader of single blocks.
    pub fn indexed<R: io::Read + io::Seek>(&self, rdr: R) -> Result<IndexedReader<R>> {
        IndexedReader::build(rdr, self.limits.clone(), self.use_index, &self.models)
    }
}
