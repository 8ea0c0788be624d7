//! The address at which servers report that a meeting has ended.
//!
//! BigBlueButton calls the `meetingEndedURL` of a create by GET, unsigned; the token in it was made
//! for that server and that create. The server is asked once more, because forgetting a class that
//! goes on splits it. Not knowing of a report does no harm: polling finds out, too.

use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::answer;
use super::site::Site;
use crate::bbb::Params;
use crate::model::TenantId;

/// Takes a report.
pub(super) async fn answer_call(request: &HttpRequest, site: &Data<Site>) -> HttpResponse {
    if *request.method() != Method::GET {
        return answer::not_found();
    }
    let Ok(params) = Params::parse(request.query_string()) else { return answer::not_found() };
    let get = |name| params.get(name).map(String::from).unwrap_or_default();
    let (tenant, meeting, token) = (get("tenant"), get("meeting"), get("token"));
    let own = Data::clone(site);
    let take = async move {
        let tenant = TenantId::from(tenant);
        own.pool.end_reported(&own.client, (&tenant, &meeting), &token).await
    };
    match site.in_flight.to_the_end(take).await {
        Some(Ok(true)) => answer::text(StatusCode::OK, "Thank you.\n"),
        Some(Ok(false)) => answer::not_found(),
        Some(Err(_)) | None => {
            answer::text(StatusCode::SERVICE_UNAVAILABLE, "It cannot be noted at the moment.\n")
        }
    }
}
