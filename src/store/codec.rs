//! Records as bytes: a version byte, then bincode.
//!
//! The stored types are apart from the types in memory, so that either can change alone. A new
//! version of a record gets a new number; the old one stays readable here.

use serde::{Deserialize, Serialize};

use crate::model::{
    Capacity, Meeting, MeetingId, Secret, Server, ServerId, ServerState, ServerUrl, TenantId,
};

/// The largest value in bytes; sled moves larger ones into files that it never syncs.
pub const VALUE_LIMIT: usize = 4096;

const VERSION: u8 = 1;

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

/// A server's value.
pub fn encode_server(server: &Server) -> Result<Vec<u8>, CodecError> {
    let (weight, as_multiplier) = match server.capacity {
        Capacity::Weight(weight) => (weight, false),
        Capacity::LoadMultiplier(multiplier) => (multiplier, true),
    };
    encode(&ServerRecord {
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
    })
}

/// The server of a key and its value.
pub fn decode_server(key: &[u8], value: &[u8]) -> Result<Server, CodecError> {
    let record: ServerRecord = decode(value)?;
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
    })
}

/// A meeting's key. Neither tenant nor meetingID can contain NUL.
pub fn meeting_key(tenant: &TenantId, id: &MeetingId) -> Vec<u8> {
    [tenant.as_str().as_bytes(), b"\0", id.as_str().as_bytes()].concat()
}

/// A meeting's value.
pub fn encode_meeting(meeting: &Meeting) -> Result<Vec<u8>, CodecError> {
    encode(&MeetingRecord {
        internal_id: meeting.internal_id.to_string(),
        alias: meeting.alias.as_deref().map(str::to_owned),
        server: meeting.server.as_str().to_owned(),
        moderator_pw: meeting.moderator_pw.to_string(),
        voice_bridge: meeting.voice_bridge.to_string(),
        created_ms: meeting.created_ms,
        expected_people: meeting.expected_people,
    })
}

/// The meeting of a key and its value.
pub fn decode_meeting(key: &[u8], value: &[u8]) -> Result<Meeting, CodecError> {
    let record: MeetingRecord = decode(value)?;
    let (tenant, id) = text(key)?
        .split_once('\0')
        .ok_or_else(|| CodecError::Damaged("its key names no tenant".to_owned()))?;
    Ok(Meeting {
        tenant: TenantId::from(tenant),
        id: MeetingId::from(id),
        internal_id: record.internal_id.into(),
        alias: record.alias.map(String::into_boxed_str),
        server: ServerId::from(record.server),
        moderator_pw: record.moderator_pw.into(),
        voice_bridge: record.voice_bridge.into(),
        created_ms: record.created_ms,
        expected_people: record.expected_people,
    })
}

fn text(key: &[u8]) -> Result<&str, CodecError> {
    std::str::from_utf8(key).map_err(|error| CodecError::Damaged(error.to_string()))
}

fn format() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<VALUE_LIMIT>()
}

fn encode(record: &impl Serialize) -> Result<Vec<u8>, CodecError> {
    let mut value = vec![VERSION];
    bincode::serde::encode_into_std_write(record, &mut value, format())
        .map_err(|error| CodecError::Damaged(error.to_string()))?;
    if value.len() > VALUE_LIMIT { Err(CodecError::TooLarge(value.len())) } else { Ok(value) }
}

fn decode<T: for<'de> Deserialize<'de>>(value: &[u8]) -> Result<T, CodecError> {
    match value {
        [VERSION, record @ ..] => bincode::serde::decode_from_slice(record, format())
            .map(|(record, _)| record)
            .map_err(|error| CodecError::Damaged(error.to_string())),
        [other, ..] => Err(CodecError::Version(*other)),
        [] => Err(CodecError::Damaged("it is empty".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of version 1, so that a change of the format cannot go unnoticed.
    #[test]
    fn a_server_of_version_1_keeps_its_bytes() {
        let server = Server {
            id: ServerId::from("a"),
            url: ServerUrl::exact("http://h/b").unwrap(),
            secret: Secret::new("s").unwrap(),
            capacity: Capacity::LoadMultiplier(2.0),
            tag: Some("t".into()),
            state: ServerState::Cordoned,
            max_meetings: None,
            max_users: Some(7),
        };
        let value = encode_server(&server).unwrap();
        let expected =
            b"\x01\x0ahttp://h/b\x01s\0\0\0\0\0\0\0\x40\x01\x01\x01t\x01\0\x01\x07".to_vec();
        assert_eq!(value, expected);
        assert_eq!(decode_server(b"a", &value).unwrap(), server);
    }

    #[test]
    fn a_meeting_of_version_1_keeps_its_bytes() {
        let meeting = Meeting {
            tenant: TenantId::none(),
            id: MeetingId::from("m"),
            internal_id: "i".into(),
            alias: None,
            server: ServerId::from("a"),
            moderator_pw: "p".into(),
            voice_bridge: "9".into(),
            created_ms: 5,
            expected_people: 20,
        };
        let value = encode_meeting(&meeting).unwrap();
        assert_eq!(value, b"\x01\x01i\0\x01a\x01p\x019\x05\x14".to_vec());
        let key = meeting_key(&meeting.tenant, &meeting.id);
        assert_eq!(decode_meeting(&key, &value).unwrap(), meeting);
    }

    #[test]
    fn records_that_are_damaged_newer_or_too_large_are_told_apart() {
        assert_eq!(decode_server(b"a", &[2, 0]).unwrap_err(), CodecError::Version(2));
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
        assert!(matches!(encode(&big), Err(CodecError::TooLarge(_))));
    }
}
