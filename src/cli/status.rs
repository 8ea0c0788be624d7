//! `beadle status` and `beadle poll`: the pool at a glance.

use super::console::Console;
use super::daemon::Resource;
use super::error::{CliError, Exit};
use super::{servers, words};
use crate::api::{HeadroomView, Status};

/// Shows the pool; what needs attention makes the exit code.
pub(super) async fn status(console: &Console) -> Result<Exit, CliError> {
    let status: Status = console.daemon.get(Resource::at(&["status"])).await?;
    console.show(&status, report)?;
    Ok(if status.ok { Exit::Fine } else { Exit::Failed })
}

/// One full round now. What it finds is for the eye: the round itself was done.
pub(super) async fn poll(console: &Console) -> Result<Exit, CliError> {
    let status: Status = console.daemon.post(Resource::at(&["poll"])).await?;
    console.show(&status, report)?;
    Ok(Exit::Fine)
}

fn report(status: &Status) -> String {
    let mut report = headline(status);
    if let Some(headroom) = &status.headroom {
        report.push('\n');
        report.push_str(&words_of(headroom));
    }
    if !status.servers.is_empty() {
        report.push_str("\n\n");
        report.push_str(&servers::table(&status.servers));
    }
    if !status.troubles.is_empty() {
        report.push_str("\n\nNeeds attention:");
    }
    for trouble in &status.troubles {
        report.push_str("\n  ");
        report.extend(trouble.chars().map(|c| if c.is_control() { ' ' } else { c }));
    }
    report
}

/// Whether the pool could lose a server.
fn words_of(headroom: &HeadroomView) -> String {
    let HeadroomView { server, load, room, .. } = headroom;
    let without = format!("Headroom: without {server} (load {load:.0}) the others");
    match headroom.short.as_deref() {
        None => format!("{without} have room for {room:.0} more; that is enough"),
        Some("servers") => {
            format!("Headroom: none; no other server could take the classes of {server}")
        }
        Some("meetings") => format!("{without} may not have all its meetings; that is too few"),
        Some("largest") => format!("{without} have no place for its largest meeting"),
        Some(_) => format!("{without} have room for only {room:.0} more; that is not enough"),
    }
}

fn headline(status: &Status) -> String {
    let servers = words::count(status.servers.len(), "server", "servers");
    let meetings = status.servers.iter().map(|server| server.placed).sum();
    let people = status.servers.iter().map(|server| server.users).sum();
    let (version, uptime) = (&status.version, words::time(status.uptime));
    let crowd = words::crowd(meetings, people);
    let verdict = match status.frozen {
        Some(seconds) => format!("FROZEN for {}", words::time(seconds)),
        None if status.ok => "all is well".to_owned(),
        None => "not all is well".to_owned(),
    };
    format!("beadle {version}, up {uptime}: {servers}, {crowd}; {verdict}")
}
