//! What was seen, as findings: each with its weight and what mends it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{Finding, Level};
use crate::config::Config;
use crate::model::{Server, ServerId, ServerState, ServerUrl};
use crate::pool::watch::health::Health;
use crate::pool::watch::list::List;
use crate::pool::watch::probe::{OLDEST, Probed, too_old};

/// What mends that a server was added more than once.
const ONLY_ONE: &str = "remove all but one: their load and meetings are counted twice";

/// Clocks that differ by less do no harm, in seconds.
const CLOCKS: i64 = 30;

fn finding(level: Level, subject: &str, finding: String, remedy: Option<&str>) -> Finding {
    let remedy = remedy.map(str::to_owned);
    Finding { level, subject: subject.to_owned(), finding, remedy }
}

fn name(server: &Server) -> String {
    format!("server {}", server.id)
}

/// What a look at a server tells.
pub(super) fn of_server(server: &Server, probed: &Probed) -> Vec<Finding> {
    let mut found = Vec::new();
    let subject = name(server);
    match &probed.version {
        Err(error) => {
            // A disabled server may be under repair.
            let disabled = server.state == ServerState::Disabled;
            let level = if disabled { Level::Warning } else { Level::Error };
            let remedy = error.remedy().replace(" ID ", &format!(" {} ", server.id));
            found.push(finding(level, &subject, error.to_string(), Some(&remedy)));
        }
        Ok(version) if too_old(version) => {
            let old = format!("its version {version} is older than {OLDEST}, the oldest supported");
            let remedy = "upgrade BigBlueButton on it (`bbb-install`)";
            found.push(finding(Level::Warning, &subject, old, Some(remedy)));
        }
        Ok(_) => {}
    }
    if let Some(ahead) = probed.ahead.filter(|ahead| ahead.abs() > CLOCKS) {
        let way = if ahead > 0 { "ahead of" } else { "behind" };
        let differs = format!("its clock is {} s {way} that of beadle's machine", ahead.abs());
        let remedy =
            "switch time synchronisation on, on both machines (`timedatectl set-ntp true`)";
        found.push(finding(Level::Warning, &subject, differs, Some(remedy)));
    }
    found
}

/// What the health of a server tells that answers at this moment.
pub(super) fn of_health(server: &Server, health: Health) -> Option<Finding> {
    if matches!(health, Health::Online | Health::Unknown) {
        return None;
    }
    let said = format!("it is {} and answers at this moment", health.as_str());
    let remedy = "wait for a few polls; if it happens again, look at its load and the network";
    Some(finding(Level::Warning, &name(server), said, Some(remedy)))
}

/// What the configuration tells.
pub(super) fn of_config(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    if config.api.secrets.is_empty() {
        let said = "no front end has a secret: every call is answered with checksumError".into();
        let remedy = "set `api.secrets` (`openssl rand -hex 32` makes a secret) and reload";
        found.push(finding(Level::Error, "api.secrets", said, Some(remedy)));
    }
    if config.public_url.is_none() {
        let said = "not set: links are made of whatever host a request names, and servers cannot \
                    tell beadle when a meeting ends"
            .into();
        let remedy = "set `public_url` to the address that front ends use, and reload";
        found.push(finding(Level::Warning, "public_url", said, Some(remedy)));
    }
    found
}

/// What it means that the host of `public_url` has no address.
pub(super) fn of_unknown_host(host: &str, reason: &str) -> Finding {
    let said = format!("{host} cannot be resolved here: {reason}");
    let remedy = "correct `public_url`, or enter the name in DNS";
    finding(Level::Warning, "public_url", said, Some(remedy))
}

/// What trouble of the store tells.
pub(super) fn of_store(trouble: String) -> Finding {
    let remedy = "see what the log says; free the disk, then restart beadle if it does not go on";
    finding(Level::Error, "store", trouble, Some(remedy))
}

/// What it means that all servers failed at once.
pub(super) fn of_frost(seconds: f64) -> Finding {
    let said = format!(
        "all servers failed at once {seconds:.0} s ago, so nothing is concluded from it: no server \
         goes offline, no meeting is moved"
    );
    let remedy = "look at the network, firewall and name resolution of beadle's own machine";
    finding(Level::Error, "pool", said, Some(remedy))
}

/// What it means that servers are beadle itself: it would wait for its own answers.
pub(super) fn of_itself(servers: &[&Server], public_url: Option<&str>) -> Vec<Finding> {
    let itself = servers.iter().filter(|server| is_own(&server.url, public_url));
    let told = itself.map(|server| {
        let said = "its address is beadle's own (`public_url`)".to_owned();
        let remedy = format!("remove it: `beadle servers remove {}`", server.id);
        finding(Level::Error, &name(server), said, Some(&remedy))
    });
    told.collect()
}

/// Whether an address is that by which beadle itself is known.
pub(super) fn is_own(url: &ServerUrl, public_url: Option<&str>) -> bool {
    let own = public_url.and_then(|own| ServerUrl::pasted(own).ok());
    own.is_some_and(|own| own.same_place(url))
}

/// What it means that servers list the same meetings.
pub(super) fn of_twins(lists: &[(&ServerId, List)]) -> Vec<Finding> {
    let mut on: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (server, list) in lists {
        for meeting in list.meetings.iter().filter(|meeting| !meeting.internal_id.is_empty()) {
            on.entry(&meeting.internal_id).or_default().insert(server.as_str());
        }
    }
    let twins: BTreeSet<_> = on.into_values().filter(|servers| servers.len() > 1).collect();
    let told = twins.into_iter().map(|servers| {
        let ids = servers.into_iter().collect::<Vec<_>>().join(", ");
        let said = format!("the servers {ids} list the same meeting: they are one server");
        finding(Level::Warning, "pool", said, Some(ONLY_ONE))
    });
    told.collect()
}

/// What the servers tell as a whole.
pub(super) fn of_pool(servers: &[&Server]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut tell = |level, said: String, remedy: &str| {
        found.push(finding(level, "pool", said, Some(remedy)));
    };
    let mut by_address: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for server in servers {
        let address = server.url.authority().to_ascii_lowercase();
        by_address.entry(address).or_default().push(server.id.as_str());
    }
    for (address, ids) in by_address.iter().filter(|(_, ids)| ids.len() > 1) {
        let said = format!("the servers {} have one address, {address}", ids.join(", "));
        tell(Level::Warning, said, ONLY_ONE);
    }
    let enabled = || servers.iter().filter(|server| server.state == ServerState::Enabled);
    match enabled().count() {
        0 if servers.is_empty() => {
            let said = "there is no server".to_owned();
            tell(Level::Error, said, "`beadle servers add ADDRESS SECRET --enable`");
        }
        0 => {
            let said = "no server takes new meetings: none is enabled".to_owned();
            tell(Level::Error, said, "`beadle servers enable ID`");
        }
        1 => {
            let said = "one server only takes new meetings: when it fails, no class can start";
            tell(Level::Info, said.to_owned(), "add another server");
        }
        _ => {}
    }
    if enabled().next().is_some() && enabled().all(|server| server.tag.is_some()) {
        let said = "all enabled servers have tags: a create that wishes for no tag finds none";
        let remedy = "take the tag from one: `beadle servers set ID --no-tag`";
        tell(Level::Warning, said.to_owned(), remedy);
    }
    found
}
