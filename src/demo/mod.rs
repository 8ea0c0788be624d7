//! The demo: beadle in front of a simulated pool, and people whose classes start, grow and end.
//!
//! [`run`] is all of it. `home` is the data directory and what it remembers from one run to the
//! next, `pool` the simulated servers, `people` decides who does what and when, `frontend` is the
//! system that they use: it talks to beadle in signed HTTP as a learning platform does, `classes`
//! carries the plan out with it, `screen` shows what comes of it. beadle itself is built exactly
//! as `serve` builds it.

mod classes;
mod frontend;
mod home;
mod people;
mod pool;
mod screen;

use std::future::Future;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::oneshot;

use crate::app::Application;
use crate::client::{Client, Names};
use crate::config::{self, Config};
use crate::pool::watch::poller;
use crate::sim::SimServer;

use classes::Campus;
use frontend::FrontEnd;
use home::Home;
use people::Timetable;
use screen::{Screen, Welcome};

/// What the demo is to be like.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many simulated servers there are; of several, the last one is half as strong.
    pub servers: usize,
    /// About how many people are in classes at a time.
    pub people: u32,
    /// Where beadle answers front ends.
    pub listen: SocketAddr,
    /// Where the state is; none is a temporary directory that is removed at the end.
    pub data_dir: Option<PathBuf>,
    /// Whether the output is a terminal, on which the table is drawn in place.
    pub terminal: bool,
    /// What the people's doings are made of; none is a new one. It is printed.
    pub seed: Option<u64>,
    /// How many times faster than planned the people live.
    pub tempo: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            servers: 3,
            people: 300,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 3000)),
            data_dir: None,
            terminal: false,
            seed: None,
            tempo: 1.0,
        }
    }
}

/// Other ones would make times that cannot be counted.
const TEMPI: RangeInclusive<f64> = 0.01..=1000.0;

/// Shorter than in earnest, so that the table follows what happens.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Runs the demo until `stop` is ready or nobody reads `out` any more. Fails when the address or
/// the data directory cannot be used, with a sentence that says so.
pub async fn run(
    options: Options,
    out: &mut dyn Write,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    anyhow::ensure!(options.servers > 0, "a pool needs at least one server");
    anyhow::ensure!(TEMPI.contains(&options.tempo), "the tempo must be between 0.01 and 1000");
    let mut home = Home::open(options.data_dir.as_deref())?;
    let application = build(&options, &home)?;
    let servers = furnish(&application, &mut home, options.servers).await?;
    let seed = options.seed.unwrap_or_else(rand::random);
    let front_end = FrontEnd::new(application.address(), home.memory.secret.clone())?;
    let mut screen = Screen::new(out, options.terminal);
    let welcome = Welcome {
        servers: options.servers,
        people: options.people,
        front_end: &front_end,
        socket: application.socket(),
        home: &home,
        seed,
    };
    screen.say(&welcome.to_string())?;
    let timetable = Timetable::new(seed, options.people);
    let campus = Campus { front_end, servers: servers.clone(), tempo: options.tempo };
    play(application, campus, timetable, &mut screen, stop).await?;
    for server in &servers {
        server.stop().await;
    }
    let farewell = home.farewell();
    drop(home);
    screen.say(&farewell)?;
    Ok(())
}

/// beadle, as `serve` builds it.
fn build(options: &Options, home: &Home) -> anyhow::Result<Application> {
    let listen = options.listen;
    let mut config = Config { data_dir: home.path().to_owned(), ..Config::default() };
    config.http.listen = listen;
    config.api.secrets = vec![home.memory.secret.clone()];
    config.poll.interval = POLL_INTERVAL;
    let taken = |error: &anyhow::Error| {
        let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
        causes.any(|cause| cause.kind() == io::ErrorKind::AddrInUse)
    };
    Application::build(config).map_err(|error| {
        if taken(&error) {
            let ip = listen.ip();
            anyhow::anyhow!(
                "another program listens on {listen}; choose another address with --listen, \
                 {} takes any free port",
                SocketAddr::new(ip, 0)
            )
        } else {
            error
        }
    })
}

/// Starts the simulated servers, and makes them beadle's pool.
async fn furnish(
    application: &Application,
    home: &mut Home,
    count: usize,
) -> anyhow::Result<Vec<SimServer>> {
    let servers = pool::start(&mut home.memory, count).await?;
    home.save()?;
    pool::enrol(application.pool(), &servers, home.memory.servers.len()).await?;
    // The first class need not wait until the poller has been round.
    let how = config::Servers::default();
    let names = Names::of_system(how.dns_cache);
    let client = Client::new(&how, &names)?;
    poller::poll_all(application.pool(), &client).await;
    Ok(servers)
}

/// Lets beadle answer and the people live until `stop`; then the people stop, and then beadle.
async fn play(
    application: Application,
    campus: Campus,
    timetable: Timetable,
    screen: &mut Screen<'_>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let pool = application.pool().clone();
    let front_end = campus.front_end.clone();
    let (halt, halted) = oneshot::channel::<()>();
    let mut serving = pin!(application.run_until(async {
        // It is dropped, never sent, which is as good.
        let _ = halted.await;
    }));
    let shown = tokio::select! {
        () = stop => Ok(()),
        result = &mut serving => {
            result?;
            anyhow::bail!("beadle stopped by itself");
        }
        never = classes::run(campus, timetable) => match never {},
        never = classes::watch(&front_end) => match never {},
        result = screen.follow(&pool, &front_end) => result,
    };
    let shown = shown.and_then(|()| screen.say("\nstopping\n"));
    drop(halt);
    serving.await.context("beadle did not stop cleanly")?;
    Ok(shown?)
}
