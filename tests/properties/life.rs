//! The life of classes, as a machine: front ends create, join and end, servers go, return and lose
//! what they have, beadle is started again or loses its data, in any order. The invariants hold
//! after every step.
//!
//! Nothing depends on time: a server counts as dead after [`FAILURES`] failed contacts in a row,
//! and rounds of polls are asked for. How many contacts a step makes is beadle's affair, so the
//! machine knows bounds: a server that failed in so many rounds is dead, one that cannot have been
//! asked so often is not.

use std::time::Duration;

use beadle::config::Config;
use beadle::sim::{Call, Fault, SimMeeting, SimServer};
use proptest::prelude::{Just, ProptestConfig, Strategy, prop, prop_oneof, proptest};
use tokio::runtime::Runtime;

use crate::support::{Answer, TestApp, server};

/// A server is dead after so many failed contacts in a row.
const FAILURES: u32 = 5;

/// The contacts that a step can make with a server, at the most: a poll asks for the list, ends
/// what is left behind and asks for the version; a create tries, asks and tries again.
const CONTACTS: u32 = 4;

const SERVERS: usize = 3;

const CLASSES: usize = 2;

/// What happens.
#[derive(Debug, Clone)]
enum Step {
    /// A front end creates a class and sends so many people in.
    Start { class: usize, people: u32 },
    /// Everybody leaves a class, which goes on.
    Leave { class: usize },
    /// A front end ends a class.
    End { class: usize },
    /// A server cannot be reached any more.
    Go { server: usize },
    /// The same, and it counts as dead.
    Die { server: usize },
    /// It can be reached again, with all that it had.
    Return { server: usize },
    /// A server has lost all its classes.
    Forget { server: usize },
    /// The next create at a server goes wrong.
    Spoil { server: usize, fault: Fault },
    /// So many rounds of polls.
    Poll { rounds: u32 },
    /// beadle stops and starts again.
    Restart,
    /// beadle starts with nothing, and the operator adds the servers again.
    LoseData,
}

fn step() -> impl Strategy<Value = Step> {
    let (class, server) = (0..CLASSES, 0..SERVERS);
    let fault = prop_oneof![
        Just(Fault::Refuse),
        Just(Fault::Reset),
        Just(Fault::Truncate),
        Just(Fault::Garbage),
        Just(Fault::Status(500)),
    ];
    prop_oneof![
        8 => (class.clone(), 0..3_u32).prop_map(|(class, people)| Step::Start { class, people }),
        1 => class.clone().prop_map(|class| Step::Leave { class }),
        2 => class.prop_map(|class| Step::End { class }),
        2 => server.clone().prop_map(|server| Step::Go { server }),
        3 => server.clone().prop_map(|server| Step::Die { server }),
        4 => server.clone().prop_map(|server| Step::Return { server }),
        1 => server.clone().prop_map(|server| Step::Forget { server }),
        2 => (server, fault).prop_map(|(server, fault)| Step::Spoil { server, fault }),
        4 => (1..4_u32).prop_map(|rounds| Step::Poll { rounds }),
        1 => Just(Step::Restart),
        1 => Just(Step::LoseData),
    ]
}

/// beadle, its servers, and what must be so.
struct Machine {
    app: TestApp,
    sites: Vec<Site>,
    classes: Vec<Class>,
    /// Whether beadle has lost what it knew of copies that were left behind.
    lost_data: bool,
}

struct Site {
    server: SimServer,
    up: bool,
    /// Failed contacts in a row, at the least and at the most.
    least: u32,
    most: u32,
    /// Whether a round of polls has found it well since something happened to it.
    polled: bool,
    /// Whether a fault waits for a create.
    spoilt: bool,
}

#[derive(Default)]
struct Class {
    /// The copy that front ends were told of: server and internalMeetingID.
    told: Option<(usize, String)>,
    /// Whether its server may have counted as dead since.
    doubtful: bool,
    /// Whether a create failed since.
    unclear: bool,
    /// Whether its end was acknowledged, and nothing was created since.
    ended: bool,
    ends: usize,
}

impl Machine {
    async fn start() -> Self {
        let app = TestApp::start_with(settings).await;
        let mut sites = Vec::new();
        for place in 0..SERVERS {
            let server = server(place).await;
            server.record_requests(true);
            // BigBlueButton lists what was ended for a while.
            server.linger(Duration::from_hours(1));
            app.add(place, &server, |_| {}).await;
            let (up, polled) = (true, true);
            sites.push(Site { server, up, least: 0, most: 0, polled, spoilt: false });
        }
        let classes = (0..CLASSES).map(|_| Class::default()).collect();
        Self { app, sites, classes, lost_data: false }
    }

    async fn take(mut self, step: &Step) -> Self {
        match step {
            Step::Start { class, people } => self.start_class(*class, *people).await,
            Step::Leave { class } => {
                for site in &self.sites {
                    site.server.remove_people(&id(*class), u32::MAX);
                }
            }
            Step::End { class } => self.end_class(*class).await,
            Step::Go { server } => self.go(*server).await,
            Step::Die { server } => {
                self.go(*server).await;
                self.poll(FAILURES).await;
            }
            Step::Return { server } => {
                let site = &mut self.sites[*server];
                site.server.resume().await.expect("its port");
                (site.polled, site.up, site.least) = (site.up && site.polled, true, 0);
            }
            Step::Forget { server } => self.forget(*server),
            Step::Spoil { server, fault } => {
                let site = &mut self.sites[*server];
                site.server.fault(Call::Create, fault.clone(), Some(1));
                site.spoilt = true;
            }
            Step::Poll { rounds } => self.poll(*rounds).await,
            Step::Restart => {
                self.app = self.app.restart().await;
                self.begin_anew();
            }
            Step::LoseData => self = self.lose_data().await,
        }
        self
    }

    async fn go(&mut self, server: usize) {
        self.sites[server].server.stop().await;
        self.sites[server].up = false;
    }

    async fn start_class(&mut self, class: usize, people: u32) {
        let id = id(class);
        let before = self.copies(class);
        // Even a create that fails may have started something.
        (self.classes[class].ended, self.classes[class].unclear) = (false, true);
        let query = format!("meetingID={id}&name=Class&attendeePW=ap&moderatorPW=mp");
        let answer = self.app.get("create", &query).await;
        let new: Vec<_> =
            self.copies(class).into_iter().filter(|copy| !before.contains(copy)).collect();
        let (told, doubtful) = (self.classes[class].told.clone(), self.classes[class].doubtful);
        let lives = told.clone().filter(|told| before.contains(told));
        self.contacted();
        assert!(new.len() < 2, "one create made two copies: {new:?}");
        if let Some((place, internal_id)) = lives {
            let site = &self.sites[place];
            if site.most < FAILURES && !doubtful {
                assert!(new.is_empty(), "{id} has a copy on bbb{place}, and now also {new:?}");
            }
            if site.up && site.polled && !site.spoilt && !doubtful {
                assert_eq!(answer.field("internalMeetingID"), internal_id);
            }
        }
        let clear = |site: &Site| {
            let known = if site.up { site.polled } else { site.least >= FAILURES };
            known && !site.spoilt
        };
        let calm = self.sites.iter().all(clear);
        if calm && self.sites.iter().any(|site| site.up) {
            answer.succeeded();
        }
        if answer.text("returncode") == Some("SUCCESS") {
            self.class_runs(class, answer.field("internalMeetingID"), people);
        }
    }

    /// A create was acknowledged: some server has that copy, and people go there.
    fn class_runs(&mut self, class: usize, internal_id: &str, people: u32) {
        let copies = self.copies(class);
        let copy = copies.iter().find(|(_, copy)| copy == internal_id);
        let (place, _) = copy.unwrap_or_else(|| panic!("{internal_id} is nowhere: {copies:?}"));
        self.sites[*place].server.add_people(internal_id, people, 0);
        let told = Some((*place, internal_id.to_owned()));
        let ends = self.classes[class].ends;
        self.classes[class] = Class { told, ends, ..Class::default() };
    }

    async fn end_class(&mut self, class: usize) {
        let answer = self.app.get("end", &format!("meetingID={}", id(class))).await;
        let was_told = self.classes[class].told.clone();
        let done = answer.text("returncode") == Some("SUCCESS");
        self.contacted();
        self.classes[class].ends += 1;
        if done {
            self.classes[class].ended = true;
            self.classes[class].told = None;
        } else if let Some((place, internal_id)) = was_told {
            let site = &self.sites[place];
            let sure = site.up && site.polled && !self.classes[class].doubtful;
            assert!(!sure, "{internal_id} on bbb{place} is not ended: {}", answer.body());
        }
    }

    fn forget(&mut self, server: usize) {
        self.sites[server].server.forget_all();
        for class in &mut self.classes {
            if class.told.as_ref().is_some_and(|(place, _)| *place == server) {
                class.told = None;
            }
        }
    }

    async fn poll(&mut self, rounds: u32) {
        for _ in 0..rounds {
            self.app.poll().await;
            self.contacted();
            for site in &mut self.sites {
                if site.up {
                    (site.least, site.most, site.polled) = (0, 0, true);
                } else {
                    site.least += 1;
                }
            }
        }
        self.doubt();
    }

    async fn lose_data(self) -> Self {
        let Self { app, sites, classes, .. } = self;
        // Elsewhere, because what still runs may wait for the servers of this thread.
        tokio::task::spawn_blocking(move || drop(app)).await.expect("a stop");
        let app = TestApp::start_with(settings).await;
        for (place, site) in sites.iter().enumerate() {
            app.add(place, &site.server, |wish| wish.no_probe = true).await;
        }
        let mut machine = Self { app, sites, classes, lost_data: true };
        machine.begin_anew();
        for number in 0..CLASSES {
            // Of two copies beadle takes what it finds first. What is on a server that cannot be
            // reached is found when that returns.
            let out_of_reach = |(place, _): &(usize, String)| !machine.sites[*place].up;
            let copies = machine.copies(number);
            let class = &mut machine.classes[number];
            class.doubtful |= copies.len() > 1 || class.told.as_ref().is_some_and(out_of_reach);
            // What was ended is known no more, and its server may list it for a while.
            class.ended = false;
        }
        machine.poll(2).await;
        machine
    }

    /// beadle has just started: it has asked nobody.
    fn begin_anew(&mut self) {
        for site in &mut self.sites {
            (site.least, site.most, site.polled) = (0, 0, false);
        }
    }

    /// A step may have asked every server.
    fn contacted(&mut self) {
        for site in &mut self.sites {
            if !site.up {
                site.most += CONTACTS;
            }
            if site.up && site.spoilt {
                // It may or may not have been chosen.
                (site.polled, site.most) = (false, site.most + CONTACTS);
            }
        }
        self.doubt();
    }

    fn doubt(&mut self) {
        for class in &mut self.classes {
            let place = class.told.as_ref().map(|(place, _)| *place);
            class.doubtful |= place.is_some_and(|place| self.sites[place].most >= FAILURES);
        }
    }

    /// The copies of a class, wherever they are: server and internalMeetingID.
    fn copies(&self, class: usize) -> Vec<(usize, String)> {
        let copy = |(place, site): (usize, &Site)| {
            let meeting = site.server.meeting(&id(class))?;
            Some((place, meeting.internal_id))
        };
        self.sites.iter().enumerate().filter_map(copy).collect()
    }

    /// What must be so at every moment.
    async fn check(&self) {
        for (number, class) in self.classes.iter().enumerate() {
            let ended = |meeting: &SimMeeting| {
                meeting.meeting_id == id(number) && meeting.people.total() > 0
            };
            let of_site = |site: &Site| site.server.ended().iter().filter(|it| ended(it)).count();
            let ended: usize = self.sites.iter().map(of_site).sum();
            assert!(ended <= class.ends, "{} was ended by itself", id(number));
            if let Some((place, internal_id)) = &class.told
                && !class.doubtful
            {
                self.check_told(number, *place, internal_id).await;
            }
            // A copy that was left behind before the data was lost is found again.
            let left_behind = self.lost_data && !self.copies(number).is_empty();
            if class.ended && !class.doubtful && !left_behind {
                let join = self.join(number).await;
                assert_eq!(join.text("messageKey"), Some("notFound"), "{} is back", id(number));
            }
        }
    }

    /// What front ends were told of is there, and they get to it.
    async fn check_told(&self, class: usize, place: usize, internal_id: &str) {
        let (site, id) = (&self.sites[place], id(class));
        let meeting = site.server.meeting(&id).unwrap_or_else(|| panic!("{id} is gone"));
        assert_eq!(meeting.internal_id, internal_id, "{id} was begun anew");
        let join = self.join(class).await;
        let location = join.header("location").unwrap_or_default();
        assert!(location.starts_with(&site.server.url()), "no way to {id}: {}", join.body());
        if !site.up || !site.polled || site.spoilt {
            return;
        }
        let query = format!("meetingID={id}");
        let info = self.app.get("getMeetingInfo", &query).await;
        assert_eq!(info.succeeded().field("internalMeetingID"), internal_id);
        let running = self.app.get("isMeetingRunning", &query).await;
        let runs = meeting.people.total() > 0;
        assert_eq!(running.succeeded().field("running"), runs.to_string(), "{id}");
        // A list may be a second old: one that was made while a server was away would be asked for
        // in vain.
        if self.sites.iter().any(|site| !site.up || !site.polled) {
            return;
        }
        let list = self.app.get("getMeetings", "").await;
        let listed = list.succeeded().body().contains(internal_id);
        assert!(listed, "{id} on bbb{place} is not listed: {}", list.body());
    }

    async fn join(&self, class: usize) -> Answer {
        let query = format!("meetingID={}&fullName=Ada&role=VIEWER", id(class));
        self.app.get("join", &query).await
    }

    /// In the end all servers are well: whatever was told and is still there is found, and nothing
    /// empty is left behind.
    async fn settle(mut self) {
        for place in 0..SERVERS {
            self.sites[place].server.clear_faults();
            self.sites[place].spoilt = false;
            self.sites[place].server.resume().await.expect("its port");
            self.sites[place].up = true;
        }
        self.poll(4).await;
        for class in 0..CLASSES {
            let Class { told, doubtful, unclear, .. } = &self.classes[class];
            let Some(told) = told.clone() else { continue };
            let copies = self.copies(class);
            let elsewhere = *doubtful && *unclear;
            if elsewhere || (self.lost_data && (*doubtful || copies.len() > 1)) {
                // It may have been begun elsewhere without an answer, or there are two copies, of
                // which beadle takes what it finds first.
                continue;
            }
            self.check_told(class, told.0, &told.1).await;
            for (place, copy) in copies.into_iter().filter(|copy| *copy != told) {
                let meeting = self.sites[place].server.meeting(&copy);
                let people = meeting.map_or(0, |meeting| meeting.people.total());
                assert!(people > 0, "an empty copy of {} is left on bbb{place}", id(class));
            }
        }
    }
}

fn id(class: usize) -> String {
    format!("class-{class}")
}

fn settings(config: &mut Config) {
    config.health.bad_polls = FAILURES;
    config.health.good_polls = 1;
    config.health.offline_after = Duration::ZERO;
    config.health.dead_after = Duration::ZERO;
    config.servers.create_timeout = Duration::from_secs(5);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        max_shrink_iters: 300,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_class_is_lost_split_or_ended(steps in prop::collection::vec(step(), 1..40)) {
        Runtime::new().expect("a runtime").block_on(async {
            let mut machine = Machine::start().await;
            for step in &steps {
                machine = machine.take(step).await;
                machine.check().await;
            }
            machine.settle().await;
        });
    }
}
