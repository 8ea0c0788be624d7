//! Who passes: requests whose checksum is right.
//!
//! The order is the one that error messages of BigBlueButton show: content type, checksum, then
//! the parameters.

use std::borrow::Cow;

use actix_web::http::Method;
use actix_web::{HttpRequest, web};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::OwnedSemaphorePermit;

use super::body::{self, Body};
use super::site::Site;
use crate::bbb::call::BodyKind;
use crate::bbb::checksum::{self, Algorithm, SignedQuery};
use crate::bbb::{Call, Failure, Params};
use crate::model::Secret;

/// A request whose checksum was right; there is no other way to have one.
pub(super) struct Signed<'a> {
    /// The parameters of URL and form, without the checksum and without names that only beadle may
    /// use.
    pub(super) params: Params<'a>,
    /// The XML body.
    pub(super) xml: Option<Bytes>,
}

/// What came with a request, not verified yet.
pub(super) struct Received {
    kind: Option<BodyKind>,
    body: Body,
    /// The parameters of a multipart body, as a form would write them.
    fields: Option<String>,
}

/// Checks method and content type.
pub(super) fn admit(call: Call, request: &HttpRequest) -> Result<Option<BodyKind>, Failure> {
    match *request.method() {
        Method::GET | Method::HEAD if call.by_get() => Ok(None),
        Method::POST if call.by_post() => {
            if !body::announced(request) {
                return Ok(None);
            }
            let kind = body::kind(request).filter(|kind| call.takes(*kind));
            kind.map(Some).ok_or_else(Failure::unsupported_content_type)
        }
        _ => Err(Failure::unsupported_request()),
    }
}

/// Reads what a request brings. A body that only the URL can have signed is not read when the
/// URL's checksum is wrong, so that strangers cannot fill the memory.
pub(super) async fn receive(
    call: Call,
    kind: Option<BodyKind>,
    request: &HttpRequest,
    payload: web::Payload,
    site: &Site,
) -> Result<Received, Failure> {
    let Some(kind) = kind else {
        return Ok(Received { kind: None, body: Body::default(), fields: None });
    };
    if kind == BodyKind::Xml {
        let url = split(request.query_string())?;
        check(call.name(), &url.query, url.checksum, site)?;
    }
    let body = body::read(request, payload, site).await?;
    let fields = match kind {
        BodyKind::Multipart => Some(multipart(request, body.bytes.clone()).await?),
        BodyKind::Form | BodyKind::Xml => None,
    };
    Ok(Received { kind: Some(kind), body, fields })
}

/// Verifies the checksum and reads the parameters.
pub(super) fn verify<'a>(
    call: Call,
    query: &'a str,
    received: &'a Received,
    site: &Site,
) -> Result<Signed<'a>, Failure> {
    let url = split(query)?;
    let form = match (received.kind, &received.fields) {
        (_, Some(fields)) => split(fields)?,
        (Some(BodyKind::Form), None) => {
            let text = std::str::from_utf8(&received.body.bytes);
            split(text.map_err(|_| Failure::validation("The form is not UTF-8."))?)?
        }
        _ => SignedQuery { query: Cow::Borrowed(""), checksum: None },
    };
    if url.checksum.is_some() && form.checksum.is_some() {
        return Err(Failure::checksum());
    }
    check(call.name(), &url.query, url.checksum.or(form.checksum), site)?;
    let mut params = parse(url.query)?;
    let form = parse(form.query)?;
    if params.common_name(&form).is_some() {
        // A signature covers the URL only: what stands there must not have a second value.
        return Err(Failure::checksum());
    }
    params.append(form);
    params.retain(|name| !is_reserved(name) && !FRAMEWORK.contains(&name));
    let xml = (received.kind == Some(BodyKind::Xml)).then(|| received.body.bytes.clone());
    Ok(Signed { params, xml: xml.filter(|xml| !xml.is_empty()) })
}

impl Received {
    /// The room that the body takes.
    pub(super) fn into_room(self) -> Vec<OwnedSemaphorePermit> {
        self.body.into_parts().1
    }
}

/// Whether a checksum is right under one of these secrets.
pub(super) fn passes(
    call: &str,
    query: &str,
    checksum: Option<&str>,
    allowed: &[Algorithm],
    secrets: &[Secret],
) -> Result<(), Failure> {
    let secrets = secrets.iter().map(Secret::expose);
    match checksum {
        Some(received) if checksum::verify(call, query, received, allowed, secrets) => Ok(()),
        _ => Err(Failure::checksum()),
    }
}

/// Takes a raw query apart.
pub(super) fn split(query: &str) -> Result<SignedQuery<'_>, Failure> {
    SignedQuery::split(query).map_err(|_| Failure::checksum())
}

fn check(call: &str, query: &str, checksum: Option<&str>, site: &Site) -> Result<(), Failure> {
    let api = &site.config().api;
    passes(call, query, checksum, &api.checksum_algorithms, &api.secrets)
}

fn parse(query: Cow<'_, str>) -> Result<Params<'_>, Failure> {
    let refused = |error: crate::bbb::params::BadEncoding| Failure::validation(sentence(&error));
    match query {
        Cow::Borrowed(query) => Params::parse(query).map_err(refused),
        Cow::Owned(query) => Params::parse(&query).map(Params::into_owned).map_err(refused),
    }
}

fn sentence(error: &impl ToString) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
        + "."
}

/// Names that mean something to the servers' web framework and nothing to their API: `format`, for
/// one, chooses the form of an answer. They are not passed on.
const FRAMEWORK: [&str; 3] = ["controller", "action", "format"];

/// Names that beadle and its tenants use towards servers. From outside they would let one front
/// end speak for another.
fn is_reserved(name: &str) -> bool {
    let starts =
        |prefix: &str| name.get(..prefix.len()).is_some_and(|p| p.eq_ignore_ascii_case(prefix));
    starts("meta_beadle-") || starts("meta_tenant-")
}

/// The parameters of a multipart body, written as a form. Files in it are not parameters.
async fn multipart(request: &HttpRequest, body: Bytes) -> Result<String, Failure> {
    let broken = || Failure::validation("The multipart body of the request is broken.");
    let body = futures_util::stream::once(async { Ok(body) });
    let mut parts = actix_multipart::Multipart::new(request.headers(), body);
    let mut form = form_urlencoded::Serializer::new(String::new());
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|_| broken())?;
        let disposition = part.content_disposition();
        let file = disposition.is_none_or(|d| d.get_filename().is_some());
        let name = part.name().map(str::to_owned);
        let mut value = Vec::new();
        while let Some(piece) = part.next().await {
            value.extend_from_slice(&piece.map_err(|_| broken())?);
        }
        if let Some(name) = name.filter(|_| !file) {
            let value = String::from_utf8(value);
            form.append_pair(
                &name,
                &value.map_err(|_| Failure::validation("The form is not UTF-8."))?,
            );
        }
    }
    Ok(form.finish())
}
