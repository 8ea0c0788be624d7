//! Multipart bodies: their parameters are kept, their files are only skipped.

use std::rc::Rc;

use actix_multipart::{Field, Multipart};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::Mutex;

use super::body::{self, Body, Pieces, Room};
use super::site::Site;
use crate::bbb::Failure;

/// Reads a body and writes its parameters as a form; there must not be more than `most` parts.
pub(super) async fn as_form(
    request: &HttpRequest,
    pieces: Pieces,
    most: usize,
    site: &Site,
) -> Result<Body, Failure> {
    let pieces = Rc::new(Mutex::new(pieces));
    let parts = Multipart::new(request.headers(), payload(Rc::clone(&pieces)));
    let form = form(parts, most, site).await;
    let mut pieces = pieces.lock().await;
    let form = form.map_err(|failure| pieces.failure().unwrap_or(failure))?;
    // What stands behind the last part means nothing, but the next request comes after it.
    while pieces.next().await?.is_some() {}
    Ok(form)
}

/// The pieces in the form that the parser takes. It does not know our failures; they stay with the
/// pieces.
fn payload(pieces: Rc<Mutex<Pieces>>) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    let next = |pieces: Rc<Mutex<Pieces>>| async move {
        let piece = pieces.lock().await.next().await;
        let piece = piece.map_err(|_| PayloadError::Incomplete(None)).transpose()?;
        Some((piece, pieces))
    };
    stream::unfold(pieces, next).fuse()
}

async fn form(mut parts: Multipart, most: usize, site: &Site) -> Result<Body, Failure> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    let (mut room, mut bytes, mut count) = (Room::default(), 0, 0);
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|_| broken())?;
        count += 1;
        if count > most {
            return Err(super::signed::too_many());
        }
        let Some(name) = name(&part) else {
            while let Some(piece) = part.next().await {
                piece.map_err(|_| broken())?;
            }
            continue;
        };
        bytes += name.len();
        let mut value = Vec::new();
        while let Some(piece) = part.next().await {
            let piece = piece.map_err(|_| broken())?;
            bytes += piece.len();
            body::check_parameters(bytes)?;
            room.grow(piece.len(), site).await?;
            value.extend_from_slice(&piece);
        }
        let value = String::from_utf8(value);
        let value = value.map_err(|_| Failure::validation("The form is not UTF-8."))?;
        form.append_pair(&name, &value);
    }
    body::check_parameters(bytes)?;
    Ok(Body { bytes: form.finish().into(), room })
}

/// The name of a parameter; none where the part is a file.
fn name(part: &Field) -> Option<String> {
    let disposition = part.content_disposition()?;
    disposition.get_filename().is_none().then(|| part.name().map(str::to_owned))?
}

fn broken() -> Failure {
    Failure::validation("The multipart body of the request is broken.")
}
