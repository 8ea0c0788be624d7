//! What a create leaves in the store: the meeting, its intent, or the copy that was lost.

use std::convert::Infallible;
use std::sync::Arc;

use super::{UNABLE, next_sitting};
use crate::bbb::Failure;
use crate::model::{LostCopy, Meeting};
use crate::pool::meetings::about::Replied;
use crate::pool::meetings::ending::forget_endings;
use crate::pool::{Pool, now_ms};
use crate::store::{ChangeError, Draft};

/// So many lost copies of one meeting are remembered by their `createTime`.
const LOST: usize = 8;

impl Pool {
    /// Stores a new meeting, unless its server was removed meanwhile. Where it ran on a dead
    /// server before, the copy there is remembered as lost.
    pub(super) async fn keep(&self, mut meeting: Meeting) -> Result<(), Failure> {
        let state = self.store().state();
        let before = state.meeting_of_id(&meeting.tenant, meeting.id.as_str());
        // A server that does not know a meeting any more has it no longer in the store. One that
        // was added twice, under two addresses, has the very same meeting.
        let other = |old: &&Arc<Meeting>| {
            old.server != meeting.server && old.internal_id != meeting.internal_id
        };
        let lost = before.filter(other);
        let copy = lost.and_then(|old| old.lost_copy(now_ms()));
        meeting.lost = lost_times(before.map(|old| &**old), lost.is_some(), meeting.create_time);
        let (tenant, id) = (meeting.tenant.clone(), meeting.id.clone());
        let old_server = lost.map(|old| old.server.clone());
        let change = self.store().change(move |draft| Ok(put(draft, meeting, copy)));
        match change.await {
            Ok(true) => {
                if let Some(server) = old_server {
                    tracing::warn!(meeting = %id, tenant = %tenant, %server, "the meeting has moved from a dead server");
                }
                Ok(())
            }
            Ok(false) => Err(Failure::internal(UNABLE)),
            Err(error) => Err(not_kept(&error)),
        }
    }

    /// Remembers that a server was told to start a meeting and may have done so: the next create
    /// asks that server again, so that there are never two copies.
    pub(super) async fn keep_intent(&self, meeting: Meeting) {
        let (server, id) = (meeting.server.clone(), meeting.id.clone());
        tracing::warn!(%server, meeting = %id, "it is not known whether the server has started the meeting");
        // The front end is told of a failure either way; without the intent a second copy is
        // possible, which the error in the log tells.
        let _ = self.keep(meeting).await;
    }

    /// Takes over what a known meeting's server answered. One that had lost the meeting starts it
    /// anew under another internalMeetingID, which is stored before anybody hears of it.
    pub(super) async fn keep_anew(
        &self,
        known: &Arc<Meeting>,
        replied: &Replied,
    ) -> Result<(), Failure> {
        if !replied.succeeded() {
            return Ok(());
        }
        let mut renewed = next_sitting(known);
        replied.fill(&mut renewed);
        if renewed.internal_id == known.internal_id {
            return Ok(());
        }
        renewed.created_ms = now_ms();
        let old = Arc::clone(known);
        let change = self.store().change(move |draft| {
            let stored = draft.state().meeting_of_id(&renewed.tenant, renewed.id.as_str());
            let same = |stored: &Arc<Meeting>| {
                stored.internal_id == old.internal_id && stored.server == old.server
            };
            // Another create may have stored it already.
            Ok::<_, Infallible>(!stored.is_none_or(same) || put(draft, renewed, None))
        });
        let kept = change.await;
        self.0.shared.discard();
        match kept {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::internal(UNABLE)),
            Err(error) => Err(not_kept(&error)),
        }
    }
}

/// Whether it was stored: not when its server is gone.
fn put(draft: &mut Draft, meeting: Meeting, copy: Option<LostCopy>) -> bool {
    if draft.state().server(&meeting.server).is_none() {
        return false;
    }
    // A copy that was given up is in use again when its server gets the meeting back.
    draft.remove_copy(&meeting.server, &meeting.internal_id);
    // It runs, or may do so: what was ended before says nothing about it.
    forget_endings(draft, &meeting);
    if let Some(copy) = copy {
        draft.put_copy(copy);
    }
    draft.put_meeting(meeting);
    true
}

/// The `createTime` of all copies that were lost, the newest last, without that of the living one.
fn lost_times(before: Option<&Meeting>, moved: bool, create_time: u64) -> Box<[u64]> {
    let Some(before) = before else { return Box::default() };
    let just_lost = Some(before.create_time).filter(|_| moved);
    let mut times: Vec<u64> = before.lost.iter().copied().chain(just_lost).collect();
    times.retain(|time| *time != 0 && *time != create_time);
    times.dedup();
    times.drain(..times.len().saturating_sub(LOST));
    times.into()
}

/// A meeting that cannot be stored must not be acknowledged.
fn not_kept(error: &ChangeError<Infallible>) -> Failure {
    tracing::error!(%error, "a meeting cannot be stored");
    Failure::internal(format!("The meeting cannot be kept: {error}."))
}
