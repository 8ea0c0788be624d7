//! Pages that tell people in words why they cannot join, and what happens next.
//!
//! Every page is HTTP 200, like every XML answer: proxies may put pages of their own in the place
//! of errors, and an outer balancer would count a meeting that has not started as a failure of
//! beadle. A page that can expect better asks again by itself, without a script and at the same
//! address, because that is signed.
//!
//! [`accept`] reads what a browser wants, [`words`] holds the languages, [`document`] makes the
//! HTML, [`waiting`] knows who waits for how long.

mod accept;
mod document;
mod waiting;
mod words;

use std::time::Instant;

use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, ACCEPT_LANGUAGE, HeaderName};
use actix_web::{HttpRequest, HttpResponse};

use super::answer;
use super::site::Site;
use crate::model::ServerId;

use document::{Again, Document};
use waiting::Reference;

pub use waiting::Waiting;

/// Why somebody sees a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Reason {
    /// There is no such meeting yet, or no longer.
    NotStarted,
    /// The meeting's server is gone; the next create starts it elsewhere.
    Moved,
    /// The meeting could not be started, because all servers are full.
    Full,
    /// The meeting's server is disabled or offline.
    Repair,
    /// The link is for an earlier sitting.
    Expired,
    /// The checksum is wrong.
    Altered,
    /// beadle or all servers are in trouble.
    Trouble,
    /// The link lacks something, or cannot be read.
    Invalid,
}

impl Reason {
    /// The word in the log and in the page.
    fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "not-started",
            Self::Moved => "moved",
            Self::Full => "full",
            Self::Repair => "repair",
            Self::Expired => "expired",
            Self::Altered => "altered",
            Self::Trouble => "trouble",
            Self::Invalid => "invalid",
        }
    }

    /// Whether the same link may work a little later.
    fn passes(self) -> bool {
        match self {
            Self::NotStarted | Self::Moved | Self::Full | Self::Repair | Self::Trouble => true,
            Self::Expired | Self::Altered | Self::Invalid => false,
        }
    }

    /// Whether the operator has something to look at.
    fn is_ours(self) -> bool {
        matches!(self, Self::Moved | Self::Full | Self::Repair | Self::Trouble)
    }
}

/// Why somebody cannot join which meeting.
pub(super) struct Case<'a> {
    pub(super) reason: Reason,
    pub(super) meeting: Option<&'a str>,
    pub(super) server: Option<&'a ServerId>,
    /// Whether the request was signed.
    pub(super) signed: bool,
}

/// The page for a browser; none for a program.
pub(super) fn page(case: &Case<'_>, request: &HttpRequest, site: &Site) -> Option<HttpResponse> {
    if !accept::wants_html(&joined(request, &ACCEPT)) {
        return None;
    }
    let config = site.config();
    let wanted = joined(request, &ACCEPT_LANGUAGE);
    let language = words::choose(&wanted, &config.pages.language)?;
    let (reference, again) = receive(case, request, &site.waiting);
    let document =
        Document { reason: case.reason, language, pages: &config.pages, reference, again };
    Some(answer::page(document.to_html(), language.tag, document::policy()))
}

/// Notes the visit, unless it is a HEAD, and says how it goes on.
fn receive(case: &Case<'_>, request: &HttpRequest, waiting: &Waiting) -> (Reference, Again) {
    let (now, query) = (Instant::now(), request.query_string());
    // What a form brought is lost when a page asks again.
    let form = *request.method() == Method::POST;
    let looks = *request.method() == Method::HEAD;
    let reference = if form { Reference::random() } else { waiting.reference(query, case.reason) };
    if form || !case.reason.passes() || !case.signed {
        if !looks && (case.signed || waiting.hears_stranger(now)) {
            log(case, reference);
        }
        let again = if case.reason.passes() { Again::GoBack } else { Again::Never };
        return (reference, again);
    }
    let visit = waiting.visit(reference, now, !looks);
    if visit.first && !looks {
        log(case, reference);
    }
    (reference, visit.pause.map_or(Again::ByHand, Again::After))
}

/// The line that an operator finds a reference in. Neither names nor checksums nor links are in it.
fn log(case: &Case<'_>, reference: Reference) {
    let reason = case.reason.as_str();
    let meeting = case.meeting.map(|id| id.chars().take(100).collect::<String>());
    let meeting = meeting.as_ref().map(tracing::field::debug);
    let server = case.server.map(tracing::field::display);
    if case.reason.is_ours() {
        tracing::warn!(%reference, reason, meeting, server, "somebody could not join");
    } else {
        tracing::info!(%reference, reason, meeting, server, "somebody could not join");
    }
}

/// All values of a header field as one list.
fn joined(request: &HttpRequest, name: &HeaderName) -> String {
    let values = request.headers().get_all(name).filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}
