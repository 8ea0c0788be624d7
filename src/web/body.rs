//! Bodies of requests: read whole, within limits of size, time and memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use tokio::sync::OwnedSemaphorePermit;

use super::site::{BODY_UNIT, Site};
use crate::bbb::Failure;
use crate::bbb::call::BodyKind;

/// The most that the parameters of a request may take, and a body that the URL does not sign.
const PARAMETERS: u64 = 1 << 20;

/// The least rate of a body, in bytes per second: nobody holds the memory for ever.
const RATE: u64 = 16 << 10;

/// What bounds the size of a body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// `http.body_limit`.
    Body,
    /// It is parameters and nothing else.
    Parameters,
    /// Who sends it is not known before it was read, because the checksum may be in it.
    Unsigned,
}

/// A body in memory. While it lives, its size counts against the budget of all bodies.
#[derive(Default)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) room: Room,
}

/// A part of the budget of all bodies.
#[derive(Default)]
pub(super) struct Room {
    permit: Option<OwnedSemaphorePermit>,
    bytes: u64,
}

/// A body as it comes, piece by piece, within its limits of size and time.
pub(super) struct Pieces {
    payload: web::Payload,
    limit: Limit,
    most: u64,
    announced: u64,
    received: u64,
    pause: Duration,
    began: Instant,
    failed: Option<Failure>,
}

/// Whether a request announces a body.
pub(super) fn announced(request: &HttpRequest) -> bool {
    let headers = request.headers();
    headers.contains_key(TRANSFER_ENCODING) || announced_length(request).is_some_and(|n| n > 0)
}

/// The kind of body that the request says it brings.
pub(super) fn kind(request: &HttpRequest) -> Option<BodyKind> {
    let content_type = request.headers().get(CONTENT_TYPE)?;
    BodyKind::of(content_type.to_str().ok()?)
}

/// Whether the request says that it brings JSON.
pub(super) fn is_json(request: &HttpRequest) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|text| text.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Reads the whole body. On failure the rest of it may still be on its way.
pub(super) async fn read(mut pieces: Pieces, site: &Site) -> Result<Body, Failure> {
    // What is announced need not come: memory is taken as it does, the room at once only if small.
    let capacity = usize::try_from(pieces.announced.min(1 << 20)).unwrap_or_default();
    let (mut bytes, mut room) = (BytesMut::with_capacity(capacity), Room::default());
    // Room for all that is announced is taken first: bodies that each hold a part and wait for
    // the rest would wait for each other.
    let waiting = Instant::now();
    room.grow(usize::try_from(pieces.announced).unwrap_or(usize::MAX), site).await?;
    pieces.began += waiting.elapsed();
    let mut covered = pieces.announced;
    while let Some(piece) = pieces.next().await? {
        let waiting = Instant::now();
        let more = (piece.len() as u64).saturating_sub(covered);
        covered = covered.saturating_sub(piece.len() as u64);
        if more > 0 {
            room.grow(usize::try_from(more).unwrap_or(usize::MAX), site).await?;
        }
        // The client is not slow while beadle has no room for what it sends.
        pieces.began += waiting.elapsed();
        bytes.extend_from_slice(&piece);
    }
    Ok(Body { bytes: bytes.freeze(), room })
}

impl Limit {
    fn bytes(self, body_limit: u64) -> u64 {
        match self {
            Self::Body => body_limit,
            Self::Parameters | Self::Unsigned => body_limit.min(PARAMETERS),
        }
    }

    /// The refusal of what is larger than that many bytes.
    fn exceeded(self, bytes: u64) -> Failure {
        let mebibytes = bytes / (1 << 20);
        let most =
            if mebibytes > 0 { format!("{mebibytes} MiB") } else { format!("{bytes} bytes") };
        Failure::validation(match self {
            Self::Parameters if bytes == PARAMETERS => {
                format!("The parameters of the request are too large; at most {most} are accepted.")
            }
            Self::Unsigned if bytes == PARAMETERS => format!(
                "The body of the request is too large; without a checksum in the URL at most \
                 {most} are accepted."
            ),
            _ => format!("The body of the request is too large; at most {most} are accepted."),
        })
    }
}

/// Refuses parameters of that many bytes when they are too many.
pub(super) fn check_parameters(bytes: usize) -> Result<(), Failure> {
    if bytes as u64 > PARAMETERS {
        return Err(Limit::Parameters.exceeded(PARAMETERS));
    }
    Ok(())
}

impl Pieces {
    /// The body of a request; refused at once when it announces to be too large.
    pub(super) fn of(
        request: &HttpRequest,
        payload: web::Payload,
        limit: Limit,
        site: &Site,
    ) -> Result<Self, Failure> {
        let config = site.config();
        let most = limit.bytes(config.http.body_limit);
        let announced = announced_length(request).unwrap_or_default();
        if announced > most {
            return Err(limit.exceeded(most));
        }
        let pause = config.http.body_timeout;
        let (received, began, failed) = (0, Instant::now(), None);
        Ok(Self { payload, limit, most, announced, received, pause, began, failed })
    }

    /// The next piece; none at the end. After a failure there is nothing but that failure.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(failure) = &self.failed {
            return Err(failure.clone());
        }
        let next = self.receive().await;
        if let Err(failure) = &next {
            self.failed = Some(failure.clone());
        }
        next
    }

    /// The failure that there was, if any.
    pub(super) fn failure(&mut self) -> Option<Failure> {
        self.failed.take()
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, Failure> {
        let in_all = self.pause + Duration::from_secs(self.received / RATE + 1);
        let left = in_all.saturating_sub(self.began.elapsed());
        match tokio::time::timeout(left.min(self.pause), self.payload.next()).await {
            Err(_) if left < self.pause => {
                Err(Failure::validation("The body of the request comes too slowly."))
            }
            Err(_) => Err(Failure::validation("The body of the request stopped coming.")),
            Ok(None) => Ok(None),
            Ok(Some(Err(_))) => Err(Failure::validation("The body of the request is broken.")),
            Ok(Some(Ok(piece))) => {
                self.received += piece.len() as u64;
                if self.received > self.most {
                    return Err(self.limit.exceeded(self.most));
                }
                Ok(Some(piece))
            }
        }
    }
}

impl Room {
    /// Makes room for that many bytes more, waiting for it no longer than for a body.
    pub(super) async fn grow(&mut self, bytes: usize, site: &Site) -> Result<(), Failure> {
        self.bytes += bytes as u64;
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let units = self.bytes.div_ceil(BODY_UNIT).saturating_sub(held as u64);
        if units == 0 {
            return Ok(());
        }
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let more = Arc::clone(&site.bodies.0).acquire_many_owned(units);
        let wait = site.config().http.body_timeout;
        let Ok(Ok(more)) = tokio::time::timeout(wait, more).await else {
            return Err(Failure::internal("Too many large requests at once. Please try again."));
        };
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        Ok(())
    }
}

fn announced_length(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}
