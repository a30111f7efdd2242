//! What a process can code with beside the built-in models: [`Models`]; and what one stream is coded with: [`Equipment`].

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::format::ModelFrame;
use crate::model::hook::PredictorSource;

/// Numbers below this are kept for built-in models.
const ID_MIN: u32 = 256;

/// What a file may be coded with beside the built-in models. A reader that does not have what a file names says so and stops.
#[derive(Clone, Debug, Default)]
pub struct Models {
    /// By id and hash of parameters.
    predictors: BTreeMap<(u32, u64), Arc<dyn PredictorSource>>,
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

    /// What a stream says that it is coded with.
    pub(crate) fn equip(&self, named: &ModelFrame) -> Result<Equipment> {
        let predictor = match named.predictor {
            None => None,
            Some((model, parameters)) => Some(
                self.predictors
                    .get(&(model, parameters))
                    .cloned()
                    .ok_or_else(|| Error::new(ErrorKind::UnsupportedModel { model, parameters }))?,
            ),
        };
        Ok(Equipment { predictor })
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
}

impl Equipment {
    /// How a stream names it; `None` if it is empty.
    pub(crate) fn named(&self) -> Option<ModelFrame> {
        let predictor = self.predictor.as_ref().map(|it| (it.id(), it.parameters()));
        predictor.map(|_| ModelFrame { predictor })
    }
}
