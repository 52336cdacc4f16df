//! The models that answer, and how they are exchanged while they do.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use clstm::audio::DecodeLimits;
use clstm::nn::Precision;
use clstm::{ModelInfo, Recognizer};

use crate::ServerError;

/// Where a model comes from.
#[derive(Clone, Debug)]
pub enum ModelSource {
    /// A model file, read again at each reload.
    File(PathBuf),
    /// One that does not change, such as `Recognizer::embedded`.
    Ready(Recognizer),
}

impl ModelSource {
    fn load(&self, precision: Precision) -> Result<Recognizer, ServerError> {
        let (name, recognizer) = match self {
            Self::Ready(recognizer) => (recognizer.info().name.clone(), Ok(recognizer.clone())),
            Self::File(path) => (path.display().to_string(), Recognizer::open(path)),
        };
        let recognizer = recognizer.and_then(|recognizer| recognizer.with_precision(precision));
        recognizer.map_err(|source| ServerError::Model { name, source })
    }
}

/// A model that answers. Requests hold the one they began with.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) recognizer: Recognizer,
    /// The limits of recordings that are heard whole.
    pub(crate) limits: DecodeLimits,
}

impl Served {
    pub(crate) fn info(&self) -> &ModelInfo {
        self.recognizer.info()
    }
}

/// The models in the order they were named; the first answers where none is asked for.
pub(crate) type ServedModels = Arc<[Arc<Served>]>;

/// All models, exchanged as a whole.
#[derive(Debug)]
pub(crate) struct Models {
    sources: Vec<ModelSource>,
    precision: Precision,
    limits: DecodeLimits,
    served: RwLock<ServedModels>,
}

impl Models {
    pub(crate) fn load(
        sources: Vec<ModelSource>,
        precision: Precision,
        limits: DecodeLimits,
    ) -> Result<Self, ServerError> {
        let served = RwLock::new(read(&sources, precision, &limits)?);
        Ok(Self { sources, precision, limits, served })
    }

    /// Reads the files again. Where one cannot be read, all models stay as they are. Takes its time: not
    /// for threads that hold connections.
    pub(crate) fn reload(&self) -> Result<(), ServerError> {
        let fresh = read(&self.sources, self.precision, &self.limits)?;
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    pub(crate) fn all(&self) -> ServedModels {
        self.served.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The model of that name, the first where none is named.
    pub(crate) fn named(&self, name: Option<&str>) -> Option<Arc<Served>> {
        let all = self.all();
        match name {
            None => all.first().cloned(),
            Some(name) => all.iter().find(|served| served.info().name == name).cloned(),
        }
    }
}

fn read(
    sources: &[ModelSource],
    precision: Precision,
    limits: &DecodeLimits,
) -> Result<ServedModels, ServerError> {
    let mut all: Vec<Arc<Served>> = Vec::new();
    for source in sources {
        let recognizer = source.load(precision)?;
        // Takes longer than an answer: now rather than when somebody asks for the list.
        let _ = recognizer.digest();
        let name = &recognizer.info().name;
        if all.iter().any(|served| served.info().name == *name) {
            return Err(ServerError::SameName { name: name.clone() });
        }
        all.push(Arc::new(Served { recognizer, limits: limits.clone() }));
    }
    if all.is_empty() { Err(ServerError::NoModel) } else { Ok(all.into()) }
}
