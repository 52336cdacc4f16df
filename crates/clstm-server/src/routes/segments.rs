//! Segments of another tool as a second part of the form of `POST /v1/recognize`.

use std::path::Path;

use axum::http::StatusCode;
use axum::response::Response;
use clstm::audio::Damage;
use clstm::{ChannelSelection, LabelledProbabilities, Span, SpanOutcome, SpanSummary};
use clstm_segments::{
    Annotation, Document, Emotion, Format, Outcome, ReadOptions, Segment, SpeakerSummary,
    summarize, with_context,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::recognize::with_timeout;
use crate::api_error::{ApiError, ErrorKind};
use crate::body::Recording;
use crate::compute::SpanRequest;
use crate::openapi::{DamageBody, Probabilities};
use crate::response::json;
use crate::state::AppState;

/// How segments are read.
pub(super) struct SegmentParams {
    /// Tier of a TextGrid or ELAN file.
    pub(super) tier: Option<String>,
    /// Seconds of context of short segments.
    pub(super) context_s: f64,
    /// The channel, from 0; without one the mean of all.
    pub(super) channel: Option<usize>,
}

/// The channel of segments.
///
/// # Errors
/// For each channel: a segment has one prediction.
pub(super) fn channel(channels: ChannelSelection) -> Result<Option<usize>, ApiError> {
    match channels {
        ChannelSelection::Mix => Ok(None),
        ChannelSelection::One(channel) => Ok(Some(channel)),
        ChannelSelection::Each => {
            let message = "a form with segments takes one channel: channels=mix or a number";
            Err(ApiError::request(message))
        }
    }
}

/// The emotions of given segments.
#[derive(Serialize, ToSchema)]
#[schema(as = Segments)]
pub(crate) struct SegmentsBody<'a> {
    path: &'a str,
    duration_s: f64,
    /// In the order of the file.
    segments: Vec<SegmentBody<'a>>,
    /// In the order of their first segments.
    speakers: Vec<SpeakerBody<'a>>,
    /// What is missing of a damaged recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DamageBody>)]
    damaged: Option<&'a Damage>,
    model: &'a str,
}

/// A segment and its emotion.
#[derive(Serialize, ToSchema)]
#[schema(as = RecognizedSegment)]
pub(crate) struct SegmentBody<'a> {
    start_s: f64,
    end_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    speaker: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// `ok`, `no_speech`, `too_short`, or `outside` for a segment after the end of the recording.
    status: &'static str,
    /// Whether the segment ends after the recording; absent if not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    clipped: bool,
    /// Share of the segment that is speech.
    speech: f64,
    /// Null without a prediction.
    #[schema(required)]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Probabilities>)]
    probabilities: Option<LabelledProbabilities<'a>>,
}

/// What a speaker expresses.
#[derive(Serialize, ToSchema)]
#[schema(as = Speaker)]
pub(crate) struct SpeakerBody<'a> {
    speaker: Option<String>,
    segments: usize,
    labelled: usize,
    labelled_s: f64,
    /// Mean by duration.
    confidence: Option<f64>,
    /// Share of the labelled time by label.
    #[schema(value_type = Probabilities)]
    time: Shares<'a>,
}

/// Labels and shares, an object in the order of the labels.
pub(crate) struct Shares<'a>(&'a [String], Vec<f64>);

impl Serialize for Shares<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        LabelledProbabilities(self.0, &self.1).serialize(serializer)
    }
}

/// Recognises the segments of a recording.
pub(super) async fn recognize(
    app: &AppState,
    model: Option<&str>,
    recording: Recording,
    segments: Recording,
    params: SegmentParams,
    strict: bool,
) -> Result<Response, ApiError> {
    let model = app.model(model)?;
    let document = read(&segments, &recording.name, &params)?;
    let extended = with_context(document.segments(), params.context_s);
    let spans = extended.iter().map(|&[start_s, end_s]| Span { start_s, end_s }).collect();
    let channel = params.channel;
    let selection = channel.map_or(ChannelSelection::Mix, ChannelSelection::One);
    let limits = app.limits.decoding_channels(app.limits.max_timeline_s, selection);
    let Recording { name, bytes } = recording;
    let request = SpanRequest { model: model.clone(), bytes, limits, spans, channel, strict };
    let summary = with_timeout(app.limits.response_timeout, app.compute.spans(request)).await?;
    app.metrics.audio_processed(summary.duration_s);
    let annotations: Vec<Annotation> = annotations(document.segments(), &summary).collect();
    let labels = model.labels();
    let all = document.segments().iter().zip(&annotations).zip(&summary.spans);
    let segments = all.map(|((segment, annotation), span)| {
        segment_body(segment, annotation, span.speech, labels)
    });
    let speakers = summarize(document.segments(), &annotations, labels.len()).into_iter();
    let speakers = speakers.map(|summary| {
        let SpeakerSummary { speaker, segments, labelled, labelled_s, time, confidence } = summary;
        SpeakerBody {
            speaker,
            segments,
            labelled,
            labelled_s,
            confidence,
            time: Shares(labels, time),
        }
    });
    let body = SegmentsBody {
        path: &name,
        duration_s: summary.duration_s,
        segments: segments.collect(),
        speakers: speakers.collect(),
        damaged: summary.damage.as_ref(),
        model: &model.info().name,
    };
    Ok(json(StatusCode::OK, &body))
}

fn read(
    segments: &Recording,
    recording: &str,
    params: &SegmentParams,
) -> Result<Document, ApiError> {
    let refuse = |error: clstm_segments::SegmentsError| {
        let kind = ErrorKind::Library(StatusCode::UNPROCESSABLE_ENTITY, error.kind());
        ApiError::new(kind, format!("{}: {error}", segments.name))
    };
    let bytes = (*segments.bytes).as_ref();
    let format = Format::detect(Path::new(&segments.name), bytes).map_err(refuse)?;
    let recording =
        Path::new(recording).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let options = ReadOptions { tiers: params.tier.iter().cloned().collect(), recording };
    Document::parse(bytes, format, &options).map_err(refuse)
}

fn annotations<'a>(
    segments: &'a [Segment],
    summary: &'a SpanSummary,
) -> impl Iterator<Item = Annotation> + 'a {
    segments.iter().zip(&summary.spans).map(|(segment, span)| {
        let outcome = match &span.outcome {
            SpanOutcome::NoSpeech => Outcome::NoSpeech,
            SpanOutcome::TooShort => Outcome::TooShort,
            SpanOutcome::Outside => Outcome::Outside,
            SpanOutcome::Labelled(prediction) => Outcome::Labelled(Emotion {
                label_index: prediction.label_index,
                probabilities: prediction.probabilities.clone(),
                unsure: false,
            }),
        };
        // Context may end after the recording; the segment itself then does not.
        let clipped = span.clipped && segment.end_s > summary.duration_s;
        Annotation { clipped, ..Annotation::new(outcome) }
    })
}

fn segment_body<'a>(
    segment: &'a Segment,
    annotation: &'a Annotation,
    speech: f64,
    labels: &'a [String],
) -> SegmentBody<'a> {
    let emotion = annotation.emotion();
    SegmentBody {
        start_s: segment.start_s,
        end_s: segment.end_s,
        speaker: segment.speaker.as_deref(),
        text: segment.text.as_deref(),
        status: annotation.outcome.status(),
        clipped: annotation.clipped,
        speech,
        label: emotion.and_then(|e| labels.get(e.label_index)).map(String::as_str),
        confidence: emotion.map(Emotion::confidence),
        probabilities: emotion.map(|e| LabelledProbabilities(labels, &e.probabilities)),
    }
}
