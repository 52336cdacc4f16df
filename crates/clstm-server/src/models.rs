//! The loaded models, and their reload while requests run.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use clstm::Precision;
use clstm::audio::DecodeLimits;
use clstm::{ClassMap, ModelInfo, Recognizer};

use crate::ServerError;

/// Where a model comes from.
#[derive(Clone, Debug)]
pub enum ModelSource {
    /// A model file, read again at each reload.
    File(PathBuf),
    /// A model that reloads leave alone, such as `Recognizer::embedded`.
    Ready(Recognizer),
}

impl ModelSource {
    fn load(
        &self,
        precision: Precision,
        classes: Option<&ClassMap>,
    ) -> Result<Recognizer, ServerError> {
        let (name, recognizer) = match self {
            Self::Ready(recognizer) => (recognizer.info().name.clone(), Ok(recognizer.clone())),
            Self::File(path) => (path.display().to_string(), Recognizer::open(path)),
        };
        let recognizer = recognizer.and_then(|recognizer| {
            let recognizer = recognizer.with_precision(precision)?;
            classes.map_or(Ok(recognizer.clone()), |classes| recognizer.with_classes(classes))
        });
        recognizer.map_err(|source| ServerError::Model { name, source })
    }
}

/// A loaded model. A request keeps the model that it started with.
#[derive(Debug)]
pub(crate) struct LoadedModel {
    pub(crate) recognizer: Recognizer,
    /// Limits of decoding for recordings that are recognised as a whole.
    pub(crate) limits: DecodeLimits,
}

impl LoadedModel {
    pub(crate) fn info(&self) -> &ModelInfo {
        self.recognizer.info()
    }

    /// The labels in the order of the probabilities.
    pub(crate) fn labels(&self) -> &[String] {
        self.recognizer.labels()
    }
}

/// The models in the order of the configuration; the first is the default.
pub(crate) type LoadedModels = Arc<[Arc<LoadedModel>]>;

/// All models; a reload replaces them together.
#[derive(Debug)]
pub(crate) struct Models {
    sources: Vec<ModelSource>,
    precision: Precision,
    classes: Option<ClassMap>,
    limits: DecodeLimits,
    loaded: RwLock<LoadedModels>,
}

impl Models {
    pub(crate) fn load(
        sources: Vec<ModelSource>,
        precision: Precision,
        classes: Option<ClassMap>,
        limits: DecodeLimits,
    ) -> Result<Self, ServerError> {
        let loaded = RwLock::new(read(&sources, precision, classes.as_ref(), &limits)?);
        Ok(Self { sources, precision, classes, limits, loaded })
    }

    /// Reads the files again. If one cannot be used, all models stay as they are. Blocks.
    pub(crate) fn reload(&self) -> Result<(), ServerError> {
        let fresh = read(&self.sources, self.precision, self.classes.as_ref(), &self.limits)?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    pub(crate) fn all(&self) -> LoadedModels {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The model of that name; the first one without a name.
    pub(crate) fn named(&self, name: Option<&str>) -> Option<Arc<LoadedModel>> {
        let all = self.all();
        match name {
            None => all.first().cloned(),
            Some(name) => all.iter().find(|model| model.info().name == name).cloned(),
        }
    }
}

fn read(
    sources: &[ModelSource],
    precision: Precision,
    classes: Option<&ClassMap>,
    limits: &DecodeLimits,
) -> Result<LoadedModels, ServerError> {
    let mut all: Vec<Arc<LoadedModel>> = Vec::new();
    for source in sources {
        // Whether damage is an error is a parameter of each request.
        let recognizer =
            source.load(precision, classes)?.with_limits(limits.clone()).with_strict(false);
        // Hashing takes longer than a recognition: do it now, not in the first request for the list.
        let _ = recognizer.digest();
        let name = &recognizer.info().name;
        if all.iter().any(|model| model.info().name == *name) {
            return Err(ServerError::SameName { name: name.clone() });
        }
        all.push(Arc::new(LoadedModel { recognizer, limits: limits.clone() }));
    }
    if all.is_empty() { Err(ServerError::NoModel) } else { Ok(all.into()) }
}
