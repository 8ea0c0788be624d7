//! `add`: a new server.

use reqwest::Method;

use crate::api::{AddServer, ServerView};
use crate::cli::args::Add;
use crate::cli::console::Console;
use crate::cli::daemon::Resource;
use crate::cli::error::CliError;
use crate::cli::{ask, print};

pub(super) async fn add(console: &Console, wish: Add) -> Result<(), CliError> {
    let body = AddServer {
        url: wish.url,
        secret: ask::secret(wish.secret)?,
        id: wish.id,
        weight: wish.capacity.weight,
        load_multiplier: wish.capacity.load_multiplier,
        tag: wish.tag,
        enable: wish.enable,
        no_probe: wish.no_probe,
        spare: wish.spare,
    };
    let server: ServerView =
        console.daemon.tell(Method::POST, Resource::at(&["servers"]), &body).await?;
    console.show(&server, |server| server.id.clone())?;
    if !body.enable {
        let id = &server.id;
        print::say(&format!(
            "the server is disabled; `beadle servers enable {id}` puts it to work"
        ));
    }
    Ok(())
}
