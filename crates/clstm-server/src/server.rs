//! The server: accepting connections, and shutting down.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::compute::{Compute, Decoders};
use crate::connection::{ConnectionGuard, Rejection, reject, serve};
use crate::decode::{WorkerLimits, WorkerPool};
use crate::metrics::Metrics;
use crate::models::Models;
use crate::quota::{ClientId, Quotas, Resource};
use crate::routes::{Hosts, check_origin, router};
use crate::signals::{Signal, Signals};
use crate::state::AppState;
use crate::tls::Tls;
use crate::{Decoding, Limits, ServerConfig, ServerError};

/// Length of the kernel's queue of connections that are not accepted yet.
const BACKLOG: u32 = 1024;

/// Kernel send buffer of a connection, in bytes. Responses are small; with the default of megabytes, a client
/// that does not read would be detected late.
const SEND_BUFFER: u32 = 64 << 10;

/// Connections that receive an error response at the same time; further ones are closed without a response.
const REJECTED_AT_ONCE: usize = 64;

/// A listening server.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: Arc<AppState>,
    /// The receiver returns once all senders are dropped, which is when all work is finished.
    unfinished: (mpsc::Sender<()>, mpsc::Receiver<()>),
}

/// Controls a running server.
#[derive(Clone)]
pub struct Handle {
    app: Arc<AppState>,
}

impl Handle {
    /// Accepts nothing new, finishes what is in progress, and ends.
    pub fn shut_down(&self) {
        self.app.ending.send_replace(true);
    }

    /// Reads the model files again and replaces the models; requests in progress keep the models that they
    /// started with. Returns the names of the models.
    ///
    /// # Errors
    /// If a file cannot be used; then all models stay as they are.
    pub async fn reload(&self) -> Result<Vec<String>, ServerError> {
        self.app.reload().await
    }

    /// Reads the certificate and its key again, if there is one; open connections keep theirs.
    ///
    /// # Errors
    /// If a file cannot be used; then the old certificate stays.
    pub async fn reload_certificate(&self) -> Result<(), ServerError> {
        self.app.reload_certificate().await
    }
}

impl Server {
    /// Reads the models, starts the workers and listens.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub async fn bind(config: ServerConfig) -> Result<Self, ServerError> {
        config.cors.iter().try_for_each(|origin| check_origin(origin))?;
        let ServerConfig {
            listen,
            models,
            precision,
            classes,
            keys,
            tls,
            cors,
            allowed_hosts,
            threads,
            decoding,
            strict,
            limits,
        } = config;
        let decode_limits = limits.decoding(limits.max_duration_s);
        let load = move || {
            // The certificate first: it is read faster and is wrong more often.
            let tls = tls.map(Tls::load).transpose()?;
            Ok::<_, ServerError>((tls, Models::load(models, precision, classes, decode_limits)?))
        };
        let loaded = tokio::task::spawn_blocking(load).await;
        let (tls, models) =
            loaded.map_err(std::io::Error::other).map_err(ServerError::system("read files"))??;
        let listener =
            open(listen).map_err(|source| ServerError::Listen { address: listen, source })?;
        let address = listener.local_addr().map_err(ServerError::system("read the address"))?;
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let metrics = Metrics::new();
        let threads = threads.unwrap_or(cores);
        let decoders = start_decoders(decoding, threads, &limits, &models, &metrics).await?;
        let compute = Compute::start(threads, decoders, &metrics)?;
        let unfinished = mpsc::channel(1);
        let permits = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        let app = AppState {
            recordings: permits(limits.max_recordings),
            timelines: permits(limits.max_timelines),
            streams: permits(limits.max_streams),
            bytes: permits(limits.max_buffered_bytes),
            quotas: Quotas::new(&limits),
            tls,
            hosts: Hosts::new(listen, keys.is_some(), &allowed_hosts),
            keys,
            origins: cors,
            models,
            metrics,
            compute,
            ending: watch::Sender::new(false),
            unfinished: unfinished.0.downgrade(),
            limits,
            strict,
        };
        Ok(Self { listener, address, app: Arc::new(app), unfinished })
    }

    /// The address on which the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A handle that controls the server while it runs.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { app: self.app.clone() }
    }

    /// Serves until [`Handle::shut_down`]; then finishes what is in progress, for at most
    /// [`Limits::shutdown_timeout`](crate::Limits::shutdown_timeout).
    ///
    /// # Errors
    /// None at present.
    pub async fn run(self) -> Result<(), ServerError> {
        let Self { listener, app, unfinished: (alive, mut finished), .. } = self;
        let service = router(&app);
        let ended = app.ended();
        tokio::pin!(ended);
        let permits = Arc::new(Semaphore::new(app.limits.max_connections));
        let rejections = Arc::new(Semaphore::new(REJECTED_AT_ONCE));
        loop {
            let (stream, peer) = tokio::select! {
                () = &mut ended => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, from)) => (stream, from.ip()),
                    Err(error) => {
                        // No file descriptors left, or the client has disconnected: both are temporary.
                        tracing::warn!("cannot accept a connection: {error}");
                        sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let quota = app.quotas.acquire(ClientId::at(peer), Resource::Connections, 1);
            let (permit, quota) = match (permits.clone().try_acquire_owned(), quota) {
                (Ok(permit), Ok(quota)) => (permit, quota),
                (Err(_), _) => {
                    app.metrics.error("connections");
                    reject_connection(&app, stream, Rejection::Full, &rejections);
                    continue;
                }
                (_, Err(error)) => {
                    app.metrics.error(error.word());
                    reject_connection(&app, stream, Rejection::ClientLimit, &rejections);
                    continue;
                }
            };
            let guard =
                ConnectionGuard { _permit: permit, _quota: quota, _unfinished: alive.clone() };
            tokio::spawn(serve(stream, peer, service.clone(), app.clone(), guard));
        }
        tracing::info!("shutting down");
        drop((listener, alive));
        if timeout(app.limits.shutdown_timeout, finished.recv()).await.is_err() {
            tracing::warn!("the shutdown timeout is over; some requests were not finished");
        }
        let last = app.clone();
        // An error would be a panic of `finish`, which does not panic.
        let _ = tokio::task::spawn_blocking(move || last.compute.finish()).await;
        Ok(())
    }
}

/// Starts the decode workers, if the configuration has any.
async fn start_decoders(
    decoding: Decoding,
    threads: NonZeroUsize,
    limits: &Limits,
    models: &Models,
    metrics: &Metrics,
) -> Result<Option<Decoders>, ServerError> {
    let Decoding::Workers(workers) = decoding else { return Ok(None) };
    let clips = workers.count.unwrap_or(threads);
    let timelines = clips.div_ceil(NonZeroUsize::MIN.saturating_add(1));
    let rates = models.all();
    let rate = rates.iter().map(|model| model.info().frontend.sample_rate).max();
    let start = async |count, limits| {
        let program = workers.program.clone();
        let pool = WorkerPool::start(workers.clone(), count, limits, metrics.clone()).await;
        pool.map_err(|source| ServerError::DecodeWorkers { program, source })
    };
    Ok(Some(Decoders {
        clips: start(clips, WorkerLimits::new(&workers, limits, limits.max_duration_s, rate))
            .await?,
        timelines: start(
            timelines,
            WorkerLimits::new(&workers, limits, limits.max_timeline_s, None),
        )
        .await?,
    }))
}

/// Binds with a bounded send buffer, which accepted connections inherit.
fn open(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Rejects a connection with an error response. With TLS the client could not read it; it is closed only.
fn reject_connection(
    app: &AppState,
    stream: TcpStream,
    rejection: Rejection,
    rejections: &Arc<Semaphore>,
) {
    if app.tls.is_none()
        && let Ok(permit) = rejections.clone().try_acquire_owned()
    {
        tokio::spawn(async move {
            reject(stream, rejection).await;
            drop(permit);
        });
    }
}

/// Serves until SIGTERM or Ctrl-C; SIGHUP reloads the models and the certificate. Blocks. `started` is called
/// with the address as soon as connections are accepted.
///
/// # Errors
/// [`ServerError`] if the server cannot start.
pub fn run(config: ServerConfig, started: impl FnOnce(SocketAddr)) -> Result<(), ServerError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("clstm-io")
        // They only move bytes; the cores are for the compute threads.
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(ServerError::system("start threads"))?;
    runtime.block_on(async {
        let mut signals = Signals::catch()?;
        let server = Server::bind(config).await?;
        let handle = server.handle();
        started(server.address());
        let signals = tokio::spawn(async move {
            loop {
                match signals.next().await {
                    Signal::ShutDown => handle.shut_down(),
                    Signal::Reload => {
                        if let Err(error) = handle.reload().await {
                            tracing::error!("models not reloaded, the old ones stay: {error}");
                        }
                        if let Err(error) = handle.reload_certificate().await {
                            tracing::error!("certificate not reloaded, the old one stays: {error}");
                        }
                    }
                }
            }
        });
        let served = server.run().await;
        signals.abort();
        served
    })
}
