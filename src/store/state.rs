//! The state in memory: immutable pictures that share what did not change.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rpds::{HashTrieMapSync, HashTrieSetSync};

use super::codec::{self, CodecError};
use crate::model::{LostCopy, Meeting, MeetingId, Server, ServerId, Size, TenantId};

/// The longest key, in bytes.
const KEY_LIMIT: usize = codec::VALUE_LIMIT / 2;

/// Everything that is stored. Cloning it is cheap, changing it copies a few small nodes.
#[derive(Clone, Default)]
pub struct State {
    servers: HashTrieMapSync<ServerId, Arc<Server>>,
    tenants: HashTrieMapSync<TenantId, TenantMeetings>,
    on_server: HashTrieMapSync<ServerId, HashTrieSetSync<ByName>>,
    voice_bridges: HashTrieMapSync<Box<str>, Arc<Meeting>>,
    copies: HashTrieMapSync<ServerId, HashTrieMapSync<Box<str>, Arc<LostCopy>>>,
    ended: HashTrieMapSync<Box<str>, u64>,
    sizes: HashTrieMapSync<Box<[u8]>, Size>,
    /// How many bytes the keys of the sizes take.
    size_bytes: usize,
}

/// The meetings of one tenant, by the ids that its front ends may use.
#[derive(Clone, Default)]
struct TenantMeetings {
    by_id: HashTrieMapSync<MeetingId, Arc<Meeting>>,
    by_other_id: HashTrieMapSync<Box<str>, Arc<Meeting>>,
}

/// A meeting as a member of a set: equal when tenant and id are.
#[derive(Clone)]
struct ByName(Arc<Meeting>);

impl State {
    /// The server of this id.
    pub fn server(&self, id: &ServerId) -> Option<&Arc<Server>> {
        self.servers.get(id)
    }

    /// All servers, in no order.
    pub fn servers(&self) -> impl Iterator<Item = &Arc<Server>> {
        self.servers.values()
    }

    /// How many servers there are.
    pub fn server_count(&self) -> usize {
        self.servers.size()
    }

    /// The tenant's meeting of this meetingID, or else of this internalMeetingID.
    pub fn meeting(&self, tenant: &TenantId, id: &str) -> Option<&Arc<Meeting>> {
        let meetings = self.tenants.get(tenant)?;
        meetings.by_id.get(id).or_else(|| meetings.by_other_id.get(id))
    }

    /// The tenant's meeting of exactly this meetingID.
    pub fn meeting_of_id(&self, tenant: &TenantId, id: &str) -> Option<&Arc<Meeting>> {
        self.tenants.get(tenant)?.by_id.get(id)
    }

    /// All meetings, in no order.
    pub fn meetings(&self) -> impl Iterator<Item = &Arc<Meeting>> {
        self.tenants.values().flat_map(|meetings| meetings.by_id.values())
    }

    /// How many meetings there are.
    pub fn meeting_count(&self) -> usize {
        self.tenants.values().map(|meetings| meetings.by_id.size()).sum()
    }

    /// The meetings of one server, in no order.
    pub fn meetings_on(&self, server: &ServerId) -> impl Iterator<Item = &Arc<Meeting>> {
        self.on_server.get(server).into_iter().flat_map(|set| set.iter().map(|named| &named.0))
    }

    /// How many meetings a server has.
    pub fn meeting_count_on(&self, server: &ServerId) -> usize {
        self.on_server.get(server).map_or(0, HashTrieSetSync::size)
    }

    /// The meeting that has this voice bridge.
    pub fn voice_bridge(&self, number: &str) -> Option<&Arc<Meeting>> {
        self.voice_bridges.get(number)
    }

    /// The copies that were lost on a server, in no order.
    pub fn copies_on(&self, server: &ServerId) -> impl Iterator<Item = &Arc<LostCopy>> {
        self.copies.get(server).into_iter().flat_map(|copies| copies.values())
    }

    /// The copy that a server made of a meeting before it was lost.
    pub fn copy(&self, server: &ServerId, internal_id: &str) -> Option<&Arc<LostCopy>> {
        self.copies.get(server)?.get(internal_id)
    }

    /// When the meeting of this internalMeetingID was ended through beadle, in milliseconds since
    /// 1970. Known for some minutes.
    pub fn ended(&self, internal_id: &str) -> Option<u64> {
        self.ended.get(internal_id).copied()
    }

    /// The meetings that were ended through beadle lately: internalMeetingID, and when.
    pub fn all_ended(&self) -> impl Iterator<Item = (&str, u64)> {
        self.ended.iter().map(|(internal_id, ended_ms)| (&**internal_id, *ended_ms))
    }

    /// What is known of the size of a tenant's meeting; with an empty meetingID, of all of them.
    pub fn size(&self, tenant: &TenantId, id: &str) -> Option<&Size> {
        self.sizes.get(&*codec::meeting_key(tenant, id))
    }

    /// All sizes, in no order, by their keys.
    pub fn sizes(&self) -> impl Iterator<Item = (&[u8], &Size)> {
        self.sizes.iter().map(|(key, size)| (&**key, size))
    }

    /// The sizes of meetings for which something is so.
    pub fn sizes_of_meetings(
        &self,
        wanted: impl Fn(&Size) -> bool,
    ) -> Vec<(TenantId, MeetingId, Size)> {
        let found = self.sizes.iter().filter(|(_, size)| wanted(size));
        let named = found.filter_map(|(key, size)| {
            let (tenant, id) = codec::meeting_of_key(key)?;
            Some((tenant, id, *size)).filter(|(_, id, _)| !id.as_str().is_empty())
        });
        named.collect()
    }

    /// How many sizes there are, and how many bytes their keys take.
    pub fn size_count(&self) -> (usize, usize) {
        (self.sizes.size(), self.size_bytes)
    }

    /// Takes in a record as it is stored.
    pub(super) fn read(&mut self, tree: Tree, key: &[u8], value: &[u8]) -> Result<(), CodecError> {
        match tree {
            Tree::Servers => self.insert_server(codec::decode_server(key, value)?),
            Tree::Meetings => self.insert_meeting(codec::decode_meeting(key, value)?),
            Tree::Copies => self.insert_copy(codec::decode_copy(key, value)?),
            Tree::Ended => {
                let (internal_id, ended_ms) = codec::decode_ended(key, value)?;
                self.ended.insert_mut(internal_id, ended_ms);
            }
            Tree::Sizes => self.insert_size(key, codec::decode_size(value)?),
        }
        Ok(())
    }

    fn insert_size(&mut self, key: &[u8], size: Size) {
        if !self.sizes.contains_key(key) {
            self.size_bytes += key.len();
        }
        self.sizes.insert_mut(key.into(), size);
    }

    fn insert_copy(&mut self, copy: LostCopy) {
        let mut copies = self.copies.get(&copy.server).cloned().unwrap_or_default();
        let server = copy.server.clone();
        copies.insert_mut(copy.internal_id.clone(), Arc::new(copy));
        self.copies.insert_mut(server, copies);
    }

    pub(super) fn insert_server(&mut self, server: Server) {
        self.servers.insert_mut(server.id.clone(), Arc::new(server));
    }

    /// Adds a meeting, in place of the one of the same tenant and id.
    pub(super) fn insert_meeting(&mut self, mut meeting: Meeting) {
        self.remove_meeting(&meeting.tenant, &meeting.id);
        if let Some(server) = self.servers.get(&meeting.server) {
            // One text in memory for all meetings of a server.
            meeting.server = server.id.clone();
        }
        let meeting = Arc::new(meeting);
        let mut of_tenant = self.tenants.get(&meeting.tenant).cloned().unwrap_or_default();
        of_tenant.by_id.insert_mut(meeting.id.clone(), Arc::clone(&meeting));
        for other in other_ids(&meeting) {
            of_tenant.by_other_id.insert_mut(other.into(), Arc::clone(&meeting));
        }
        self.tenants.insert_mut(meeting.tenant.clone(), of_tenant);
        let mut on_server = self.on_server.get(&meeting.server).cloned().unwrap_or_default();
        on_server.insert_mut(ByName(Arc::clone(&meeting)));
        self.on_server.insert_mut(meeting.server.clone(), on_server);
        if !meeting.voice_bridge.is_empty() {
            self.voice_bridges.insert_mut(meeting.voice_bridge.clone(), meeting);
        }
    }

    fn remove_meeting(&mut self, tenant: &TenantId, id: &MeetingId) -> Option<Arc<Meeting>> {
        let mut of_tenant = self.tenants.get(tenant)?.clone();
        let meeting = Arc::clone(of_tenant.by_id.get(id)?);
        of_tenant.by_id.remove_mut(id);
        for other in other_ids(&meeting) {
            if of_tenant.by_other_id.get(other).is_some_and(|found| found.id == *id) {
                of_tenant.by_other_id.remove_mut(other);
            }
        }
        self.tenants.insert_mut(tenant.clone(), of_tenant);
        if let Some(on_server) = self.on_server.get(&meeting.server) {
            let on_server = on_server.remove(&ByName(Arc::clone(&meeting)));
            self.on_server.insert_mut(meeting.server.clone(), on_server);
        }
        if self.voice_bridges.get(&meeting.voice_bridge).is_some_and(|m| Arc::ptr_eq(m, &meeting)) {
            self.voice_bridges.remove_mut(&meeting.voice_bridge);
        }
        Some(meeting)
    }
}

/// The ids besides its own that lead to a meeting.
fn other_ids(meeting: &Meeting) -> impl Iterator<Item = &str> {
    let ids = [Some(&*meeting.internal_id), meeting.alias.as_deref()];
    ids.into_iter().flatten().filter(|id| !id.is_empty() && *id != meeting.id.as_str())
}

impl PartialEq for ByName {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id && self.0.tenant == other.0.tenant
    }
}

impl Eq for ByName {}

impl Hash for ByName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.tenant.hash(state);
        self.0.id.hash(state);
    }
}

/// A state in the making: what a change reads and writes.
pub struct Draft {
    pub(super) state: State,
    pub(super) writes: Vec<Write>,
    pub(super) servers_changed: bool,
    pub(super) failure: Option<CodecError>,
}

/// One record to write, or to remove where there is no value.
pub(super) struct Write {
    pub(super) tree: Tree,
    pub(super) key: Vec<u8>,
    pub(super) value: Option<Vec<u8>>,
}

/// A kind of record. Each has a tree of its own in the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tree {
    Servers,
    Meetings,
    Copies,
    Ended,
    Sizes,
}

impl Tree {
    /// All kinds, in the order of their numbers.
    pub(super) const ALL: [Self; 5] =
        [Self::Servers, Self::Meetings, Self::Copies, Self::Ended, Self::Sizes];

    /// The name on disk.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Servers => "servers",
            Self::Meetings => "meetings",
            Self::Copies => "copies",
            Self::Ended => "ended",
            Self::Sizes => "sizes",
        }
    }
}

impl Draft {
    pub(super) fn new(state: State) -> Self {
        Self { state, writes: Vec::new(), servers_changed: false, failure: None }
    }

    /// The state with everything that this change has done so far.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Adds a server, in place of the one of the same id.
    pub fn put_server(&mut self, server: Server) {
        let key = server.id.as_str().as_bytes().to_vec();
        self.write(Tree::Servers, key, Some(codec::encode_server(&server)));
        self.state.insert_server(server);
        self.servers_changed = true;
    }

    /// Removes a server. Its meetings stay; remove them as well.
    pub fn remove_server(&mut self, id: &ServerId) {
        self.write(Tree::Servers, id.as_str().as_bytes().to_vec(), None);
        self.state.servers.remove_mut(id);
        self.servers_changed = true;
    }

    /// Whether a meeting is small enough to be stored.
    pub fn holds(meeting: &Meeting) -> bool {
        let key = codec::meeting_key(&meeting.tenant, meeting.id.as_str());
        key.len() <= KEY_LIMIT && codec::encode_meeting(meeting).is_ok()
    }

    /// Adds a meeting, in place of the one of the same tenant and id.
    pub fn put_meeting(&mut self, meeting: Meeting) {
        let key = codec::meeting_key(&meeting.tenant, meeting.id.as_str());
        self.write(Tree::Meetings, key, Some(codec::encode_meeting(&meeting)));
        self.state.insert_meeting(meeting);
    }

    /// Removes a meeting, and returns it when it was there.
    pub fn remove_meeting(&mut self, tenant: &TenantId, id: &MeetingId) -> Option<Arc<Meeting>> {
        let removed = self.state.remove_meeting(tenant, id)?;
        self.write(Tree::Meetings, codec::meeting_key(tenant, id.as_str()), None);
        Some(removed)
    }

    /// Remembers a copy that was lost with its server.
    pub fn put_copy(&mut self, copy: LostCopy) {
        let key = codec::copy_key(&copy.server, &copy.internal_id);
        self.write(Tree::Copies, key, Some(codec::encode_copy(&copy)));
        self.state.insert_copy(copy);
    }

    /// Forgets a lost copy, where there is one.
    pub fn remove_copy(&mut self, server: &ServerId, internal_id: &str) {
        let Some(copies) = self.state.copies.get(server) else { return };
        if copies.get(internal_id).is_none() {
            return;
        }
        let copies = copies.remove(internal_id);
        if copies.is_empty() {
            self.state.copies.remove_mut(server);
        } else {
            self.state.copies.insert_mut(server.clone(), copies);
        }
        self.write(Tree::Copies, codec::copy_key(server, internal_id), None);
    }

    /// Remembers that a meeting was ended through beadle.
    pub fn put_ended(&mut self, internal_id: &str, ended_ms: u64) {
        let key = internal_id.as_bytes().to_vec();
        self.write(Tree::Ended, key, Some(codec::encode_ended(ended_ms)));
        self.state.ended.insert_mut(internal_id.into(), ended_ms);
    }

    /// Forgets that a meeting was ended.
    pub fn remove_ended(&mut self, internal_id: &str) {
        if self.state.ended.remove_mut(internal_id) {
            self.write(Tree::Ended, internal_id.as_bytes().to_vec(), None);
        }
    }

    /// Remembers what is known of the size of a tenant's meeting; with an empty meetingID, of all
    /// of them.
    pub fn put_size(&mut self, tenant: &TenantId, id: &str, size: Size) {
        let key = codec::meeting_key(tenant, id);
        self.state.insert_size(&key, size);
        self.write(Tree::Sizes, key, Some(codec::encode_size(&size)));
    }

    /// Forgets the size of a tenant's meeting.
    pub fn remove_size(&mut self, tenant: &TenantId, id: &str) {
        self.remove_size_of(&codec::meeting_key(tenant, id));
    }

    /// Forgets a size by its key.
    pub fn remove_size_of(&mut self, key: &[u8]) {
        if self.state.sizes.remove_mut(key) {
            self.state.size_bytes -= key.len();
            self.write(Tree::Sizes, key.to_vec(), None);
        }
    }

    fn write(&mut self, tree: Tree, key: Vec<u8>, value: Option<Result<Vec<u8>, CodecError>>) {
        if key.len() > KEY_LIMIT {
            self.failure.get_or_insert(CodecError::TooLarge(key.len()));
        }
        match value.transpose() {
            Ok(value) => self.writes.push(Write { tree, key, value }),
            Err(failure) => {
                self.failure.get_or_insert(failure);
            }
        }
    }
}
