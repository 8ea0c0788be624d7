//! A front end: creates, joins, asks and ends, and compares each answer with the truth.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::call::{self, Answer};
use crate::school::{Moment, School, now_ms};

/// Pauses between two deeds, in milliseconds.
const PAUSES: std::ops::Range<u64> = 500..4000;

/// How long a browser waits at a server's door. Some servers never answer.
const AT_THE_DOOR: Duration = Duration::from_secs(2);

/// One of many front ends.
pub(crate) struct FrontEnd {
    address: SocketAddr,
    school: Arc<School>,
    random: StdRng,
    /// How many people it has sent so far; their names are to differ.
    people: u64,
}

impl FrontEnd {
    pub(crate) fn new(address: SocketAddr, school: Arc<School>, random: StdRng) -> Self {
        Self { address, school, random, people: 0 }
    }

    pub(crate) async fn work(mut self, until: Instant) {
        loop {
            let pause = Duration::from_millis(self.random.random_range(PAUSES));
            if Instant::now() + pause >= until {
                return;
            }
            tokio::time::sleep(pause).await;
            let class = self.random.random_range(0..self.school.classes());
            match self.random.random_range(0..100) {
                0..45 => self.start_class(class).await,
                45..65 => self.join(class).await,
                65..78 => self.ask_whether_running(class).await,
                78..90 => self.ask_about(class).await,
                90..96 => self.list().await,
                _ => self.end(class).await,
            }
        }
    }

    /// As most front ends do: create, whether or not it runs, and send somebody in.
    async fn start_class(&mut self, class: usize) {
        let before = self.school.moment(class);
        let id = &before.id;
        let query = format!("meetingID={id}&name=Class&attendeePW=ap&moderatorPW=mp");
        let Some(answer) = self.ask("create", &query).await else { return };
        if !answer.succeeded() {
            return;
        }
        let internal_id = answer.text("internalMeetingID").unwrap_or_default();
        let after = self.school.moment(class);
        if before.is_same_as(&after) {
            let made = after.copies.iter().any(|copy| copy.meeting.internal_id == internal_id);
            if !made {
                self.complain("a create is acknowledged, but no server has it", &after, &answer);
            }
        }
        self.school.acknowledge(class, id, internal_id);
        self.join(class).await;
    }

    async fn join(&mut self, class: usize) {
        self.people += 1;
        let before = self.school.moment(class);
        let role = if self.random.random_range(0..10) == 0 { "MODERATOR" } else { "VIEWER" };
        let name = self.people;
        let query = format!("meetingID={}&fullName=Person+{name}&role={role}", before.id);
        let Some(answer) = self.ask("join", &query).await else { return };
        self.check_denial("join", class, &before, &answer);
        let Some(location) = answer.location.as_deref() else { return };
        let Some((address, target)) = parts(location) else {
            return self.complain("a join leads nowhere", &before, &answer);
        };
        let after = self.school.moment(class);
        let site = self.school.site_at(address);
        let has_it = after.copies.iter().any(|copy| Some(copy.site) == site);
        // The browser follows; whether the server lets somebody in is its own affair.
        let _arrived = tokio::time::timeout(AT_THE_DOOR, call::get(address, target)).await;
        if before.is_same_as(&after) && before.promised(&self.school).is_some() && !has_it {
            self.complain("a join leads to a server without the class", &after, &answer);
        }
    }

    async fn ask_whether_running(&mut self, class: usize) {
        let began = now_ms();
        let before = self.school.moment(class);
        let query = format!("meetingID={}", before.id);
        let Some(answer) = self.ask("isMeetingRunning", &query).await else { return };
        if answer.text("running") != Some("false") {
            return;
        }
        let after = self.school.moment(class);
        let runs = |moment: &Moment| {
            let copy = moment.promised(&self.school);
            copy.is_some_and(|copy| {
                let site = self.school.sites.get(copy.site);
                copy.meeting.people.total() > 0 && site.is_some_and(|site| site.well_since(began))
            })
        };
        if before.is_same_as(&after) && runs(&before) && runs(&after) {
            self.complain("a class that runs is said not to run", &after, &answer);
        }
    }

    async fn ask_about(&mut self, class: usize) {
        let before = self.school.moment(class);
        let query = format!("meetingID={}", before.id);
        let Some(answer) = self.ask("getMeetingInfo", &query).await else { return };
        self.check_denial("getMeetingInfo", class, &before, &answer);
    }

    /// An empty list makes front ends delete what they have.
    async fn list(&mut self) {
        let began = now_ms();
        let busy_and_well = |school: &School| {
            let sites = school.sites.iter();
            let well = sites.filter(|site| site.well_since(began) && !site.is_down());
            let busy = |meeting: ::beadle::sim::SimMeeting| meeting.people.total() > 0;
            well.filter(|site| site.server.meetings().into_iter().any(busy)).count()
        };
        let before = busy_and_well(&self.school);
        let Some(answer) = self.ask("getMeetings", "").await else { return };
        let after = busy_and_well(&self.school);
        if answer.succeeded() && !answer.body.contains("<meeting>") && before > 1 && after > 1 {
            let gist = answer.gist();
            self.school.violation(format!("classes run on {after} good servers, but: {gist}"));
        }
    }

    async fn end(&mut self, class: usize) {
        let before = self.school.moment(class);
        self.school.disturb(class);
        self.school.asks_for_end(&before.id);
        let answer = self.ask("end", &format!("meetingID={}", before.id)).await;
        let clear = answer.is_some_and(|answer| answer.succeeded() || answer.denies());
        self.school.disturbed(class);
        if !clear {
            self.school.retire(class, &before.id);
        }
    }

    /// A class that front ends were told of must not be denied while its server has it.
    fn check_denial(&self, call: &str, class: usize, before: &Moment, answer: &Answer) {
        if !answer.denies() {
            return;
        }
        let after = self.school.moment(class);
        if before.is_same_as(&after)
            && before.promised(&self.school).is_some()
            && after.promised(&self.school).is_some()
        {
            self.complain(&format!("{call} denies a class that is there"), &after, answer);
        }
    }

    /// A call; none when beadle went away meanwhile.
    async fn ask(&self, call: &'static str, query: &str) -> Option<Answer> {
        let began = Instant::now();
        match call::call(self.address, call, query).await {
            Ok(answer) => {
                let outcome = match (answer.location.is_some(), answer.text("messageKey")) {
                    (true, _) => "ok",
                    _ if answer.succeeded() => "ok",
                    (_, Some(key)) => key,
                    (_, None) => "odd",
                };
                self.school.figures.answered(call, began.elapsed(), outcome.to_owned());
                Some(answer)
            }
            Err(error) => {
                if error.kind() == std::io::ErrorKind::TimedOut {
                    let patience = call::PATIENCE.as_secs();
                    self.school.violation(format!("no answer to {call} within {patience} s"));
                }
                self.school.figures.answered(call, began.elapsed(), "gone".to_owned());
                None
            }
        }
    }

    fn complain(&self, what: &str, moment: &Moment, answer: &Answer) {
        let copies: Vec<_> = moment.copies.iter().map(|copy| copy.tell(&self.school)).collect();
        let (id, gist, copies, now) = (&moment.id, answer.gist(), copies.join("; "), now_ms());
        self.school.violation(format!("{what}: {id}: {gist} [{copies}] at {now}"));
    }
}

/// Host and target of an address.
fn parts(location: &str) -> Option<(SocketAddr, &str)> {
    let rest = location.strip_prefix("http://")?;
    let (host, _) = rest.split_once('/')?;
    Some((host.parse().ok()?, rest.get(host.len()..)?))
}
