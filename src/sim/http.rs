//! The connections of one simulated server: one task accepts them, each has a task of its own.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::calls;
use super::reply::Reply;
use super::shared::Shared;
use super::wire::{Arrived, Broken, Wire};

/// How long to wait after a connection could not be accepted: mostly for lack of file
/// descriptors, which trying again at once would not bring.
const PAUSE: Duration = Duration::from_millis(10);

/// The task that accepts connections. Dropping this ends it as well, but does not wait.
pub(super) struct Listening {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// How an answer is to leave.
pub(super) struct Delivery {
    pub(super) delay: Duration,
    pub(super) manner: Manner,
}

/// What happens to an answer.
pub(super) enum Manner {
    /// It is sent.
    Whole,
    /// Half of it is sent, then the connection closes.
    Truncated,
    /// Half of it is sent, then the connection is reset.
    Reset,
    /// The connection closes instead.
    Closed,
    /// Nothing happens.
    Withheld,
}

impl Listening {
    pub(super) fn start(listener: TcpListener, shared: Arc<Shared>) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, task: tokio::spawn(accept_all(listener, shared, stopped)) }
    }

    /// Ends listening and all connections, and waits for that.
    pub(super) async fn stop(self) {
        drop(self.stop);
        // The task can only fail by being cancelled together with its runtime.
        let _ended = self.task.await;
    }
}

async fn accept_all(
    listener: TcpListener,
    shared: Arc<Shared>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    if !shared.lock().faults.strike_connection() {
                        connections.spawn(serve(stream, Arc::clone(&shared)));
                    }
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// Answers one request after the other.
async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut wire = Wire::new(stream);
    let mut reply = Reply::new();
    loop {
        let arrived = match wire.next().await {
            Ok(arrived) => arrived,
            Err(Broken::Gone) => return,
            Err(Broken::Refused(status)) => return refuse(&mut wire, &mut reply, status).await,
        };
        let delivery = match calls::answer(&shared, &wire.request(&arrived), &mut reply) {
            ControlFlow::Break(delivery) => delivery,
            ControlFlow::Continue(late) => {
                // Nobody reads here, so a client that hangs up is not noticed.
                tokio::time::sleep(late.after).await;
                calls::answer_late(&shared, &wire.request(&arrived), late, &mut reply)
            }
        };
        reply.seal(arrived.keep_alive());
        match deliver(&mut wire, &arrived, &reply, delivery).await {
            Ok(true) => wire.done_with(&arrived),
            Ok(false) | Err(_) => return,
        }
    }
}

/// Sends the answer; whether the connection is good for another.
async fn deliver(
    wire: &mut Wire,
    arrived: &Arrived,
    reply: &Reply,
    delivery: Delivery,
) -> io::Result<bool> {
    if !delivery.delay.is_zero() {
        tokio::time::sleep(delivery.delay).await;
    }
    match delivery.manner {
        Manner::Whole => {
            wire.stream.write_all(reply.bytes()).await?;
            return Ok(arrived.keep_alive());
        }
        Manner::Truncated => wire.stream.write_all(reply.half()).await?,
        Manner::Reset => {
            wire.stream.write_all(reply.half()).await?;
            wire.stream.set_zero_linger()?;
        }
        Manner::Closed => {}
        Manner::Withheld => wire.linger().await,
    }
    Ok(false)
}

/// Tells the client what was wrong with its request, and reads on until it has heard: closing
/// with unread bytes would reset the connection and could lose the answer.
async fn refuse(wire: &mut Wire, reply: &mut Reply, status: u16) {
    reply.page(status);
    reply.seal(false);
    let sent = wire.stream.write_all(reply.bytes()).await;
    if sent.is_ok() && wire.stream.shutdown().await.is_ok() {
        wire.linger().await;
    }
}
