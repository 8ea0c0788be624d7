//! Who passes: requests whose checksum is right.
//!
//! The order is the one that error messages of BigBlueButton show: content type, checksum, then
//! the parameters.

use std::borrow::Cow;

use actix_web::http::Method;
use actix_web::{HttpRequest, web};
use bytes::Bytes;

use super::body::{self, Body, Limit, Pieces, Room};
use super::multipart;
use super::site::Site;
use crate::bbb::call::BodyKind;
use crate::bbb::checksum::{self, Algorithm, SignedQuery};
use crate::bbb::{Call, Failure, Params};
use crate::model::Secret;

/// How many parameters a request may have, in URL and form together.
const MANY: usize = 2000;

/// A request whose checksum was right; there is no other way to have one.
pub(super) struct Signed<'a> {
    call: Call,
    params: Params<'a>,
    xml: Option<Bytes>,
}

/// What came with a request, not verified yet.
#[derive(Default)]
pub(super) struct Received {
    kind: Option<BodyKind>,
    /// XML or a form; a multipart body has become a form.
    body: Body,
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

/// Reads what a request brings. Whose checksum in the URL is wrong is not listened to any longer,
/// so that strangers cannot fill the memory; those who may have it in the form are little heard.
pub(super) async fn receive(
    call: Call,
    kind: Option<BodyKind>,
    request: &HttpRequest,
    payload: web::Payload,
    site: &Site,
) -> Result<Received, Failure> {
    let Some(kind) = kind else { return Ok(Received::default()) };
    let url = split(request.query_string())?;
    let by_url = url.checksum.is_some() || kind == BodyKind::Xml;
    if by_url {
        check(call.name(), &url.query, url.checksum, site)?;
    }
    let limit = match kind {
        BodyKind::Xml => Limit::Body,
        BodyKind::Multipart if by_url => Limit::Body,
        BodyKind::Form if by_url => Limit::Parameters,
        BodyKind::Multipart | BodyKind::Form => Limit::Unsigned,
    };
    let pieces = Pieces::of(request, payload, limit, site)?;
    let body = match kind {
        BodyKind::Multipart => multipart::as_form(request, pieces, MANY, site).await?,
        BodyKind::Form | BodyKind::Xml => body::read(pieces, site).await?,
    };
    Ok(Received { kind: Some(kind), body })
}

/// Verifies the checksum and reads the parameters.
pub(super) fn verify<'a>(
    call: Call,
    query: &'a str,
    received: &'a Received,
    site: &Site,
) -> Result<Signed<'a>, Failure> {
    let url = split(query)?;
    let form = split(received.form()?)?;
    if url.checksum.is_some() && form.checksum.is_some() {
        return Err(Failure::checksum());
    }
    check(call.name(), &url.query, url.checksum.or(form.checksum), site)?;
    if count(&url.query) + count(&form.query) > MANY {
        return Err(too_many());
    }
    let mut params = parse(url.query)?;
    let form = parse(form.query)?;
    if params.common_name(&form).is_some() {
        // A signature covers the URL only: what stands there must not have a second value.
        return Err(Failure::checksum());
    }
    params.append(form);
    params.retain(|name| !is_reserved(name) && !FRAMEWORK.contains(&name));
    let xml = (received.kind == Some(BodyKind::Xml)).then(|| received.body.bytes.clone());
    Ok(Signed { call, params, xml: xml.filter(|xml| !xml.is_empty()) })
}

impl Signed<'_> {
    /// The call that was signed.
    pub(super) fn call(&self) -> Call {
        self.call
    }

    /// The parameters of URL and form, without the checksum and without names that only beadle may
    /// use.
    pub(super) fn params(&self) -> &Params<'_> {
        &self.params
    }

    /// The XML body.
    pub(super) fn xml(&self) -> Option<Bytes> {
        self.xml.clone()
    }

    /// The same, independent of the request it came with.
    pub(super) fn into_owned(self) -> Signed<'static> {
        Signed { call: self.call, params: self.params.into_owned(), xml: self.xml }
    }
}

impl Signed<'static> {
    /// Parameters and XML body.
    pub(super) fn into_parts(self) -> (Params<'static>, Option<Bytes>) {
        (self.params, self.xml)
    }
}

impl Received {
    /// The room that the body takes.
    pub(super) fn into_room(self) -> Room {
        self.body.room
    }

    fn form(&self) -> Result<&str, Failure> {
        match self.kind {
            Some(BodyKind::Form | BodyKind::Multipart) => {
                let form = std::str::from_utf8(&self.body.bytes);
                form.map_err(|_| Failure::validation("The form is not UTF-8."))
            }
            Some(BodyKind::Xml) | None => Ok(""),
        }
    }
}

/// The refusal of a request with too many parameters.
pub(super) fn too_many() -> Failure {
    let words = format!("The request has too many parameters; at most {MANY} are accepted.");
    Failure::validation(words)
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

fn count(query: &str) -> usize {
    query.split('&').filter(|part| !part.is_empty()).count()
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
