//! `remove` and `panic`: what costs people their meetings, and asking before.

use reqwest::Method;

use super::find;
use crate::api::{self, Panicked};
use crate::cli::args::{Forceable, Panic};
use crate::cli::console::Console;
use crate::cli::daemon::Resource;
use crate::cli::error::CliError;
use crate::cli::{ask, words};

/// Removes a server. The result is the server as it was.
pub(super) async fn remove(console: &Console, wish: &Forceable) -> Result<(), CliError> {
    const QUESTION: &str = "These meetings will be forgotten. Remove the server?";
    let server = find(console, &wish.of.server).await?;
    let remove = async |force| {
        let what = Resource::at(&["servers", &server.id]).flag("force", force);
        console.daemon.delete(what).await
    };
    insisting(wish.force, QUESTION, remove).await?;
    console.done(&server, |server| format!("server {} is removed", server.id))
}

pub(super) async fn panic(console: &Console, wish: &Panic) -> Result<(), CliError> {
    const QUESTION: &str = "All of them will lose their meetings at once. Go on?";
    let server = find(console, &wish.of.server).await?;
    if !wish.yes && (server.placed > 0 || server.users > 0) {
        let crowd = words::crowd(server.placed, server.users);
        ask::agree(&format!("server {} has {crowd}", server.id), QUESTION, "--yes")?;
    }
    let what = Resource::at(&["servers", &server.id, "panic"]);
    let body = api::Panic { keep_state: wish.keep_state };
    let panicked: Panicked = console.daemon.tell(Method::POST, what, &body).await?;
    console.done(&panicked, |panicked| {
        let meetings = words::count(panicked.released, "meeting", "meetings");
        format!("{meetings} of server {} released", panicked.id)
    })
}

/// Does something without force first. Where meetings stand against it, whoever sits there is
/// asked, and then it is done with force.
pub(super) async fn insisting<T>(
    force: bool,
    question: &str,
    action: impl AsyncFn(bool) -> Result<T, CliError>,
) -> Result<T, CliError> {
    match action(force).await {
        Err(CliError::Refused(refusal)) if refusal.kind == "busy" => {
            ask::agree(&refusal.error, question, "--force")?;
            action(true).await
        }
        result => result,
    }
}
