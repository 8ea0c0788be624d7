//! The call join: sends a browser on, or says why not, in the way that whoever asks understands.

use actix_web::{HttpRequest, HttpResponse};

use super::answer;
use super::pages::{self, Case, Reason};
use super::signed::Signed;
use super::site::Site;
use crate::bbb::{Failure, Params};
use crate::model::TenantId;
use crate::pool::meetings::About;
use crate::pool::meetings::join::{Joined, NoEntry};
use crate::pool::meetings::unstarted::Cause;

/// Sends a browser to the meeting's server. Where that is not possible, to the address that the
/// front end wants errors at; else it gets a page, and a program XML.
pub(super) fn answer_call(
    signed: &Signed<'_>,
    request: &HttpRequest,
    counts: bool,
    site: &Site,
) -> HttpResponse {
    let (tenant, params) = (TenantId::none(), signed.params());
    match site.pool.join(&site.client, &About { tenant: &tenant, params }, counts) {
        Ok(joined) => outdated(&joined, params, request, site)
            .unwrap_or_else(|| answer::redirect(&joined.location)),
        Err(why) => refused(&why, params, request, site),
    }
}

/// The page for a request that is not signed, or cannot be read; none for a program. Addresses for
/// errors count only in signed requests: else anybody could send people anywhere in beadle's name.
pub(super) fn refused_unsigned(
    request: &HttpRequest,
    site: &Site,
    failure: &Failure,
) -> Option<HttpResponse> {
    let params = Params::parse(request.query_string()).unwrap_or_default();
    if wants_no_redirect(&params) {
        return None;
    }
    let reason = match &*failure.key {
        "checksumError" => Reason::Altered,
        "internalError" => Reason::Trouble,
        _ => Reason::Invalid,
    };
    let meeting = params.get("meetingID");
    let case = Case { reason, meeting: meeting.as_deref(), server: None, signed: false };
    pages::page(&case, request, site)
}

fn refused(why: &NoEntry, params: &Params<'_>, request: &HttpRequest, site: &Site) -> HttpResponse {
    let failure = Failure::from(why);
    if wants_no_redirect(params) {
        return answer::failed(&failure);
    }
    if let Some(address) = error_address(params, &failure) {
        return answer::redirect(&address);
    }
    pages::page(&case_of(why), request, site).unwrap_or_else(|| answer::failed(&failure))
}

/// The page for a link of an earlier sitting. Programs get the server's own refusal, and so do
/// front ends that want errors at an address of theirs.
fn outdated(
    joined: &Joined,
    params: &Params<'_>,
    request: &HttpRequest,
    site: &Site,
) -> Option<HttpResponse> {
    let meeting = joined.outdated.as_ref()?;
    if wants_no_redirect(params) || address_for_errors(params).is_some() {
        return None;
    }
    let (id, server) = (Some(meeting.id.as_str()), Some(&meeting.server));
    pages::page(&Case { reason: Reason::Expired, meeting: id, server, signed: true }, request, site)
}

fn case_of(why: &NoEntry) -> Case<'_> {
    let (reason, meeting, server) = match why {
        NoEntry::Unnamed => (Reason::Invalid, None, None),
        NoEntry::NotStarted { meeting, cause } => {
            let reason = match cause {
                None => Reason::NotStarted,
                Some(Cause::Full) => Reason::Full,
                Some(Cause::Trouble) => Reason::Trouble,
            };
            (reason, Some(meeting.as_str()), None)
        }
        NoEntry::Moved { meeting } => {
            (Reason::Moved, Some(meeting.id.as_str()), Some(&meeting.server))
        }
        NoEntry::Repair { meeting } => {
            (Reason::Repair, Some(meeting.id.as_str()), Some(&meeting.server))
        }
    };
    Case { reason, meeting, server, signed: true }
}

/// Whether the caller reads answers itself, and is neither sent elsewhere nor shown a page.
fn wants_no_redirect(params: &Params<'_>) -> bool {
    params.get("redirect").is_some_and(|redirect| redirect.eq_ignore_ascii_case("false"))
}

/// Where a browser goes with an error.
fn error_address(params: &Params<'_>, failure: &Failure) -> Option<String> {
    let mut address = address_for_errors(params)?;
    let errors = serde_json::json!([{ "key": failure.key, "message": failure.message }]);
    address.query_pairs_mut().append_pair("errors", &errors.to_string());
    Some(address.into())
}

/// The address that the front end wants errors at: only of http and https.
fn address_for_errors(params: &Params<'_>) -> Option<reqwest::Url> {
    let given = |name: &str| params.get(name).filter(|value| !value.is_empty());
    let address = given("errorRedirectUrl").or_else(|| given("logoutURL"))?;
    let address = reqwest::Url::parse(&address).ok()?;
    matches!(address.scheme(), "http" | "https").then_some(address)
}
