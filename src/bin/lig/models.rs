//! Model files: what a `.lig` file may have been written with.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lignite::vfs::FileSystem;
use lignite::{Limits, ModelFile, Models, ReaderBuilder};

use crate::output::name;

/// Names model files for files that refer to one.
pub(crate) const ENV: &str = "LIG_MODEL";

/// Reads a model file.
pub(crate) fn read(path: &Path, system: &dyn FileSystem) -> Result<ModelFile> {
    let mut bytes = Vec::new();
    let read = system.open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    read.with_context(|| name(path))?;
    ModelFile::from_bytes(bytes, &Limits::default()).with_context(|| name(path))
}

/// Readers that have these model files, and those that the environment names.
pub(crate) fn readers(files: &[PathBuf], system: &dyn FileSystem) -> Result<ReaderBuilder> {
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
