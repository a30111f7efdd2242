//! Model files: what a `.lig` file may have been written with.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use lignite::vfs::FileSystem;
use lignite::{Embedding, Limits, ModelFile, Models, ReaderBuilder, WriterBuilder};

use crate::output::name;

/// Names model files for files that refer to one.
const ENV: &str = "LIG_MODEL";

/// Flags of commands that read files.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct KnownModels {
    /// A model file that a file refers to; may be given again
    #[arg(long, value_name = "MODEL")]
    model: Vec<PathBuf>,
}

impl KnownModels {
    /// Readers that have these model files, and those that the environment names.
    pub(crate) fn readers(&self, system: &dyn FileSystem) -> Result<ReaderBuilder> {
        readers(&self.model, system)
    }
}

/// Flags of commands that write files.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct StartModel {
    /// Start from a model file (see lig train); to decompress: one that a file refers to
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,

    /// With --model: the output refers to the model file, it does not hold a copy
    #[arg(long, requires = "model")]
    model_ref: bool,
}

impl StartModel {
    /// Has what is written start from the model file, if there is one.
    pub(crate) fn set(&self, builder: &mut WriterBuilder, system: &dyn FileSystem) -> Result<()> {
        if let Some(path) = &self.model {
            let embedding = if self.model_ref { Embedding::Refer } else { Embedding::Embed };
            builder.model(read(path, system)?, embedding);
        }
        Ok(())
    }

    /// Readers that have the model file, and those that the environment names.
    pub(crate) fn readers(&self, system: &dyn FileSystem) -> Result<ReaderBuilder> {
        readers(self.model.as_slice(), system)
    }
}

/// Reads a model file.
fn read(path: &Path, system: &dyn FileSystem) -> Result<ModelFile> {
    let mut bytes = Vec::new();
    let read = system.open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    read.with_context(|| name(path))?;
    ModelFile::from_bytes(bytes, &Limits::default()).with_context(|| name(path))
}

/// Readers that have these model files, and those that the environment names.
fn readers(files: &[PathBuf], system: &dyn FileSystem) -> Result<ReaderBuilder> {
    let mut models = Models::new();
    for path in files {
        models.add(read(path, system)?);
    }
    if let Some(paths) = std::env::var_os(ENV) {
        for path in std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()) {
            models.add(read(&path, system).context(ENV)?);
        }
    }
    let mut builder = ReaderBuilder::new();
    builder.models(models);
    Ok(builder)
}
