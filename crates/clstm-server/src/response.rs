//! JSON response bodies, in the format of `clstm predict --format jsonl`.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use clstm::audio::Damage;
use clstm::{
    ChannelSelection, DimensionInfo, LabelledDimensions, LabelledItem, LabelledProbabilities,
    NoPrediction, Recognition,
};
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::api_error::{ApiError, ErrorDetail};
use crate::compute::RecognizedChannel;
use crate::models::LoadedModel;
use crate::openapi::{DamageBody, Dimensions, Probabilities, TimelineItem};

/// A JSON response; status 500 if `value` cannot be serialised.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // A type whose serialisation fails is a defect: never an empty body with status 200.
    let (status, body) = match serde_json::to_vec(value) {
        Ok(body) => (status, body),
        Err(error) => {
            tracing::error!("a response cannot be written as JSON: {error}");
            let body =
                br#"{"error":{"kind":"internal","message":"the response cannot be written"}}"#;
            (StatusCode::INTERNAL_SERVER_ERROR, body.to_vec())
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// The prediction for one recording.
#[derive(Serialize, ToSchema)]
#[schema(as = Recognition)]
pub(crate) struct RecognitionBody<'a> {
    /// Name of the file, `-` if it has none.
    path: &'a str,
    /// The channel, from 0, with `channels=each` or a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<usize>,
    /// Duration in seconds.
    duration_s: f64,
    /// Share of the recording that is speech, 0 to 1.
    speech: f64,
    /// The predicted label; null if there is too little speech.
    #[schema(required)]
    label: Option<&'a str>,
    /// Why there is no label: `silent`, `no_speech` or `too_short`; absent with a label.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Calibrated probability of the label; absent without speech.
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Probabilities>)]
    probabilities: Option<LabelledProbabilities<'a>>,
    /// Continuous targets by name, such as arousal; absent without speech, and for a model without them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Dimensions>)]
    dimensions: Option<LabelledDimensions<'a>>,
    /// What is missing of a damaged recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DamageBody>)]
    damaged: Option<&'a Damage>,
    model: &'a str,
    /// The deep feature, with `embedding=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding: Option<Vec<f64>>,
}

impl<'a> RecognitionBody<'a> {
    pub(crate) fn new(
        path: &'a str,
        recognition: &'a Recognition,
        labels: &'a [String],
        model: &'a str,
    ) -> Self {
        let prediction = recognition.prediction.as_ref();
        Self {
            path,
            channel: None,
            duration_s: recognition.duration_s,
            speech: recognition.speech,
            label: prediction.map(|p| p.label.as_str()),
            reason: recognition.reason.map(NoPrediction::kind),
            confidence: prediction.map(|p| p.confidence),
            probabilities: prediction.map(|p| LabelledProbabilities(labels, &p.probabilities)),
            dimensions: None,
            damaged: recognition.damage.as_ref(),
            model,
            embedding: None,
        }
    }

    /// With the continuous targets of the model.
    pub(crate) fn with_dimensions(
        self,
        recognition: &'a Recognition,
        dimensions: &'a [DimensionInfo],
    ) -> Self {
        let prediction = recognition.prediction.as_ref();
        let dimensions = prediction.and_then(|p| LabelledDimensions::of(dimensions, &p.dimensions));
        Self { dimensions, ..self }
    }

    pub(crate) fn with_embedding(self, embedding: Option<Vec<f64>>) -> Self {
        Self { embedding, ..self }
    }

    pub(crate) fn of_channel(self, channel: usize) -> Self {
        Self { channel: Some(channel), ..self }
    }
}

/// The predictions for the channels of one recording.
#[derive(Serialize, ToSchema)]
#[schema(as = Channels)]
pub(crate) struct ChannelsBody<'a> {
    /// Name of the file, `-` if it has none.
    path: &'a str,
    /// In order, from channel 0.
    channels: Vec<RecognitionBody<'a>>,
}

/// The response for the channels that were selected: for one of them its prediction, else all predictions.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = OneOrMoreChannels)]
pub(crate) enum SelectedBody<'a> {
    One(RecognitionBody<'a>),
    Each(ChannelsBody<'a>),
}

impl<'a> SelectedBody<'a> {
    pub(crate) fn new(
        path: &'a str,
        channels: &'a [RecognizedChannel],
        selection: ChannelSelection,
        model: &'a LoadedModel,
    ) -> Self {
        let (labels, name) = (model.labels(), &model.info().name);
        let body = |found: &'a RecognizedChannel| {
            RecognitionBody::new(path, &found.recognition, labels, name)
                .of_channel(found.channel)
                .with_dimensions(&found.recognition, &model.info().dimensions)
                .with_embedding(found.embedding.clone())
        };
        match (selection, channels) {
            (ChannelSelection::One(_), [one]) => Self::One(body(one)),
            _ => Self::Each(ChannelsBody { path, channels: channels.iter().map(body).collect() }),
        }
    }
}

/// The error for one recording of a batch.
#[derive(Serialize, ToSchema)]
#[schema(as = FileError)]
pub(crate) struct FailedBody<'a> {
    path: &'a str,
    error: ErrorDetail<'a>,
}

impl<'a> FailedBody<'a> {
    pub(crate) fn new(path: &'a str, error: &'a ApiError) -> Self {
        Self { path, error: error.detail() }
    }
}

/// A frame or a segment of a timeline.
#[derive(Serialize)]
pub(crate) struct ItemBody<'a> {
    #[serde(flatten)]
    pub(crate) item: LabelledItem<'a>,
    /// From 0; `None` for the mean of all channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<usize>,
}

impl PartialSchema for ItemBody<'_> {
    fn schema() -> RefOr<Schema> {
        TimelineItem::schema()
    }
}

impl ToSchema for ItemBody<'_> {
    fn name() -> Cow<'static, str> {
        TimelineItem::name()
    }
}
