//! What earlier sittings of a meeting teach about the next one.

/// How many people come to the meetings of one meetingID, by their earlier sittings. A sitting is
/// the time from a meeting's create to its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// How many people are expected, counted as load; 0 while no sitting has ended.
    pub people: f64,
    /// How many ended sittings that rests on, those to which nobody came included.
    pub sittings: u32,
    /// When somebody last saw a sitting, in milliseconds since 1970.
    pub seen_ms: u64,
    /// The sitting that goes on, or whose end nobody has seen.
    pub open: Option<Sitting>,
    /// When the last sittings began, in minutes since 1970, the newest first; 0 where there were
    /// fewer. A timetable repeats itself, so they tell when the next one is due.
    pub begun: [u32; BEGUN],
}

/// How many beginnings are remembered of each meeting: a class meets on five days a week at most.
pub const BEGUN: usize = 5;

/// One sitting of a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sitting {
    /// When it was created, in milliseconds since 1970.
    pub began_ms: u64,
    /// The highest load seen in it, rounded up.
    pub peak: u32,
}

/// Where an expected number of people comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The front end said so at create (`meta_bbb-meeting-size-hint`).
    Hint,
    /// Earlier sittings of the same meetingID.
    Meeting,
    /// What the tenant's meetings reach on average.
    Tenant,
    /// `placement.expected_people`.
    Default,
    /// `maxParticipants` of the create, which is lower than any of those.
    Limit,
    /// A breakout room: its people are counted in the class that they come from.
    Breakout,
}

impl Source {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Meeting => "meeting",
            Self::Tenant => "tenant",
            Self::Default => "default",
            Self::Limit => "limit",
            Self::Breakout => "breakout",
        }
    }
}
