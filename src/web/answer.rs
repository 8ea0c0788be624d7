//! The form of every answer.

use std::borrow::Cow;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    HeaderValue, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::bbb::Failure;
use crate::client::INSTANCE;
use crate::pool;

const XML: HeaderValue = HeaderValue::from_static("application/xml; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const JSON_UTF8: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// The outcome of a call, as XML. A refusal is HTTP 200 as well: clients look at nothing else.
pub(super) fn call(outcome: Result<pool::Answer, Failure>) -> HttpResponse {
    match outcome {
        Ok(pool::Answer::Relayed(document)) => xml(document),
        Ok(pool::Answer::Own(document)) => xml(document),
        Err(failure) => failed(&failure),
    }
}

/// A refusal.
pub(super) fn failed(failure: &Failure) -> HttpResponse {
    xml(failure.to_xml())
}

/// A refusal after which the connection is closed, because the rest of a body is still coming.
pub(super) fn failed_and_closed(failure: &Failure) -> HttpResponse {
    closed(failed(failure))
}

/// The same answer, after which the connection is closed.
pub(super) fn closed(mut response: HttpResponse) -> HttpResponse {
    response.head_mut().set_connection_type(ConnectionType::Close);
    response
}

/// An XML document.
pub(super) fn xml(document: impl actix_web::body::MessageBody + 'static) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, XML))
        .insert_header((CACHE_CONTROL, NO_CACHE))
        .body(document)
}

/// The index, which tells which running beadle it is from.
pub(super) fn index(document: String, instance: &str) -> HttpResponse {
    let mut response = xml(document);
    if let Ok(instance) = HeaderValue::from_str(instance) {
        let name = HeaderName::from_static(INSTANCE);
        response.headers_mut().insert(name, instance);
    }
    response
}

/// A BigBlueButton refusal in JSON, where the call answers in JSON. The type is exactly
/// `application/json`: a client library in use compares it to the letter.
pub(super) fn failed_json(failure: &Failure) -> HttpResponse {
    let (key, message) = (&failure.key, &failure.message);
    let document = serde_json::json!({
        "response": { "returncode": "FAILED", "messageKey": key, "message": message }
    });
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, JSON))
        .insert_header((CACHE_CONTROL, NO_CACHE))
        .body(document.to_string())
}

/// JSON of any status.
pub(super) fn json(status: StatusCode, document: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status).json(document)
}

/// JSON of any status as Scalelite's management API sends it: tools may look at the type.
pub(super) fn json_utf8(status: StatusCode, document: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status).insert_header((CONTENT_TYPE, JSON_UTF8)).json(document)
}

/// Sends a browser on.
pub(super) fn redirect(location: &str) -> HttpResponse {
    let Ok(location) = HeaderValue::from_str(location) else {
        return failed(&Failure::validation(
            "The request holds characters that no address may have.",
        ));
    };
    HttpResponse::Found()
        .insert_header((LOCATION, location))
        .insert_header((CONTENT_TYPE, HTML))
        .insert_header((CACHE_CONTROL, NO_CACHE))
        .finish()
}

/// A page for people. It may not be kept (it is about this moment), may load nothing, and does not
/// tell others its address, which holds a checksum and a name. Front ends may show it in a frame.
pub(super) fn page(
    document: String,
    language: &'static str,
    policy: &'static HeaderValue,
) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, HTML))
        .insert_header((CONTENT_LANGUAGE, HeaderValue::from_static(language)))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        .insert_header((X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        .body(document)
}

/// Whether beadle works; the servers do not matter here.
pub(super) fn health(request: &HttpRequest, trouble: Option<String>) -> HttpResponse {
    use actix_web::http::Method;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return failed(&Failure::unsupported_request());
    }
    let (mut response, text) = match trouble {
        None => (HttpResponse::Ok(), Cow::Borrowed("success")),
        Some(trouble) => {
            let text = format!("Health Check Failure: {trouble}");
            (HttpResponse::ServiceUnavailable(), Cow::Owned(text))
        }
    };
    response.insert_header((CONTENT_TYPE, TEXT)).body(text.into_owned())
}

/// The request names a host that is not served here.
pub(super) fn wrong_host() -> HttpResponse {
    HttpResponse::Forbidden().insert_header((CONTENT_TYPE, HTML)).finish()
}

/// Nothing is there.
pub(super) fn not_found() -> HttpResponse {
    text(StatusCode::NOT_FOUND, "Not found\n")
}

/// A line of plain text.
pub(super) fn text(status: StatusCode, line: &'static str) -> HttpResponse {
    HttpResponse::build(status).insert_header((CONTENT_TYPE, TEXT)).body(line)
}
