//! The store against a plain map: the same after every change, and after every restart.

use std::collections::BTreeMap;
use std::convert::Infallible;

use beadle::model::{
    Capacity, LostCopy, Meeting, MeetingId, Phase, Secret, Server, ServerId, ServerState,
    ServerUrl, Sitting, Size, TenantId,
};
use beadle::pool::placement::sizes;
use beadle::store::{State, Store};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};

use crate::process::nothing_starts;

/// One step of a story. Names are few, so that they meet again.
#[derive(Debug, Clone)]
enum Step {
    PutServer(Server),
    RemoveServer(ServerId),
    PutMeeting(Meeting),
    RemoveMeeting(TenantId, MeetingId),
    PutSize((TenantId, &'static str), Size),
    RemoveSize((TenantId, &'static str)),
    PutCopy(LostCopy),
    RemoveCopy(ServerId, &'static str),
    PutEnded(&'static str, u64),
    RemoveEnded(&'static str),
    /// A change that decides against itself after it has done some work.
    Refuse(Meeting),
    Reopen,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_a_map(steps in prop::collection::vec(step(), 1..60)) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let _guard = nothing_starts();
        let mut store = Store::open(folder.path()).expect("a store");
        let mut model = Model::default();
        for step in steps {
            if matches!(step, Step::Reopen) {
                store.close();
                drop(store);
                store = Store::open(folder.path()).expect("a store");
            } else {
                model.apply(&step);
                runtime.block_on(apply(&store, step));
            }
            model.compare(&store.state());
        }
        store.close();
        drop(store);
        model.compare(&Store::open(folder.path()).expect("a store").state());
    }
}

async fn apply(store: &Store, step: Step) {
    let change = store.change(move |draft| {
        match step {
            Step::PutServer(server) => draft.put_server(server),
            Step::RemoveServer(id) => draft.remove_server(&id),
            Step::PutMeeting(meeting) => draft.put_meeting(meeting),
            Step::RemoveMeeting(tenant, id) => drop(draft.remove_meeting(&tenant, &id)),
            Step::PutSize((tenant, id), size) => draft.put_size(&tenant, id, size),
            Step::RemoveSize((tenant, id)) => draft.remove_size(&tenant, id),
            Step::PutCopy(copy) => draft.put_copy(copy),
            Step::RemoveCopy(server, id) => draft.remove_copy(&server, id),
            Step::PutEnded(id, when) => draft.put_ended(id, when),
            Step::RemoveEnded(id) => draft.remove_ended(id),
            Step::Refuse(meeting) => {
                draft.put_meeting(meeting);
                return Err("no");
            }
            Step::Reopen => {}
        }
        Ok(())
    });
    let _ = change.await;
}

#[derive(Default)]
struct Model {
    servers: BTreeMap<ServerId, Server>,
    meetings: BTreeMap<(TenantId, MeetingId), Meeting>,
    sizes: BTreeMap<(TenantId, &'static str), Size>,
    copies: BTreeMap<(ServerId, String), LostCopy>,
    ended: BTreeMap<String, u64>,
}

impl Model {
    fn apply(&mut self, step: &Step) {
        match step.clone() {
            Step::PutServer(server) => drop(self.servers.insert(server.id.clone(), server)),
            Step::RemoveServer(id) => drop(self.servers.remove(&id)),
            Step::PutMeeting(meeting) => {
                let name = (meeting.tenant.clone(), meeting.id.clone());
                self.meetings.insert(name, meeting);
            }
            Step::RemoveMeeting(tenant, id) => drop(self.meetings.remove(&(tenant, id))),
            Step::PutSize(name, size) => drop(self.sizes.insert(name, size)),
            Step::RemoveSize(name) => drop(self.sizes.remove(&name)),
            Step::PutCopy(copy) => {
                let name = (copy.server.clone(), copy.internal_id.to_string());
                self.copies.insert(name, copy);
            }
            Step::RemoveCopy(server, id) => drop(self.copies.remove(&(server, id.to_owned()))),
            Step::PutEnded(id, when) => drop(self.ended.insert(id.to_owned(), when)),
            Step::RemoveEnded(id) => drop(self.ended.remove(id)),
            Step::Refuse(_) | Step::Reopen => {}
        }
    }

    fn compare(&self, state: &State) {
        let servers = state.servers().map(|server| (server.id.clone(), Server::clone(server)));
        assert_eq!(servers.collect::<BTreeMap<_, _>>(), self.servers);
        assert_eq!(state.server_count(), self.servers.len());
        let meetings = state
            .meetings()
            .map(|meeting| ((meeting.tenant.clone(), meeting.id.clone()), Meeting::clone(meeting)));
        assert_eq!(meetings.collect::<BTreeMap<_, _>>(), self.meetings);
        assert_eq!(state.meeting_count(), self.meetings.len());
        self.compare_servers_meetings(state);
        self.compare_ids(state);
        self.compare_voice_bridges(state);
        self.compare_sizes(state);
        self.compare_copies(state);
        let ended = state.all_ended().map(|(id, when)| (id.to_owned(), when));
        assert_eq!(ended.collect::<BTreeMap<_, _>>(), self.ended);
    }

    fn compare_copies(&self, state: &State) {
        let servers = SERVERS.map(ServerId::from);
        let copies = servers.iter().flat_map(|server| state.copies_on(server));
        let copies = copies.map(|copy| {
            ((copy.server.clone(), copy.internal_id.to_string()), LostCopy::clone(copy))
        });
        assert_eq!(copies.collect::<BTreeMap<_, _>>(), self.copies);
        for (server, id) in servers.iter().flat_map(|server| IDS.map(|id| (server, id))) {
            let expected = self.copies.get(&(server.clone(), id.to_owned()));
            assert_eq!(state.copy(server, id).map(|copy| &**copy), expected);
        }
    }

    fn compare_sizes(&self, state: &State) {
        for (tenant, id) in TENANTS.into_iter().flat_map(|t| IDS.map(|id| (t, id))) {
            let tenant = TenantId::from(tenant);
            assert_eq!(state.size(&tenant, id), self.sizes.get(&(tenant.clone(), id)));
        }
        let bytes = state.sizes().map(|(key, _)| key.len()).sum();
        assert_eq!(state.size_count(), (self.sizes.len(), bytes));
    }

    fn compare_servers_meetings(&self, state: &State) {
        for server in SERVERS.map(ServerId::from) {
            let mut found: Vec<_> = state.meetings_on(&server).map(|meeting| &**meeting).collect();
            found.sort_by_key(|meeting| (&meeting.tenant, &meeting.id));
            let expected: Vec<_> =
                self.meetings.values().filter(|meeting| meeting.server == server).collect();
            assert_eq!(found, expected);
            assert_eq!(state.meeting_count_on(&server), expected.len());
        }
    }

    /// A meetingID leads to its meeting, and any other id to the one that carries it.
    fn compare_ids(&self, state: &State) {
        for tenant in TENANTS.map(TenantId::from) {
            let of_tenant = || self.meetings.values().filter(|meeting| meeting.tenant == tenant);
            let others = IDS.into_iter().flat_map(other_ids).filter(|id| !id.is_empty());
            for id in IDS.map(str::to_owned).into_iter().chain(others) {
                let of_id = of_tenant().find(|meeting| meeting.id.as_str() == id);
                let carries = |meeting: &&Meeting| {
                    [Some(&*meeting.internal_id), meeting.alias.as_deref()].contains(&Some(&id))
                };
                let expected = of_id.or_else(|| of_tenant().find(carries));
                assert_eq!(state.meeting_of_id(&tenant, &id).map(|meeting| &**meeting), of_id);
                assert_eq!(state.meeting(&tenant, &id).map(|meeting| &**meeting), expected);
            }
        }
    }

    fn compare_voice_bridges(&self, state: &State) {
        for (tenant, id) in TENANTS.into_iter().flat_map(|t| IDS.map(|id| (t, id))) {
            for number in voice_bridges(tenant, id).iter().filter(|number| !number.is_empty()) {
                let having = |meeting: &&Meeting| &*meeting.voice_bridge == number;
                let expected = self.meetings.values().find(having);
                assert_eq!(state.voice_bridge(number).map(|meeting| &**meeting), expected);
            }
        }
    }
}

const SERVERS: [&str; 3] = ["a", "b", "c"];
const TENANTS: [&str; 2] = ["", "school"];

/// One of them could be taken for the internal id of another.
const IDS: [&str; 5] = ["math", "art", "x", "math-1", "Ωμέγα 日本"];

/// The ids besides its own that a meeting may carry; no other of the tenant has them.
fn other_ids(id: &str) -> [String; 4] {
    [String::new(), format!("{id}-1"), format!("{id}-2"), format!("{id}-room")]
}

/// The numbers that a meeting may have; no other of the pool has them.
fn voice_bridges(tenant: &str, id: &str) -> [String; 3] {
    [String::new(), format!("1 {tenant} {id}"), format!("2 {tenant} {id}")]
}

fn of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(texts)
}

fn step() -> impl Strategy<Value = Step> {
    let names = || (of(&TENANTS), of(&IDS));
    prop_oneof![
        2 => server().prop_map(Step::PutServer),
        1 => of(&SERVERS).prop_map(|id| Step::RemoveServer(ServerId::from(id))),
        6 => meeting().prop_map(Step::PutMeeting),
        4 => names().prop_map(|(tenant, id)| {
            Step::RemoveMeeting(TenantId::from(tenant), MeetingId::from(id))
        }),
        2 => (names(), size()).prop_map(|((tenant, id), size)| {
            Step::PutSize((TenantId::from(tenant), id), size)
        }),
        1 => names().prop_map(|(tenant, id)| Step::RemoveSize((TenantId::from(tenant), id))),
        2 => copy().prop_map(Step::PutCopy),
        1 => (of(&SERVERS), of(&IDS)).prop_map(|(server, id)| {
            Step::RemoveCopy(ServerId::from(server), id)
        }),
        2 => (of(&IDS), any::<u64>()).prop_map(|(id, when)| Step::PutEnded(id, when)),
        1 => of(&IDS).prop_map(Step::RemoveEnded),
        1 => meeting().prop_map(Step::Refuse),
        1 => Just(Step::Reopen),
    ]
}

fn server() -> impl Strategy<Value = Server> {
    let state = prop_oneof![
        Just(ServerState::Enabled),
        Just(ServerState::Cordoned),
        Just(ServerState::Disabled),
    ];
    let capacity = prop_oneof![
        (0.01..100.0).prop_map(Capacity::Weight),
        (0.01..100.0).prop_map(Capacity::LoadMultiplier),
    ];
    let limits = (any::<Option<u32>>(), any::<Option<u32>>());
    (of(&SERVERS), "[a-z]{1,20}", "[!-~]{1,40}", capacity, any::<Option<String>>(), state, limits)
        .prop_map(|(id, host, secret, capacity, tag, state, (max_meetings, max_users))| Server {
            id: ServerId::from(id),
            url: ServerUrl::exact(&format!("https://{host}/bigbluebutton/api")).expect("a URL"),
            secret: Secret::new(secret).expect("a secret"),
            capacity,
            tag: tag.map(String::into_boxed_str),
            state,
            max_meetings,
            max_users,
            spare: max_users.is_none(),
        })
}

fn size() -> impl Strategy<Value = Size> {
    (prop::option::of(1..500_u32), any::<u32>(), any::<u64>()).prop_map(|(before, peak, now_ms)| {
        let before = before.and_then(|peak| sizes::observe(None, peak, now_ms));
        sizes::see(before, Sitting { began_ms: now_ms / 2, peak }, now_ms).0
    })
}

fn copy() -> impl Strategy<Value = LostCopy> {
    let names = (of(&TENANTS), of(&IDS), of(&SERVERS), of(&IDS));
    (names, any::<String>(), any::<u64>()).prop_map(
        |((tenant, id, server, internal_id), password, lost_ms)| LostCopy {
            tenant: tenant.into(),
            id: id.into(),
            server: server.into(),
            internal_id: internal_id.into(),
            moderator_pw: password.into(),
            lost_ms,
        },
    )
}

fn meeting() -> impl Strategy<Value = Meeting> {
    let names = (of(&TENANTS), of(&IDS), of(&SERVERS));
    let choices = (0_usize..4, prop::option::of(0_usize..4), 0_usize..3);
    (names, choices, any::<String>(), any::<u64>(), any::<u32>()).prop_map(
        |((tenant, id, server), (internal_id, alias, bridge), password, created_ms, expected)| {
            Meeting {
                internal_id: other_ids(id)[internal_id].as_str().into(),
                alias: alias.map(|alias| other_ids(id)[alias].as_str().into()),
                moderator_pw: password.into(),
                voice_bridge: voice_bridges(tenant, id)[bridge].as_str().into(),
                expected_people: expected,
                phase: if created_ms % 2 == 0 { Phase::Running } else { Phase::Creating },
                create_time: created_ms / 3,
                lost: (0..created_ms % 3).collect(),
                end_token: format!("{expected:x}").into(),
                ..Meeting::starting(tenant.into(), id.into(), server.into(), created_ms)
            }
        },
    )
}

/// One change may do several things; a reader sees all of them or none.
#[test]
fn a_change_that_refuses_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let _guard = nothing_starts();
    let store = Store::open(folder.path()).expect("a store");
    let refused = runtime.block_on(store.change(|draft| {
        draft.remove_server(&ServerId::from("a"));
        assert_eq!(draft.state().server_count(), 0);
        Err::<Infallible, _>("no")
    }));
    assert_eq!(refused.expect_err("a refusal").to_string(), "no");
    assert_eq!(store.state().server_count(), 0);
    store.close();
}
