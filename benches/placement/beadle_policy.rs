//! beadle's own choice: the real placement code with polls, reserves and learned sizes.
use std::collections::HashMap;

use beadle::bbb::meetings::Listed;
use beadle::config::{Placement, Policy};
use beadle::pool::load::{Expected, figures};
use beadle::pool::placement::{Candidate, choose};
use beadle::pool::tags::Wanted;
use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::chance::source;
use crate::people::Lesson;
use crate::replay::{Chooser};
use crate::servers::Server;
use crate::timetable::SECOND;

#[derive(Default)]
pub struct Sizes { pub learned: HashMap<String, Vec<f64>>, pub running: HashMap<String, (String, f64)>, pub mode: u32, pub plan: bool, pub begun: HashMap<String, Vec<u64>> }
impl Sizes {
    fn observe(&mut self, id: &str, internal: &str, load: f64) {
        let r = self.running.entry(internal.to_owned()).or_insert_with(|| (id.to_owned(), 0.0));
        r.1 = r.1.max(load);
    }
    fn ended(&mut self, internal: &str) {
        if let Some((id, load)) = self.running.remove(internal) && load >= 3.0 {
            self.learned.entry(id).or_default().push(load);
        }
    }
    fn expect(&self, id: &str) -> Option<f64> {
        let v = self.learned.get(id)?;
        let mut est = *v.first()?;
        for l in &v[1..] {
            match self.mode {
                0 => est = if *l > est { *l } else { est * 0.7 + l * 0.3 },
                1 => est = *l,
                2 => est = 0.5 * est + 0.5 * l,
                _ => est = est.max(*l),
            }
        }
        Some(est)
    }
}

pub struct Beadle {
    placement: Placement,
    interval: u64,
    pub sizes: Option<Sizes>,
    pub oracle: bool,
    tie: StdRng,
    polled: Vec<Polled>,
}
#[derive(Default, Clone)]
struct Polled { at: u64, load: Option<f64>, ids: Vec<String> }

impl Beadle {
    pub fn new(policy: Policy, interval: u64, sizes: Option<Sizes>, seed: u64) -> Self {
        Self { placement: Placement { policy, ..Placement::default() }, interval, sizes, oracle: false, tie: source(seed, 9), polled: vec![Polled::default(); 10] }
    }
}
impl Chooser for Beadle {
    fn step(&mut self, servers: &[Server], now: u64) {
        if now % self.interval != 0 { return; }
        for (server, polled) in servers.iter().zip(&mut self.polled) {
            if !server.is_up(now) { polled.load = None; continue; }
            let listed: Vec<Listed> = server.meetings.iter().map(|m| {
                let p = m.lesson.present(now);
                Listed { range: 0..0, id: m.lesson.id.clone(), internal_id: m.internal_id.clone(), name: String::new(), create_time: m.lesson.begins, participants: p.people, moderators: p.moderators, voices: p.voices, videos: p.cameras, breakout: false, tenant: None }
            }).collect();
            if let Some(sizes) = &mut self.sizes {
                for old in &polled.ids { if !listed.iter().any(|l| l.internal_id == *old) { sizes.ended(old); } }
                for m in &server.meetings { sizes.observe(&m.lesson.id, &m.internal_id, m.lesson.present(now).load()); }
                polled.ids = listed.iter().map(|l| l.internal_id.clone()).collect();
            }
            let expected = server.meetings.iter().map(|m| Expected { internal_id: &m.internal_id, people: m.expected, since_ms: m.lesson.begins });
            polled.at = now;
            polled.load = figures(&listed, expected, server.capacity, &self.placement, now).load;
        }
    }
    fn choose(&mut self, servers: &[Server], lesson: &Lesson) -> (usize, u32) {
        let now = lesson.begins;
        let mut people = 20;
        if let Some(s) = self.sizes.as_ref().and_then(|s| s.expect(&lesson.id)) { people = s.round() as u32; }
        if self.oracle { people = lesson.peak().round() as u32; }
        let cands: Vec<(usize, Candidate)> = servers.iter().zip(&self.polled).enumerate().filter_map(|(i, (s, p))| {
            if !s.is_up(now) { return None; }
            let mut load = p.load?;
            for m in &s.meetings {
                match self.placement.policy {
                    Policy::Predicted => if m.lesson.begins > p.at { load += f64::from(m.expected) },
                    Policy::Scalelite => {
                        if m.lesson.begins > p.at { load += s.capacity.load_multiplier(); }
                        load += f64::from(m.lesson.came(now) - m.lesson.came(p.at)) * s.capacity.load_multiplier();
                    }
                }
            }
            Some((i, Candidate { id: &s.id, tag: None, weight: s.capacity.weight(), load, meetings: s.meetings.len() as u32, max_meetings: None, max_users: None }))
        }).collect();
        let only: Vec<_> = cands.iter().map(|c| c.1.clone()).collect();
        let tie = &mut self.tie;
        let c = choose(&only, &Wanted::parse(""), f64::from(people), self.placement.policy, |n| tie.random_range(0..n)).expect("one");
        let mut c = c;
        if let Some(sizes) = &mut self.sizes && sizes.plan {
            // those who began about a week ago
            let week = crate::timetable::WEEK;
            if now >= week {
                let mut due: Vec<(f64, bool)> = vec![(f64::from(people), true)];
                for (id, begun) in &sizes.begun {
                    if *id == lesson.id { continue; }
                    let soon = begun.iter().any(|b| b + week + 60_000 * 2 >= now && b + week <= now + 10 * 60_000);
                    let lately = begun.iter().any(|b| *b + 20 * 60_000 > now);
                    if soon && !lately && let Some(mut e) = sizes.expect(id) { if self.oracle { e = 0.0 + e } due.push((e, false)); }
                }
                due.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
                let mut virt = only.clone();
                for (size, mine) in due {
                    let p = choose(&virt, &Wanted::parse(""), size, self.placement.policy, |_| 0).expect("one");
                    if mine { c = p; break; }
                    virt[p].load += size;
                }
            }
            sizes.begun.entry(lesson.id.clone()).or_default().push(now);
        }
        (cands[c].0, people)
    }
}
#[allow(dead_code)]
const X: u64 = SECOND;
