//! Models and their predictions.

use std::path::PathBuf;
use std::sync::OnceLock;

use clstm::audio::DecodeLimits;
use clstm::{
    ChannelSelection, Precision, PreparedRecording, RecognizeError, Recognizer, StreamConfig,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::prelude::*;

use crate::classes::Classes;
use crate::compute::compute;
use crate::errors::Failure;
use crate::input::Input;
use crate::results::{
    self, ChannelRows, DamageRow, EmbeddedRow, EventRow, Outcome, RecognitionRow, SegmentsRow,
};
use crate::segments::{self, SegmentSource};
use crate::stream::{NativeStream, stream_config};

/// Longest recording of a timeline or of segments, in seconds: a week, as in the command. Memory does not grow with it.
pub(crate) const LONGEST_S: f64 = 7.0 * 24.0 * 3600.0;

/// Frames and segments of a timeline, its duration in seconds, and the damage of the recording.
type TimelineRow = (Vec<EventRow>, f64, Option<DamageRow>);

/// A loaded model.
#[pyclass(frozen, module = "clstm._clstm", name = "NativeRecognizer")]
pub(crate) struct NativeRecognizer {
    recognizer: Recognizer,
    /// The same for timelines and streams, whose default precision is the faster one.
    fast: OnceLock<Recognizer>,
    precision: Option<Precision>,
}

#[pymethods]
impl NativeRecognizer {
    /// Opens a built-in model by name or a model file; the built-in model if `named` is `None`.
    #[staticmethod]
    fn open(
        py: Python<'_>,
        named: Option<PathBuf>,
        precision: &str,
        min_speech: f64,
        strict: bool,
    ) -> PyResult<Self> {
        let precision = match precision {
            "auto" => None,
            named => Some(
                named
                    .parse::<Precision>()
                    .map_err(|error| PyValueError::new_err(format!("precision: {error}, auto")))?,
            ),
        };
        if !(0.0..=1.0).contains(&min_speech) {
            return Err(PyValueError::new_err(format!("min_speech is {min_speech}, not in 0..=1")));
        }
        let recognizer = compute(py, |_| {
            let recognizer = Recognizer::new(clstm_cli::open_model(named.as_deref())?)?;
            Ok(recognizer.with_precision(precision.unwrap_or_default())?)
        })?;
        let recognizer = recognizer.with_min_speech(min_speech).with_strict(strict);
        Ok(Self { recognizer, fast: OnceLock::new(), precision })
    }

    /// The labels in the order of the probabilities.
    #[getter]
    fn labels(&self) -> Vec<String> {
        self.recognizer.labels().to_vec()
    }

    /// The names of the continuous targets in the order of their values.
    #[getter]
    fn dimensions(&self) -> Vec<String> {
        self.recognizer.info().dimensions.iter().map(|dimension| dimension.name.clone()).collect()
    }

    /// The description of the model as JSON.
    #[getter]
    fn info(&self) -> PyResult<String> {
        serde_json::to_string(self.recognizer.info())
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// SHA-256 of the model file.
    #[getter]
    fn digest(&self) -> String {
        self.recognizer.digest().to_owned()
    }

    /// Sample rate of the network's input, in Hz.
    #[getter]
    fn sample_rate(&self) -> u32 {
        self.recognizer.info().frontend.sample_rate
    }

    /// Sizes of the deep features of the branches, the network's own first.
    #[getter]
    fn branch_features(&self) -> Vec<usize> {
        self.recognizer.info().network.branch_features()
    }

    /// The same model with fewer classes: those of a built-in map, of a TOML file, or of rules.
    fn with_classes(&self, py: Python<'_>, classes: Classes) -> PyResult<Self> {
        compute(py, |_| {
            let map = classes.open()?;
            let fast = match self.fast.get() {
                Some(fast) => OnceLock::from(fast.clone().with_classes(&map)?),
                None => OnceLock::new(),
            };
            let recognizer = self.recognizer.clone().with_classes(&map)?;
            Ok(Self { recognizer, fast, precision: self.precision })
        })
    }

    /// Recognises the selected channels of recordings, `each` or a number, on all cores. Samples have one channel.
    fn recognize_channels(
        &self,
        py: Python<'_>,
        inputs: Vec<Input>,
        channels: &str,
    ) -> PyResult<Vec<Outcome<ChannelRows>>> {
        let selection: ChannelSelection = channels.parse().map_err(PyValueError::new_err)?;
        let recognizer = &self.recognizer;
        self.outcomes(py, &inputs, |input| {
            let limits = DecodeLimits::default();
            let prepared = match input {
                Input::Samples(..) => return Ok(None),
                Input::Bytes(bytes) => recognizer.prepare_channels_bytes(bytes, &limits, selection),
                Input::File(path) => recognizer.prepare_channels_file(path, &limits, selection),
            }?;
            let (numbers, recordings): (Vec<_>, Vec<_>) = prepared
                .channels
                .into_iter()
                .map(|channel| {
                    let damage = prepared.damage.clone();
                    (channel.channel, channel.recording.with_damage(damage))
                })
                .unzip();
            let recognitions = recognizer.recognize_prepared(&recordings);
            let rows = numbers.into_iter().zip(recognitions);
            let rows = rows.map(|(channel, found)| Ok((channel, results::recognition(found?))));
            rows.collect::<Result<_, RecognizeError>>().map(Some)
        })
    }

    /// Recognises given segments of a recording, each by itself. `tiers` are of a TextGrid or ELAN file; `context_s` is the
    /// audio on each side that short segments also get; `channels` is `mix`, `each` or a number. Samples have one channel.
    fn recognize_segments(
        &self,
        py: Python<'_>,
        input: Input,
        segments: SegmentSource,
        tiers: Vec<String>,
        context_s: f64,
        channels: &str,
    ) -> PyResult<SegmentsRow> {
        let selection: ChannelSelection = channels.parse().map_err(PyValueError::new_err)?;
        compute(py, |interrupt| {
            let document = segments.read(&input, tiers, selection)?;
            let recognizer = &self.recognizer;
            segments::recognize(recognizer, &input, &document, context_s, selection, interrupt)
        })
    }

    /// Recognises recordings on all cores.
    fn recognize(
        &self,
        py: Python<'_>,
        inputs: Vec<Input>,
    ) -> PyResult<Vec<Outcome<RecognitionRow>>> {
        self.each(py, &inputs, |recording| {
            let result = self.recognizer.recognize_prepared(&[recording]).into_iter().next();
            result.transpose().map(|recognition| recognition.map(results::recognition))
        })
    }

    /// Recognises recordings and returns their deep features, on all cores.
    fn embed(&self, py: Python<'_>, inputs: Vec<Input>) -> PyResult<Vec<Outcome<EmbeddedRow>>> {
        self.each(py, &inputs, |recording| {
            let result = self.recognizer.embed_prepared(&[recording]).into_iter().next();
            result.transpose().map(|embedded| embedded.map(results::embedded))
        })
    }

    /// Emotions along a recording.
    ///
    /// `settings` is JSON: fields of `StreamConfig` that differ from those for recordings.
    fn timeline(&self, py: Python<'_>, input: Input, settings: &str) -> PyResult<TimelineRow> {
        let config = stream_config(StreamConfig::recording(), settings)?;
        let limits = DecodeLimits { max_duration_s: LONGEST_S, ..DecodeLimits::default() };
        let (events, summary) =
            compute(py, |interrupt| input.timeline(self.fast()?, &limits, &config, interrupt))?;
        let items = events.into_iter().map(results::event).collect();
        Ok((items, summary.duration_s, results::damage(summary.damage.as_ref())))
    }

    /// Emotions along the selected channels of a recording, `each` or a number. Samples have one channel.
    fn channel_timelines(
        &self,
        py: Python<'_>,
        input: Input,
        channels: &str,
        settings: &str,
    ) -> PyResult<TimelineRow> {
        let selection: ChannelSelection = channels.parse().map_err(PyValueError::new_err)?;
        let config = stream_config(StreamConfig::recording(), settings)?;
        let limits = DecodeLimits { max_duration_s: LONGEST_S, ..DecodeLimits::default() };
        let (items, summary) = compute(py, |interrupt| {
            input.channel_timelines(self.fast()?, &limits, selection, &config, interrupt)
        })?;
        let items = items.into_iter().map(results::channel_event);
        Ok((items.collect(), summary.duration_s, results::damage(summary.damage.as_ref())))
    }

    /// A stream of live audio at `sample_rate` Hz: of mono samples, or of the selected `channels` of interleaved ones, `each` or
    /// a number. `settings` is JSON: fields of `StreamConfig` that differ from those for live audio.
    fn stream(
        &self,
        py: Python<'_>,
        sample_rate: u32,
        channels: &str,
        settings: &str,
    ) -> PyResult<NativeStream> {
        let selection: ChannelSelection = channels.parse().map_err(PyValueError::new_err)?;
        let config = stream_config(StreamConfig::live(), settings)?;
        compute(py, |_| NativeStream::open(self.fast()?, sample_rate, selection, &config))
    }
}

impl NativeRecognizer {
    /// Prepares and processes recordings, see [`outcomes`](Self::outcomes).
    fn each<T: Send>(
        &self,
        py: Python<'_>,
        inputs: &[Input],
        process: impl Fn(PreparedRecording) -> Result<Option<T>, RecognizeError> + Sync,
    ) -> PyResult<Vec<Outcome<T>>> {
        self.outcomes(py, inputs, |input| input.prepare(&self.recognizer).and_then(&process))
    }

    /// Processes recordings in parallel and returns the results in the order given. After Ctrl-C those that have begun end.
    fn outcomes<T: Send>(
        &self,
        py: Python<'_>,
        inputs: &[Input],
        process: impl Fn(&Input) -> Result<Option<T>, RecognizeError> + Sync,
    ) -> PyResult<Vec<Outcome<T>>> {
        let one = |input: &Input| match process(input) {
            Ok(result) => (result, None),
            Err(error) => (None, Some((error.kind().to_owned(), error.to_string()))),
        };
        compute(py, |interrupt| {
            inputs.par_iter().map(|input| interrupt.check().map(|()| one(input))).collect()
        })
    }

    fn fast(&self) -> Result<&Recognizer, Failure> {
        if let Some(fast) = self.fast.get() {
            return Ok(fast);
        }
        let precision = self.precision.unwrap_or_else(Precision::fastest);
        let fast = self.recognizer.clone().with_precision(precision)?;
        Ok(self.fast.get_or_init(|| fast))
    }
}
