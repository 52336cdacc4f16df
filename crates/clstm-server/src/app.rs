//! What all requests share.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::compute::Compute;
use crate::metrics::Metrics;
use crate::models::{Models, Served};
use crate::refusal::Refusal;
use crate::share::Shares;
use crate::tls::Tls;
use crate::{Keys, Limits, ServerError};

/// What all requests share.
pub(crate) struct App {
    pub(crate) limits: Limits,
    pub(crate) keys: Option<Keys>,
    /// Origins whose pages may ask; `*` for all.
    pub(crate) origins: Vec<String>,
    pub(crate) models: Models,
    pub(crate) metrics: Metrics,
    pub(crate) compute: Compute,
    /// A permit for each recording, timeline, stream and byte that may be taken on.
    pub(crate) recordings: Arc<Semaphore>,
    pub(crate) timelines: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) bytes: Arc<Semaphore>,
    /// How much of it one client may hold.
    pub(crate) shares: Arc<Shares>,
    /// What connections are encrypted with, where they are.
    pub(crate) tls: Option<Tls>,
    /// Whether the end has come.
    pub(crate) ending: watch::Sender<bool>,
    /// A clone is held by whatever must be finished before the server ends.
    pub(crate) unfinished: mpsc::WeakSender<()>,
}

pub(crate) type Shared = Arc<App>;

impl App {
    /// The model of that name.
    pub(crate) fn model(&self, name: Option<&str>) -> Result<Arc<Served>, Refusal> {
        self.models.named(name).ok_or_else(|| {
            let all = self.models.all();
            let names: Vec<_> = all.iter().map(|served| served.info().name.as_str()).collect();
            let message = format!(
                "there is no model {:?}; there are: {}",
                name.unwrap_or_default(),
                names.join(", ")
            );
            Refusal::new(axum::http::StatusCode::NOT_FOUND, "unknown_model", message)
        })
    }

    /// Waits for the end.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ending = self.ending.subscribe();
        async move {
            // An error says that the server is gone altogether.
            let _ = ending.wait_for(|ending| *ending).await;
        }
    }

    /// Reads the models again, off the threads that hold connections.
    pub(crate) async fn reload(self: &Arc<Self>) -> Result<Vec<String>, ServerError> {
        let app = self.clone();
        let reloaded = tokio::task::spawn_blocking(move || app.models.reload()).await;
        reloaded.map_err(std::io::Error::other).map_err(ServerError::system("reload"))??;
        self.metrics.reloaded();
        let all = self.models.all();
        let names: Vec<_> = all.iter().map(|served| served.info().name.clone()).collect();
        log::info!("models reloaded: {}", names.join(", "));
        Ok(names)
    }

    /// Reads the certificate again, off the threads that hold connections.
    pub(crate) async fn reload_certificate(self: &Arc<Self>) -> Result<(), ServerError> {
        let app = self.clone();
        let read = move || app.tls.as_ref().map_or(Ok(()), Tls::reload);
        let reloaded = tokio::task::spawn_blocking(read).await;
        reloaded.map_err(std::io::Error::other).map_err(ServerError::system("reload"))??;
        if self.tls.is_some() {
            log::info!("certificate reloaded");
        }
        Ok(())
    }

    /// Room for `count` recordings at once.
    pub(crate) fn admit(&self, count: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        take(&self.recordings, count, "too many recordings wait already")
    }

    pub(crate) fn admit_timeline(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        take(&self.timelines, 1, "too many timelines wait already")
    }

    pub(crate) fn admit_stream(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        take(&self.streams, 1, "too many streams are open already")
    }
}

fn take(
    room: &Arc<Semaphore>,
    count: usize,
    otherwise: &str,
) -> Result<OwnedSemaphorePermit, Refusal> {
    let count = u32::try_from(count).map_err(|_| Refusal::overloaded(otherwise))?;
    room.clone().try_acquire_many_owned(count).map_err(|_| Refusal::overloaded(otherwise))
}
