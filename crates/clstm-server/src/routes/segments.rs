//! Segments of another tool as a second part of the form of `POST /v1/recognize`.

use std::path::Path;

use axum::http::StatusCode;
use axum::response::Response;
use clstm::audio::Damage;
use clstm::{
    ChannelSelection, DimensionInfo, LabelledDimensions, LabelledProbabilities, Span, SpanOutcome,
    SpanSummary,
};
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
use crate::openapi::{DamageBody, Dimensions, Probabilities};
use crate::response::json;
use crate::state::AppState;

/// How segments are read.
pub(super) struct SegmentParams {
    /// Tier of a TextGrid or ELAN file.
    pub(super) tier: Option<String>,
    /// Seconds of context of short segments.
    pub(super) context_s: f64,
    pub(super) channels: ChannelSelection,
}

/// The emotions of given segments.
#[derive(Serialize, ToSchema)]
#[schema(as = Segments)]
pub(crate) struct SegmentsBody<'a> {
    path: &'a str,
    duration_s: f64,
    /// In the order of the file; with `channels=each` those of a segment in the order of its channels.
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
    /// The channel, from 0, with `channels=each` or a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<usize>,
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
    /// Seconds of audio around the segment that its prediction used; absent without.
    #[serde(skip_serializing_if = "Option::is_none")]
    context_s: Option<f64>,
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
    /// Continuous targets by name, such as arousal; absent without a prediction, and for a model without them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Dimensions>)]
    dimensions: Option<LabelledDimensions<'a>>,
}

/// What a speaker expresses.
#[derive(Serialize, ToSchema)]
#[schema(as = Speaker)]
pub(crate) struct SpeakerBody<'a> {
    speaker: Option<&'a str>,
    /// The channel, from 0, with `channels=each` or a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<usize>,
    segments: usize,
    labelled: usize,
    labelled_s: f64,
    /// Mean by duration.
    confidence: Option<f64>,
    /// Share of the labelled time by label.
    #[schema(value_type = Probabilities)]
    time: LabelledProbabilities<'a>,
    /// Means of the continuous targets by duration; absent without a prediction, and for a model without them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Dimensions>)]
    dimensions: Option<LabelledDimensions<'a>>,
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
    let segments = document.segments();
    let extended = with_context(segments, params.context_s);
    let spans = segments.iter().zip(&extended).map(|(segment, [start_s, end_s])| Span {
        channel: segment.channel,
        ..Span::new(*start_s, *end_s)
    });
    let (spans, channels) = (spans.collect(), params.channels);
    let limits = app.limits.decoding_channels(app.limits.max_timeline_s, channels);
    let Recording { name, bytes } = recording;
    let request = SpanRequest { model: model.clone(), bytes, limits, spans, channels, strict };
    let summary = with_timeout(app.limits.response_timeout, app.compute.spans(request)).await?;
    app.metrics.audio_processed(summary.duration_s * summary.channels as f64);
    let annotated: Vec<(&Segment, Annotation)> = annotated(segments, &extended, &summary).collect();
    let (labels, dimensions) = (model.labels(), &model.info().dimensions);
    let all = annotated.iter().zip(&summary.spans);
    let rows = all.map(|((segment, annotation), span)| {
        segment_body(segment, annotation, span.speech, labels, dimensions)
    });
    let pairs = annotated.iter().map(|(segment, annotation)| (*segment, annotation));
    let summaries = summarize(pairs, labels.len());
    let speakers = summaries.iter().map(|summary: &SpeakerSummary| SpeakerBody {
        speaker: summary.speaker.as_deref(),
        channel: summary.channel,
        segments: summary.segments,
        labelled: summary.labelled,
        labelled_s: summary.labelled_s,
        confidence: summary.confidence,
        time: LabelledProbabilities(labels, &summary.time),
        dimensions: LabelledDimensions::of(dimensions, &summary.dimensions),
    });
    let body = SegmentsBody {
        path: &name,
        duration_s: summary.duration_s,
        segments: rows.collect(),
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
    let channels = params.channels == ChannelSelection::Each;
    let tiers = params.tier.iter().cloned().collect();
    let options = ReadOptions { tiers, recording, channels };
    Document::parse(bytes, format, &options).map_err(refuse)
}

fn annotated<'a>(
    segments: &'a [Segment],
    extended: &'a [[f64; 2]],
    summary: &'a SpanSummary,
) -> impl Iterator<Item = (&'a Segment, Annotation)> {
    summary.spans.iter().map(|span| {
        let (segment, [start_s, end_s]) = (&segments[span.span], extended[span.span]);
        let outcome = match &span.outcome {
            SpanOutcome::NoSpeech => Outcome::NoSpeech,
            SpanOutcome::TooShort => Outcome::TooShort,
            SpanOutcome::Outside => Outcome::Outside,
            SpanOutcome::Labelled(prediction) => Outcome::Labelled(Emotion {
                label_index: prediction.label_index,
                probabilities: prediction.probabilities.clone(),
                dimensions: prediction.dimensions.clone(),
                unsure: false,
            }),
        };
        // Context may end after the recording; the segment itself then does not.
        let clipped = span.clipped && segment.end_s > summary.duration_s;
        let context_s = (end_s - start_s - segment.duration_s()).max(0.0);
        (segment, Annotation { outcome, clipped, context_s, channel: span.channel })
    })
}

fn segment_body<'a>(
    segment: &'a Segment,
    annotation: &'a Annotation,
    speech: f64,
    labels: &'a [String],
    dimensions: &'a [DimensionInfo],
) -> SegmentBody<'a> {
    let emotion = annotation.emotion();
    SegmentBody {
        channel: annotation.channel,
        start_s: segment.start_s,
        end_s: segment.end_s,
        speaker: segment.speaker.as_deref(),
        text: segment.text.as_deref(),
        status: annotation.outcome.status(),
        clipped: annotation.clipped,
        context_s: Some(annotation.context_s).filter(|seconds| *seconds > 0.0),
        speech,
        label: emotion.and_then(|e| labels.get(e.label_index)).map(String::as_str),
        confidence: emotion.map(Emotion::confidence),
        probabilities: emotion.map(|e| LabelledProbabilities(labels, &e.probabilities)),
        dimensions: emotion.and_then(|e| LabelledDimensions::of(dimensions, &e.dimensions)),
    }
}
