//! What a process can code with beside the built-in models: [`Models`]; and what one stream is coded with: [`Equipment`].

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::format::{FileFrame, ModelFrame};
use crate::limits::Limits;
use crate::model::hook::PredictorSource;
use crate::model::trained::ModelFile;

/// Numbers below this are kept for built-in models.
const ID_MIN: u32 = 256;

/// What a file may be coded with beside the built-in models. A reader that does not have what a file names says so and stops.
#[derive(Clone, Debug, Default)]
pub struct Models {
    /// By id and hash of parameters.
    predictors: BTreeMap<(u32, u64), Arc<dyn PredictorSource>>,
    /// By hash.
    files: BTreeMap<u64, ModelFile>,
}

impl Models {
    /// The built-in models only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a predictor known. Several of one id may be, with different parameters.
    pub fn register(&mut self, predictor: Arc<dyn PredictorSource>) -> Result<&mut Self> {
        check_id(&*predictor)?;
        self.predictors.insert((predictor.id(), predictor.parameters()), predictor);
        Ok(self)
    }

    /// Makes a model file known, for files that refer to it.
    pub fn add(&mut self, file: ModelFile) -> &mut Self {
        self.files.insert(file.hash(), file);
        self
    }

    /// What a stream says that it is coded with.
    pub(crate) fn equip(&self, named: &ModelFrame, limits: &Limits) -> Result<Equipment> {
        let predictor = match named.predictor {
            None => None,
            Some((model, parameters)) => Some(
                self.predictors
                    .get(&(model, parameters))
                    .cloned()
                    .ok_or_else(|| Error::new(ErrorKind::UnsupportedModel { model, parameters }))?,
            ),
        };
        let (trained, embedding) = match &named.file {
            None => (None, Embedding::default()),
            Some(FileFrame::Embedded(bytes)) => {
                (Some(ModelFile::from_bytes(bytes.clone(), limits)?), Embedding::Embed)
            }
            Some(FileFrame::Named(hash)) => {
                let file = self.files.get(hash).cloned();
                let missing = || Error::new(ErrorKind::MissingModelFile { hash: *hash });
                (Some(file.ok_or_else(missing)?), Embedding::Refer)
            }
        };
        Ok(Equipment { predictor, trained, embedding })
    }
}

/// A predictor's number is not one of ours.
pub(crate) fn check_id(predictor: &dyn PredictorSource) -> Result<()> {
    if predictor.id() >= ID_MIN {
        return Ok(());
    }
    let what = format!("predictor {}; numbers below {ID_MIN} are built in", predictor.id());
    Err(Error::new(ErrorKind::InvalidArgument { what }))
}

/// What the blocks of a stream are coded with beside the built-in models.
#[derive(Clone, Debug, Default)]
pub(crate) struct Equipment {
    pub(crate) predictor: Option<Arc<dyn PredictorSource>>,
    pub(crate) trained: Option<ModelFile>,
    pub(crate) embedding: Embedding,
}

/// Where a reader finds a model file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Embedding {
    /// In the file itself.
    #[default]
    Embed,
    /// With the reader: the file has the model file's hash only.
    Refer,
}

impl Equipment {
    /// How a stream names it; `None` if it is empty.
    pub(crate) fn named(&self) -> Option<ModelFrame> {
        let predictor = self.predictor_name();
        let file = self.trained.as_ref().map(|file| match self.embedding {
            Embedding::Embed => FileFrame::Embedded(file.bytes().to_vec()),
            Embedding::Refer => FileFrame::Named(file.hash()),
        });
        (predictor.is_some() || file.is_some()).then_some(ModelFrame { predictor, file })
    }

    /// Id and hash of parameters.
    pub(crate) fn predictor_name(&self) -> Option<(u32, u64)> {
        self.predictor.as_ref().map(|it| (it.id(), it.parameters()))
    }
}
