//! Names of servers: answers are remembered, and a resolver that fails is lived with.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use beadle::client::{CallError, Client, Names, Request};
use beadle::config::Servers;
use beadle::model::{Capacity, Secret, Server, ServerId, ServerState, ServerUrl};
use beadle::sim::{BbbVersion, SimOptions, SimServer};
use futures_util::FutureExt as _;

use super::support::{server, within};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// A resolver that answers what it is told to, or not at all.
#[derive(Clone, Default)]
struct Resolver {
    answer: Arc<Mutex<Option<io::Result<Vec<IpAddr>>>>>,
    asked: Arc<AtomicU64>,
}

impl Resolver {
    fn answers(&self, answer: &[IpAddr]) {
        *self.answer.lock().expect("an answer") = Some(Ok(answer.to_vec()));
    }

    fn fails(&self) {
        *self.answer.lock().expect("an answer") = Some(Err(io::Error::other("no such name")));
    }

    fn hangs(&self) {
        *self.answer.lock().expect("an answer") = None;
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    fn names(&self, fresh_for: Duration) -> Names {
        let resolver = self.clone();
        Names::asking(fresh_for, move |name| {
            assert_eq!(name, "bbb.test");
            resolver.asked.fetch_add(1, Ordering::SeqCst);
            let answer = match &*resolver.answer.lock().expect("an answer") {
                Some(Ok(found)) => Ok(found.clone()),
                Some(Err(error)) => Err(io::Error::other(error.to_string())),
                None => return std::future::pending().boxed(),
            };
            std::future::ready(answer).boxed()
        })
    }
}

fn named(port: u16) -> Server {
    let url = format!("http://bbb.test:{port}/bigbluebutton/api");
    Server {
        id: ServerId::from("bbb"),
        url: ServerUrl::exact(&url).expect("an address"),
        secret: Secret::new("secret of bbb0").expect("a secret"),
        capacity: Capacity::default(),
        tag: None,
        state: ServerState::Enabled,
        max_meetings: None,
        max_users: None,
        spare: false,
    }
}

async fn ask(client: &Client, server: &Server) -> Result<u16, CallError> {
    let timeout = Duration::from_secs(10);
    let request = Request { call: "getMeetings", query: "", body: None, timeout };
    client.call(server, request).await.map(|reply| reply.status)
}

/// A client that opens a connection, and so needs the name, for each call.
fn client(names: &Names) -> Client {
    Client::unconnected(&Servers::default(), names).expect("a client")
}

#[tokio::test]
async fn an_answer_is_not_asked_for_again_and_all_clients_share_it() {
    let (resolver, sim) = (Resolver::default(), server(0).await);
    resolver.answers(&[V4]);
    let names = resolver.names(Duration::from_hours(1));
    let server = named(sim.address().port());
    for _ in 0..3 {
        assert_eq!(ask(&client(&names), &server).await, Ok(200));
    }
    resolver.fails();
    assert_eq!(ask(&client(&names), &server).await, Ok(200));
    assert_eq!(resolver.asked(), 1);
}

#[tokio::test]
async fn while_the_resolver_fails_the_last_answer_is_used() {
    let (resolver, sim) = (Resolver::default(), server(0).await);
    resolver.answers(&[V4]);
    let names = resolver.names(Duration::ZERO);
    let server = named(sim.address().port());
    assert_eq!(ask(&client(&names), &server).await, Ok(200));
    resolver.fails();
    assert_eq!(ask(&client(&names), &server).await, Ok(200));
    resolver.hangs();
    assert_eq!(within(9, ask(&client(&names), &server)).await, Ok(200));
    assert_eq!(resolver.asked(), 3, "each time it is asked anew");
}

#[tokio::test]
async fn a_failure_is_not_remembered() {
    let (resolver, sim) = (Resolver::default(), server(0).await);
    let names = resolver.names(Duration::from_hours(1));
    let server = named(sim.address().port());
    resolver.fails();
    let error = ask(&client(&names), &server).await.expect_err("no address");
    assert!(error.to_string().contains("no such name"), "{error}");
    resolver.answers(&[]);
    let error = ask(&client(&names), &server).await.expect_err("no address");
    assert!(error.to_string().contains("the name has no address"), "{error}");
    resolver.answers(&[V4]);
    assert_eq!(ask(&client(&names), &server).await, Ok(200));
}

#[tokio::test]
async fn those_who_need_a_name_at_once_share_one_question() {
    let resolver = Resolver::default();
    resolver.hangs();
    let names = resolver.names(Duration::from_hours(1));
    for _ in 0..5 {
        assert!(names.find("bbb.test").now_or_never().is_none());
    }
    assert_eq!(resolver.asked(), 1);
}

/// A name with two addresses, of which only one listens.
#[tokio::test]
async fn both_kinds_of_addresses_are_tried() {
    let four = server(0).await;
    let address = (Ipv6Addr::LOCALHOST, 0).into();
    let options = SimOptions::new("secret of bbb0", BbbVersion::V30);
    // A machine without IPv6 can only show the first half.
    let six = SimServer::start(SimOptions { address, ..options }).await.ok();
    let resolver = Resolver::default();
    let names = resolver.names(Duration::ZERO);
    for addresses in [[V4, V6], [V6, V4]] {
        resolver.answers(&addresses);
        for sim in [Some(&four), six.as_ref()].into_iter().flatten() {
            let server = named(sim.address().port());
            assert_eq!(ask(&client(&names), &server).await, Ok(200), "{addresses:?}");
        }
    }
}
