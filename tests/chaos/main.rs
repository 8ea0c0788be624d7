//! Chaos: 500 front ends use a pool whose servers misbehave, while beadle itself is killed again
//! and again. Whatever happens, classes do not break.
//!
//! The servers are simulated and live in this process; beadle is the real program, on one data
//! directory and one port. [`weather`] lets servers slow down, be late, refuse, reset, answer nonsense,
//! lose their meetings, die and return. [`front_end`] creates, joins, asks and ends, and compares
//! each answer with what the servers really have ([`school`]). [`watch`] looks at the servers all
//! along. When the storm is over everything must be in order again ([`calm`]), also after
//! beadle has lost its data directory.
//!
//! What must never be seen:
//!
//! * a class in two pieces: people in two copies of one meeting on servers that can both be
//!   reached. Excused is a copy whose server could not be relied upon for `DEAD_AFTER` before the
//!   other copy was made: it is left alone when its server returns.
//! * a copy that a server made too late, when its create was asked for elsewhere, in the place of the
//!   one that was acknowledged. It may stay where it is, as long as nobody is led to it;
//! * a class that is ended although no front end ended it;
//! * a class that was acknowledged and that beadle knows no more, while its server has it and was
//!   not dead;
//! * a successful list without meetings while classes run;
//! * a call without an answer.
//!
//! How long answers took is printed, not judged: that depends on the machine.
//!
//! `CHAOS_SECONDS` sets how long the storm lasts, `CHAOS_SEED` repeats the choices of a run (what
//! the scheduler does is chance all the same), `CHAOS_LOG` names a file for beadle's log. They are
//! variables of this test; beadle gets none.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

mod beadle;
mod call;
mod calm;
mod figures;
mod front_end;
mod school;
mod watch;
mod weather;

use std::env;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use beadle::Beadle;
use school::School;

/// How many simulated servers there are.
const SERVERS: usize = 9;

/// How many front ends call.
const FRONT_ENDS: u64 = 500;

/// How long a server must be silent before its classes may be started elsewhere.
const DEAD_AFTER: Duration = Duration::from_secs(3);

/// How long the storm lasts when nothing else is said.
const STORM: Duration = Duration::from_secs(35);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn classes_survive_whatever_happens_to_servers_and_to_beadle() {
    let seed = number("CHAOS_SEED").unwrap_or_else(rand::random);
    let storm = number("CHAOS_SECONDS").map_or(STORM, Duration::from_secs);
    tell(&format!("CHAOS_SEED={seed}, {} s of storm", storm.as_secs()));
    let school = Arc::new(School::open(SERVERS).await);
    let mut beadle = Beadle::new();
    beadle.start().await;
    beadle.add_servers(&school).await;

    let mut beadle = rage(&school, beadle, storm, seed).await;
    let troubles = calm::settle(&school, &beadle).await;
    calm::inspect_reports(&school, &troubles);
    calm::inspect(&school, &beadle, "after the storm").await;
    calm::inspect_late(&school, &beadle).await;
    beadle.lose_data().await;
    beadle.add_servers(&school).await;
    calm::settle(&school, &beadle).await;
    calm::inspect(&school, &beadle, "after the data was lost").await;
    beadle.stop();

    tell(&school.figures.to_string());
    let violations = school.violations();
    assert!(school.figures.lively(), "the storm was a calm");
    assert!(violations.is_empty(), "CHAOS_SEED={seed}:\n{}", violations.join("\n"));
}

/// Everything at once, until the time is over. Gives back a beadle that runs.
async fn rage(school: &Arc<School>, beadle: Beadle, storm: Duration, seed: u64) -> Beadle {
    let chance = |part: u64| StdRng::seed_from_u64(seed.wrapping_add(part));
    let until = Instant::now() + storm;
    let address = beadle.address();
    let callers = (0..FRONT_ENDS).map(|number| {
        let front_end = front_end::FrontEnd::new(address, Arc::clone(school), chance(number + 10));
        tokio::spawn(front_end.work(until))
    });
    let callers: Vec<_> = callers.collect();
    let weather = tokio::spawn(weather::blow(Arc::clone(school), chance(1), until));
    let bells = tokio::spawn(weather::ring(Arc::clone(school), chance(2), until));
    let watching = tokio::spawn(watch::watch(Arc::clone(school), until));
    let beadle = kill_again_and_again(beadle, school, chance(3), until).await;
    for task in [weather, bells, watching].into_iter().chain(callers) {
        task.await.expect("a task that ends in good order");
    }
    watch::look(school);
    beadle
}

async fn kill_again_and_again(
    mut beadle: Beadle,
    school: &School,
    mut random: StdRng,
    until: Instant,
) -> Beadle {
    loop {
        let pause = Duration::from_millis(random.random_range(3000..8000));
        if Instant::now() + pause >= until {
            tokio::time::sleep(until.saturating_duration_since(Instant::now())).await;
            return beadle;
        }
        tokio::time::sleep(pause).await;
        beadle.kill();
        school.figures.killed();
        tokio::time::sleep(Duration::from_millis(random.random_range(0..600))).await;
        beadle.start().await;
    }
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// Writes to where it is seen even when all tests pass.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "chaos: {text}");
}
