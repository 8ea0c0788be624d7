//! The reference: longest first, with the true loads, time step by time step.

use crate::people::Lesson;
use crate::replay::{Moment, Seen};
use crate::servers::servers;
use crate::timetable::{MINUTE, WEEK};

/// Packs the classes of every minute of the second week anew on the servers that are up: the
/// largest first, each where the utilisation is lowest with it.
pub(crate) fn longest_first(lessons: &[Lesson]) -> Seen {
    let (servers, mut seen) = (servers(), Seen::default());
    let (mut coming, mut running) = (lessons.iter().peekable(), Vec::<&Lesson>::new());
    for now in (WEEK..2 * WEEK).step_by(usize::try_from(MINUTE).expect("it fits")) {
        while let Some(lesson) = coming.next_if(|lesson| lesson.begins < now) {
            running.push(lesson);
        }
        running.retain(|lesson| lesson.ends > now);
        let mut loads: Vec<_> = running.iter().map(|lesson| lesson.present(now).load()).collect();
        loads.sort_by(|a, b| b.total_cmp(a));
        let up = servers.iter().filter(|server| server.is_up(now));
        let mut moment: Vec<_> =
            up.map(|server| Moment { load: 0.0, weight: server.capacity.weight() }).collect();
        for load in loads {
            let used = |place: &Moment| (place.load + load) / place.weight;
            let least = moment.iter_mut().min_by(|a, b| used(a).total_cmp(&used(b)));
            least.expect("a server").load += load;
        }
        seen.look(moment.into_iter());
    }
    seen
}
