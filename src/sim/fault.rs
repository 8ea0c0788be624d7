//! Faults on demand: what a simulated server does wrong, on which calls and how often.

use std::time::Duration;

use super::call::Call;

/// What a server does wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Does what was asked at once and answers only after this time. It adds to another fault.
    Slow(Duration),
    /// Does what was asked only after this time, also when whoever asked has gone, and then
    /// answers. A server that stops meanwhile does not do it. It adds to another fault.
    Late(Duration),
    /// Closes the connection without an answer: at once after accepting it when the fault is on
    /// all calls, else when the call is known. Nothing is done.
    Refuse,
    /// Does what was asked, sends half of the answer and resets the connection.
    Reset,
    /// Does what was asked, sends half of the answer and closes the connection in good order.
    Truncate,
    /// Answers with this HTTP status and a page in HTML. Nothing is done.
    Status(u16),
    /// Answers HTTP 200 with something that is no XML. Nothing is done.
    Garbage,
    /// Answers HTTP 200 without a body. Nothing is done.
    Empty,
    /// Answers FAILED with this key and message. Nothing is done.
    Failed {
        /// The `messageKey`.
        key: String,
        /// The `message`.
        message: String,
    },
    /// Answers FAILED in the form `<errors><error>`, as BBB does for a taken voice bridge.
    /// Nothing is done.
    ErrorsForm {
        /// The `key` of the error.
        key: String,
        /// The `message` of the error.
        message: String,
    },
    /// Answers `checksumError`, as a server does whose secret was changed. Nothing is done.
    WrongChecksum,
    /// Loses the meeting that the request names, then answers like a server that never had it.
    ForgetMeeting,
    /// Never answers and keeps the connection open until the client leaves. Nothing is done.
    Hang,
}

/// Which calls a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultOn {
    /// Every call, the index included.
    All,
    /// One call.
    Call(Call),
}

impl From<Call> for FaultOn {
    fn from(call: Call) -> Self {
        Self::Call(call)
    }
}

/// The faults that are set on one server.
#[derive(Default)]
pub(super) struct Faults {
    armed: Vec<Armed>,
}

struct Armed {
    on: FaultOn,
    fault: Fault,
    left: Option<u32>,
}

/// What strikes one request.
#[derive(Default)]
pub(super) struct Strike {
    /// How long the request waits before anything is done.
    pub(super) before: Duration,
    /// How long the answer waits.
    pub(super) delay: Duration,
    pub(super) fault: Option<Fault>,
}

impl Faults {
    pub(super) fn set(&mut self, on: FaultOn, fault: Fault, times: Option<u32>) {
        self.armed.push(Armed { on, fault, left: times });
        self.drop_spent();
    }

    pub(super) fn clear(&mut self) {
        self.armed.clear();
    }

    /// Whether a connection that was just accepted is to be closed unread.
    pub(super) fn strike_connection(&mut self) -> bool {
        let Some(armed) = self
            .armed
            .iter_mut()
            .find(|armed| armed.on == FaultOn::All && armed.fault == Fault::Refuse)
        else {
            return false;
        };
        armed.spend();
        self.drop_spent();
        true
    }

    /// What strikes a request for this call: all delays together, and the first other fault.
    pub(super) fn strike(&mut self, call: Call) -> Strike {
        let mut strike = Strike::default();
        for armed in &mut self.armed {
            if armed.on != FaultOn::All && armed.on != FaultOn::Call(call) {
                continue;
            }
            match &armed.fault {
                Fault::Slow(delay) => strike.delay += *delay,
                Fault::Late(delay) => strike.before += *delay,
                _ if strike.fault.is_some() => continue,
                fault => strike.fault = Some(fault.clone()),
            }
            armed.spend();
        }
        self.drop_spent();
        strike
    }

    fn drop_spent(&mut self) {
        self.armed.retain(|armed| armed.left != Some(0));
    }
}

impl Armed {
    fn spend(&mut self) {
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
        }
    }
}
