//! From the first connection to the last.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::app::App;
use crate::compute::Compute;
use crate::connection::{Place, Word, serve, tell};
use crate::metrics::Metrics;
use crate::models::Models;
use crate::routes::{check_origins, router};
use crate::share::{Client, Shares, What};
use crate::signals::{Signals, Told};
use crate::tls::Tls;
use crate::{Config, ServerError};

/// Connections that wait to be accepted, as the system counts them.
const BACKLOG: u32 = 1024;

/// What the system keeps for each connection of what its client has not read, in bytes: answers are small,
/// and without it a client that does not read would be noticed only megabytes later.
const SEND_BUFFER: u32 = 64 << 10;

/// Connections beyond the limit that are told so; those beyond these are closed without a word.
const REFUSED_AT_ONCE: usize = 64;

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: Arc<App>,
    /// What it waits for at the end.
    unfinished: (mpsc::Sender<()>, mpsc::Receiver<()>),
}

/// Tells a running server what to do.
#[derive(Clone)]
pub struct Handle {
    app: Arc<App>,
}

impl Handle {
    /// Takes nothing more on, finishes what was taken on, and ends.
    pub fn shut_down(&self) {
        self.app.ending.send_replace(true);
    }

    /// Reads the model files again and exchanges the models; requests finish with those that they began
    /// with. The names of the models now served.
    ///
    /// # Errors
    /// If a file cannot be used; all models stay as they are then.
    pub async fn reload(&self) -> Result<Vec<String>, ServerError> {
        self.app.reload().await
    }

    /// Reads the certificate and its key again, where there is one; connections that are open keep theirs.
    ///
    /// # Errors
    /// If a file cannot be used; all stays as it is then.
    pub async fn reload_certificate(&self) -> Result<(), ServerError> {
        self.app.reload_certificate().await
    }
}

impl Server {
    /// Reads the models, starts the workers and listens.
    ///
    /// # Errors
    /// [`ServerError`] says what is in the way.
    pub async fn bind(config: Config) -> Result<Self, ServerError> {
        check_origins(&config.cors)?;
        let Config { listen, models, precision, keys, tls, cors, workers, limits } = config;
        let decoding = limits.decoding(limits.max_duration_s);
        let load = move || {
            // The certificate first: it is wrong more often, and read sooner.
            let tls = tls.map(Tls::load).transpose()?;
            Ok::<_, ServerError>((tls, Models::load(models, precision, decoding)?))
        };
        let loaded = tokio::task::spawn_blocking(load).await;
        let (tls, models) =
            loaded.map_err(std::io::Error::other).map_err(ServerError::system("read files"))??;
        let listener =
            open(listen).map_err(|source| ServerError::Listen { address: listen, source })?;
        let address = listener.local_addr().map_err(ServerError::system("read the address"))?;
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let metrics = Metrics::new();
        let compute = Compute::start(workers.unwrap_or(cores), &metrics)?;
        let unfinished = mpsc::channel(1);
        let room = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        let app = App {
            recordings: room(limits.max_recordings),
            timelines: room(limits.max_timelines),
            streams: room(limits.max_streams),
            bytes: room(limits.max_held_bytes),
            shares: Shares::new(&limits),
            tls,
            keys,
            origins: cors,
            models,
            metrics,
            compute,
            ending: watch::Sender::new(false),
            unfinished: unfinished.0.downgrade(),
            limits,
        };
        Ok(Self { listener, address, app: Arc::new(app), unfinished })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What tells it what to do while it runs.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { app: self.app.clone() }
    }

    /// Serves until [`Handle::shut_down`], and then until all is finished that was taken on or
    /// [`Limits::shutdown_timeout`](crate::Limits::shutdown_timeout) is over.
    ///
    /// # Errors
    /// None at present.
    pub async fn run(self) -> Result<(), ServerError> {
        let Self { listener, app, unfinished: (alive, mut finished), .. } = self;
        let service = router(&app);
        let ended = app.ended();
        tokio::pin!(ended);
        let room = Arc::new(Semaphore::new(app.limits.max_connections));
        let refusals = Arc::new(Semaphore::new(REFUSED_AT_ONCE));
        loop {
            let (stream, peer) = tokio::select! {
                () = &mut ended => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, from)) => (stream, from.ip()),
                    Err(error) => {
                        // No more files may be open, or the client has gone already: both pass.
                        log::warn!("cannot accept a connection: {error}");
                        sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let share = app.shares.take(Client::at(peer), What::Connections, 1);
            let (room, share) = match (room.clone().try_acquire_owned(), share) {
                (Ok(room), Ok(share)) => (room, share),
                (Err(_), _) => {
                    app.metrics.refused("connections");
                    refuse(&app, stream, Word::Full, &refusals);
                    continue;
                }
                (_, Err(refusal)) => {
                    app.metrics.refused(refusal.kind);
                    refuse(&app, stream, Word::Share, &refusals);
                    continue;
                }
            };
            let place = Place { _room: room, _share: share, _unfinished: alive.clone() };
            tokio::spawn(serve(stream, peer, service.clone(), app.clone(), place));
        }
        log::info!("shutting down");
        drop((listener, alive));
        if timeout(app.limits.shutdown_timeout, finished.recv()).await.is_err() {
            log::warn!("some requests were not finished in time");
        }
        let last = app.clone();
        // Joining cannot fail otherwise than by a panic of `finish`, which has none.
        let _ = tokio::task::spawn_blocking(move || last.compute.finish()).await;
        Ok(())
    }
}

/// Listens with a bounded send buffer, which accepted connections inherit.
fn open(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Tells a connection why it is not served. One that expects TLS could not read it, and is closed.
fn refuse(app: &App, stream: TcpStream, word: Word, refusals: &Arc<Semaphore>) {
    if app.tls.is_none()
        && let Ok(permit) = refusals.clone().try_acquire_owned()
    {
        tokio::spawn(async move {
            tell(stream, word).await;
            drop(permit);
        });
    }
}

/// Serves until the process is told to end by SIGTERM or Ctrl-C; SIGHUP reloads the models
/// and the certificate. Blocks. `started`
/// is called with the address as soon as connections are accepted.
///
/// # Errors
/// [`ServerError`] says why it does not start.
pub fn run(config: Config, started: impl FnOnce(SocketAddr)) -> Result<(), ServerError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("clstm-io")
        // They move bytes; the cores are for the workers.
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(ServerError::system("start threads"))?;
    runtime.block_on(async {
        let mut signals = Signals::catch()?;
        let server = Server::bind(config).await?;
        let handle = server.handle();
        started(server.address());
        let told = tokio::spawn(async move {
            loop {
                match signals.next().await {
                    Told::End => handle.shut_down(),
                    Told::Reload => {
                        if let Err(error) = handle.reload().await {
                            log::error!("the models stay as they are: {error}");
                        }
                        if let Err(error) = handle.reload_certificate().await {
                            log::error!("the certificate stays as it is: {error}");
                        }
                    }
                }
            }
        });
        let served = server.run().await;
        told.abort();
        served
    })
}
