//! `beadle servers`: one file for each kind of command.

mod add;
mod check;
mod drain;
mod remove;
mod set;
mod show;
mod state;

use super::args::ServersCommand;
use super::console::Console;
use super::daemon::Resource;
use super::error::{CliError, Exit};
use crate::api::ServerView;

pub(super) use show::table;

/// Carries out one of the commands.
pub(super) async fn run(console: &Console, command: ServersCommand) -> Result<Exit, CliError> {
    match command {
        ServersCommand::List(form) => show::list(console, &form).await?,
        ServersCommand::Show(form) => show::show(console, &form).await?,
        ServersCommand::Add(wish) => add::add(console, wish).await?,
        ServersCommand::Set(wish) => set::set(console, wish).await?,
        ServersCommand::Enable(one) => state::enable(console, &one).await?,
        ServersCommand::Cordon(wish) => return drain::cordon(console, &wish).await,
        ServersCommand::Disable(wish) => state::disable(console, &wish).await?,
        ServersCommand::Remove(wish) => remove::remove(console, &wish).await?,
        ServersCommand::Panic(wish) => remove::panic(console, &wish).await?,
        ServersCommand::Check(which) => return check::check(console, which).await,
    }
    Ok(Exit::Fine)
}

/// What is known of a server at the moment.
async fn find(console: &Console, name: &str) -> Result<ServerView, CliError> {
    console.daemon.get(Resource::at(&["servers", name])).await
}
