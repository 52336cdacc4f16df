//! Request bodies, counted against limits and quotas while they arrive.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http_body_util::BodyExt;
use multer::Multipart;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::api_error::{ApiError, ErrorKind};
use crate::compute::RequestBytes;
use crate::quota::{ClientId, QuotaGuard, Resource};
use crate::state::AppState;

/// How much of a rejected body is read and discarded. Closing a connection with unread bytes resets it, and
/// the client would lose the error response. 1 MiB and 1 s cover what is in flight.
const DRAIN_BYTES: usize = 1 << 20;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// The name of a recording that has none; `clstm predict` uses it for standard input.
const UNNAMED: &str = "-";

/// An encoded recording.
#[derive(Clone)]
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) bytes: RequestBytes,
}

/// Bytes with the permits they hold.
struct BufferedBody {
    bytes: Vec<u8>,
    _permits: Option<OwnedSemaphorePermit>,
    /// Shared by all recordings of the body.
    _quota: Option<Arc<QuotaGuard>>,
}

impl AsRef<[u8]> for BufferedBody {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The name of a file and its content.
type NamedBytes = (String, Vec<u8>);

/// Reads the body of a request.
pub(crate) struct BodyReader {
    body: Body,
    boundary: Option<Result<String, ApiError>>,
    /// Whether the client sent `Expect: 100-continue`.
    expects_continue: bool,
    content_length: Option<u64>,
    read: u64,
    limit: u64,
    deadline: Instant,
    /// One permit for each byte that all bodies together may hold.
    all: Arc<Semaphore>,
    permits: Option<OwnedSemaphorePermit>,
    /// The client's quota of bytes; `None` once it has moved to the recordings.
    quota: Option<QuotaGuard>,
    /// Whether a form may have a file of segments beside the recording.
    accepts_segments: bool,
    segments: Option<Recording>,
}

impl BodyReader {
    pub(crate) fn new(request: Request<Body>, app: &AppState, client: Option<ClientId>) -> Self {
        let AppState { limits, bytes, quotas, .. } = app;
        let headers = request.headers();
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        Self {
            boundary: boundary(headers),
            expects_continue: headers.contains_key(header::EXPECT),
            content_length: length.and_then(|text| text.parse().ok()),
            read: 0,
            limit: limits.max_body_bytes,
            deadline: Instant::now() + limits.body_timeout,
            all: bytes.clone(),
            permits: None,
            // Zero bytes fit every quota.
            quota: quotas.acquire(client, Resource::Bytes, 0).ok(),
            accepts_segments: false,
            segments: None,
            body: request.into_body(),
        }
    }

    /// The same reader for forms that may have a field `segments` beside the recording: see
    /// [`take_segments`](Self::take_segments).
    pub(crate) fn accepting_segments(self) -> Self {
        Self { accepts_segments: true, ..self }
    }

    /// The file of the field `segments`, after [`recordings`](Self::recordings).
    pub(crate) fn take_segments(&mut self) -> Option<Recording> {
        self.segments.take()
    }

    /// The recordings of the body: the body itself, or the files of a form, at most `most`.
    pub(crate) async fn recordings(&mut self, most: usize) -> Result<Vec<Recording>, ApiError> {
        if self.content_length.is_some_and(|length| length > self.limit) {
            return Err(ApiError::too_large(self.limit));
        }
        let (files, segments) = match self.boundary.take() {
            None => {
                let mut bytes = Vec::new();
                while let Some(chunk) = self.chunk().await? {
                    bytes.extend_from_slice(&chunk);
                }
                (vec![(UNNAMED.to_owned(), bytes)], None)
            }
            Some(boundary) => self.form(boundary?, most).await?,
        };
        let quota = self.quota.take().map(Arc::new);
        self.segments = segments.map(|(name, bytes)| self.keep(name, bytes, quota.clone()));
        Ok(files.into_iter().map(|(name, bytes)| self.keep(name, bytes, quota.clone())).collect())
    }

    /// The response. For an error, reads and discards what is in flight of the body first.
    pub(crate) async fn respond(mut self, outcome: Result<Response, ApiError>) -> Response {
        match outcome {
            Ok(response) => response,
            Err(error) => {
                drain_body(&mut self.body, self.expects_continue && self.read == 0).await;
                error.into_response()
            }
        }
    }

    fn keep(&mut self, name: String, bytes: Vec<u8>, quota: Option<Arc<QuotaGuard>>) -> Recording {
        let permits = self.permits.as_mut().and_then(|permits| permits.split(bytes.len()));
        Recording {
            name,
            bytes: Arc::new(BufferedBody { bytes, _permits: permits, _quota: quota }),
        }
    }

    /// The recordings of a form, and the file of segments where one is accepted; other fields are skipped.
    async fn form(
        &mut self,
        boundary: String,
        most: usize,
    ) -> Result<(Vec<NamedBytes>, Option<NamedBytes>), ApiError> {
        let (mut files, mut segments): (Vec<NamedBytes>, Option<NamedBytes>) = (Vec::new(), None);
        let accepts_segments = self.accepts_segments;
        {
            let body = stream::unfold(&mut *self, |reader| async move {
                match reader.chunk().await {
                    Ok(Some(chunk)) => Some((Ok(chunk), reader)),
                    Ok(None) => None,
                    Err(error) => Some((Err(error), reader)),
                }
            });
            let mut form = Multipart::new(body, boundary);
            while let Some(mut field) = form.next_field().await.map_err(form_error)? {
                let is_segments = accepts_segments && field.name() == Some("segments");
                let file =
                    is_segments || field.name() == Some("file") || field.file_name().is_some();
                let name = field.file_name().unwrap_or(UNNAMED).to_owned();
                if is_segments && segments.is_some() {
                    return Err(ApiError::request("the form has several fields `segments`"));
                }
                if file && !is_segments && files.len() == most {
                    let message = match most {
                        1 => "the request has several files; send one, or all to /v1/batch"
                            .to_owned(),
                        _ => format!("the request has more than {most} files; send fewer"),
                    };
                    return Err(ApiError::new(ErrorKind::TooManyFiles, message));
                }
                let mut bytes = Vec::new();
                while let Some(chunk) = field.chunk().await.map_err(form_error)? {
                    if file {
                        bytes.extend_from_slice(&chunk);
                    }
                }
                if is_segments {
                    segments = Some((name, bytes));
                } else if file {
                    files.push((name, bytes));
                }
            }
        }
        if files.is_empty() {
            let message =
                "the form has no file; name its field `file`, as curl -F file=@a.wav does";
            return Err(ApiError::request(message));
        }
        Ok((files, segments))
    }

    /// The next bytes; `None` at the end.
    async fn chunk(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            let Ok(frame) = timeout_at(self.deadline, self.body.frame()).await else {
                let message = "the body did not arrive in time; send it faster or compress it";
                return Err(ApiError::new(ErrorKind::ClientTimeout, message));
            };
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame
                .map_err(|error| ApiError::request(format!("the body ended early: {error}")))?;
            // Trailers are ignored.
            let Ok(chunk) = frame.into_data() else { continue };
            self.read += chunk.len() as u64;
            if self.read > self.limit {
                return Err(ApiError::too_large(self.limit));
            }
            self.reserve(chunk.len())?;
            return Ok(Some(chunk));
        }
    }

    fn reserve(&mut self, bytes: usize) -> Result<(), ApiError> {
        let permits = u32::try_from(bytes).map_err(|_| ApiError::too_large(self.limit))?;
        if let Some(quota) = &mut self.quota {
            quota.extend(bytes)?;
        }
        let permits = self.all.clone().try_acquire_many_owned(permits);
        let permits = permits.map_err(|_| ApiError::overloaded("the buffer memory is full"))?;
        match &mut self.permits {
            Some(all) => all.merge(permits),
            none => *none = Some(permits),
        }
        Ok(())
    }
}

/// Reads and discards what is in flight of a body, unless the client waits for `100 Continue`.
pub(crate) async fn drain_body(body: &mut Body, expects_continue: bool) {
    if expects_continue {
        return;
    }
    let mut left = DRAIN_BYTES;
    // Best effort: neither the end of the body nor the timeout matters.
    let _ = timeout(DRAIN_TIMEOUT, async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    })
    .await;
}

/// The boundary of a form; `None` for any other body.
fn boundary(headers: &HeaderMap) -> Option<Result<String, ApiError>> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let form = kind.trim_start().to_ascii_lowercase().starts_with("multipart/");
    form.then(|| multer::parse_boundary(kind).map_err(form_error))
}

fn form_error(error: multer::Error) -> ApiError {
    match error {
        multer::Error::StreamReadFailed(cause) => match cause.downcast::<ApiError>() {
            Ok(error) => *error,
            Err(cause) => ApiError::request(format!("the form cannot be read: {cause}")),
        },
        error => ApiError::request(format!("the form cannot be read: {error}")),
    }
}
