//! Bodies of requests: read whole, within limits of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use tokio::sync::OwnedSemaphorePermit;

use super::site::{BODY_UNIT, Site};
use crate::bbb::Failure;
use crate::bbb::call::BodyKind;

/// A body in memory. While it lives, its size counts against the budget of all bodies.
#[derive(Default)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    permits: Vec<OwnedSemaphorePermit>,
}

impl Body {
    /// The bytes, and what holds their place in the budget.
    pub(super) fn into_parts(self) -> (Bytes, Vec<OwnedSemaphorePermit>) {
        (self.bytes, self.permits)
    }
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
pub(super) async fn read(
    request: &HttpRequest,
    mut payload: web::Payload,
    site: &Site,
) -> Result<Body, Failure> {
    let (limit, pause) = {
        let config = site.config();
        (config.http.body_limit, config.http.body_timeout)
    };
    let length = announced_length(request).unwrap_or_default();
    if length > limit {
        return Err(too_large(limit));
    }
    // What is announced need not come: memory is taken as it does, the room at once only if small.
    let room = usize::try_from(length.min(1 << 20)).unwrap_or_default();
    let (mut bytes, mut permits) = (BytesMut::with_capacity(room), Vec::new());
    while let Some(piece) = next(&mut payload, pause).await? {
        if (bytes.len() + piece.len()) as u64 > limit {
            return Err(too_large(limit));
        }
        permits.push(room_for(site, piece.len(), pause).await?);
        bytes.extend_from_slice(&piece);
    }
    Ok(Body { bytes: bytes.freeze(), permits })
}

async fn next(payload: &mut web::Payload, pause: Duration) -> Result<Option<Bytes>, Failure> {
    match tokio::time::timeout(pause, payload.next()).await {
        Err(_) => Err(Failure::validation("The body of the request stopped coming.")),
        Ok(None) => Ok(None),
        Ok(Some(Ok(piece))) => Ok(Some(piece)),
        Ok(Some(Err(_))) => Err(Failure::validation("The body of the request is broken.")),
    }
}

async fn room_for(
    site: &Site,
    bytes: usize,
    wait: Duration,
) -> Result<OwnedSemaphorePermit, Failure> {
    let units = u32::try_from((bytes as u64).div_ceil(BODY_UNIT)).unwrap_or(u32::MAX);
    let room = Arc::clone(&site.bodies.0).acquire_many_owned(units);
    match tokio::time::timeout(wait, room).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(Failure::internal("Too many large requests at once. Please try again.")),
    }
}

fn announced_length(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn too_large(limit: u64) -> Failure {
    let mebibytes = limit / (1 << 20);
    let limit = if mebibytes > 0 { format!("{mebibytes} MiB") } else { format!("{limit} bytes") };
    Failure::validation(format!(
        "The body of the request is too large; at most {limit} are accepted."
    ))
}
