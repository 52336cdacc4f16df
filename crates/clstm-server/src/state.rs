//! State that all requests share.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::api_error::{ApiError, ErrorKind};
use crate::compute::Compute;
use crate::metrics::Metrics;
use crate::models::{LoadedModel, Models};
use crate::quota::Quotas;
use crate::routes::Hosts;
use crate::tls::Tls;
use crate::{Keys, Limits, ServerError};

/// State that all requests share.
pub(crate) struct AppState {
    pub(crate) limits: Limits,
    /// Whether a damaged recording is an error, for requests without the parameter `strict`.
    pub(crate) strict: bool,
    pub(crate) keys: Option<Keys>,
    /// Origins whose pages may send requests; `*` for all.
    pub(crate) origins: Vec<String>,
    /// Host names that the server is reachable by.
    pub(crate) hosts: Hosts,
    pub(crate) models: Models,
    pub(crate) metrics: Metrics,
    pub(crate) compute: Compute,
    /// One permit for each recording, timeline, stream and buffered byte that the server may hold.
    pub(crate) recordings: Arc<Semaphore>,
    pub(crate) timelines: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) bytes: Arc<Semaphore>,
    /// What one client may hold of these.
    pub(crate) quotas: Arc<Quotas>,
    pub(crate) tls: Option<Tls>,
    /// Becomes true when the server shuts down.
    pub(crate) ending: watch::Sender<bool>,
    /// Whatever must finish before the server ends holds a clone of the sender.
    pub(crate) unfinished: mpsc::WeakSender<()>,
}

pub(crate) type SharedState = Arc<AppState>;

impl AppState {
    /// The model of that name; the default model without one.
    pub(crate) fn model(&self, name: Option<&str>) -> Result<Arc<LoadedModel>, ApiError> {
        self.models.named(name).ok_or_else(|| {
            let all = self.models.all();
            let names: Vec<_> = all.iter().map(|model| model.info().name.as_str()).collect();
            let message = format!(
                "there is no model {:?}; there are: {}",
                name.unwrap_or_default(),
                names.join(", ")
            );
            ApiError::new(ErrorKind::UnknownModel, message)
        })
    }

    /// Resolves when the server shuts down.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ending = self.ending.subscribe();
        async move {
            // An error means that the sender is dropped, and so the server.
            let _ = ending.wait_for(|ending| *ending).await;
        }
    }

    /// Reads the models again, on a thread for blocking work.
    pub(crate) async fn reload(self: &Arc<Self>) -> Result<Vec<String>, ServerError> {
        let app = self.clone();
        let reloaded = tokio::task::spawn_blocking(move || app.models.reload()).await;
        reloaded.map_err(std::io::Error::other).map_err(ServerError::system("reload"))??;
        self.metrics.reloaded();
        let all = self.models.all();
        let names: Vec<_> = all.iter().map(|model| model.info().name.clone()).collect();
        tracing::info!("models reloaded: {}", names.join(", "));
        Ok(names)
    }

    /// Reads the certificate again, on a thread for blocking work.
    pub(crate) async fn reload_certificate(self: &Arc<Self>) -> Result<(), ServerError> {
        let app = self.clone();
        let read = move || app.tls.as_ref().map_or(Ok(()), Tls::reload);
        let reloaded = tokio::task::spawn_blocking(read).await;
        reloaded.map_err(std::io::Error::other).map_err(ServerError::system("reload"))??;
        if self.tls.is_some() {
            tracing::info!("certificate reloaded");
        }
        Ok(())
    }

    /// A permit for `count` recordings.
    pub(crate) fn admit(&self, count: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        acquire(&self.recordings, count, "too many recordings are waiting")
    }

    pub(crate) fn admit_timeline(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        acquire(&self.timelines, 1, "too many timelines are waiting")
    }

    /// A permit for `count` streams.
    pub(crate) fn admit_streams(&self, count: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        acquire(&self.streams, count, "too many streams are open")
    }
}

fn acquire(
    permits: &Arc<Semaphore>,
    count: usize,
    otherwise: &str,
) -> Result<OwnedSemaphorePermit, ApiError> {
    let count = u32::try_from(count).map_err(|_| ApiError::overloaded(otherwise))?;
    permits.clone().try_acquire_many_owned(count).map_err(|_| ApiError::overloaded(otherwise))
}
