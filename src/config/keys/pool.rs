//! Keys about the servers: how they are called, chosen, watched.

use super::super::read::{
    algorithm, interval, policy, put, size, time, time_or_zero, truth, whole,
};
use super::Shown::Default;
use super::{Key, Section};

pub(super) static SECTIONS: &[Section] = &[
    Section {
        name: "servers",
        explanation: "How BigBlueButton servers are called. The servers themselves are not listed \
                      here: see the command beadle servers.",
        keys: SERVERS,
    },
    Section { name: "placement", explanation: "Where new meetings go.", keys: PLACEMENT },
    Section {
        name: "health",
        explanation: "When a server counts as gone and as back. A running meeting is never ended \
                      or moved because of it.",
        keys: HEALTH,
    },
    Section { name: "poll", explanation: "How often the servers are asked.", keys: POLL },
];

static SERVERS: &[Key] = &[
    Key::new(
        "servers.connect_timeout",
        Default("\"5s\""),
        |config, value| put(&mut config.servers.connect_timeout, time(value)),
        "The longest wait for a connection to a server, TLS included.",
    ),
    Key::new(
        "servers.response_timeout",
        Default("\"10s\""),
        |config, value| put(&mut config.servers.response_timeout, time(value)),
        "The longest wait for the answer of a server.",
    ),
    Key::new(
        "servers.create_timeout",
        Default("\"30s\""),
        |config, value| put(&mut config.servers.create_timeout, time(value)),
        "The same for create, which loads slides and may take long. Scalelite's RESPONSE_TIMEOUT \
         sets this too.",
    ),
    Key::new(
        "servers.sick_timeout",
        Default("\"2s\""),
        |config, value| put(&mut config.servers.sick_timeout, time(value)),
        "The longest wait for a server that is offline or has let several calls wait in vain. At \
         such a server, create first makes sure within this time that it answers at all.",
    ),
    Key::new(
        "servers.concurrent_calls",
        Default("64"),
        |config, value| put(&mut config.servers.concurrent_calls, whole(value, 1, 10_000)),
        "How many calls one server gets at once; further ones wait their turn. Polls do not count.",
    ),
    Key::new(
        "servers.dns_cache",
        Default("\"30s\""),
        |config, value| put(&mut config.servers.dns_cache, time_or_zero(value)),
        "How long the addresses of a server's name are not asked for again. While name resolution \
         fails, the last ones are used, for a day at the most.",
    ),
    Key::new(
        "servers.checksum_algorithm",
        Default("\"sha256\""),
        |config, value| put(&mut config.servers.checksum_algorithm, algorithm(value)),
        "What calls to the servers are signed with. Scalelite's LOADBALANCER_CHECKSUM_ALGORITHM \
         sets this too, to the strongest of its list.",
    ),
    Key::new(
        "servers.id_from_host",
        Default("false"),
        |config, value| put(&mut config.servers.id_from_host, truth(value)),
        "Whether a new server is called by the host of its URL instead of a random id. Then there \
         can be only one server per host.",
    ),
    Key::new(
        "servers.answer_limit",
        Default("\"64MiB\""),
        |config, value| put(&mut config.servers.answer_limit, size(value)),
        "The largest answer that is taken from one server.",
    ),
];

static PLACEMENT: &[Key] = &[
    Key::new(
        "placement.policy",
        Default("\"predicted\""),
        |config, value| put(&mut config.placement.policy, policy(value)),
        "How the load of a server is reckoned. \"predicted\": people, microphones and cameras, \
         with room kept for the people who are expected. \"participants\": the people who are \
         there, times the load multiplier, as Scalelite's variant for Kubernetes does. \
         \"scalelite\": exactly as Scalelite does.",
    ),
    Key::new(
        "placement.expected_people",
        Default("20"),
        |config, value| put(&mut config.placement.expected_people, whole(value, 0, 100_000)),
        "Policy predicted: how many people a meeting is expected to have when nothing is known of \
         it. Scalelite's LOAD_MIN_USER_COUNT sets this too.",
    ),
    Key::new(
        "placement.min_users",
        Default("15"),
        |config, value| put(&mut config.placement.min_users, whole(value, 0, 100_000)),
        "Policy scalelite: the least number of people that a young meeting counts.",
    ),
    Key::new(
        "placement.young_minutes",
        Default("15"),
        |config, value| put(&mut config.placement.young_minutes, whole(value, 0, 100_000)),
        "Policy scalelite: how many minutes a meeting counts as young.",
    ),
    Key::new(
        "placement.decay_minutes",
        Default("30"),
        |config, value| put(&mut config.placement.decay_minutes, whole(value, 1, 100_000)),
        "Policy predicted: the room kept for expected people shrinks evenly and is gone after this \
         many minutes.",
    ),
];

static HEALTH: &[Key] = &[
    Key::new(
        "health.good_polls",
        Default("2"),
        |config, value| put(&mut config.health.good_polls, whole(value, 1, 1000)),
        "Good polls in a row that bring an offline server back.",
    ),
    Key::new(
        "health.bad_polls",
        Default("3"),
        |config, value| put(&mut config.health.bad_polls, whole(value, 1, 1000)),
        "Failed polls in a row that take a server offline, once offline_after has passed too. \
         From the first failure on it gets no new meetings.",
    ),
    Key::new(
        "health.offline_after",
        Default("\"30s\""),
        |config, value| put(&mut config.health.offline_after, time_or_zero(value)),
        "How long a server must have failed before it is offline.",
    ),
    Key::new(
        "health.dead_after",
        Default("\"2m\""),
        |config, value| put(&mut config.health.dead_after, time_or_zero(value)),
        "How long a server must have failed before a create may place one of its meetings anew. At \
         least offline_after.",
    ),
    Key::new(
        "health.frozen_at_most",
        Default("\"2m\""),
        |config, value| put(&mut config.health.frozen_at_most, time_or_zero(value)),
        "When all servers that were online, two at least, fail at the same time, the fault is \
         taken to be beadle's own network: failures do not count until one of them answers, but no \
         longer than this. 0 switches it off.",
    ),
];

static POLL: &[Key] = &[
    Key::new(
        "poll.interval",
        Default("\"10s\""),
        |config, value| put(&mut config.poll.interval, interval(value)),
        "The pause between two polls of a server, a tenth more or less. Exactly 0 turns automatic \
         polling off, for drills and tests: then only the command beadle poll asks the servers.",
    ),
    Key::new(
        "poll.unstable_interval",
        Default("\"2s\""),
        |config, value| put(&mut config.poll.unstable_interval, time(value)),
        "The same while a server has failed and is not offline yet, or has answered again and is \
         not back yet. Never more than poll.interval.",
    ),
];
