//! Looks at the servers all along: is a class in two pieces, was one ended that nobody ended?

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::school::{Copy, School, now_ms};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(150);

pub(crate) async fn watch(school: Arc<School>, until: Instant) {
    while Instant::now() < until {
        look(&school);
        tokio::time::sleep(PAUSE).await;
    }
}

/// One look at all servers.
pub(crate) fn look(school: &School) {
    look_for_pieces(school);
    look_for_ends(school);
}

fn look_for_pieces(school: &School) {
    let mut classes: HashMap<String, Vec<Copy>> = HashMap::new();
    let up = school.sites.iter().enumerate().filter(|(_, site)| !site.is_down());
    for (site, of) in up {
        for meeting in of.server.meetings() {
            school.was_made(&meeting.meeting_id, meeting.create_time);
            if meeting.people.total() > 0 {
                classes.entry(meeting.meeting_id.clone()).or_default().push(Copy { site, meeting });
            }
        }
    }
    for (id, mut copies) in classes {
        copies.sort_by_key(|copy| copy.meeting.create_time);
        for pair in copies.windows(2) {
            let [older, newer] = pair else { continue };
            judge(school, &id, older, newer);
        }
    }
}

/// Two copies with people: is the older one's server to blame?
fn judge(school: &School, id: &str, older: &Copy, newer: &Copy) {
    if !school.is_new_pair(&older.meeting.internal_id, &newer.meeting.internal_id) {
        return;
    }
    let site = school.sites.get(older.site).expect("a site");
    // In between there may have been others that are gone, or were made too late for any use.
    let moments = school.made_between(older, newer);
    if moments.into_iter().any(|made| site.was_dead_before(made))
        || came_into_use(school, older, newer)
    {
        school.figures.excused();
        return;
    }
    let (older, newer) = (older.tell(school), newer.tell(school));
    school.violation(format!("{id} is in two pieces: {older}; {newer}"));
}

/// Whether the class may have moved to a copy that had been made too late for its own create: then
/// the server of the other one is to blame, which died at any time after.
fn came_into_use(school: &School, older: &Copy, newer: &Copy) -> bool {
    let dead = |copy: &Copy| {
        let site = school.sites.get(copy.site);
        site.is_some_and(|site| site.was_dead(copy.meeting.create_time, now_ms()))
    };
    match (school.may_be_late(older), school.may_be_late(newer)) {
        (false, true) => dead(older),
        (true, false) => dead(newer),
        _ => false,
    }
}

/// A copy with people in it may be ended only because a front end asked for that. Each time it
/// asks it ends one copy at the most.
fn look_for_ends(school: &School) {
    let mut ended: HashMap<String, u64> = HashMap::new();
    for meeting in school.sites.iter().flat_map(|site| site.server.ended()) {
        if meeting.people.total() > 0 {
            *ended.entry(meeting.meeting_id).or_default() += 1;
        }
    }
    for (id, count) in ended {
        let asked = school.ends_asked_for(&id);
        if count > asked {
            school.violation(format!("{id} was ended {count} times, but asked for {asked} times"));
        }
    }
}
