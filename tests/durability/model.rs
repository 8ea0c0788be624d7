//! The store against a plain map: the same after every change, and after every restart.

use std::collections::BTreeMap;
use std::convert::Infallible;

use beadle::model::{
    Capacity, Meeting, MeetingId, Secret, Server, ServerId, ServerState, ServerUrl, TenantId,
};
use beadle::store::{State, Store};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};

/// One step of a story. Names are few, so that they meet again.
#[derive(Debug, Clone)]
enum Step {
    PutServer(Server),
    RemoveServer(ServerId),
    PutMeeting(Meeting),
    RemoveMeeting(TenantId, MeetingId),
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

    /// A meetingID leads to its meeting, and any other id to one that carries it.
    fn compare_ids(&self, state: &State) {
        for tenant in TENANTS.map(TenantId::from) {
            for id in IDS.into_iter().chain(OTHER_IDS) {
                let of_id = self.meetings.get(&(tenant.clone(), MeetingId::from(id)));
                assert_eq!(state.meeting_of_id(&tenant, id).map(|meeting| &**meeting), of_id);
                let mut carriers = self.meetings.values().filter(|meeting| {
                    let carries = [Some(&*meeting.internal_id), meeting.alias.as_deref()];
                    meeting.tenant == tenant && carries.contains(&Some(id))
                });
                match (state.meeting(&tenant, id), of_id) {
                    (Some(found), Some(expected)) => assert_eq!(&**found, expected),
                    (Some(found), None) => assert!(carriers.any(|carrier| *carrier == **found)),
                    (None, expected) => assert!(expected.is_none() && carriers.next().is_none()),
                }
            }
        }
    }

    /// A number leads to a meeting that has it.
    fn compare_voice_bridges(&self, state: &State) {
        for number in VOICE_BRIDGES {
            let mut having =
                self.meetings.values().filter(|meeting| &*meeting.voice_bridge == number);
            match state.voice_bridge(number) {
                Some(found) => assert!(having.any(|meeting| *meeting == **found)),
                None => assert!(number.is_empty() || having.next().is_none(), "{number}"),
            }
        }
    }
}

const SERVERS: [&str; 3] = ["a", "b", "c"];
const TENANTS: [&str; 2] = ["", "school"];
const IDS: [&str; 5] = ["math", "art", "x", "i1", "Ωμέγα 日本"];
const OTHER_IDS: [&str; 4] = ["i2", "i3", "room-1", "room-2"];
const VOICE_BRIDGES: [&str; 4] = ["", "70001", "70002", "70003"];

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
        })
}

fn meeting() -> impl Strategy<Value = Meeting> {
    let names = (of(&TENANTS), of(&IDS), of(&["", "i1", "i2", "i3"]));
    let alias = prop::option::of(of(&["", "x", "room-1", "room-2"]));
    let numbers = (any::<u64>(), any::<u32>());
    let texts = (any::<String>(), of(&VOICE_BRIDGES));
    (names, alias, of(&SERVERS), texts, numbers).prop_map(
        |((tenant, id, internal_id), alias, server, (password, bridge), (created, expected))| {
            Meeting {
                tenant: TenantId::from(tenant),
                id: MeetingId::from(id),
                internal_id: internal_id.into(),
                alias: alias.map(Into::into),
                server: ServerId::from(server),
                moderator_pw: password.into(),
                voice_bridge: bridge.into(),
                created_ms: created,
                expected_people: expected,
            }
        },
    )
}

/// One change may do several things; a reader sees all of them or none.
#[test]
fn a_change_that_refuses_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
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
