//! Bodies of requests, counted while they come in.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http_body_util::BodyExt;
use multer::Multipart;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::app::App;
use crate::compute::Held;
use crate::refusal::Refusal;
use crate::share::{Client, Share, What};

/// What is still read of a body that was refused, so that its sender reads the refusal instead of finding
/// its connection cut: what is on the way at a second's round trip.
const LINGER_BYTES: usize = 1 << 20;
const LINGER: Duration = Duration::from_secs(1);

/// How a recording without a name is called, as `clstm predict` calls standard input.
const NAMELESS: &str = "-";

/// A recording as it came.
#[derive(Clone)]
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) bytes: Held,
}

/// Bytes and the room they take.
struct Kept {
    bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
    /// That of all recordings of the body.
    _share: Option<Arc<Share>>,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The body of a request that is on its way.
pub(crate) struct Intake {
    body: Body,
    boundary: Option<Result<String, Refusal>>,
    /// Whether the client waits to be told that it may send.
    asks_first: bool,
    /// Its own word for its length.
    announced: Option<u64>,
    taken: u64,
    limit: u64,
    until: Instant,
    /// Room for all bodies together, one permit a byte.
    all: Arc<Semaphore>,
    room: Option<OwnedSemaphorePermit>,
    /// What of it is the client's; none once it has gone to the recordings.
    share: Option<Share>,
}

impl Intake {
    pub(crate) fn new(request: Request<Body>, app: &App, client: Option<Client>) -> Self {
        let App { limits, bytes, shares, .. } = app;
        let headers = request.headers();
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        Self {
            boundary: boundary(headers),
            asks_first: headers.contains_key(header::EXPECT),
            announced: length.and_then(|text| text.parse().ok()),
            taken: 0,
            limit: limits.max_body_bytes,
            until: Instant::now() + limits.body_timeout,
            all: bytes.clone(),
            room: None,
            // Nothing is within every share.
            share: shares.take(client, What::Bytes, 0).ok(),
            body: request.into_body(),
        }
    }

    /// All recordings of the body: itself, or the files of a form. At most `most`.
    pub(crate) async fn recordings(&mut self, most: usize) -> Result<Vec<Recording>, Refusal> {
        if self.announced.is_some_and(|length| length > self.limit) {
            return Err(Refusal::too_large(self.limit));
        }
        let files = match self.boundary.take() {
            None => {
                let mut bytes = Vec::new();
                while let Some(chunk) = self.chunk().await? {
                    bytes.extend_from_slice(&chunk);
                }
                vec![(NAMELESS.to_owned(), bytes)]
            }
            Some(boundary) => self.form(boundary?, most).await?,
        };
        let share = self.share.take().map(Arc::new);
        Ok(files.into_iter().map(|(name, bytes)| self.keep(name, bytes, share.clone())).collect())
    }

    /// The response, once what is on the way of a refused body is read and forgotten.
    pub(crate) async fn respond(mut self, outcome: Result<Response, Refusal>) -> Response {
        match outcome {
            Ok(response) => response,
            Err(refusal) => {
                linger(&mut self.body, self.asks_first && self.taken == 0).await;
                refusal.into_response()
            }
        }
    }

    fn keep(&mut self, name: String, bytes: Vec<u8>, share: Option<Arc<Share>>) -> Recording {
        let own = self.room.as_mut().and_then(|room| room.split(bytes.len()));
        Recording { name, bytes: Arc::new(Kept { bytes, _room: own, _share: share }) }
    }

    /// The files of a form; what else it has does not count.
    async fn form(
        &mut self,
        boundary: String,
        most: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        {
            let body = stream::unfold(&mut *self, |intake| async move {
                match intake.chunk().await {
                    Ok(Some(chunk)) => Some((Ok(chunk), intake)),
                    Ok(None) => None,
                    Err(refusal) => Some((Err(refusal), intake)),
                }
            });
            let mut form = Multipart::new(body, boundary);
            while let Some(mut field) = form.next_field().await.map_err(of_form)? {
                let file = field.name() == Some("file") || field.file_name().is_some();
                let name = field.file_name().unwrap_or(NAMELESS).to_owned();
                if file && files.len() == most {
                    let message = format!("more than {most} files in one request; send fewer");
                    let status = StatusCode::PAYLOAD_TOO_LARGE;
                    return Err(Refusal::new(status, "too_many_files", message));
                }
                let mut bytes = Vec::new();
                while let Some(chunk) = field.chunk().await.map_err(of_form)? {
                    if file {
                        bytes.extend_from_slice(&chunk);
                    }
                }
                if file {
                    files.push((name, bytes));
                }
            }
        }
        if files.is_empty() {
            let message =
                "the form has no file; name its field `file`, as curl -F file=@a.wav does";
            return Err(Refusal::request(message));
        }
        Ok(files)
    }

    /// The next bytes; `None` at the end.
    async fn chunk(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            let Ok(frame) = timeout_at(self.until, self.body.frame()).await else {
                let message = "the body did not come in time; send it faster or compress it";
                return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "timeout", message));
            };
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|error| {
                Refusal::request(format!("the body came to an end before its time: {error}"))
            })?;
            // Trailers are no sound.
            let Ok(chunk) = frame.into_data() else { continue };
            self.taken += chunk.len() as u64;
            if self.taken > self.limit {
                return Err(Refusal::too_large(self.limit));
            }
            self.reserve(chunk.len())?;
            return Ok(Some(chunk));
        }
    }

    fn reserve(&mut self, bytes: usize) -> Result<(), Refusal> {
        let permits = u32::try_from(bytes).map_err(|_| Refusal::too_large(self.limit))?;
        if let Some(share) = &mut self.share {
            share.grow(bytes)?;
        }
        let room = self.all.clone().try_acquire_many_owned(permits);
        let room = room.map_err(|_| Refusal::overloaded("other recordings fill the memory"))?;
        match &mut self.room {
            Some(all) => all.merge(room),
            none => *none = Some(room),
        }
        Ok(())
    }
}

/// Reads what is on the way of a body and forgets it, unless the client waits to be told to send it.
pub(crate) async fn linger(body: &mut Body, asks_first: bool) {
    if asks_first {
        return;
    }
    let mut left = LINGER_BYTES;
    // Whether or not it came to its end: this is a courtesy.
    let _ = timeout(LINGER, async {
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
fn boundary(headers: &HeaderMap) -> Option<Result<String, Refusal>> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let form = kind.trim_start().to_ascii_lowercase().starts_with("multipart/");
    form.then(|| multer::parse_boundary(kind).map_err(of_form))
}

fn of_form(error: multer::Error) -> Refusal {
    match error {
        multer::Error::StreamReadFailed(cause) => match cause.downcast::<Refusal>() {
            Ok(refusal) => *refusal,
            Err(cause) => Refusal::request(format!("the form cannot be read: {cause}")),
        },
        error => Refusal::request(format!("the form cannot be read: {error}")),
    }
}
