//! Records as bytes: a version byte, then bincode.
//!
//! The stored types are apart from the types in memory, so that either can change alone. A new
//! version of a record gets a new number; the old one stays readable here.

use serde::{Deserialize, Serialize};

use crate::model::{
    BEGUN, Capacity, LostCopy, Meeting, MeetingId, Phase, Secret, Server, ServerId, ServerState,
    ServerUrl, Sitting, Size, Source, TenantId,
};

/// The largest value in bytes; sled moves larger ones into files that it never syncs.
pub const VALUE_LIMIT: usize = 4096;

/// The version of all records but those of servers and meetings.
const FIRST: u8 = 1;

/// The version of a server's record since it says whether the server is a spare one.
const SPARE: u8 = 2;

/// The version of a meeting's record since its life cycle is stored with it.
const LIFE_CYCLE: u8 = 2;

/// A record cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// It would exceed [`VALUE_LIMIT`].
    #[error("it takes {0} bytes")]
    TooLarge(usize),
    /// Its version is not known.
    #[error("it has the unknown version {0}")]
    Version(u8),
    /// It is not what its version says.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

#[derive(Serialize, Deserialize)]
struct ServerRecord {
    url: String,
    secret: String,
    weight: f64,
    /// Whether `weight` was given as a load multiplier, which is then what stands there.
    as_multiplier: bool,
    tag: Option<String>,
    state: u8,
    max_meetings: Option<u32>,
    max_users: Option<u32>,
}

/// What the second version of a server's record adds to the first.
#[derive(Serialize, Deserialize)]
struct MaybeSpare {
    first: ServerRecord,
    spare: bool,
}

#[derive(Serialize, Deserialize)]
struct MeetingRecord {
    internal_id: String,
    alias: Option<String>,
    server: String,
    moderator_pw: String,
    voice_bridge: String,
    created_ms: u64,
    expected_people: u32,
}

/// What the second version of a meeting's record adds to the first.
#[derive(Serialize, Deserialize)]
struct LifeCycle {
    first: MeetingRecord,
    running: bool,
    create_time: u64,
    lost: Vec<u64>,
    end_token: String,
    expected_from: u8,
}

#[derive(Serialize, Deserialize)]
struct SizeRecord {
    people: f64,
    sittings: u32,
    seen_ms: u64,
    /// Beginning and peak.
    open: Option<(u64, u32)>,
    /// Beginnings, newest first, in minutes.
    begun: Vec<u32>,
}

#[derive(Serialize, Deserialize)]
struct CopyRecord {
    tenant: String,
    id: String,
    moderator_pw: String,
    lost_ms: u64,
}

/// A server's value.
pub fn encode_server(server: &Server) -> Result<Vec<u8>, CodecError> {
    let (weight, as_multiplier) = match server.capacity {
        Capacity::Weight(weight) => (weight, false),
        Capacity::LoadMultiplier(multiplier) => (multiplier, true),
    };
    let first = ServerRecord {
        url: server.url.as_str().to_owned(),
        secret: server.secret.expose().to_owned(),
        weight,
        as_multiplier,
        tag: server.tag.as_deref().map(str::to_owned),
        state: match server.state {
            ServerState::Enabled => 0,
            ServerState::Cordoned => 1,
            ServerState::Disabled => 2,
        },
        max_meetings: server.max_meetings,
        max_users: server.max_users,
    };
    encode(SPARE, &MaybeSpare { first, spare: server.spare })
}

/// The server of a key and its value.
pub fn decode_server(key: &[u8], value: &[u8]) -> Result<Server, CodecError> {
    let MaybeSpare { first: record, spare } = match value.first() {
        Some(&FIRST) => MaybeSpare { first: decode(FIRST, value)?, spare: false },
        _ => decode(SPARE, value)?,
    };
    let damaged = |error: &dyn std::fmt::Display| CodecError::Damaged(error.to_string());
    Ok(Server {
        id: ServerId::from(text(key)?),
        url: ServerUrl::exact(&record.url).map_err(|error| damaged(&error))?,
        secret: Secret::new(record.secret).map_err(|error| damaged(&error))?,
        capacity: if record.as_multiplier {
            Capacity::LoadMultiplier(record.weight)
        } else {
            Capacity::Weight(record.weight)
        },
        tag: record.tag.map(String::into_boxed_str),
        state: match record.state {
            0 => ServerState::Enabled,
            1 => ServerState::Cordoned,
            2 => ServerState::Disabled,
            other => {
                return Err(CodecError::Damaged(format!("no server state has number {other}")));
            }
        },
        max_meetings: record.max_meetings,
        max_users: record.max_users,
        spare,
    })
}

/// A meeting's key. Neither tenant nor meetingID can contain NUL.
pub fn meeting_key(tenant: &TenantId, id: &str) -> Vec<u8> {
    [tenant.as_str().as_bytes(), b"\0", id.as_bytes()].concat()
}

/// The tenant and the meetingID of a key, if it is one.
pub fn meeting_of_key(key: &[u8]) -> Option<(TenantId, MeetingId)> {
    let (tenant, id) = halves(key).ok()?;
    Some((TenantId::from(tenant), MeetingId::from(id)))
}

/// A meeting's value.
pub fn encode_meeting(meeting: &Meeting) -> Result<Vec<u8>, CodecError> {
    let first = MeetingRecord {
        internal_id: meeting.internal_id.to_string(),
        alias: meeting.alias.as_deref().map(str::to_owned),
        server: meeting.server.as_str().to_owned(),
        moderator_pw: meeting.moderator_pw.to_string(),
        voice_bridge: meeting.voice_bridge.to_string(),
        created_ms: meeting.created_ms,
        expected_people: meeting.expected_people,
    };
    let record = LifeCycle {
        first,
        running: meeting.phase == Phase::Running,
        create_time: meeting.create_time,
        lost: meeting.lost.to_vec(),
        end_token: meeting.end_token.to_string(),
        expected_from: match meeting.expected_from {
            Source::Default => 0,
            Source::Hint => 1,
            Source::Meeting => 2,
            Source::Tenant => 3,
            Source::Limit => 4,
            Source::Breakout => 5,
        },
    };
    encode(LIFE_CYCLE, &record)
}

/// The meeting of a key and its value.
pub fn decode_meeting(key: &[u8], value: &[u8]) -> Result<Meeting, CodecError> {
    let record = match value.first() {
        Some(&FIRST) => LifeCycle::of_the_first(decode(FIRST, value)?),
        _ => decode(LIFE_CYCLE, value)?,
    };
    let LifeCycle { first, running, create_time, lost, end_token, expected_from } = record;
    let (tenant, id) = halves(key)?;
    Ok(Meeting {
        tenant: TenantId::from(tenant),
        id: MeetingId::from(id),
        phase: if running { Phase::Running } else { Phase::Creating },
        internal_id: first.internal_id.into(),
        alias: first.alias.map(String::into_boxed_str),
        server: ServerId::from(first.server),
        moderator_pw: first.moderator_pw.into(),
        voice_bridge: first.voice_bridge.into(),
        created_ms: first.created_ms,
        create_time,
        lost: lost.into(),
        end_token: end_token.into(),
        expected_people: first.expected_people,
        expected_from: source(expected_from)?,
    })
}

impl LifeCycle {
    /// A meeting that was stored before its life cycle was: only running ones were.
    fn of_the_first(first: MeetingRecord) -> Self {
        Self {
            first,
            running: true,
            create_time: 0,
            lost: Vec::new(),
            end_token: String::new(),
            expected_from: 0,
        }
    }
}

fn source(number: u8) -> Result<Source, CodecError> {
    Ok(match number {
        0 => Source::Default,
        1 => Source::Hint,
        2 => Source::Meeting,
        3 => Source::Tenant,
        4 => Source::Limit,
        5 => Source::Breakout,
        other => {
            return Err(CodecError::Damaged(format!("no source of a size has number {other}")));
        }
    })
}

/// The value of what is known of a meeting's size. Its key is [`meeting_key`], with an empty
/// meetingID for what is known of all meetings of the tenant.
pub fn encode_size(size: &Size) -> Result<Vec<u8>, CodecError> {
    let record = SizeRecord {
        people: size.people,
        sittings: size.sittings,
        seen_ms: size.seen_ms,
        open: size.open.map(|open| (open.began_ms, open.peak)),
        begun: size.begun.into_iter().take_while(|&minute| minute > 0).collect(),
    };
    encode(FIRST, &record)
}

/// What is known of a meeting's size.
pub fn decode_size(value: &[u8]) -> Result<Size, CodecError> {
    let SizeRecord { people, sittings, seen_ms, open, begun } = decode(FIRST, value)?;
    let open = open.map(|(began_ms, peak)| Sitting { began_ms, peak });
    let mut size = Size { people, sittings, seen_ms, open, begun: [0; BEGUN] };
    size.begun.iter_mut().zip(begun).for_each(|(place, minute)| *place = minute);
    Ok(size)
}

/// A lost copy's key. Neither server nor internalMeetingID can contain NUL.
pub fn copy_key(server: &ServerId, internal_id: &str) -> Vec<u8> {
    [server.as_str().as_bytes(), b"\0", internal_id.as_bytes()].concat()
}

/// A lost copy's value.
pub fn encode_copy(copy: &LostCopy) -> Result<Vec<u8>, CodecError> {
    let record = CopyRecord {
        tenant: copy.tenant.as_str().to_owned(),
        id: copy.id.as_str().to_owned(),
        moderator_pw: copy.moderator_pw.to_string(),
        lost_ms: copy.lost_ms,
    };
    encode(FIRST, &record)
}

/// The lost copy of a key and its value.
pub fn decode_copy(key: &[u8], value: &[u8]) -> Result<LostCopy, CodecError> {
    let record: CopyRecord = decode(FIRST, value)?;
    let (server, internal_id) = halves(key)?;
    Ok(LostCopy {
        tenant: TenantId::from(record.tenant),
        id: MeetingId::from(record.id),
        server: ServerId::from(server),
        internal_id: internal_id.into(),
        moderator_pw: record.moderator_pw.into(),
        lost_ms: record.lost_ms,
    })
}

/// The value of a meeting that was ended: when, in milliseconds since 1970. Its key is its name or
/// its internalMeetingID.
pub fn encode_ended(ended_ms: u64) -> Result<Vec<u8>, CodecError> {
    encode(FIRST, &ended_ms)
}

/// The internalMeetingID of a key, and when the meeting was ended.
pub fn decode_ended(key: &[u8], value: &[u8]) -> Result<(Box<str>, u64), CodecError> {
    Ok((text(key)?.into(), decode(FIRST, value)?))
}

/// A key of two parts with a NUL between them.
fn halves(key: &[u8]) -> Result<(&str, &str), CodecError> {
    let one_part = || CodecError::Damaged("its key has one part only".to_owned());
    text(key)?.split_once('\0').ok_or_else(one_part)
}

fn text(key: &[u8]) -> Result<&str, CodecError> {
    std::str::from_utf8(key).map_err(|error| CodecError::Damaged(error.to_string()))
}

fn format() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<VALUE_LIMIT>()
}

fn encode(version: u8, record: &impl Serialize) -> Result<Vec<u8>, CodecError> {
    let mut value = vec![version];
    bincode::serde::encode_into_std_write(record, &mut value, format())
        .map_err(|error| CodecError::Damaged(error.to_string()))?;
    if value.len() > VALUE_LIMIT { Err(CodecError::TooLarge(value.len())) } else { Ok(value) }
}

fn decode<T: for<'de> Deserialize<'de>>(version: u8, value: &[u8]) -> Result<T, CodecError> {
    match value {
        [found, record @ ..] if *found == version => {
            bincode::serde::decode_from_slice(record, format())
                .map(|(record, _)| record)
                .map_err(|error| CodecError::Damaged(error.to_string()))
        }
        [other, ..] => Err(CodecError::Version(*other)),
        [] => Err(CodecError::Damaged("it is empty".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server {
            id: ServerId::from("a"),
            url: ServerUrl::exact("http://h/b").unwrap(),
            secret: Secret::new("s").unwrap(),
            capacity: Capacity::LoadMultiplier(2.0),
            tag: Some("t".into()),
            state: ServerState::Cordoned,
            max_meetings: None,
            max_users: Some(7),
            spare: false,
        }
    }

    #[test]
    fn a_server_of_version_1_is_still_read() {
        let value = b"\x01\x0ahttp://h/b\x01s\0\0\0\0\0\0\0\x40\x01\x01\x01t\x01\0\x01\x07";
        assert_eq!(decode_server(b"a", value).unwrap(), server());
    }

    /// The bytes, so that a change of the format cannot go unnoticed.
    #[test]
    fn a_server_of_version_2_keeps_its_bytes() {
        let server = Server { spare: true, ..server() };
        let value = encode_server(&server).unwrap();
        let expected =
            b"\x02\x0ahttp://h/b\x01s\0\0\0\0\0\0\0\x40\x01\x01\x01t\x01\0\x01\x07\x01".to_vec();
        assert_eq!(value, expected);
        assert_eq!(decode_server(b"a", &value).unwrap(), server);
    }

    fn meeting() -> Meeting {
        Meeting {
            phase: Phase::Running,
            internal_id: "i".into(),
            moderator_pw: "p".into(),
            voice_bridge: "9".into(),
            expected_people: 20,
            ..Meeting::starting(TenantId::none(), MeetingId::from("m"), ServerId::from("a"), 5)
        }
    }

    #[test]
    fn a_meeting_of_version_1_is_still_read() {
        let key = meeting_key(&TenantId::none(), "m");
        assert_eq!(decode_meeting(&key, b"\x01\x01i\0\x01a\x01p\x019\x05\x14").unwrap(), meeting());
    }

    #[test]
    fn a_meeting_of_version_2_keeps_its_bytes() {
        let (create_time, lost, end_token) = (6, [7].into(), "t".into());
        let expected_from = Source::Hint;
        let meeting = Meeting { create_time, lost, end_token, expected_from, ..meeting() };
        let value = encode_meeting(&meeting).unwrap();
        assert_eq!(value, b"\x02\x01i\0\x01a\x01p\x019\x05\x14\x01\x06\x01\x07\x01t\x01".to_vec());
        let key = meeting_key(&meeting.tenant, meeting.id.as_str());
        assert_eq!(decode_meeting(&key, &value).unwrap(), meeting);
    }

    #[test]
    fn a_size_keeps_its_bytes() {
        let open = Some(Sitting { began_ms: 7, peak: 8 });
        for (open, end) in [(None, &b"\0"[..]), (open, b"\x01\x07\x08")] {
            let size = Size { people: 2.0, sittings: 5, seen_ms: 6, open, begun: [4, 3, 0, 0, 0] };
            let value = encode_size(&size).unwrap();
            let begun = b"\x02\x04\x03";
            assert_eq!(value, [b"\x01\0\0\0\0\0\0\0\x40\x05\x06", end, begun].concat());
            assert_eq!(decode_size(&value).unwrap(), size);
        }
    }

    #[test]
    fn a_lost_copy_and_an_ended_meeting_keep_their_bytes() {
        let copy = meeting().lost_copy(8).unwrap();
        let value = encode_copy(&copy).unwrap();
        assert_eq!(value, b"\x01\0\x01m\x01p\x08".to_vec());
        assert_eq!(decode_copy(&copy_key(&copy.server, &copy.internal_id), &value).unwrap(), copy);
        let value = encode_ended(9).unwrap();
        assert_eq!(value, b"\x01\x09".to_vec());
        assert_eq!(decode_ended(b"i", &value).unwrap(), ("i".into(), 9));
    }

    #[test]
    fn records_that_are_damaged_newer_or_too_large_are_told_apart() {
        assert_eq!(decode_server(b"a", &[3, 0]).unwrap_err(), CodecError::Version(3));
        assert!(matches!(decode_server(b"a", &[1, 9]), Err(CodecError::Damaged(_))));
        let big = MeetingRecord {
            internal_id: "x".repeat(VALUE_LIMIT),
            alias: None,
            server: String::new(),
            moderator_pw: String::new(),
            voice_bridge: String::new(),
            created_ms: 0,
            expected_people: 0,
        };
        assert!(matches!(encode(FIRST, &big), Err(CodecError::TooLarge(_))));
    }
}
