//! Carries out what people have planned: through the front end what goes through a front end, and
//! on the simulated servers what people do in a room (leave, show themselves).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::frontend::{After, FrontEnd};
use super::people::{Act, Class, Timetable};
use crate::sim::SimServer;

/// How often it is looked whether further classes are due.
const TICK: Duration = Duration::from_millis(250);

/// How often the front end asks for all meetings.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// Where people meet.
pub(super) struct Campus {
    /// What they come from.
    pub(super) front_end: FrontEnd,
    /// Where their classes are.
    pub(super) servers: Vec<SimServer>,
    /// How many times faster than planned they live.
    pub(super) tempo: f64,
}

/// Holds all classes of a timetable, until dropped.
pub(super) async fn run(campus: Campus, mut timetable: Timetable) -> Infallible {
    let campus = Arc::new(campus);
    let begun = Instant::now();
    let mut classes = JoinSet::new();
    let mut tick = interval(TICK.div_f64(campus.tempo));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        for class in timetable.due(begun.elapsed().mul_f64(campus.tempo)) {
            classes.spawn(hold(Arc::clone(&campus), class));
        }
        while classes.try_join_next().is_some() {}
    }
}

/// Asks for all meetings again and again, until dropped.
pub(super) async fn watch(front_end: &FrontEnd) -> Infallible {
    let mut tick = interval(WATCH_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        front_end.list().await;
    }
}

/// Holds one class to its end.
async fn hold(campus: Arc<Campus>, class: Class) {
    let mut after = campus.front_end.create(&class).await;
    let begun = Instant::now();
    for step in class.steps {
        if after == After::Over {
            return;
        }
        sleep_until(begun + step.at.div_f64(campus.tempo)).await;
        after = campus.act(&class.id, step.act).await;
    }
}

impl Campus {
    async fn act(&self, id: &str, act: Act) -> After {
        match act {
            Act::Join { name, moderator } => self.front_end.join(id, &name, moderator).await,
            Act::LookIn => self.front_end.look_in(id).await,
            Act::End => self.front_end.end(id).await,
            Act::Cameras(count) => self.on_its_server(|server| server.set_cameras(id, count)),
            Act::Leave(count) => self.on_its_server(|server| server.remove_people(id, count)),
            Act::Close => self.on_its_server(|server| server.forget(id)),
        }
    }

    /// Does something on the server that has the meeting. There is none when the meeting was ended
    /// behind the class's back, which its next look will tell.
    fn on_its_server(&self, act: impl Fn(&SimServer) -> bool) -> After {
        let _found = self.servers.iter().any(act);
        After::On
    }
}
