//! Join: where somebody is sent to enter a meeting, or why that is not possible.

use std::sync::Arc;
use std::time::Instant;

use crate::bbb::{Failure, Params};
use crate::client::Client;
use crate::config::Policy;
use crate::model::{Meeting, MeetingId, Phase, ServerState};
use crate::pool::Pool;
use crate::pool::meetings::about::{About, name_meeting};
use crate::pool::meetings::rules;
use crate::pool::meetings::unstarted::Cause;
use crate::pool::watch::health::Health;

/// Where a browser is sent to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The server's own join, signed with its secret.
    pub location: String,
    /// The meeting, where the link names an earlier sitting of it: the server will refuse that.
    pub outdated: Option<Arc<Meeting>>,
}

/// Why somebody cannot be sent into a meeting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEntry {
    /// The request names no meeting.
    #[error("the request names no meeting")]
    Unnamed,
    /// There is no such meeting, or nobody knows yet whether there is.
    #[error("the meeting {meeting} has not started")]
    NotStarted {
        /// The id that was asked for.
        meeting: MeetingId,
        /// Why its last create failed, if it did so lately.
        cause: Option<Cause>,
    },
    /// Its server is gone. The next create starts it elsewhere.
    #[error("the server of the meeting {} is gone", meeting.id)]
    Moved {
        /// The meeting, still with the old server.
        meeting: Arc<Meeting>,
    },
    /// Its server is disabled or offline, and may come back.
    #[error("the server of the meeting {} is disabled or offline", meeting.id)]
    Repair {
        /// The meeting.
        meeting: Arc<Meeting>,
    },
}

impl From<&NoEntry> for Failure {
    fn from(why: &NoEntry) -> Self {
        match why {
            NoEntry::Unnamed => Self::missing_meeting_id(),
            NoEntry::NotStarted { .. } | NoEntry::Moved { .. } => Self::meeting_not_found(),
            NoEntry::Repair { .. } => Self::server_unavailable(),
        }
    }
}

impl Pool {
    /// Where to send somebody who joins. Asks nobody and waits for nothing.
    ///
    /// `counts` is false for a HEAD, which changes nothing.
    pub fn join(
        &self,
        client: &Client,
        about: &About<'_>,
        counts: bool,
    ) -> Result<Joined, NoEntry> {
        let Ok((meeting, server)) = self.find(about) else { return Err(self.unknown(about)) };
        if meeting.phase == Phase::Creating {
            return Err(self.unknown(about));
        }
        let Some(server) = server else { return Err(NoEntry::Moved { meeting }) };
        let live = self.0.live.load();
        let live = live.get(&server.id);
        let offline = live.is_none_or(|live| live.health() == Health::Offline);
        if server.state == ServerState::Disabled || offline {
            // Only here the time is asked for and locks are taken.
            let dead = self.dead(&server);
            return Err(if dead {
                NoEntry::Moved { meeting }
            } else {
                NoEntry::Repair { meeting }
            });
        }
        let config = self.config();
        let mut params = about.params.clone();
        name_meeting(&mut params, &meeting);
        let sitting = Sitting::of(&params, &meeting);
        if sitting == Sitting::Lost {
            // The copy that beadle started elsewhere has a createTime of its own.
            params.remove("createTime");
        }
        rules::apply(&mut params, &config.join, None);
        let location = client.signed_url(&server, "join", &params.to_query());
        if counts
            && config.placement.policy == Policy::Scalelite
            && server.state == ServerState::Enabled
            && let Some(live) = live
        {
            live.add_load(server.capacity.load_multiplier());
        }
        let outdated = (sitting == Sitting::Earlier).then_some(meeting);
        Ok(Joined { location, outdated })
    }

    fn unknown(&self, about: &About<'_>) -> NoEntry {
        let Ok(id) = about.id() else { return NoEntry::Unnamed };
        let meeting = MeetingId::from(id);
        let name = (about.tenant.clone(), meeting.clone());
        let cause = self.0.unstarted.cause(&name, Instant::now());
        NoEntry::NotStarted { meeting, cause }
    }
}

/// Which sitting of a meeting a link is for, as far as its `createTime` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sitting {
    /// The one that runs, or it does not say. Only the server can judge a time after the one that
    /// beadle knows.
    Running,
    /// A copy of the running one that was lost with its server.
    Lost,
    /// One that is over.
    Earlier,
}

impl Sitting {
    fn of(params: &Params<'_>, meeting: &Meeting) -> Self {
        let given = params.get("createTime").and_then(|time| time.parse::<u64>().ok());
        match given {
            Some(time) if time == meeting.create_time => Self::Running,
            Some(time) if meeting.lost.contains(&time) => Self::Lost,
            Some(time) if time < meeting.create_time => Self::Earlier,
            _ => Self::Running,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ServerId, TenantId};

    #[test]
    fn a_create_time_tells_the_sitting() {
        let (id, server) = (MeetingId::from("class"), ServerId::from("bbb"));
        let mut meeting = Meeting::starting(TenantId::none(), id, server, 0);
        let sitting = |meeting: &Meeting, query: &str| {
            Sitting::of(&Params::parse(query).expect("a query"), meeting)
        };
        assert_eq!(sitting(&meeting, "createTime=5"), Sitting::Running, "nothing is known");
        (meeting.create_time, meeting.lost) = (100, [90, 110].into());
        for (query, expected) in [
            ("createTime=100", Sitting::Running),
            ("createTime=90", Sitting::Lost),
            ("createTime=110", Sitting::Lost),
            ("createTime=91", Sitting::Earlier),
            ("createTime=0", Sitting::Earlier),
            ("createTime=101", Sitting::Running),
            ("createTime=", Sitting::Running),
            ("createTime=x", Sitting::Running),
            ("createTime=-1", Sitting::Running),
            ("createTime=99999999999999999999999", Sitting::Running),
            ("a=b", Sitting::Running),
        ] {
            assert_eq!(sitting(&meeting, query), expected, "{query}");
        }
    }
}
