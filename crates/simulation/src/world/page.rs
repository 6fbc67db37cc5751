//! One page: a real client, and the application that uses it.

use super::document_client::DocumentClient;
use super::endings::Name;
use super::link::Quality;
use super::page_client::PageClient;
use super::presence::Presence;
use crate::model_peer_connection::{Flavor, MediaKind, Random, Timings};
use signalpost_core::{
    CallId, CandidateOptions, Client, Config, Event, Failure, Input, PageEvent, ReconnectOptions, Reply,
    SocketId,
};
use signalpost_protocol::{InvalidId, PeerId, PeerInfo, RoomName};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A promise.
#[derive(Debug)]
pub struct Call {
    /// What was called.
    pub what: String,
    /// How it was settled.
    pub result: Option<Result<Reply, Failure>>,
}

/// A browser tab.
pub struct Page {
    /// Its peer id.
    pub id: PeerId,
    /// Which browser.
    pub flavor: Flavor,
    /// How fast.
    pub timings: Timings,
    /// Most candidates that it finds besides those of the model, for each of these.
    pub candidates: u64,
    /// How long its descriptions wait for their candidates, if they do.
    pub gathering_ms: Option<u32>,
    /// How it reaches the server, and how it is reached.
    pub links: [Quality; 2],
    /// Whether the application connects to everyone it meets in a room.
    pub meshes: bool,
    /// Whether the application connects anew when a connection ends that it wants.
    pub persists: bool,
    /// Every promise, by call.
    pub calls: BTreeMap<CallId, Call>,
    /// What the application was told, and when.
    pub events: Vec<(u64, Event)>,
    /// The secret of its session.
    pub(super) key: String,
    /// How many pages have used the key and those that it comes from: as it is stored, and when the client was made.
    pub(super) loads: u32,
    pub(super) client_loads: u32,
    pub(super) client: PageClient,
    /// Whether its client is the one that was written from the document.
    pub(super) is_documents: bool,
    pub(super) incarnation: u32,
    pub(super) inbox: VecDeque<Input>,
    /// The tracks that the application sends to each peer.
    pub(super) tracks: BTreeMap<PeerId, Vec<MediaKind>>,
    /// The peers that the application wants to be connected to.
    pub(super) wants: BTreeSet<PeerId>,
    /// Sockets that the core may use or close, and whether they are open.
    pub(super) sockets: BTreeMap<SocketId, bool>,
    /// How often the page was woken at one instant.
    pub(super) timeouts: (u64, u32),
    /// Whether the application closed its client for good.
    pub(super) is_closed: bool,
    /// Whether it was left for good, and its tab closed.
    pub(super) is_gone: bool,
    /// Where it is another tab under the id of a page: that page, and whether it has its key.
    pub(super) first: Option<(usize, bool)>,
    /// Whether another tab took the id, which this page was not told yet.
    pub(super) lost_id: bool,
    /// Whether its client lets go of the socket while the page is frozen.
    pub(super) releases: bool,
    /// What the browser says when the page runs again.
    pub(super) wakes_by: PageEvent,
    /// Until when the tab is suspended: its inputs wait, and its timers come late.
    pub(super) suspended_until: Option<u64>,
    /// How far the clock of the page is behind: it stood still while the machine slept.
    pub(super) lag: u64,
    /// Until when the page has no network, and whether new sockets fail at once.
    pub(super) offline: Option<(u64, bool)>,
    /// The rooms that it has been in without a break, as far as it was told.
    pub(super) steady_rooms: BTreeSet<RoomName>,
    /// Since when it is connected to the server, as it was told.
    pub(super) linked_at: Option<u64>,
    /// Whether a frame to the server was spoilt on its way. That it is missing shows when the next one arrives.
    pub(super) was_mangled: bool,
    /// Whether this client was ever welcomed.
    pub(super) was_welcomed: bool,
    /// The number that it drew, once it has said so.
    pub(super) session: u32,
    pub(super) presence: Presence,
}

impl Page {
    pub(super) fn new(name: &str, gathers: bool, random: &mut Random) -> Result<Self, InvalidId> {
        let id = PeerId::parse(name)?;
        let flavor = [Flavor::CHROMIUM, Flavor::FIREFOX, Flavor::CHROMIUM, Flavor::SPECIFICATION]
            [random.within((0, 3)) as usize];
        let slow = [8, 8, 60, 250][random.within((0, 3)) as usize];
        let timings = Timings {
            description: (random.within((0, 1)), slow),
            gathering: (1, random.within((2, 40))),
            gathering_end: (1, random.within((2, 300))),
            ..Timings::default()
        };
        // Nothing is drawn where nobody gathers: the stories of those scenarios stay the same.
        let gathering_ms = if gathers {
            [None, Some(0), Some(60), Some(1_000)][random.within((0, 3)) as usize]
        } else {
            None
        };
        let key = draw_key(random);
        Ok(Self {
            client: core_client(&id, (key.clone(), 0), gathering_ms, false, random),
            is_documents: false,
            key,
            loads: 0,
            client_loads: 0,
            id,
            gathering_ms,
            flavor,
            timings,
            links: [Quality::random(random), Quality::random(random)],
            candidates: [0, 0, 1, 2, 8][random.within((0, 4)) as usize],
            meshes: false,
            persists: false,
            calls: BTreeMap::new(),
            events: Vec::new(),
            incarnation: 0,
            inbox: VecDeque::new(),
            tracks: BTreeMap::new(),
            wants: BTreeSet::new(),
            sockets: BTreeMap::new(),
            timeouts: (0, 0),
            is_closed: false,
            is_gone: false,
            first: None,
            lost_id: false,
            releases: false,
            wakes_by: PageEvent::Visible,
            suspended_until: None,
            lag: 0,
            offline: None,
            steady_rooms: BTreeSet::new(),
            linked_at: None,
            was_mangled: false,
            was_welcomed: false,
            session: 0,
            presence: Presence::default(),
        })
    }

    /// A new client under the same id; what the old one waited for is forgotten.
    pub(super) fn reload(&mut self, keeps_key: bool, random: &mut Random) {
        if !keeps_key {
            self.key = draw_key(random);
        }
        self.loads += 1;
        self.begin(random);
        self.incarnation += 1;
        self.inbox.clear();
        self.calls.clear();
        self.sockets.clear();
        self.events.clear();
        self.is_closed = false;
        self.linked_at = None;
        self.was_welcomed = false;
        self.session = 0;
        self.steady_rooms.clear();
        self.presence = Presence::default();
    }

    /// Its client is made, with what it is to know.
    pub(super) fn begin(&mut self, random: &mut Random) {
        self.client_loads = self.loads;
        let (key, pages) = (self.key.clone(), self.loads);
        self.client = if self.is_documents {
            PageClient::Document(Box::new(DocumentClient::new(&self.id, key, pages << 16, random)))
        } else {
            core_client(&self.id, (key, pages), self.gathering_ms, self.releases, random)
        };
    }

    /// The page's clock.
    pub(super) fn now(&self, now: u64) -> u64 {
        now - self.lag
    }

    /// Whether nothing runs in its tab.
    pub(super) fn is_suspended(&self, now: u64) -> bool {
        self.suspended_until.is_some_and(|until| now < until)
    }

    /// Which client this is.
    pub(super) fn name(&self) -> Name {
        (self.id.clone(), self.session)
    }

    /// When its client wants to be woken, by the world's clock; a suspended tab comes late.
    pub(super) fn poll_timeout(&self) -> Option<u64> {
        let (at, _) = self.client.poll_timeout().filter(|_| !self.is_gone)?;
        Some((at + self.lag).max(self.suspended_until.unwrap_or_default()))
    }

    pub(super) fn call(&mut self, what: String) -> CallId {
        let call = CallId(self.calls.len() as u32 + 1);
        self.calls.insert(call, Call { what, result: None });
        call
    }

    /// The name of its browser.
    pub fn browser(&self) -> &'static str {
        match self.flavor {
            Flavor::CHROMIUM => "Chromium",
            Flavor::FIREFOX => "Firefox",
            _ => "as specified",
        }
    }

    /// The client of the page.
    pub fn client(&self) -> &PageClient {
        &self.client
    }

    /// Whether it was left for good.
    pub fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Which page it is another tab beside.
    pub fn first(&self) -> Option<usize> {
        self.first.map(|(page, _)| page)
    }

    /// The tracks that the application sends to a peer.
    pub fn tracks(&self, peer: &PeerId) -> &[MediaKind] {
        self.tracks.get(peer).map_or(&[], Vec::as_slice)
    }
}

fn draw_key(random: &mut Random) -> String {
    format!("{:016x}{:016x}", random.number(), random.number())
}

fn core_client(
    id: &PeerId,
    (key, pages): (String, u32),
    gathering_ms: Option<u32>,
    release_when_frozen: bool,
    random: &mut Random,
) -> PageClient {
    let config = Config {
        peer_id: id.clone(),
        key,
        peer: PeerInfo::default(),
        reconnect: ReconnectOptions::default(),
        candidates: CandidateOptions { gathering_ms, ..CandidateOptions::default() },
        release_when_frozen,
        pages,
    };
    PageClient::Core(Box::new(Client::new(config, random.number())))
}
