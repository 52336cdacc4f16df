//! From a recording to an emotion.

use std::borrow::Borrow;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use clstm_audio::{AudioError, DecodeLimits, Resampler, Waveform, load_bytes, load_file};
use clstm_nn::Precision;
use clstm_nn::burn::tensor::Device;

use crate::backend::Backend;
use crate::batch_scorer::BatchScorer;
use crate::{Clip, Model, ModelError, ModelInfo, Recognition, RecognizeError};

/// A model ready to listen.
///
/// Every method takes `&self`: share one by reference among threads, or clone it; clones share the
/// weights. The answer does not depend on how many threads ask, nor on what else is asked.
#[derive(Clone, Debug)]
pub struct Recognizer {
    loaded: Arc<Loaded>,
    limits: DecodeLimits,
}

/// What a network says of a clip, the means over its spans.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipScores {
    /// The deep feature, which the centre loss pulls to its class (Eq. 13).
    pub features: Vec<f64>,
    /// By class, not yet divided by the temperature.
    pub logits: Vec<f64>,
}

#[derive(Debug)]
struct Loaded {
    model: Arc<Model>,
    compute: Backend,
    precision: Precision,
    device: Device,
    /// [`Model::digest`], which takes longer than an answer and is seldom asked for.
    digest: OnceLock<String>,
}

impl Loaded {
    fn new(
        model: Arc<Model>,
        precision: Precision,
        device: Device,
    ) -> Result<Arc<Self>, ModelError> {
        let compute = Backend::new(&model, precision, &device)?;
        Ok(Arc::new(Self { model, compute, precision, device, digest: OnceLock::new() }))
    }
}

impl Recognizer {
    /// Makes the model ready on the processor.
    ///
    /// # Errors
    /// If the weights are not those of the network that the model describes.
    pub fn new(model: Model) -> Result<Self, ModelError> {
        Self::on(model, &Device::flex())
    }

    /// Makes the model ready on a device, such as one of [`clstm_nn::DeviceName::open`].
    ///
    /// # Errors
    /// If the weights are not those of the network that the model describes.
    pub fn on(model: Model, device: &Device) -> Result<Self, ModelError> {
        let device = device.clone().without_autodiff();
        let loaded = Loaded::new(Arc::new(model), Precision::F32, device)?;
        Ok(Self { loaded, limits: DecodeLimits::default() })
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`ModelError`] says what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        Self::new(Model::read(path)?)
    }

    /// The shipped model.
    ///
    /// # Errors
    /// None with the file that this release was built from.
    #[cfg(feature = "embedded")]
    pub fn embedded() -> Result<Self, ModelError> {
        Self::new(Model::embedded()?)
    }

    /// The same recognizer with other limits on what it decodes.
    #[must_use]
    pub fn with_limits(mut self, limits: DecodeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The same recognizer with the products of its recurrent layers in another precision; a new
    /// one's are in `f32`, whatever the model was trained in.
    ///
    /// # Errors
    /// [`clstm_nn::NetworkError::Precision`] where its device cannot compute in it.
    pub fn with_precision(mut self, precision: Precision) -> Result<Self, ModelError> {
        if precision != self.loaded.precision {
            let Loaded { model, device, .. } = &*self.loaded;
            self.loaded = Loaded::new(model.clone(), precision, device.clone())?;
        }
        Ok(self)
    }

    /// What the products of the recurrent layers are computed in.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.loaded.precision
    }

    /// What the model says about itself.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        &self.loaded.model.info
    }

    /// The labels in the order of the probabilities.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.info().labels
    }

    /// [`Model::digest`] of the model.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.loaded.digest.get_or_init(|| self.loaded.model.digest())
    }

    /// Recognises a recording in a file: WAV, AIFF, FLAC, MP3, Ogg, WebM or M4A/AAC.
    ///
    /// # Errors
    /// If the file cannot be decoded within the limits, or holds no sound.
    pub fn recognize_file(&self, path: &Path) -> Result<Recognition, RecognizeError> {
        self.answer(load_file(path, self.sample_rate(), &self.limits)?)
    }

    /// Recognises a recording in memory, like [`recognize_file`](Self::recognize_file).
    ///
    /// `extension_hint`, without its dot, serves messages only.
    ///
    /// # Errors
    /// If the bytes cannot be decoded within the limits, or hold no sound.
    pub fn recognize_bytes(
        &self,
        bytes: impl AsRef<[u8]>,
        extension_hint: Option<&str>,
    ) -> Result<Recognition, RecognizeError> {
        self.answer(load_bytes(bytes, extension_hint, self.sample_rate(), &self.limits)?)
    }

    /// Recognises mono samples at any rate in Hz, full scale being ±1.
    ///
    /// # Errors
    /// If there are no samples, one of them is not a number, they are longer than the limits
    /// allow, the rate is none that speech has, or there is no sound.
    pub fn recognize(
        &self,
        samples: &[f32],
        sample_rate: u32,
    ) -> Result<Recognition, RecognizeError> {
        let DecodeLimits { min_sample_rate: min, max_sample_rate: max, .. } = self.limits;
        if !(min..=max).contains(&sample_rate) {
            return Err(AudioError::BadSampleRate { rate: sample_rate, min, max }.into());
        }
        if samples.is_empty() {
            return Err(AudioError::NoSamples.into());
        }
        let limit_s = self.limits.max_duration_s;
        let within = samples.len() as f64 <= limit_s * f64::from(sample_rate);
        if !within {
            return Err(AudioError::TooLong { limit_s }.into());
        }
        let mut resampler = Resampler::new(sample_rate, self.sample_rate())?;
        let mut resampled = Vec::new();
        resampler.push(samples, &mut resampled)?;
        resampler.finish(&mut resampled)?;
        let duration_s = samples.len() as f64 / f64::from(sample_rate);
        let answer =
            self.answer(Waveform { samples: resampled, sample_rate: self.sample_rate() })?;
        Ok(Recognition { duration_s, ..answer })
    }

    /// The logits of a clip that [`FrontendConfig::preprocess`](crate::FrontendConfig::preprocess) made, the
    /// mean over its spans; not yet divided by the temperature.
    #[must_use]
    pub fn recognize_clip(&self, clip: &Clip) -> Vec<f64> {
        self.recognize_clips(&[clip]).swap_remove(0)
    }

    /// [`recognize_clip`](Self::recognize_clip) for each of `clips`, on the processor the same to the
    /// last bit: faster because their spans share products and are spread over the threads of the
    /// current Rayon pool.
    #[must_use]
    pub fn recognize_clips(&self, clips: &[&Clip]) -> Vec<Vec<f64>> {
        self.score_clips(clips).into_iter().map(|scores| scores.logits).collect()
    }

    /// The deep features that the logits of [`recognize_clips`](Self::recognize_clips) are made from, with
    /// these logits; both come of one pass through the network.
    #[must_use]
    pub fn score_clips(&self, clips: &[&Clip]) -> Vec<ClipScores> {
        let mut scoring = BatchScorer::default();
        self.score(clips, &mut scoring);
        let ModelInfo { network, .. } = self.info();
        let features = scoring.features.chunks_exact(network.deep_feature());
        let rows = features.zip(scoring.logits.chunks_exact(network.classes));
        rows.map(|(features, logits)| ClipScores {
            features: features.to_vec(),
            logits: logits.to_vec(),
        })
        .collect()
    }

    /// [`score_clips`](Self::score_clips) in memory of the caller's.
    pub(crate) fn score<C: Borrow<Clip>>(&self, clips: &[C], scoring: &mut BatchScorer) {
        scoring.run(self.info(), &self.loaded.compute, clips);
    }

    /// The calibrated probabilities of logits.
    #[must_use]
    pub fn probabilities(&self, logits: &[f64]) -> Vec<f64> {
        self.info().scaling.probabilities(logits)
    }

    fn sample_rate(&self) -> u32 {
        self.info().frontend.sample_rate
    }

    fn answer(&self, recording: Waveform) -> Result<Recognition, RecognizeError> {
        let duration_s = recording.duration_s();
        // Finite samples near the largest number overflow in the resampler.
        if let Some(at) = recording.samples.iter().position(|x| !x.is_finite()) {
            return Err(AudioError::NonFinite { at: at as u64 }.into());
        }
        let clip = self.info().frontend.preprocess(recording.samples);
        if clip.silent {
            return Err(RecognizeError::Silent);
        }
        let logits = self.recognize_clip(&clip);
        if !logits.iter().all(|logit| logit.is_finite()) {
            return Err(RecognizeError::NonFiniteLogits);
        }
        let probabilities = self.probabilities(&logits);
        let best = probabilities.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((label_index, confidence)) = best else {
            return Err(RecognizeError::NonFiniteLogits);
        };
        let Some(label) = self.labels().get(label_index).cloned() else {
            return Err(RecognizeError::NonFiniteLogits);
        };
        Ok(Recognition { duration_s, label, label_index, confidence, probabilities })
    }
}
