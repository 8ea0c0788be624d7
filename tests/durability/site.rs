//! A site: simulated servers that live on, and a beadle in a process of its own that does not.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use beadle::app::Application;
use beadle::config::{Api, Config, Http, Poll};
use beadle::model::Secret;
use beadle::sim::{SimPool, SimServer};
use tokio::runtime::Runtime;

use crate::front_end::{FrontEnd, Operator, SECRET};
use crate::process::{Part, Process, say, wait_for_the_end};
use crate::shim::{self, Faults};

const DATA: &str = "BEADLE_TEST_DATA";

/// The part of beadle itself. Says its address, or why it does not start.
pub(crate) fn serve() {
    let data_dir = PathBuf::from(std::env::var_os(DATA).expect("a data directory"));
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let application = match Application::build(config(data_dir)) {
            Ok(application) => application,
            Err(error) => return say(&format!("error: {error:#}")),
        };
        say(&application.address().to_string());
        let stop = async {
            let _ = tokio::task::spawn_blocking(wait_for_the_end).await;
        };
        application.run_until(stop).await.expect("a good end");
    });
}

fn config(data_dir: PathBuf) -> Config {
    let listen = ([127, 0, 0, 1], 0).into();
    let secret = Secret::new(SECRET).expect("a secret");
    Config {
        data_dir,
        http: Http { listen, workers: 2, ..Http::default() },
        api: Api { secrets: vec![secret], ..Api::default() },
        // Rounds are asked for, so that nothing happens by itself.
        poll: Poll { interval: Duration::ZERO, ..Poll::default() },
        ..Config::default()
    }
}

/// A started beadle.
pub(crate) struct Beadle {
    process: Process,
    data: PathBuf,
    journal: Option<PathBuf>,
}

/// One that answers.
pub(crate) struct Serving {
    pub(crate) front_end: FrontEnd,
    pub(crate) operator: Operator,
}

impl Beadle {
    pub(crate) fn start(data: &Path) -> Self {
        let process = Process::start(Part::Serve, &[(DATA, data.as_os_str())]);
        Self { process, data: data.to_path_buf(), journal: None }
    }

    /// Starts one whose work below `root` is journalled.
    pub(crate) fn start_journalled(data: &Path, (root, journal): (&Path, &Path)) -> Self {
        let variables: [(&str, &OsStr); 1] = [(DATA, data.as_os_str())];
        let process = shim::start(Part::Serve, &variables, (root, journal), Faults::default());
        Self { process, data: data.to_path_buf(), journal: Some(journal.to_path_buf()) }
    }

    /// Waits until it answers. The error is what it says when it does not.
    pub(crate) fn serving(&mut self) -> Result<Serving, String> {
        let said = self.process.hear().unwrap_or_default();
        let address = said.parse().map_err(|_| said)?;
        let operator = Operator(self.data.join("beadle.sock"));
        Ok(Serving { front_end: FrontEnd(address), operator })
    }

    pub(crate) fn kill(&mut self) {
        match &self.journal {
            Some(journal) => shim::kill(&mut self.process, journal),
            None => self.process.kill(),
        }
    }

    pub(crate) fn stop(self) -> bool {
        self.process.stop()
    }
}

/// The sentence with which beadle refuses to start on a data directory.
pub(crate) fn refusal(data: &Path) -> String {
    let refusal = Beadle::start(data).serving().err().expect("a refusal");
    refusal.strip_prefix("error: ").expect("a sentence").to_owned()
}

/// Simulated servers with the threads that they run on.
pub(crate) struct Servers {
    pool: SimPool,
    _runtime: Runtime,
}

impl Servers {
    pub(crate) fn start(count: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let pool = runtime.block_on(SimPool::start(count)).expect("servers");
        Self { pool, _runtime: runtime }
    }

    /// Makes them known to a beadle.
    pub(crate) fn add_to(&self, operator: &Operator) {
        for server in self.pool.servers() {
            let (url, secret) = (server.url(), server.secret());
            let body = format!(r#"{{"url":"{url}","secret":"{secret}","enable":true}}"#);
            let answer = operator.post("/servers", &body).expect("an answer");
            assert_eq!(answer.status, 201, "{}", answer.body);
        }
    }

    /// The servers that run a meeting.
    pub(crate) fn with_meeting(&self, id: &str) -> Vec<&SimServer> {
        self.pool.servers().iter().filter(|server| server.meeting(id).is_some()).collect()
    }
}
