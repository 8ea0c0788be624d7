//! Whether the pool could lose a server right now.

use crate::api::HeadroomView;
use crate::model::ServerState;
use crate::pool::Pool;
use crate::pool::placement::headroom::{self, Running};
use crate::pool::watch::health::Health;

/// What the loss of one server would mean.
pub(super) fn view(pool: &Pool) -> Option<HeadroomView> {
    let servers = pool.servers();
    let multiplied = pool.config().placement.policy.multiplies();
    let running: Vec<_> = servers
        .iter()
        .filter(|(_, live)| matches!(live.health(), Health::Online | Health::Unstable))
        .map(|(server, live)| {
            let (figures, weight) = (live.figures(), server.capacity.weight());
            let load = live.load().unwrap_or_default();
            Running {
                id: server.id.as_str(),
                takes: server.state == ServerState::Enabled && live.health() == Health::Online,
                weight,
                load: if multiplied { load * weight } else { load },
                meetings: figures.meetings,
                largest: figures.largest,
                max_meetings: server.max_meetings,
                max_users: server.max_users,
            }
        })
        .collect();
    let found = headroom::headroom(&running)?;
    Some(HeadroomView {
        survives: found.short.is_none(),
        server: found.server,
        load: found.load,
        room: found.room,
        others: found.others,
        short: found.short.map(|short| short.as_str().to_owned()),
        assumed: found.assumed,
    })
}
