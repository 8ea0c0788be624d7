//! Other processes: this test program, started again to play a part.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Lines, Read as _};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use crate::{directory, site, work};

/// Names the part that a started process plays.
const PART: &str = "BEADLE_TEST_PART";

/// Before what a part says, because the test harness talks in between.
const SAYS: &str = "part says: ";

/// What a process of its own can be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// beadle on a data directory.
    Serve,
    /// Changes a store without end.
    Change,
    /// Holds a store.
    Hold,
    /// Finds its data directory read-only.
    ReadOnly,
    /// Runs out of disk.
    Full,
}

impl Part {
    const ALL: [Self; 5] = [Self::Serve, Self::Change, Self::Hold, Self::ReadOnly, Self::Full];

    fn play(self) {
        match self {
            Self::Serve => site::serve(),
            Self::Change => work::change_without_end(),
            Self::Hold => directory::hold(),
            Self::ReadOnly => directory::find_it_read_only(),
            Self::Full => directory::run_out_of_disk(),
        }
    }
}

/// Not a test but the entry of the started processes.
#[test]
fn part() {
    let Ok(name) = std::env::var(PART) else { return };
    let part = Part::ALL.into_iter().find(|part| format!("{part:?}") == name);
    part.expect("a part").play();
}

/// Says something to the process that started this one.
pub(crate) fn say(what: &str) {
    println!("\n{SAYS}{what}");
}

/// Returns when the process that started this one has gone or wants it to stop.
pub(crate) fn wait_for_the_end() {
    let mut rest = Vec::new();
    let _ = io::stdin().read_to_end(&mut rest);
}

/// A command that plays a part, to be started or to be handed to a command that starts it.
pub(crate) fn command(part: Part) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["process::part", "--exact", "--nocapture", "--test-threads=1"]);
    command.env(PART, format!("{part:?}"));
    command
}

/// Between fork and exec a new process has a copy of every open file, with the locks on them. A
/// store that is closed just then would still be in use.
static STARTING: RwLock<()> = RwLock::new(());

/// Held by those who open and close stores in this process: nothing is started meanwhile.
pub(crate) fn nothing_starts() -> RwLockReadGuard<'static, ()> {
    STARTING.read().unwrap_or_else(PoisonError::into_inner)
}

fn spawn(command: &mut Command) -> io::Result<Child> {
    let _alone = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> io::Result<Output> {
    spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))?
        .wait_with_output()
}

/// A running process. It is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub(crate) fn start(part: Part, variables: &[(&str, &OsStr)]) -> Self {
        let mut command = command(part);
        command.envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = spawn(&mut command).expect("a process");
        let output = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { child, output }
    }

    /// The next thing it says; none when it ends before.
    pub(crate) fn hear(&mut self) -> Option<String> {
        let mut lines = self.output.by_ref().map_while(Result::ok);
        lines.find_map(|line| line.strip_prefix(SAYS).map(str::to_owned))
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a kill");
        self.child.wait().expect("its end");
    }

    /// Asks it to stop; whether it did so in good order.
    pub(crate) fn stop(mut self) -> bool {
        drop(self.child.stdin.take());
        // Read to the end, or it might wait for room in the pipe.
        for line in self.output.by_ref().map_while(Result::ok) {
            println!("{line}");
        }
        self.child.wait().expect("its end").success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
