//! The handle of one simulated server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::sync::Mutex;

use super::call::Call;
use super::fault::{Fault, FaultOn};
use super::http::Listening;
use super::meeting::{Meeting, NewMeeting, SimMeeting};
use super::shared::{Shared, SimOptions, SimRequest};
use super::world::NotCreated;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A running (or stopped) simulated BBB server. Clones are the same server; it ends with the
/// last one, if not stopped before.
#[derive(Clone)]
pub struct SimServer {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    /// Bound and never listening: keeps the port while the server is stopped, so that nothing
    /// else can take it and contacts are refused.
    _port: TcpSocket,
    listening: Mutex<Option<Listening>>,
}

impl SimServer {
    /// Starts a server. Fails when the address cannot be taken or the secret is empty.
    pub async fn start(options: SimOptions) -> io::Result<Self> {
        if options.secret.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the secret is empty"));
        }
        let port = bind(options.address)?;
        let address = port.local_addr()?;
        let shared = Arc::new(Shared::new(SimOptions { address, ..options }));
        let inner = Inner { shared, _port: port, listening: Mutex::new(None) };
        let server = Self { inner: Arc::new(inner) };
        server.resume().await?;
        Ok(server)
    }

    /// The base of its API, as servers are named: `http://127.0.0.1:PORT/bigbluebutton/api`.
    pub fn url(&self) -> String {
        format!("http://{}/bigbluebutton/api", self.address())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.inner.shared.options.address
    }

    /// What it verifies with.
    pub fn secret(&self) -> &str {
        &self.inner.shared.options.secret
    }

    /// Stops listening and drops all connections. When this returns, contacts are refused; the
    /// meetings are kept for [`Self::resume`].
    pub async fn stop(&self) {
        if let Some(listening) = self.inner.listening.lock().await.take() {
            listening.stop().await;
        }
    }

    /// Listens again, on the same port; does nothing when it does already.
    pub async fn resume(&self) -> io::Result<()> {
        let mut listening = self.inner.listening.lock().await;
        if listening.is_none() {
            let listener = bind(self.address())?.listen(BACKLOG)?;
            *listening = Some(Listening::start(listener, Arc::clone(&self.inner.shared)));
        }
        Ok(())
    }

    /// Sets a fault on one call or on all, for so many requests or until [`Self::clear_faults`].
    /// Of several, the first one that fits strikes, together with every [`Fault::Slow`]
    /// and [`Fault::Late`].
    pub fn fault(&self, on: impl Into<FaultOn>, fault: Fault, times: Option<u32>) {
        self.inner.shared.lock().faults.set(on.into(), fault, times);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.inner.shared.lock().faults.clear();
    }

    /// Makes a meeting as if a front end had.
    pub fn put_meeting(&self, new: NewMeeting) -> Result<SimMeeting, NotCreated> {
        self.inner.shared.lock().world.create(new).map(Meeting::snapshot)
    }

    /// All meetings that have not ended, in the order in which they were made.
    pub fn meetings(&self) -> Vec<SimMeeting> {
        let shared = self.inner.shared.lock();
        shared
            .world
            .iter()
            .filter(|meeting| !meeting.forcibly_ended)
            .map(Meeting::snapshot)
            .collect()
    }

    /// The meeting with this external or internal id, unless it has ended.
    pub fn meeting(&self, id: &str) -> Option<SimMeeting> {
        let shared = self.inner.shared.lock();
        let meeting = shared.world.find(id).filter(|meeting| !meeting.forcibly_ended)?;
        Some(meeting.snapshot())
    }

    /// Ends a meeting as BBB does when all have left; whether there was one. Returns when those
    /// have been told who wanted to know.
    pub async fn end_meeting(&self, id: &str) -> bool {
        let callbacks = self.inner.shared.lock().world.end(id);
        let ended = callbacks.is_some();
        for callback in callbacks.unwrap_or_default() {
            callback.deliver().await;
        }
        ended
    }

    /// Lets ended meetings stay in the lists for a while, marked as forcibly ended, as BBB does.
    pub fn linger(&self, time: Duration) {
        self.inner.shared.lock().world.set_linger(time);
    }

    /// Loses a meeting (by external or internal id) and its breakouts without trace; whether
    /// there was one.
    pub fn forget(&self, id: &str) -> bool {
        self.inner.shared.lock().world.forget(id)
    }

    /// Loses all meetings, as a restart of the server does.
    pub fn forget_all(&self) {
        self.inner.shared.lock().world.forget_all();
    }

    /// Lets made-up people come to a meeting; whether there is one.
    pub fn add_people(&self, id: &str, viewers: u32, moderators: u32) -> bool {
        self.change(id, |meeting| {
            meeting.change_people(|people| {
                people.viewers = people.viewers.saturating_add(viewers);
                people.moderators = people.moderators.saturating_add(moderators);
            });
        })
    }

    /// Lets people leave a meeting, those who came by `join` last; whether there is one.
    pub fn remove_people(&self, id: &str, count: u32) -> bool {
        self.change(id, |meeting| meeting.remove_people(count))
    }

    /// Sets how many show a camera, at most everybody; whether there is such a meeting.
    pub fn set_cameras(&self, id: &str, cameras: u32) -> bool {
        self.change(id, |meeting| meeting.change_people(|people| people.cameras = cameras))
    }

    /// Sets how many speak and how many only listen, at most everybody; whether there is such a
    /// meeting.
    pub fn set_voice(&self, id: &str, voice: u32, listeners: u32) -> bool {
        self.change(id, |meeting| {
            meeting.change_people(|people| {
                people.voice = voice;
                people.listeners = listeners;
            });
        })
    }

    /// How many requests for this call have arrived since the start, faults included.
    pub fn request_count(&self, call: Call) -> u64 {
        self.inner.shared.lock().counts.get(&call).copied().unwrap_or_default()
    }

    /// Waits until so many requests for this call have arrived since the start.
    pub async fn wait_for_requests(&self, call: Call, count: u64) {
        loop {
            let arrived = self.inner.shared.arrived.notified();
            tokio::pin!(arrived);
            // Before the count is read: an arrival in between must not be missed.
            arrived.as_mut().enable();
            if self.request_count(call) >= count {
                return;
            }
            arrived.await;
        }
    }

    /// Begins a new record of requests, or ends it. Off at first, for the memory it takes.
    pub fn record_requests(&self, on: bool) {
        let mut state = self.inner.shared.lock();
        state.recording = on;
        state.requests.clear();
        state.ended.clear();
    }

    /// The recorded requests, oldest first.
    pub fn requests(&self) -> Vec<SimRequest> {
        self.inner.shared.lock().requests.clone()
    }

    /// The meetings that recorded requests ended, each as it was before.
    pub fn ended(&self) -> Vec<SimMeeting> {
        self.inner.shared.lock().ended.clone()
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Meeting)) -> bool {
        let mut shared = self.inner.shared.lock();
        let meeting = shared.world.find_mut(id).filter(|meeting| !meeting.forcibly_ended);
        meeting.map(change).is_some()
    }
}

/// A socket on this address that does not listen yet. Several may be bound to one address as
/// long as none of them listens.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
