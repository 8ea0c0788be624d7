//! Keys about what comes in: addresses, the HTTP server, the API, parameters of create and join.

use super::super::read::{
    address, algorithms, names, pairs, path, public_url, put, put_some, secrets, size, text, time,
    time_or_zero, truth, whole,
};
use super::Shown::{Default, Example};
use super::{Key, Section};

pub(super) static SECTIONS: &[Section] = &[
    Section { name: "", explanation: "", keys: GENERAL },
    Section { name: "http", explanation: "The HTTP server.", keys: HTTP },
    Section { name: "api", explanation: "The BigBlueButton API that front ends call.", keys: API },
    Section {
        name: "create",
        explanation: "What happens to the parameters of create on their way to the server.",
        keys: CREATE,
    },
    Section { name: "join", explanation: "The same for join.", keys: JOIN },
];

static GENERAL: &[Key] = &[
    Key::new(
        "public_url",
        Example("\"https://bbb.example.org\""),
        |config, value| put_some(&mut config.public_url, public_url(value)),
        "The address that front ends and people use: scheme, host and, where it is not the usual \
         one, port; nothing after it. Links are made from it. Unset: scheme and host of each \
         request are used, and every host is served.",
    ),
    Key::new(
        "data_dir",
        Default("\"/var/lib/beadle\""),
        |config, value| put(&mut config.data_dir, path(value)),
        "Where all state lives. One running beadle per directory.",
    ),
    Key::new(
        "socket",
        Example("\"/run/beadle/beadle.sock\""),
        |config, value| put_some(&mut config.socket, path(value)),
        "The Unix socket through which the command line talks to the running daemon. Unset: \
         beadle.sock in the data directory.",
    ),
];

static HTTP: &[Key] = &[
    Key::new(
        "http.listen",
        Default("\"0.0.0.0:3000\""),
        |config, value| put(&mut config.http.listen, address(value)),
        "The address and port to listen on, in plain HTTP. \"[::]:3000\" is every address of \
         both kinds, \"127.0.0.1:3000\" only this machine.",
    ),
    Key::new(
        "http.workers",
        Default("0"),
        |config, value| put(&mut config.http.workers, whole(value, 0, 1024)),
        "Worker threads. 0 is one per processor core.",
    ),
    Key::new(
        "http.body_limit",
        Default("\"64MiB\""),
        |config, value| put(&mut config.http.body_limit, size(value)),
        "The largest body of one request, as a number of bytes or with a unit (KiB, MiB, GiB). \
         Slides that a front end sends along with create are in the body.",
    ),
    Key::new(
        "http.body_memory",
        Default("\"512MiB\""),
        |config, value| put(&mut config.http.body_memory, size(value)),
        "What all bodies that are held at one moment may occupy together. At least body_limit.",
    ),
    Key::new(
        "http.header_timeout",
        Default("\"10s\""),
        |config, value| put(&mut config.http.header_timeout, time(value)),
        "How long a client may take to send the head of a request.",
    ),
    Key::new(
        "http.body_timeout",
        Default("\"30s\""),
        |config, value| put(&mut config.http.body_timeout, time(value)),
        "The longest pause between two pieces of a body. The whole body may take this long and a \
         second for each 16 KiB of it.",
    ),
    Key::new(
        "http.keep_alive",
        Default("\"75s\""),
        |config, value| put(&mut config.http.keep_alive, time_or_zero(value)),
        "How long an idle connection is kept open. 0 closes it after each answer.",
    ),
    Key::new(
        "http.max_connections",
        Default("10000"),
        |config, value| put(&mut config.http.max_connections, whole(value, 1, 1_000_000)),
        "Connections per worker thread; more than that wait to be accepted.",
    ),
    Key::new(
        "http.check_host",
        Default("true"),
        |config, value| put(&mut config.http.check_host, truth(value)),
        "With public_url set: whether requests for any other host are refused with status 403. \
         Health checks are always answered.",
    ),
    Key::new(
        "http.shutdown_timeout",
        Default("\"30s\""),
        |config, value| put(&mut config.http.shutdown_timeout, time_or_zero(value)),
        "How long running requests may finish after a stop was asked for.",
    ),
];

static API: &[Key] = &[
    Key::new(
        "api.secrets",
        Default("[]"),
        |config, value| put(&mut config.api.secrets, secrets(value)),
        "The secrets front ends sign with. All count alike. With none, beadle starts and answers \
         checksumError to every signed call.",
    ),
    Key::new(
        "api.checksum_algorithms",
        Default("[\"sha1\", \"sha256\", \"sha384\", \"sha512\"]"),
        |config, value| put(&mut config.api.checksum_algorithms, algorithms(value)),
        "The checksum algorithms front ends may use.",
    ),
    Key::new(
        "api.get_meetings",
        Default("true"),
        |config, value| put(&mut config.api.get_meetings, truth(value)),
        "Whether getMeetings asks the servers. If not, it answers that there are no meetings; \
         the checksum is checked all the same.",
    ),
    Key::new(
        "api.get_meetings_budget",
        Default("\"4s\""),
        |config, value| put(&mut config.api.get_meetings_budget, time(value)),
        "How long getMeetings waits for all servers together. For a server that is late, its last \
         known list is used.",
    ),
    Key::new(
        "api.build",
        Example("\"campus-1\""),
        |config, value| put_some(&mut config.api.build, text(value)),
        "The text of the element build in the answer of the index. Unset: no such element.",
    ),
];

static CREATE: &[Key] = &[
    Key::new(
        "create.max_duration",
        Default("0"),
        |config, value| put(&mut config.create.max_duration, whole(value, 0, 1_000_000)),
        "The longest meeting, in minutes. 0 is no limit. A create without duration, or with a \
         longer one, gets this one.",
    ),
    Key::new(
        "create.exclude",
        Default("[]"),
        |config, value| put(&mut config.create.rules.exclude, names(value)),
        "Names of parameters that are dropped.",
    ),
    Key::new(
        "create.default",
        Default("{}"),
        |config, value| put(&mut config.create.rules.default, pairs(value)),
        "Parameters for requests that do not have them: a table such as { record = \"true\" }, or a \
         list such as [\"record=true\"]. Their order is kept.",
    ),
    Key::new(
        "create.override",
        Default("{}"),
        |config, value| put(&mut config.create.rules.overrides, pairs(value)),
        "Parameters that win over those of the request, in the same form.",
    ),
];

static JOIN: &[Key] = &[
    Key::new(
        "join.exclude",
        Default("[]"),
        |config, value| put(&mut config.join.exclude, names(value)),
        "Names of parameters that are dropped.",
    ),
    Key::new(
        "join.default",
        Default("{}"),
        |config, value| put(&mut config.join.default, pairs(value)),
        "Parameters for requests that do not have them.",
    ),
    Key::new(
        "join.override",
        Default("{}"),
        |config, value| put(&mut config.join.overrides, pairs(value)),
        "Parameters that win over those of the request.",
    ),
];
