//! Recordings between decoding and the network: decode, check, preprocess, measure the speech.

use std::path::Path;

use clstm_audio::{
    AudioError, Damage, Decoded, EncodedAudio, Resampler, Waveform, load_bytes, load_file,
    speech_seconds,
};

use crate::{
    Clip, ClipScores, EmbeddedRecognition, LabelPrediction, NoPrediction, Recognition,
    RecognizeError, Recognizer, spans,
};

/// Least speech that a recording must have for a prediction, in seconds: a short syllable.
const MIN_SPEECH_S: f64 = 0.15;

/// A decoded and preprocessed recording, ready for [`Recognizer::recognize_prepared`].
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedRecording {
    duration_s: f64,
    speech: f64,
    /// Why there is no prediction.
    reason: Option<NoPrediction>,
    clip: Clip,
    damage: Option<Damage>,
}

impl PreparedRecording {
    /// Length of the recording, in seconds.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.duration_s
    }

    /// Share of the recording that is speech, 0 to 1.
    #[must_use]
    pub fn speech(&self) -> f64 {
        self.speech
    }

    /// Whether there is enough speech for a prediction: see [`Recognizer::with_min_speech`].
    #[must_use]
    pub fn has_speech(&self) -> bool {
        self.reason.is_none()
    }

    /// Why there is no prediction; `None` where there is one.
    #[must_use]
    pub fn reason(&self) -> Option<NoPrediction> {
        self.reason
    }

    /// What is missing of a damaged recording.
    #[must_use]
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// The same recording with a damage that was found where it was decoded.
    #[must_use]
    pub fn with_damage(self, damage: Option<Damage>) -> Self {
        Self { damage, ..self }
    }

    pub(crate) fn set_damage(&mut self, damage: Option<Damage>) {
        self.damage = damage;
    }

    /// The input of the network.
    #[must_use]
    pub fn clip(&self) -> &Clip {
        &self.clip
    }
}

impl Recognizer {
    /// Decodes and preprocesses a recording in a file: all of [`recognize_file`](Self::recognize_file) before the network.
    ///
    /// # Errors
    /// If the file cannot be decoded within the limits.
    pub fn prepare_file(&self, path: &Path) -> Result<PreparedRecording, RecognizeError> {
        self.prepare_decoded(load_file(path, self.sample_rate(), self.limits())?)
    }

    /// Decodes and preprocesses a recording in memory: all of [`recognize_bytes`](Self::recognize_bytes) before the network.
    ///
    /// `extension_hint`, without its dot, is used in messages only.
    ///
    /// # Errors
    /// If the bytes cannot be decoded within the limits.
    pub fn prepare_bytes(
        &self,
        bytes: impl EncodedAudio,
        extension_hint: Option<&str>,
    ) -> Result<PreparedRecording, RecognizeError> {
        self.prepare_decoded(load_bytes(bytes, extension_hint, self.sample_rate(), self.limits())?)
    }

    fn prepare_decoded(&self, decoded: Decoded) -> Result<PreparedRecording, RecognizeError> {
        let Decoded { waveform, report } = decoded;
        if self.is_strict() {
            report.strict()?;
        }
        Ok(self.prepare(waveform)?.with_damage(report.damage))
    }

    /// Resamples and preprocesses mono samples at `sample_rate` Hz, full scale being ±1: all of
    /// [`recognize`](Self::recognize) before the network.
    ///
    /// # Errors
    /// If there are no samples, one of them is not finite, they are longer than the limits allow, or the
    /// rate is outside the limits.
    pub fn prepare_samples(
        &self,
        samples: &[f32],
        sample_rate: u32,
    ) -> Result<PreparedRecording, RecognizeError> {
        let limits = self.limits();
        let (min, max) = (limits.min_sample_rate, limits.max_sample_rate);
        if !(min..=max).contains(&sample_rate) {
            return Err(AudioError::BadSampleRate { rate: sample_rate, min, max }.into());
        }
        if samples.is_empty() {
            return Err(AudioError::NoSamples.into());
        }
        let limit_s = limits.max_duration_s;
        let within = samples.len() as f64 <= limit_s * f64::from(sample_rate);
        if !within {
            return Err(AudioError::TooLong { limit_s }.into());
        }
        let mut resampler = Resampler::new(sample_rate, self.sample_rate())?;
        let mut resampled = Vec::new();
        resampler.push(samples, &mut resampled)?;
        resampler.finish(&mut resampled)?;
        let waveform = Waveform { samples: resampled, sample_rate: self.sample_rate() };
        let duration_s = samples.len() as f64 / f64::from(sample_rate);
        Ok(PreparedRecording { duration_s, ..self.prepare(waveform)? })
    }

    /// Preprocesses mono audio at the model's rate, full scale being ±1.
    ///
    /// # Errors
    /// If a sample is not finite.
    ///
    /// # Panics
    /// If the rate is not the model's.
    pub fn prepare(&self, recording: Waveform) -> Result<PreparedRecording, RecognizeError> {
        assert_eq!(recording.sample_rate, self.sample_rate(), "the sample rate of the model");
        let duration_s = recording.duration_s();
        // Finite samples near the largest number overflow in the resampler.
        if let Some(at) = recording.samples.iter().position(|x| !x.is_finite()) {
            return Err(AudioError::NonFinite { at: at as u64 }.into());
        }
        let clip = self.info().frontend.preprocess(recording.samples);
        // At the network's level, so that the level of the recording does not matter.
        let speech_s = match clip.silent {
            true => 0.0,
            false => speech_seconds(&clip.samples, self.sample_rate())?,
        };
        let clip_s = clip.samples.len() as f64 / f64::from(self.sample_rate());
        let min_speech = self.min_speech();
        let enough = min_speech == 0.0 || speech_s >= MIN_SPEECH_S.max(min_speech * clip_s);
        let reason = match (clip.silent, enough) {
            (true, _) => Some(NoPrediction::Silent),
            (false, true) => None,
            (false, false) if clip_s < spans::MIN_S => Some(NoPrediction::TooShort),
            (false, false) => Some(NoPrediction::NoSpeech),
        };
        let speech = if duration_s > 0.0 { (speech_s / duration_s).min(1.0) } else { 0.0 };
        Ok(PreparedRecording { duration_s, speech, reason, clip, damage: None })
    }

    /// Recognises prepared recordings, each in the same way, bit for bit, as alone: faster together, because their
    /// windows share batches.
    ///
    /// # Errors
    /// Each result is an error where the model's output is not finite.
    #[must_use]
    pub fn recognize_prepared(
        &self,
        recordings: &[PreparedRecording],
    ) -> Vec<Result<Recognition, RecognizeError>> {
        let spoken = recordings.iter().filter(|recording| recording.has_speech());
        let clips: Vec<&Clip> = spoken.map(|recording| &recording.clip).collect();
        let mut scores = self.score_clips(&clips).into_iter();
        let results = recordings.iter().map(|recording| {
            let scores = if recording.has_speech() { scores.next() } else { None };
            self.recognition(recording, scores)
        });
        results.collect()
    }

    /// [`recognize_prepared`](Self::recognize_prepared) with the deep feature of each recording, from the same pass through
    /// the network: [`NetworkConfig::deep_feature`](crate::NetworkConfig::deep_feature) values, the mean over the windows.
    /// Recordings without speech have a deep feature, too.
    ///
    /// # Errors
    /// Each result is an error where the model's output is not finite.
    #[must_use]
    pub fn embed_prepared(
        &self,
        recordings: &[PreparedRecording],
    ) -> Vec<Result<EmbeddedRecognition, RecognizeError>> {
        let clips: Vec<&Clip> = recordings.iter().map(PreparedRecording::clip).collect();
        let scored = recordings.iter().zip(self.score_clips(&clips));
        let results = scored.map(|(recording, mut scores)| {
            let features = std::mem::take(&mut scores.features);
            if !features.iter().all(|value| value.is_finite()) {
                return Err(RecognizeError::NonFiniteLogits);
            }
            let scores = recording.has_speech().then_some(scores);
            let recognition = self.recognition(recording, scores)?;
            Ok(EmbeddedRecognition { recognition, features })
        });
        results.collect()
    }

    fn recognition(
        &self,
        recording: &PreparedRecording,
        scores: Option<ClipScores>,
    ) -> Result<Recognition, RecognizeError> {
        let prediction = scores.map(|scores| self.label_prediction(scores)).transpose()?;
        let (duration_s, speech) = (recording.duration_s, recording.speech);
        let (reason, damage) = (recording.reason, recording.damage.clone());
        Ok(Recognition { duration_s, speech, prediction, reason, damage })
    }

    fn label_prediction(&self, scores: ClipScores) -> Result<LabelPrediction, RecognizeError> {
        let ClipScores { logits, dimensions, .. } = scores;
        if !logits.iter().chain(&dimensions).all(|value| value.is_finite()) {
            return Err(RecognizeError::NonFiniteLogits);
        }
        let probabilities = self.probabilities(&logits);
        let best = probabilities.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let (label_index, confidence) = best.ok_or(RecognizeError::NonFiniteLogits)?;
        let label = self.labels().get(label_index).cloned();
        let label = label.ok_or(RecognizeError::NonFiniteLogits)?;
        Ok(LabelPrediction { label, label_index, confidence, probabilities, dimensions })
    }
}
