//! The composition root: builds everything from a configuration, runs it, stops it.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::{Server, ServerHandle};
use anyhow::Context as _;
use arc_swap::ArcSwap;

use crate::client::{Client, Names};
use crate::config::Config;
use crate::pool::Pool;
use crate::pool::placement::sittings;
use crate::pool::watch::poller;
use crate::store::Store;
use crate::web::{self, BodyBudget, InFlight, Site, Waiting};

/// Connections that may wait to be accepted: the rush at the full hour.
const BACKLOG: i32 = 1024;

/// beadle, built and listening, but not answering yet.
pub struct Application {
    address: SocketAddr,
    socket: PathBuf,
    pool: Pool,
    polls: Client,
    front_end: Server,
    operator: Server,
    in_flight: InFlight,
    reloader: Reloader,
    patience: Duration,
}

/// Takes a new configuration over into the running application.
#[derive(Clone)]
pub struct Reloader(Arc<ArcSwap<Config>>);

impl Application {
    /// Opens the store, listens, and prepares everything. Needs no network and no server alive.
    pub fn build(config: Config) -> anyhow::Result<Self> {
        let store = Store::open(&config.data_dir)?;
        let listener = listen(config.http.listen)
            .with_context(|| format!("cannot listen on {}", config.http.listen))?;
        let socket = config.socket();
        let operator_listener = listen_on_socket(&socket)?;
        let address = listener.local_addr()?;
        let patience = config.http.shutdown_timeout;
        let names = Names::of_system(config.servers.dns_cache);
        let client = Client::new(&config.servers, &names)?;
        let polls = Client::unconnected(&config.servers, &names)?;
        let in_flight = InFlight::default();
        let site = Sites {
            servers: config.servers.clone(),
            names,
            client,
            bodies: BodyBudget::new(config.http.body_memory),
            in_flight: in_flight.clone(),
            waiting: Waiting::default(),
            started: Instant::now(),
        };
        let http = config.http.clone();
        let config = Arc::new(ArcSwap::from_pointee(config));
        let pool = Pool::new(store, Arc::clone(&config));
        let (of_front_end, of_operator) = (pool.clone(), pool.clone());
        let operator_site = site.clone();
        let front_end = web::serve(listener, &http, move || site.make(&of_front_end))?;
        // Operators want to know whether a server can be reached now.
        let fresh = polls.clone();
        let operator = web::serve_operator(operator_listener, move || {
            operator_site.with(fresh.clone(), &of_operator)
        })?;
        let reloader = Reloader(config);
        Ok(Self {
            address,
            socket,
            pool,
            polls,
            front_end,
            operator,
            in_flight,
            reloader,
            patience,
        })
    }

    /// Where front ends are answered: the real port where port 0 was configured.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The operator's socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The pool.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// A handle to change the configuration with.
    pub fn reloader(&self) -> Reloader {
        self.reloader.clone()
    }

    /// Answers until `stop` is ready; then accepts nothing more, finishes what runs (no longer
    /// than `http.shutdown_timeout`) and closes the store.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let poller = tokio::spawn(poller::run(self.pool.clone(), self.polls));
        let sittings = tokio::spawn(sittings::run(self.pool.clone()));
        let handles = [self.front_end.handle(), self.operator.handle()];
        let mut front_end = tokio::spawn(self.front_end);
        let operator = tokio::spawn(self.operator);
        tokio::select! {
            () = stop => tracing::info!("stopping"),
            ended = &mut front_end => {
                ended.context("the HTTP server broke down")??;
                anyhow::bail!("the HTTP server ended by itself");
            }
        }
        stop_serving(handles, &self.in_flight, self.patience).await;
        poller.abort();
        sittings.abort();
        front_end.await.context("the HTTP server broke down")??;
        operator.await.context("the operator's server broke down")??;
        // It may not be there any more; either way nobody answers on it now.
        let _ = std::fs::remove_file(&self.socket);
        self.pool.store_sizes(true).await;
        let store = self.pool.store().clone();
        tokio::task::spawn_blocking(move || store.close()).await?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// actix waits for idle connections as well when it stops gracefully, so what runs is counted, and
/// once it is done everything is closed at once.
async fn stop_serving(handles: [ServerHandle; 2], in_flight: &InFlight, patience: Duration) {
    in_flight.stop();
    for handle in &handles {
        handle.pause().await;
    }
    if tokio::time::timeout(patience, in_flight.none()).await.is_err() {
        tracing::warn!(calls = in_flight.count(), "some calls did not finish in time");
    }
    for handle in &handles {
        handle.stop(false).await;
    }
}

impl Reloader {
    /// Puts a new configuration in force, except for what only a restart can change; the names of
    /// such sections that differ are returned.
    pub fn reload(&self, mut config: Config) -> Vec<&'static str> {
        let old = self.0.load_full();
        let mut kept = Vec::new();
        keep(&old.data_dir, &mut config.data_dir, "data_dir", &mut kept);
        keep(&old.socket, &mut config.socket, "socket", &mut kept);
        keep(&old.http, &mut config.http, "http", &mut kept);
        keep(&old.servers, &mut config.servers, "servers", &mut kept);
        self.0.store(Arc::new(config));
        kept
    }
}

fn keep<T: Clone + PartialEq>(
    old: &T,
    new: &mut T,
    name: &'static str,
    kept: &mut Vec<&'static str>,
) {
    if old != new {
        new.clone_from(old);
        kept.push(name);
    }
}

/// What every worker's [`Site`] is made of.
#[derive(Clone)]
struct Sites {
    servers: crate::config::Servers,
    names: Names,
    client: Client,
    bodies: BodyBudget,
    in_flight: InFlight,
    waiting: Waiting,
    started: Instant,
}

impl Sites {
    /// One with a client of its own, so that connections do not wander between threads.
    fn make(&self, pool: &Pool) -> Site {
        let own = Client::new(&self.servers, &self.names);
        self.with(own.unwrap_or_else(|_| self.client.clone()), pool)
    }

    fn with(&self, client: Client, pool: &Pool) -> Site {
        Site {
            pool: pool.clone(),
            names: self.names.clone(),
            client,
            bodies: self.bodies.clone(),
            in_flight: self.in_flight.clone(),
            waiting: self.waiting.clone(),
            started: self.started,
        }
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Listens on a Unix socket that only its owner (and root) can use. A socket left over by a
/// process that is gone is replaced.
fn listen_on_socket(path: &Path) -> anyhow::Result<UnixListener> {
    if UnixStream::connect(path).is_ok() {
        anyhow::bail!("another beadle answers on {}; choose another --socket", path.display());
    }
    // Only what a beadle left behind is replaced, never somebody's file.
    if std::fs::symlink_metadata(path).is_ok_and(|there| !there.file_type().is_socket()) {
        anyhow::bail!("{} is there and no socket; choose another --socket", path.display());
    }
    bind_closed(path).with_context(|| format!("cannot make the socket {}", path.display()))
}

/// A socket is made with the permissions that the umask leaves, and others could connect before
/// they are taken from them. So it is made in a folder that nobody else can enter, and gets its
/// name afterwards.
fn bind_closed(path: &Path) -> std::io::Result<UnixListener> {
    // The whole name may be little longer than the final one: the kernel takes 107 bytes.
    let mut name = uuid::Uuid::new_v4().simple().to_string();
    name.truncate(6);
    let folder = path.with_file_name(format!(".{name}"));
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    let inside = folder.join("s");
    let bound = UnixListener::bind(&inside).and_then(|listener| {
        std::fs::set_permissions(&inside, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&inside, path)?;
        Ok(listener)
    });
    if bound.is_err() {
        // What went wrong before is what matters.
        let _ = std::fs::remove_file(&inside);
    }
    let _ = std::fs::remove_dir(&folder);
    bound
}
