//! Whether the pool could lose a server right now: would its classes find room on the others? Pure.
//!
//! A server holds as many people as its `max_users` says. Where none is set it is taken to hold as
//! many, for its weight, as those of the pool where one is; and where none is set at all,
//! [`PER_WEIGHT`] for a weight of 1. Of all servers the one is looked at whose loss would leave
//! least room: the largest, as a rule. Tags do not count: classes would rather have the wrong server than none.

/// How many people a server of weight 1 holds where no limit is set in the whole pool. It is what
/// the makers of BigBlueButton advise for the hardware that they recommend.
pub const PER_WEIGHT: f64 = 200.0;

/// A server that runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Running<'a> {
    /// Its id.
    pub id: &'a str,
    /// Whether it would take meetings of a lost one: enabled and online. Spare ones do.
    pub takes: bool,
    /// Bigger is stronger.
    pub weight: f64,
    /// People and what else counts as load, with those who are expected.
    pub load: f64,
    /// Meetings on it.
    pub meetings: u32,
    /// People in the largest of them.
    pub largest: u32,
    /// The most meetings it may have.
    pub max_meetings: Option<u32>,
    /// The most people it may have, by load.
    pub max_users: Option<u32>,
}

/// What the loss of one server would mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Headroom {
    /// The server whose loss would leave least room.
    pub server: String,
    /// Its load, which would have to go elsewhere.
    pub load: f64,
    /// How much more load the others could take.
    pub room: f64,
    /// How many others could take meetings.
    pub others: usize,
    /// What would be short; none when the pool would survive it.
    pub short: Option<Short>,
    /// Whether a server without a limit was taken to have one.
    pub assumed: bool,
}

/// What would be short after a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Short {
    /// No other server takes meetings.
    Servers,
    /// The others could not take so many people.
    People,
    /// The others may not have so many meetings.
    Meetings,
    /// Its largest meeting would fit on none of the others.
    Largest,
}

impl Short {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Servers => "servers",
            Self::People => "people",
            Self::Meetings => "meetings",
            Self::Largest => "largest",
        }
    }
}

/// What the worst loss of one server would mean; none where no server runs.
pub fn headroom(servers: &[Running<'_>]) -> Option<Headroom> {
    let per_weight = per_weight(servers);
    let losses = servers.iter().enumerate().map(|(place, lost)| {
        let mut others = servers.to_vec();
        others.remove(place);
        others.retain(|other| other.takes);
        loss(lost, &others, per_weight)
    });
    let survives = |loss: &Headroom| loss.short.is_none();
    // To whole people, so that the last digits of a sum decide nothing.
    let left = |loss: &Headroom| (loss.room - loss.load).round();
    losses.min_by(|a, b| {
        let order = survives(a).cmp(&survives(b)).then(left(a).total_cmp(&left(b)));
        // Of equal ones that which has most to do is what people have in mind.
        order.then(b.load.total_cmp(&a.load))
    })
}

/// How many people a server holds for each unit of weight, by the limits that are set.
fn per_weight(servers: &[Running<'_>]) -> f64 {
    let limited = servers.iter().filter_map(|s| Some((f64::from(s.max_users?), s.weight)));
    let (people, weight) = limited.fold((0.0, 0.0), |(p, w), (max, weight)| (p + max, w + weight));
    if weight > 0.0 { people / weight } else { PER_WEIGHT }
}

fn loss(lost: &Running<'_>, others: &[Running<'_>], per_weight: f64) -> Headroom {
    let room_on = |other: &Running<'_>| {
        let holds = other.max_users.map_or(other.weight * per_weight, f64::from);
        let slots = other.max_meetings.map(|max| max.saturating_sub(other.meetings));
        if slots == Some(0) { 0.0 } else { (holds - other.load).max(0.0) }
    };
    let room: f64 = others.iter().map(room_on).fold(0.0, |sum, room| sum + room);
    let widest = others.iter().map(room_on).fold(0.0, f64::max);
    let slots = others
        .iter()
        .map(|other| other.max_meetings.map_or(u32::MAX, |max| max.saturating_sub(other.meetings)));
    let slots = slots.fold(0_u32, u32::saturating_add);
    let short = if others.is_empty() {
        Some(Short::Servers)
    } else if room < lost.load {
        Some(Short::People)
    } else if slots < lost.meetings {
        Some(Short::Meetings)
    } else if widest < f64::from(lost.largest) {
        Some(Short::Largest)
    } else {
        None
    };
    Headroom {
        server: lost.id.to_owned(),
        load: lost.load,
        room,
        others: others.len(),
        short,
        assumed: others.iter().any(|other| other.max_users.is_none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(id: &str, load: f64) -> Running<'_> {
        Running {
            id,
            takes: true,
            weight: 1.0,
            load,
            meetings: 2,
            largest: 10,
            max_meetings: None,
            max_users: None,
        }
    }

    /// The server whose loss is the worst, what room there is, and what is short.
    fn worst(servers: &[Running<'_>]) -> (String, f64, Option<Short>) {
        let found = headroom(servers).expect("servers");
        (found.server, found.room, found.short)
    }

    #[test]
    fn without_limits_two_hundred_people_are_taken_for_each_weight() {
        assert_eq!(headroom(&[]), None);
        let alone = [server("a", 0.0)];
        assert_eq!(worst(&alone), ("a".into(), 0.0, Some(Short::Servers)));
        let two = |a, b| [server("a", a), server("b", b)];
        assert_eq!(worst(&two(150.0, 40.0)), ("a".into(), 160.0, None));
        assert_eq!(worst(&two(170.0, 40.0)), ("a".into(), 160.0, Some(Short::People)));
        let [a, b] = two(170.0, 40.0);
        let strong = [a, Running { weight: 2.0, ..b }];
        assert_eq!(worst(&strong), ("b".into(), 30.0, Some(Short::People)));
    }

    #[test]
    fn limits_that_are_set_count_also_for_those_without() {
        let limited = Running { max_users: Some(50), ..server("b", 0.0) };
        let pool = [server("a", 60.0), limited, server("c", 10.0)];
        // 50 on b, and as many on c, which has 10.
        assert_eq!(worst(&pool), ("a".into(), 90.0, None));
        assert!(headroom(&pool).expect("servers").assumed);
        let limits = pool.map(|server| Running { max_users: Some(65), ..server });
        assert!(!headroom(&limits).expect("servers").assumed);
    }

    #[test]
    fn drained_servers_take_nothing_and_meetings_must_fit() {
        let drained = Running { takes: false, ..server("b", 0.0) };
        assert_eq!(worst(&[server("a", 1.0), drained]).2, Some(Short::Servers));
        let few = Running { max_meetings: Some(3), ..server("b", 0.0) };
        assert_eq!(worst(&[server("a", 1.0), few]), ("a".into(), 200.0, Some(Short::Meetings)));
        let large = Running { largest: 150, ..server("a", 150.0) };
        let others = [large, server("b", 90.0), server("c", 90.0)];
        assert_eq!(worst(&others), ("a".into(), 220.0, Some(Short::Largest)));
    }
}
