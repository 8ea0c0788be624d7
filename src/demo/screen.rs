//! What the demo shows: first how to take part, then a table that follows the pool.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table};
use tokio::time::{MissedTickBehavior, interval};

use super::frontend::{Counts, FrontEnd};
use super::home::Home;
use crate::model::{Server, ServerState};
use crate::pool::Pool;
use crate::pool::watch::health::Health;
use crate::pool::watch::live::Live;

/// How often the table is drawn in place on a terminal.
const REDRAW: Duration = Duration::from_secs(1);

/// How often it is written where lines stay.
const APPEND: Duration = Duration::from_secs(5);

/// Where the demo writes.
pub(super) struct Screen<'a> {
    out: &'a mut dyn Write,
    terminal: bool,
    /// How many lines of the last table stand above the cursor.
    drawn: usize,
}

/// What people have to know to take part.
pub(super) struct Welcome<'a> {
    /// How many servers there are.
    pub(super) servers: usize,
    /// About how many people.
    pub(super) people: u32,
    /// Where they come from.
    pub(super) front_end: &'a FrontEnd,
    /// The operator's socket.
    pub(super) socket: &'a Path,
    /// Where the state is.
    pub(super) home: &'a Home,
    /// What the people's doings are made of.
    pub(super) seed: u64,
}

impl<'a> Screen<'a> {
    /// A screen that nothing stands on.
    pub(super) fn new(out: &'a mut dyn Write, terminal: bool) -> Self {
        Self { out, terminal, drawn: 0 }
    }

    /// Writes something that stays. That nobody reads it is no failure.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        self.drawn = 0;
        unless_unread(self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()))
    }

    /// Shows the pool again and again, until dropped or until nobody reads any more.
    pub(super) async fn follow(&mut self, pool: &Pool, front_end: &FrontEnd) -> io::Result<()> {
        let mut tick = interval(if self.terminal { REDRAW } else { APPEND });
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let picture = self.picture(pool, &front_end.counts());
            if let Err(error) = self.draw(&picture) {
                return unless_unread(Err(error));
            }
        }
    }

    /// On a terminal the last picture is painted over. Lines that are too long are cut there, for
    /// a line that goes on in the next one would upset the count of lines.
    fn draw(&mut self, picture: &str) -> io::Result<()> {
        if !self.terminal {
            writeln!(self.out, "{picture}\n")?;
            return self.out.flush();
        }
        write!(self.out, "\x1b[?7l")?;
        if self.drawn > 0 {
            write!(self.out, "\x1b[{}A", self.drawn)?;
        }
        for line in picture.lines() {
            writeln!(self.out, "\r{line}\x1b[K")?;
        }
        write!(self.out, "\x1b[J\x1b[?7h")?;
        self.drawn = picture.lines().count();
        self.out.flush()
    }

    fn picture(&self, pool: &Pool, counts: &Counts) -> String {
        format!("{}\n\n{}", self.table(&pool.servers()), totals(counts))
    }

    fn table(&self, servers: &[(Arc<Server>, Arc<Live>)]) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        if !self.terminal {
            table.force_no_tty();
        }
        table.set_header(TITLES);
        let fair = fair(servers);
        table.add_rows(servers.iter().map(|(server, live)| row(server, live, fair)));
        for (place, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if place > 2 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.trim_fmt()
    }
}

const TITLES: [&str; 9] = [
    "id",
    "state",
    "health",
    "meetings",
    "people",
    "load",
    "weight",
    "load/weight",
    "of its share",
];

fn row(server: &Server, live: &Live, fair: Option<f64>) -> [Cell; 9] {
    let figures = live.figures();
    let load = live.load();
    let weight = server.capacity.weight();
    let utilisation = load.map(|load| load / weight);
    let share = utilisation.zip(fair).map(|(utilisation, fair)| 100.0 * utilisation / fair);
    [
        Cell::new(&server.id),
        state(server.state),
        health(live.health()),
        Cell::new(figures.meetings),
        Cell::new(figures.users),
        Cell::new(known(load, "")),
        Cell::new(weight),
        Cell::new(known(utilisation, "")),
        Cell::new(known(share, " %")),
    ]
}

/// The load that each unit of weight would have if the whole pool were evenly loaded.
fn fair(servers: &[(Arc<Server>, Arc<Live>)]) -> Option<f64> {
    let load: f64 = servers.iter().filter_map(|(_, live)| live.load()).sum();
    let weight: f64 = servers.iter().map(|(server, _)| server.capacity.weight()).sum();
    Some(load / weight).filter(|fair| *fair > 0.0)
}

fn known(number: Option<f64>, unit: &str) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.0}{unit}"))
}

fn state(state: ServerState) -> Cell {
    let cell = Cell::new(state.as_str());
    match state {
        ServerState::Enabled => cell,
        ServerState::Cordoned => cell.fg(Color::Yellow),
        ServerState::Disabled => cell.fg(Color::Red),
    }
}

fn health(health: Health) -> Cell {
    let cell = Cell::new(health.as_str());
    match health {
        Health::Online => cell.fg(Color::Green),
        Health::Unstable => cell.fg(Color::Yellow),
        Health::Offline => cell.fg(Color::Red),
        Health::Unknown => cell,
    }
}

/// What the front end has seen.
fn totals(counts: &Counts) -> String {
    let Counts { creates, joins, ends, failures, .. } = counts;
    let listing = counts.listing.map_or_else(
        || "getMeetings: -".to_owned(),
        |listing| {
            let milliseconds = listing.took.as_secs_f64() * 1000.0;
            let (classes, people) = (listing.classes, listing.people);
            format!("getMeetings: {classes} classes, {people} people, in {milliseconds:.1} ms")
        },
    );
    let failure = counts.last_failure.as_ref();
    let failure = failure.map_or_else(String::new, |failure| format!(" (last: {failure})"));
    format!(
        "{listing}\nso far: {creates} creates, {joins} joins, {ends} ends, \
         {failures} failures{failure}"
    )
}

impl fmt::Display for Welcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { servers, people, front_end, home, seed, .. } = self;
        let data = home.path().display();
        let fate = if home.is_temporary() { "removed at the end" } else { "kept" };
        writeln!(f, "beadle in front of {servers} simulated servers, about {people} people.")?;
        writeln!(f, "Ctrl-C stops it.\n")?;
        writeln!(f, "  address  {}", front_end.base())?;
        writeln!(f, "  secret   {}", front_end.secret().expose())?;
        writeln!(f, "  data     {data} ({fate})")?;
        writeln!(f, "  seed     {seed}\n")?;
        writeln!(
            f,
            "Signed calls to paste into a browser, or in quotes after curl. Create first;"
        )?;
        writeln!(f, "people who join see a page that says so.\n")?;
        for (name, url) in front_end.examples() {
            writeln!(f, "  {name:<17} {url}")?;
        }
        writeln!(f, "\nFor the operator, in another terminal:\n")?;
        // Started by cargo, the program has a path that works from there.
        let program = std::env::args().next().unwrap_or_else(|| "beadle".to_owned());
        let socket = self.socket.display();
        for command in ["servers list", "servers cordon bbb1", "servers enable bbb1"] {
            writeln!(f, "  {program} {command} --socket {socket}")?;
        }
        writeln!(f, "\nThe last column compares a server's load with what its weight calls for.\n")
    }
}

/// Nobody reads on (`beadle demo | head`): a reason to stop, no failure.
fn unless_unread(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| match error.kind() {
        ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    })
}
