//! The beadle under replay: built as `beadle serve` builds it, its pool told what a poller saw.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, anyhow, bail};
use beadle::app::Application;
use beadle::client::{Client, Names};
use beadle::config::{self, Flags, Sources};
use beadle::model::{Capacity, Secret, ServerId, ServerState, ServerUrl};
use beadle::pool::Pool;
use beadle::pool::placement::load::Figures;
use beadle::pool::servers::{NewServer, ServerChange};
use beadle::pool::watch::poller;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

type Environment = BTreeMap<String, String>;

/// What the replay is answered when a verb worked.
type Answer = Map<String, Value>;

/// What Scalelite does when nothing is said, and beadle does otherwise; a profile may say it.
const DEFAULTS: [(&str, &str); 2] =
    [("SERVER_UNHEALTHY_THRESHOLD", "2"), ("SERVER_HEALTHY_THRESHOLD", "1")];

/// What a replay needs and no profile says: Scalelite's placement, polls only when the replay asks
/// for them, failed ones that count although no time passes between them, and the management API
/// open to the secrets of front ends.
const ALWAYS: [(&str, &str); 5] = [
    ("BEADLE_PLACEMENT_POLICY", "scalelite"),
    ("BEADLE_POLL_INTERVAL", "0"),
    ("BEADLE_HEALTH_OFFLINE_AFTER", "0"),
    ("BEADLE_MANAGEMENT_ACCEPT_FRONTEND_SECRET", "true"),
    ("BEADLE_MANAGEMENT_REVEAL_SECRETS", "true"),
];

/// The recordings' folders: their variable, their name, and what the replay calls them.
const FOLDERS: [(&str, &str, &str); 3] = [
    ("RECORDING_SPOOL_DIR", "spool", "spool_dir"),
    ("RECORDING_PUBLISH_DIR", "published", "published_dir"),
    ("RECORDING_UNPUBLISH_DIR", "unpublished", "unpublished_dir"),
];

/// Runs beadle, one configuration after the other.
pub(crate) struct Candidate {
    runtime: Runtime,
    /// The environment that all profiles share.
    base: Environment,
    running: Option<Running>,
}

struct Running {
    environment: Environment,
    address: SocketAddr,
    pool: Pool,
    client: Client,
    stop: oneshot::Sender<()>,
    task: JoinHandle<anyhow::Result<()>>,
    /// Dropped last: everything of this beadle is in there.
    folder: TempDir,
}

/// A profile, on top of the shared environment.
#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    env: Environment,
    #[serde(default)]
    unset: Vec<String>,
}

/// A server to add, or what is to change of one.
#[derive(Deserialize)]
struct ServerWish {
    id: Option<String>,
    url: Option<String>,
    secret: Option<String>,
    load_multiplier: Option<Value>,
    tag: Option<String>,
    state: Option<ServerState>,
    online: Option<bool>,
    /// Null is a load that is not known yet.
    #[serde(default, deserialize_with = "given")]
    load: Option<Value>,
}

/// Tells a value that is null from one that is missing.
fn given<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

impl Candidate {
    /// Nothing runs yet.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/cases.json");
        let cases: Value = serde_json::from_slice(&fs::read(cases)?)?;
        let base = cases.get("base").context("cases.json has no base")?;
        let base = Environment::deserialize(base)?;
        Ok(Self { runtime: Runtime::new()?, base, running: None })
    }

    /// Carries out one verb of the replay.
    pub(crate) fn carry_out(&mut self, verb: &str, arguments: &Value) -> anyhow::Result<Answer> {
        match verb {
            "start" => self.start(&Start::deserialize(arguments)?),
            "reset" => self.on_pool(async |pool, _| forget_servers(pool).await),
            "add_server" => {
                let wish = ServerWish::deserialize(arguments)?;
                self.on_pool(async |pool, _| add_server(pool, wish).await)
            }
            "set_server" => {
                let wish = ServerWish::deserialize(arguments)?;
                self.on_pool(async |pool, _| set_server(pool, wish).await)
            }
            "poll" => self.on_pool(async |pool, client| {
                poller::poll_all(pool, client).await;
                Ok(Answer::new())
            }),
            _ => bail!("beadle has no {verb} yet"),
        }
    }

    fn start(&mut self, start: &Start) -> anyhow::Result<Answer> {
        let mut environment = self.base.clone();
        environment.retain(|name, _| !start.unset.contains(name));
        environment.extend(start.env.clone());
        if self.running.as_ref().is_none_or(|running| running.environment != environment) {
            if let Some(running) = self.running.take() {
                self.runtime.block_on(running.stop())?;
            }
            let _in_runtime = self.runtime.enter();
            self.running = Some(Running::start(environment)?);
        }
        let running = self.running.as_ref().context("nothing runs")?;
        let folder = |(_, name, called): (&str, &str, &str)| {
            (called.to_owned(), json!(running.folder.path().join(name)))
        };
        let mut answer: Answer = FOLDERS.into_iter().map(folder).collect();
        answer.insert("base_url".to_owned(), json!(format!("http://{}", running.address)));
        Ok(answer)
    }

    fn on_pool<F>(&self, job: F) -> anyhow::Result<Answer>
    where
        F: AsyncFnOnce(&Pool, &Client) -> anyhow::Result<Answer>,
    {
        let running = self.running.as_ref().context("nothing runs; start comes first")?;
        self.runtime.block_on(job(&running.pool, &running.client))
    }
}

impl Running {
    fn start(environment: Environment) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        // A file is named so that the machine's own is not read.
        let config_file = folder.path().join("beadle.toml");
        fs::write(&config_file, "")?;
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut all: Environment = DEFAULTS.map(owned).into();
        all.extend(environment.clone());
        all.extend(ALWAYS.map(owned));
        for (variable, name, _) in FOLDERS {
            let path = folder.path().join(name);
            fs::create_dir(&path)?;
            all.insert(variable.to_owned(), path.display().to_string());
        }
        let flags = Flags {
            data_dir: Some(folder.path().join("data")),
            listen: Some((Ipv4Addr::LOCALHOST, 0).into()),
            socket: None,
        };
        let config_file = Some(config_file);
        let sources = Sources { config_file, environment: all, flags, ..Sources::default() };
        let config = config::load(&sources)?.config;
        let names = Names::of_system(config.servers.dns_cache);
        let client = Client::new(&config.servers, &names)?;
        let application = Application::build(config)?;
        let (address, pool) = (application.address(), application.pool().clone());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(application.run_until(async {
            // A sender that is gone means the same.
            let _ = stopped.await;
        }));
        Ok(Self { environment, address, pool, client, stop, task, folder })
    }

    async fn stop(self) -> anyhow::Result<()> {
        let asked = self.stop.send(());
        let ended = self.task.await?;
        asked.map_err(|()| anyhow!("beadle had ended by itself"))?;
        ended
    }
}

async fn forget_servers(pool: &Pool) -> anyhow::Result<Answer> {
    for (server, _) in pool.servers() {
        pool.remove_server(&server.id, true).await?;
    }
    Ok(Answer::new())
}

async fn add_server(pool: &Pool, wish: ServerWish) -> anyhow::Result<Answer> {
    let (url, secret) = (wish.url.context("no url")?, wish.secret.context("no secret")?);
    let new = NewServer {
        id: wish.id,
        url: ServerUrl::exact(&url)?,
        secret: Secret::new(secret)?,
        capacity: capacity(wish.load_multiplier.as_ref())?,
        tag: wish.tag,
        state: wish.state.unwrap_or(ServerState::Enabled),
        spare: false,
        alone: false,
    };
    let server = pool.add_server(new).await?;
    // A new server that is not online is one that was never reached.
    if wish.online.unwrap_or(true) {
        observe(pool, &server.id, Some(true), Some(&wish.load.unwrap_or_default()))?;
    }
    Ok(Answer::from_iter([("id".to_owned(), json!(server.id))]))
}

async fn set_server(pool: &Pool, wish: ServerWish) -> anyhow::Result<Answer> {
    let id = ServerId::from(wish.id.context("no id")?);
    if wish.state.is_some() {
        let change = ServerChange { state: wish.state, ..ServerChange::default() };
        pool.change_server(&id, change, true).await?;
    }
    observe(pool, &id, wish.online, wish.load.as_ref())?;
    Ok(Answer::new())
}

/// Tells the pool of as many polls as it takes, by way of what the poller itself calls.
fn observe(
    pool: &Pool,
    id: &ServerId,
    online: Option<bool>,
    load: Option<&Value>,
) -> anyhow::Result<()> {
    let (limits, now) = (pool.config().health.clone(), Instant::now());
    if online == Some(true) {
        for _ in 0..limits.good_polls {
            pool.answered(id, now);
        }
    }
    if let Some(load) = load {
        let figures = Figures { load: load.as_f64(), ..Figures::default() };
        pool.observe(id, figures, None, now);
    }
    if online == Some(false) {
        // It is known, and has failed in every poll for as long as it takes.
        pool.answered(id, now);
        let began =
            now.checked_sub(limits.offline_after).context("the machine has just started")?;
        pool.failed(id, &"no answer", began);
        for _ in 0..limits.bad_polls {
            pool.failed(id, &"no answer", now);
        }
    }
    Ok(())
}

fn capacity(multiplier: Option<&Value>) -> anyhow::Result<Capacity> {
    let number = match multiplier {
        None | Some(Value::Null) => return Ok(Capacity::LoadMultiplier(1.0)),
        Some(Value::String(text)) => text.trim().parse()?,
        Some(value) => value.as_f64().context("the multiplier is no number")?,
    };
    Ok(Capacity::LoadMultiplier(number))
}
