//! The BBB API: from a request to an answer.
//!
//! The order of checks is BBB's: content type, checksum, parameters.

mod create;
mod inside;
mod join;
mod looking;
mod recordings;

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::time::Duration;

use super::call::Call;
use super::fault::{Fault, Strike};
use super::http::{Delivery, Manner};
use super::meeting::{Meeting, SimMeeting, Style};
use super::params::Params;
use super::reply::Reply;
use super::shared::{BbbVersion, Shared, SimOptions, SimRequest, State};
use super::wire::Request;
use super::world::World;
use crate::bbb::checksum::{Algorithm, verify};

/// Why a call is refused. Both texts are BBB's own.
struct Refusal {
    key: &'static str,
    message: &'static str,
    /// Whether it comes in the form `<errors><error>`.
    errors_form: bool,
}

/// What a verified call works with.
struct Context<'a> {
    options: &'a SimOptions,
    style: Style,
    world: &'a mut World,
    /// Takes the meetings that are ended.
    ended: Option<&'a mut Vec<SimMeeting>>,
    params: &'a Params<'a>,
    request: &'a Request<'a>,
}

/// A request that has arrived and is to be done later.
pub(super) struct Late {
    /// How much later.
    pub(super) after: Duration,
    call: Call,
    strike: Strike,
}

/// Writes the answer to a request and says how it is to leave, unless it is to be done later.
pub(super) fn answer(
    shared: &Shared,
    request: &Request<'_>,
    reply: &mut Reply,
) -> ControlFlow<Delivery, Late> {
    let Some(call) = Call::of_path(request.path) else {
        if request.path.starts_with("/html5client") {
            reply.room();
        } else {
            reply.page(404);
        }
        return ControlFlow::Break(Delivery { delay: Duration::ZERO, manner: Manner::Whole });
    };
    let mut state = shared.lock();
    state.note(call, request);
    let strike = state.faults.strike(call);
    let answered = if strike.before.is_zero() {
        ControlFlow::Break(strike_with(strike, (shared, &mut state), (call, request), reply))
    } else {
        ControlFlow::Continue(Late { after: strike.before, call, strike })
    };
    drop(state);
    shared.arrived.notify_waiters();
    answered
}

/// The same for a request whose time has come.
pub(super) fn answer_late(
    shared: &Shared,
    request: &Request<'_>,
    late: Late,
    reply: &mut Reply,
) -> Delivery {
    strike_with(late.strike, (shared, &mut shared.lock()), (late.call, request), reply)
}

fn strike_with(
    Strike { delay, fault, .. }: Strike,
    (shared, state): (&Shared, &mut State),
    (call, request): (Call, &Request<'_>),
    reply: &mut Reply,
) -> Delivery {
    let manner = match fault {
        None => perform(shared, state, call, request, reply),
        Some(fault) => misbehave(fault, reply, |reply, loses| {
            if loses {
                lose_meeting(state, request);
            }
            perform(shared, state, call, request, reply)
        }),
    };
    Delivery { delay, manner }
}

impl State {
    fn note(&mut self, call: Call, request: &Request<'_>) {
        *self.counts.entry(call).or_default() += 1;
        if self.recording {
            self.requests.push(SimRequest {
                call,
                method: request.method.to_owned(),
                query: request.query.to_owned(),
                content_type: request.content_type.map(str::to_owned),
                body: request.body.to_vec(),
            });
        }
    }
}

/// Writes what a fault answers. `perform` does what was asked, after losing the meeting if told.
fn misbehave(
    fault: Fault,
    reply: &mut Reply,
    perform: impl FnOnce(&mut Reply, bool) -> Manner,
) -> Manner {
    match fault {
        // Delays were taken before.
        Fault::Slow(_) | Fault::Late(_) => return perform(reply, false),
        Fault::ForgetMeeting => return perform(reply, true),
        Fault::Reset => {
            perform(reply, false);
            return Manner::Reset;
        }
        Fault::Truncate => {
            perform(reply, false);
            return Manner::Truncated;
        }
        Fault::Refuse => return Manner::Closed,
        Fault::Hang => return Manner::Withheld,
        Fault::Status(status) => reply.page(status),
        Fault::Garbage => {
            reply.xml().raw(b"\0\xff<resp<<onse>}{ 404 \"no\" </x");
        }
        Fault::Empty => {
            reply.xml();
        }
        Fault::Failed { key, message } => reply.failed(&key, &message),
        Fault::ErrorsForm { key, message } => reply.errors_form(&key, &message),
        Fault::WrongChecksum => reply.failed("checksumError", "Checksums do not match"),
    }
    Manner::Whole
}

fn lose_meeting(state: &mut State, request: &Request<'_>) {
    let form = form_of(request);
    if let Some(id) = Params::parse(request.query, &form).get("meetingID") {
        state.world.forget(id);
    }
}

/// Does what was asked.
fn perform(
    shared: &Shared,
    state: &mut State,
    call: Call,
    request: &Request<'_>,
    reply: &mut Reply,
) -> Manner {
    let version = shared.options.version;
    if call == Call::SendChatMessage && version == BbbVersion::V27 {
        reply.page(404);
    } else if !call.allows(request.method) {
        reply.page(405);
    } else {
        let form = form_of(request);
        let params = Params::parse(request.query, &form);
        let mut context = Context {
            options: &shared.options,
            style: shared.style(),
            world: &mut state.world,
            ended: state.recording.then_some(&mut state.ended),
            params: &params,
            request,
        };
        match context.perform(call, reply) {
            Ok(()) => {}
            Err(refusal) if refusal.errors_form => reply.errors_form(refusal.key, refusal.message),
            Err(refusal) => reply.failed(refusal.key, refusal.message),
        }
    }
    Manner::Whole
}

impl Context<'_> {
    fn perform(&mut self, call: Call, reply: &mut Reply) -> Result<(), Refusal> {
        if call == Call::Index {
            looking::index(self, reply);
            return Ok(());
        }
        self.check_content_type(call)?;
        self.check_checksum(call)?;
        match call {
            Call::Index => {}
            Call::Create => return create::create(self, reply),
            Call::Join => return join::join(self, reply),
            Call::IsMeetingRunning => return looking::is_meeting_running(self, reply),
            Call::GetMeetingInfo => return looking::get_meeting_info(self, reply),
            Call::GetMeetings => looking::get_meetings(self, reply),
            Call::GetSessions => looking::get_sessions(self, reply),
            Call::End => return inside::end(self, reply),
            Call::InsertDocument => return inside::insert_document(self, reply),
            Call::SendChatMessage => return inside::send_chat_message(self, reply),
            Call::GetRecordings => recordings::get_recordings(reply),
            Call::PublishRecordings => return recordings::publish(self),
            Call::DeleteRecordings | Call::UpdateRecordings => return recordings::change(self),
            Call::GetRecordingTextTracks | Call::PutRecordingTextTrack => {
                recordings::text_tracks(self, reply);
            }
        }
        Ok(())
    }

    fn check_content_type(&self, call: Call) -> Result<(), Refusal> {
        if self.request.body.is_empty() {
            return Ok(());
        }
        let is_fine = match (call, media_type(self.request).as_str()) {
            (Call::InsertDocument, media_type) => media_type == "application/xml",
            (Call::PutRecordingTextTrack, media_type) => media_type == "multipart/form-data",
            (Call::Create, "application/xml") => true,
            (Call::Create, "text/xml") => self.options.version == BbbVersion::V30,
            (_, media_type) => {
                ["application/x-www-form-urlencoded", "multipart/form-data"].contains(&media_type)
            }
        };
        if is_fine {
            return Ok(());
        }
        let message = "POST request Content-Type is missing or unsupported";
        Err(Refusal::new("unsupportedContentType", message))
    }

    /// The query is what is signed, also when the parameters are in the body.
    fn check_checksum(&self, call: Call) -> Result<(), Refusal> {
        let query = self.request.query;
        let mut sent = query.split('&').filter_map(|pair| pair.strip_prefix("checksum="));
        let Some(received) = sent.next().or_else(|| self.params.get("checksum")) else {
            return Err(Refusal::new("checksumError", "You must provide the checksum"));
        };
        let is_double = sent.next().is_some() && self.options.version == BbbVersion::V30;
        let signed = without_checksum(query, received);
        let secret = [self.options.secret.as_str()];
        if is_double || !verify(call.name(), &signed, received, &Algorithm::ALL, secret) {
            return Err(Refusal::new("checksumError", "Checksums do not match"));
        }
        Ok(())
    }

    /// The id of the meeting that the request is about.
    fn meeting_id(&self) -> Result<&str, Refusal> {
        self.params.get("meetingID").ok_or(Refusal::NO_MEETING_ID)
    }

    /// The meeting that the request is about.
    fn meeting(&mut self) -> Result<&mut Meeting, Refusal> {
        let id = self.params.get("meetingID").ok_or(Refusal::NO_MEETING_ID)?;
        self.world.find_mut(id).ok_or(Refusal::NOT_FOUND)
    }
}

impl Refusal {
    const NO_MEETING_ID: Self = Self::new("missingParamMeetingID", "You must provide a meeting ID");
    const NOT_FOUND: Self = Self::new("notFound", "A meeting with that ID does not exist");

    const fn new(key: &'static str, message: &'static str) -> Self {
        Self { key, message, errors_form: false }
    }
}

/// The form in a request's body, undecoded.
fn form_of<'a>(request: &Request<'a>) -> Cow<'a, str> {
    if media_type(request) == "application/x-www-form-urlencoded" {
        String::from_utf8_lossy(request.body)
    } else {
        Cow::Borrowed("")
    }
}

/// The content type without its parameters.
fn media_type(request: &Request<'_>) -> String {
    let content_type = request.content_type.unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The query as it was before the checksum was put into it.
fn without_checksum(query: &str, received: &str) -> String {
    for cut in [format!("&checksum={received}"), format!("checksum={received}&")] {
        if query.contains(&cut) {
            return query.replace(&cut, "");
        }
    }
    query.replace(&format!("checksum={received}"), "")
}
