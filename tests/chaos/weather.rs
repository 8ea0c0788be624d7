//! What happens to the servers, and when classes end by themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::beadle::sim::{Call, Fault, FaultOn};
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::task::JoinSet;

use crate::school::School;

/// So many servers may be unwell at once, as a rule.
const UNWELL: usize = 4;

/// The calls that one fault may strike.
const CALLS: [Call; 6] = [
    Call::Create,
    Call::Join,
    Call::GetMeetings,
    Call::GetMeetingInfo,
    Call::IsMeetingRunning,
    Call::End,
];

/// One spell of bad weather over one server.
enum Spell {
    Fault(&'static str, FaultOn, Fault),
    /// It does everything so much too late.
    Late(FaultOn, Duration),
    /// It cannot be reached.
    Down,
    /// It restarts and has lost its meetings.
    Restart,
}

/// Lets the weather change until the time is over, and clears the sky.
pub(crate) async fn blow(school: Arc<School>, mut random: StdRng, until: Instant) {
    let mut spells = JoinSet::new();
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(random.random_range(100..600))).await;
        let unwell = school.sites.iter().filter(|site| site.is_unwell()).count();
        let place = random.random_range(0..school.sites.len());
        let spell = spell(&mut random);
        let time = lasts(&mut random, &spell);
        let outage = random.random_range(0..60) == 0;
        let most = if outage { school.sites.len() } else { UNWELL };
        if unwell >= most {
            continue;
        }
        if outage {
            // The network is away for a moment: all servers at once.
            school.figures.weather("outage");
            for place in 0..school.sites.len() {
                spells.spawn(strike(Arc::clone(&school), place, Spell::Down, time, until));
            }
        } else {
            spells.spawn(strike(Arc::clone(&school), place, spell, time, until));
        }
        while spells.try_join_next().is_some() {}
    }
    spells.join_all().await;
}

/// Lets classes end by themselves: all have left.
pub(crate) async fn ring(school: Arc<School>, mut random: StdRng, until: Instant) {
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(random.random_range(200..800))).await;
        let place = random.random_range(0..school.sites.len());
        let Some(site) = school.sites.get(place) else { continue };
        let meetings = site.server.meetings();
        if meetings.is_empty() {
            continue;
        }
        let pick = random.random_range(0..meetings.len());
        let Some(meeting) = meetings.get(pick) else { continue };
        let class = school.number_of(&meeting.meeting_id);
        if let Some(class) = class {
            school.disturb(class);
        }
        site.server.end_meeting(&meeting.internal_id).await;
        if let Some(class) = class {
            school.disturbed(class);
        }
    }
}

async fn strike(school: Arc<School>, place: usize, spell: Spell, time: Duration, until: Instant) {
    let Some(site) = school.sites.get(place) else { return };
    if !site.darken() {
        return;
    }
    let time = time.min(until.saturating_duration_since(Instant::now()));
    match spell {
        Spell::Fault(kind, on, fault) => {
            school.figures.weather(kind);
            site.server.fault(on, fault, None);
            tokio::time::sleep(time).await;
        }
        Spell::Late(on, delay) => {
            school.figures.weather("late");
            site.works_late(time + delay);
            // Joins are not late: somebody who was sent to a class that has ended since would come
            // into what a late create makes of it, which no beadle can know of.
            let struck =
                |call: &Call| *call != Call::Join && [FaultOn::All, (*call).into()].contains(&on);
            for call in CALLS.into_iter().filter(struck) {
                site.server.fault(call, Fault::Late(delay), None);
            }
            tokio::time::sleep(time).await;
            site.server.clear_faults();
            // It is not well before it has done what it was asked.
            tokio::time::sleep(delay).await;
        }
        Spell::Down => {
            school.figures.weather("down");
            site.go_down().await;
            tokio::time::sleep(time).await;
            site.come_back().await;
        }
        Spell::Restart => {
            school.figures.weather("restart");
            site.go_down().await;
            site.lose_all();
            tokio::time::sleep(time).await;
            site.come_back().await;
        }
    }
    site.clear();
}

fn spell(random: &mut StdRng) -> Spell {
    let call = CALLS.get(random.random_range(0..CALLS.len())).copied();
    let on = match call {
        Some(call) if random.random_range(0..2) == 0 => FaultOn::Call(call),
        _ => FaultOn::All,
    };
    let slow = Duration::from_millis(random.random_range(50..1500));
    // Up to more than a create and the question after it may take.
    let late = Duration::from_millis(random.random_range(50..6000));
    match random.random_range(0..26) {
        0..4 => Spell::Fault("slow", on, Fault::Slow(slow)),
        4..6 => Spell::Fault("refuse", on, Fault::Refuse),
        6..8 => Spell::Fault("reset", on, Fault::Reset),
        8..10 => Spell::Fault("truncate", on, Fault::Truncate),
        10 => Spell::Fault("500", on, Fault::Status(500)),
        11 => Spell::Fault("503", on, Fault::Status(503)),
        12 => Spell::Fault("garbage", on, Fault::Garbage),
        13 => Spell::Fault("empty", on, Fault::Empty),
        14 => Spell::Fault("secret", on, Fault::WrongChecksum),
        15 => Spell::Fault("hang", on, Fault::Hang),
        16..18 => Spell::Restart,
        18..20 => Spell::Late(Call::Create.into(), late),
        20..22 => Spell::Late(on, late),
        _ => Spell::Down,
    }
}

/// Most spells are over before anybody could think that the server is dead.
fn lasts(random: &mut StdRng, spell: &Spell) -> Duration {
    let ms = match spell {
        Spell::Restart => random.random_range(0..1500),
        _ if random.random_range(0..4) == 0 => random.random_range(3500..7000),
        _ => random.random_range(200..2500),
    };
    Duration::from_millis(ms)
}
