//! SIGHUP: the configuration is loaded again.

use rustix::process::Signal;

use crate::daemon::Daemon;
use crate::place::{Place, SECRET};

fn accepts(daemon: &Daemon, secret: &str) -> bool {
    !daemon.call_with(secret, "getMeetings", "").contains("checksumError")
}

#[test]
fn a_new_secret_is_put_in_force() {
    let place = Place::new();
    let mut daemon = Daemon::start(&place);
    assert!(accepts(&daemon, SECRET));
    place.configure("poll.interval = 0\napi.secrets = [\"another\"]\n");
    daemon.signal(Signal::HUP);
    daemon.wait_for("the configuration was loaded again");
    assert!(accepts(&daemon, "another") && !accepts(&daemon, SECRET));
    daemon.stop();
}

#[test]
fn the_env_file_is_read_again_too() {
    let place = Place::new();
    place.configure("");
    let env = place.write("env", "LOADBALANCER_SECRET=old\n");
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.arg("--env-file").arg(env);
    let mut daemon = Daemon::of(command);
    assert!(accepts(&daemon, "old"));
    place.write("env", "LOADBALANCER_SECRET=new\n");
    daemon.signal(Signal::HUP);
    daemon.wait_for("the configuration was loaded again");
    assert!(accepts(&daemon, "new") && !accepts(&daemon, "old"));
    daemon.stop();
}

#[test]
fn a_mistake_leaves_the_old_one_in_force() {
    let place = Place::new();
    let mut daemon = Daemon::start(&place);
    place.configure("api.secrets = [\"\"]\n");
    daemon.signal(Signal::HUP);
    let line = daemon.wait_for("the old one stays in force");
    assert!(line.contains("ERROR") && line.contains("beadle.toml, line 1"), "{line}");
    assert!(accepts(&daemon, SECRET));
    daemon.stop();
}

#[test]
fn what_needs_a_restart_is_named() {
    let place = Place::new();
    let mut daemon = Daemon::start(&place);
    place.configure("api.secrets = [\"another\"]\nhttp.max_connections = 77\n");
    daemon.signal(Signal::HUP);
    let line = daemon.wait_for("need a restart");
    assert!(line.contains("http"), "{line}");
    assert!(accepts(&daemon, "another"), "the rest is in force");
    daemon.stop();
}
