//! A loaded model with its preprocessing and calibration.

use std::borrow::Borrow;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use clstm_audio::{DecodeLimits, EncodedAudio};
use clstm_nn::{ComputeDevice, Precision};

use crate::backend::Backend;
use crate::batch_scorer::BatchScorer;
use crate::class_map::ClassGroups;
use crate::stream::{DimensionValues, Probabilities};
use crate::{
    ClassMap, Clip, Model, ModelError, ModelInfo, PreparedRecording, Recognition, RecognizeError,
};

/// Share of a recording that must be speech. Music and noise pass the speech gate for short times: `docs/speech.md` has the
/// figures.
const MIN_SPEECH: f64 = 0.1;

/// A loaded model with its preprocessing and calibration.
///
/// Every method takes `&self`: share a recognizer by reference among threads, or clone it; clones share the
/// weights. Results depend neither on the number of threads nor on what else is recognised at the same time.
#[derive(Clone, Debug)]
pub struct Recognizer {
    loaded: Arc<Loaded>,
    limits: DecodeLimits,
    min_speech: f64,
    strict: bool,
    /// `None` for the labels of the model as they are.
    classes: Option<Arc<ClassGroups>>,
}

/// The network's output for a clip: means over its windows.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipScores {
    /// The deep feature, which the center loss attracts to the centre of its class (Eq. 13).
    pub features: Vec<f64>,
    /// Logits in the order of the labels, before temperature scaling.
    pub logits: Vec<f64>,
    /// Values of [`ModelInfo::dimensions`], in their order.
    pub dimensions: Vec<f64>,
}

#[derive(Debug)]
struct Loaded {
    model: Arc<Model>,
    backend: Backend,
    precision: Precision,
    device: ComputeDevice,
    /// [`Model::digest`], which takes longer than a recognition and is seldom needed.
    digest: OnceLock<String>,
}

impl Loaded {
    fn new(
        model: Arc<Model>,
        precision: Precision,
        device: ComputeDevice,
    ) -> Result<Arc<Self>, ModelError> {
        let backend = Backend::new(&model, precision, &device)?;
        Ok(Arc::new(Self { model, backend, precision, device, digest: OnceLock::new() }))
    }
}

impl Recognizer {
    /// Loads a model on the CPU.
    ///
    /// # Errors
    /// If the weights are not those of the network that the model describes.
    pub fn new(model: Model) -> Result<Self, ModelError> {
        Self::on(model, &ComputeDevice::default())
    }

    /// Loads a model on a device: see [`DeviceName`](crate::DeviceName).
    ///
    /// # Errors
    /// If the weights are not those of the network that the model describes.
    pub fn on(model: Model, device: &ComputeDevice) -> Result<Self, ModelError> {
        let loaded = Loaded::new(Arc::new(model), Precision::F32, device.clone())?;
        Ok(Self {
            loaded,
            limits: DecodeLimits::default(),
            min_speech: MIN_SPEECH,
            strict: true,
            classes: None,
        })
    }

    /// Reads a model file and loads it on the CPU.
    ///
    /// # Errors
    /// [`ModelError`] names what is wrong with the file.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        Self::new(Model::read(path)?)
    }

    /// The default model in the binary.
    ///
    /// # Errors
    /// Never with the model files of this release.
    #[cfg(feature = "embedded")]
    pub fn embedded() -> Result<Self, ModelError> {
        Self::new(Model::embedded(crate::EmbeddedModel::default())?)
    }

    /// The same recognizer with other limits on what it decodes.
    #[must_use]
    pub fn with_limits(mut self, limits: DecodeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The same recognizer with another speech gate: recordings get no prediction where less than this share of them, without
    /// their quiet edges, is speech, or less than 0.15 s. A new recognizer requires a tenth; 0
    /// predicts a label for every recording that is not silent.
    #[must_use]
    pub fn with_min_speech(mut self, share: f64) -> Self {
        self.min_speech = share;
        self
    }

    /// The same recognizer with another policy for damaged recordings. A strict one, as a new one is, returns an error for
    /// them; another one recognises what can be decoded and reports what is missing as [`Recognition::damage`] and
    /// [`TimelineSummary::damage`](crate::TimelineSummary::damage).
    #[must_use]
    pub fn with_strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// The same recognizer with fewer classes than its model: the probabilities of labels that count as one class are
    /// added, those of labels that the map leaves out are dropped, and the rest is scaled to a sum of 1. Recordings,
    /// timelines and streams then have these classes instead of the model's labels.
    ///
    /// # Errors
    /// [`ModelError::ClassMap`] if fewer than two classes come of the model's labels.
    pub fn with_classes(mut self, map: &ClassMap) -> Result<Self, ModelError> {
        self.classes = Some(Arc::new(map.groups(&self.info().labels)?));
        Ok(self)
    }

    /// Whether a [`ClassMap`] merges the model's labels.
    #[must_use]
    pub fn merges_classes(&self) -> bool {
        self.classes.is_some()
    }

    /// The same recognizer with another precision of the matrix products of its recurrent layers. A new recognizer
    /// uses `f32`, whatever the model was trained in.
    ///
    /// # Errors
    /// [`NetworkError::Precision`](crate::NetworkError::Precision) where its device does not support it.
    pub fn with_precision(mut self, precision: Precision) -> Result<Self, ModelError> {
        if precision != self.loaded.precision {
            let Loaded { model, device, .. } = &*self.loaded;
            self.loaded = Loaded::new(model.clone(), precision, device.clone())?;
        }
        Ok(self)
    }

    /// Precision of the matrix products of the recurrent layers.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.loaded.precision
    }

    /// The model's description.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        &self.loaded.model.info
    }

    /// The labels in the order of the probabilities: the model's, or the classes of
    /// [`with_classes`](Self::with_classes).
    #[must_use]
    pub fn labels(&self) -> &[String] {
        self.classes.as_ref().map_or(&self.info().labels, |groups| &groups.classes)
    }

    /// [`Model::digest`] of the model.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.loaded.digest.get_or_init(|| self.loaded.model.digest())
    }

    /// Recognises a recording in a file of any format that [`clstm_audio`] decodes.
    ///
    /// # Errors
    /// If the file cannot be decoded within the limits.
    pub fn recognize_file(&self, path: &Path) -> Result<Recognition, RecognizeError> {
        self.recognize_one(self.prepare_file(path)?)
    }

    /// Recognises a recording in memory, like [`recognize_file`](Self::recognize_file).
    ///
    /// `extension_hint`, without its dot, is used in messages only.
    ///
    /// # Errors
    /// If the bytes cannot be decoded within the limits.
    pub fn recognize_bytes(
        &self,
        bytes: impl EncodedAudio,
        extension_hint: Option<&str>,
    ) -> Result<Recognition, RecognizeError> {
        self.recognize_one(self.prepare_bytes(bytes, extension_hint)?)
    }

    /// Recognises mono samples at `sample_rate` Hz, full scale being ±1.
    ///
    /// # Errors
    /// If there are no samples, one of them is not finite, they are longer than the limits allow, or the
    /// rate is outside the limits.
    pub fn recognize(
        &self,
        samples: &[f32],
        sample_rate: u32,
    ) -> Result<Recognition, RecognizeError> {
        self.recognize_one(self.prepare_samples(samples, sample_rate)?)
    }

    /// The logits of a clip of [`FrontendConfig::preprocess`](crate::FrontendConfig::preprocess), the
    /// mean over its windows, before temperature scaling.
    #[must_use]
    pub fn recognize_clip(&self, clip: &Clip) -> Vec<f64> {
        self.recognize_clips(&[clip]).swap_remove(0)
    }

    /// [`recognize_clip`](Self::recognize_clip) for each of `clips`; on the CPU bit-identical to it. Faster
    /// than one by one, because windows share batches and are spread over the threads of the
    /// current Rayon pool.
    #[must_use]
    pub fn recognize_clips(&self, clips: &[&Clip]) -> Vec<Vec<f64>> {
        self.score_clips(clips).into_iter().map(|scores| scores.logits).collect()
    }

    /// Deep features and logits of each of `clips`, of one pass through the network.
    #[must_use]
    pub fn score_clips(&self, clips: &[&Clip]) -> Vec<ClipScores> {
        let mut scorer = BatchScorer::default();
        self.score(clips, &mut scorer);
        let ModelInfo { network, .. } = self.info();
        let features = scorer.features.chunks_exact(network.deep_feature());
        let rows = features.zip(scorer.logits.chunks_exact(network.classes)).enumerate();
        rows.map(|(clip, (features, logits))| ClipScores {
            features: features.to_vec(),
            logits: logits.to_vec(),
            dimensions: self.dimension_values(&scorer.dimensions[clip * network.dimensions..]),
        })
        .collect()
    }

    /// [`score_clips`](Self::score_clips) into buffers that are reused.
    pub(crate) fn score<C: Borrow<Clip>>(&self, clips: &[C], scorer: &mut BatchScorer) {
        scorer.run(self.info(), &self.loaded.backend, clips);
    }

    /// The calibrated probabilities of logits, in the order of [`labels`](Self::labels).
    #[must_use]
    pub fn probabilities(&self, logits: &[f64]) -> Vec<f64> {
        let probabilities = self.info().scaling.probabilities(logits);
        let Some(groups) = &self.classes else { return probabilities };
        let mut merged = vec![0.0; groups.classes.len()];
        groups.merge(&probabilities, &mut merged);
        merged
    }

    /// The values of the model's dimensions from the first of these outputs of the network.
    pub(crate) fn dimension_values(&self, outputs: &[f64]) -> Vec<f64> {
        let dimensions = self.info().dimensions.iter().zip(outputs);
        dimensions.map(|(dimension, output)| dimension.value(*output)).collect()
    }

    /// [`probabilities`](Self::probabilities) of up to sixteen labels without the allocator.
    pub(crate) fn stream_probabilities(&self, logits: &[f64]) -> Probabilities {
        let mut probabilities = Probabilities::from(logits);
        self.info().scaling.apply(&mut probabilities);
        let Some(groups) = &self.classes else { return probabilities };
        let mut merged = Probabilities::zeros(groups.classes.len());
        groups.merge(&probabilities, &mut merged);
        merged
    }

    /// [`dimension_values`](Self::dimension_values) without the allocator.
    pub(crate) fn stream_dimensions(&self, outputs: &[f64]) -> DimensionValues {
        let mut values = DimensionValues::from(outputs);
        let all = values.iter_mut().zip(&self.info().dimensions);
        all.for_each(|(value, dimension)| *value = dimension.value(*value));
        values
    }

    /// The model's sample rate, in Hz.
    pub(crate) fn sample_rate(&self) -> u32 {
        self.info().frontend.sample_rate
    }

    /// Least share of a recording that must be speech.
    pub(crate) fn min_speech(&self) -> f64 {
        self.min_speech
    }

    /// Whether damaged recordings are errors.
    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Limits on what is decoded.
    pub(crate) fn limits(&self) -> &DecodeLimits {
        &self.limits
    }

    fn recognize_one(&self, recording: PreparedRecording) -> Result<Recognition, RecognizeError> {
        self.recognize_prepared(&[recording]).swap_remove(0)
    }
}
