//! After the storm: every class that is on a server is known, and people get into it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::beadle::Beadle;
use crate::call;
use crate::school::{Copy, School};

/// Longer than it takes until all servers count as well again.
const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until all servers are online, and returns the troubles that beadle reports.
pub(crate) async fn settle(school: &School, beadle: &Beadle) -> String {
    assert!(school.sites.iter().all(|site| !site.is_unwell()), "the sky is clear");
    let deadline = Instant::now() + DEADLINE;
    loop {
        let status = beadle.poll().await;
        let servers = status.get("servers").and_then(Value::as_array).expect("servers");
        if servers.iter().all(|server| server.get("health").is_some_and(|it| it == "online")) {
            return status.get("troubles").map(Value::to_string).unwrap_or_default();
        }
        assert!(Instant::now() < deadline, "after the storm: {status:#}");
    }
}

/// Compares what beadle says with what the servers have.
pub(crate) async fn inspect(school: &School, beadle: &Beadle, when: &str) {
    let mut classes: BTreeMap<String, Vec<Copy>> = BTreeMap::new();
    for (site, of) in school.sites.iter().enumerate() {
        for meeting in of.server.meetings() {
            classes.entry(meeting.meeting_id.clone()).or_default().push(Copy { site, meeting });
        }
    }
    let (mut known, mut people) = (BTreeSet::new(), 0);
    for (id, copies) in &classes {
        let total: u32 = copies.iter().map(|copy| copy.meeting.people.total()).sum();
        let number = school.number_of(id);
        let promised =
            number.is_some_and(|number| school.moment(number).promised(school).is_some());
        if total == 0 && !promised {
            continue;
        }
        people += total;
        match look_at(school, beadle, id, copies).await {
            Ok(copy) => known.extend(copy.map(|copy| copy.meeting.internal_id.clone())),
            Err(wrong) => {
                let copies: Vec<_> = copies.iter().map(|copy| copy.tell(school)).collect();
                school.violation(format!("{when}: {id}: {wrong} [{}]", copies.join("; ")));
            }
        }
    }
    crate::tell(&format!("{when}: {} classes with {people} people are looked at", known.len()));
    assert!(known.len() > 10, "hardly a class is left");
    for missing in unlisted(beadle, known).await {
        school.violation(format!("{when}: {missing} is known, but not listed"));
    }
}

/// A class in two pieces is left as it is, and reported.
pub(crate) fn inspect_reports(school: &School, troubles: &str) {
    let mut classes: BTreeMap<String, u32> = BTreeMap::new();
    for meeting in school.sites.iter().flat_map(|site| site.server.meetings()) {
        let runs = meeting.people.total() > 0;
        *classes.entry(meeting.meeting_id).or_default() += u32::from(runs);
    }
    for (id, _) in classes.into_iter().filter(|(_, copies)| *copies > 1) {
        if !troubles.contains(&format!("meeting {id} goes on twice")) {
            school.violation(format!("{id} is in two pieces, which is not reported: {troubles}"));
        }
    }
}

/// A copy that a server made when nobody waited for it any more is none of beadle's while there is
/// the one that front ends were told of.
pub(crate) async fn inspect_late(school: &School, beadle: &Beadle) {
    let list = call::call(beadle.address(), "getMeetings", "").await.expect("a list");
    let mut count = 0;
    for class in 0..school.classes() {
        let moment = school.moment(class);
        let Some(promised) = moment.promised(school) else { continue };
        let promised = &promised.meeting.internal_id;
        let query = format!("meetingID={}", moment.id);
        for late in moment.copies.iter().filter(|copy| school.may_be_late(copy)) {
            if late.meeting.internal_id == *promised || late.meeting.people.total() > 0 {
                continue;
            }
            count += 1;
            let info = call::call(beadle.address(), "getMeetingInfo", &query).await;
            let info = info.expect("an answer");
            let known = info.text("internalMeetingID") == Some(promised);
            if !known || list.body.contains(&late.meeting.internal_id) {
                let (late, gist) = (late.tell(school), info.gist());
                school
                    .violation(format!("{late}, which is too late, instead of {promised}: {gist}"));
            }
        }
    }
    crate::tell(&format!("{count} copies that were made too late are not in use"));
}

/// The copy of a class that beadle knows, or what is wrong; none if the class was left behind.
async fn look_at<'c>(
    school: &School,
    beadle: &Beadle,
    id: &str,
    copies: &'c [Copy],
) -> Result<Option<&'c Copy>, String> {
    let ask = |name: &'static str, more: &str| {
        let query = format!("meetingID={id}{more}");
        async move { call::call(beadle.address(), name, &query).await.expect("an answer") }
    };
    let info = ask("getMeetingInfo", "").await;
    let internal_id = info.text("internalMeetingID").unwrap_or_default();
    let Some(known) = copies.iter().find(|copy| copy.meeting.internal_id == internal_id) else {
        let empty = |copy: &Copy| copy.meeting.people.total() == 0 && school.may_be_late(copy);
        let left_behind = copies.iter().all(|copy| empty(copy) || school.is_left_behind(copy));
        return if left_behind { Ok(None) } else { Err(format!("not known: {}", info.gist())) };
    };
    let runs = known.meeting.people.total() > 0;
    let answer = ask("isMeetingRunning", "").await;
    if answer.text("running") != Some(if runs { "true" } else { "false" }) {
        return Err(format!("whether it runs is {runs}, but: {}", answer.gist()));
    }
    let join = ask("join", "&fullName=Late&role=VIEWER").await;
    let url = school.sites.get(known.site).map(|site| site.server.url()).unwrap_or_default();
    let leads_there = join.location.as_deref().is_some_and(|location| location.starts_with(&url));
    if leads_there { Ok(Some(known)) } else { Err(format!("nobody gets in: {}", join.gist())) }
}

/// Which of these beadle does not list. A list may be one second old, so it is asked for until it
/// is right, for a while.
async fn unlisted(beadle: &Beadle, known: BTreeSet<String>) -> Vec<String> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let list = call::call(beadle.address(), "getMeetings", "").await.expect("a list");
        let is_missing = |id: &&String| {
            !list.body.contains(&format!("<internalMeetingID>{id}</internalMeetingID>"))
        };
        let missing: Vec<_> = known.iter().filter(is_missing).cloned().collect();
        if missing.is_empty() || Instant::now() > deadline {
            return missing;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
