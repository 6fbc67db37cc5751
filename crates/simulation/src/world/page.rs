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
    /// Its browser and its network.
    pub machine: Machine,
    /// The program that uses the client.
    pub application: Application,
    /// Every promise, by call.
    pub calls: BTreeMap<CallId, Call>,
    /// The events of the application, and when each came.
    pub events: Vec<(u64, Event)>,
    pub(super) stored: Stored,
    pub(super) client: PageClient,
    /// How its client is made.
    pub client_kind: ClientKind,
    pub(super) incarnation: u32,
    pub(super) inbox: VecDeque<Input>,
    /// Sockets that the core may use or close, and whether they are open.
    pub(super) sockets: BTreeMap<SocketId, bool>,
    /// How often the page was woken at one instant.
    pub(super) timeouts: (u64, u32),
    /// Whether a frame to the server was spoilt on its way. That it is missing shows when the next one arrives.
    pub(super) was_mangled: bool,
    pub(super) standing: Standing,
    pub(super) tab: Tab,
}

/// A browser on its network.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Which browser.
    pub flavor: Flavor,
    /// How fast.
    pub timings: Timings,
    /// Most candidates that it finds besides those of the model, for each of these.
    pub candidates: u64,
    /// How it reaches the server, and how it is reached.
    pub links: [Quality; 2],
}

/// What the application wants.
#[derive(Debug, Default)]
pub struct Application {
    /// Whether it connects to everyone it meets in a room.
    pub meshes: bool,
    /// Whether it connects anew when a connection ends that it wants.
    pub persists: bool,
    /// Whether it closed its client for good.
    pub(super) is_closed: bool,
    /// The tracks that it sends to each peer.
    pub(super) tracks: BTreeMap<PeerId, Vec<MediaKind>>,
    /// The peers that it wants to be connected to.
    pub(super) wants: BTreeSet<PeerId>,
}

/// What the next page under the id finds.
#[derive(Debug)]
pub(super) struct Stored {
    /// The secret of the session.
    pub key: String,
    /// How many pages have used the key and those that it comes from: as it is stored, and when the client was made.
    pub loads: u32,
    pub client_loads: u32,
}

/// How the client is made.
#[derive(Debug)]
pub struct ClientKind {
    /// How long its descriptions wait for their candidates, if they do.
    pub gathering_ms: Option<u32>,
    /// After how much silence its connections are pinged, if they are.
    pub(super) ping_ms: Option<u32>,
    /// Whether it is the one that was written from the document.
    pub(super) is_documents: bool,
    /// Whether it lets go of the socket while the page is frozen.
    pub(super) releases: bool,
}

/// Where the client stands, by the events of its application.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Since when it is connected to the server.
    pub linked_at: Option<u64>,
    /// Whether it was ever welcomed.
    pub was_welcomed: bool,
    /// The number that it drew, once it has said so.
    pub session: u32,
    /// The rooms that it has been in without a break.
    pub steady_rooms: BTreeSet<RoomName>,
    /// The rooms that it left in the step that is being told.
    pub just_left: Vec<RoomName>,
    pub presence: Presence,
}

/// The life of the tab.
#[derive(Debug)]
pub(super) struct Tab {
    /// Until when it is suspended: its inputs wait, and its timers come late.
    pub suspended_until: Option<u64>,
    /// How far its clock is behind: it stood still while the machine slept.
    pub lag: u64,
    /// Until when it has no network, and whether new sockets fail at once.
    pub offline: Option<(u64, bool)>,
    /// What the browser says when the page runs again.
    pub wakes_by: PageEvent,
    /// Whether the page was left for good, and the tab closed.
    pub is_gone: bool,
    /// Where it is another tab under the id of a page: that page, and whether it has its key.
    pub first: Option<(usize, bool)>,
    /// Whether another tab took the id, which this page was not told yet.
    pub lost_id: bool,
}

impl Page {
    pub(super) fn new(
        name: &str,
        gathers: bool,
        ping_ms: Option<u32>,
        random: &mut Random,
    ) -> Result<Self, InvalidId> {
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
        let client_kind = ClientKind { gathering_ms, ping_ms, is_documents: false, releases: false };
        let client = core_client(&id, (key.clone(), 0), &client_kind, random);
        let links = [Quality::random(random), Quality::random(random)];
        let candidates = [0, 0, 1, 2, 8][random.within((0, 4)) as usize];
        Ok(Self {
            id,
            machine: Machine { flavor, timings, candidates, links },
            application: Application::default(),
            calls: BTreeMap::new(),
            events: Vec::new(),
            stored: Stored { key, loads: 0, client_loads: 0 },
            client,
            client_kind,
            incarnation: 0,
            inbox: VecDeque::new(),
            sockets: BTreeMap::new(),
            timeouts: (0, 0),
            was_mangled: false,
            standing: Standing::default(),
            tab: Tab {
                suspended_until: None,
                lag: 0,
                offline: None,
                wakes_by: PageEvent::Visible,
                is_gone: false,
                first: None,
                lost_id: false,
            },
        })
    }

    /// A new client under the same id; what the old one waited for is forgotten.
    pub(super) fn reload(&mut self, keeps_key: bool, random: &mut Random) {
        if !keeps_key {
            self.stored.key = draw_key(random);
        }
        self.stored.loads += 1;
        self.begin(random);
        self.incarnation += 1;
        self.inbox.clear();
        self.calls.clear();
        self.sockets.clear();
        self.events.clear();
        self.application.is_closed = false;
        self.standing = Standing::default();
    }

    /// Its client is made, with what it is to know.
    pub(super) fn begin(&mut self, random: &mut Random) {
        self.stored.client_loads = self.stored.loads;
        let (key, pages) = (self.stored.key.clone(), self.stored.loads);
        self.client = if self.client_kind.is_documents {
            PageClient::Document(Box::new(DocumentClient::new(&self.id, key, pages << 16, random)))
        } else {
            core_client(&self.id, (key, pages), &self.client_kind, random)
        };
    }

    /// The page's clock.
    pub(super) fn now(&self, now: u64) -> u64 {
        now - self.tab.lag
    }

    /// Whether nothing runs in its tab.
    pub(super) fn is_suspended(&self, now: u64) -> bool {
        self.tab.suspended_until.is_some_and(|until| now < until)
    }

    /// Which client this is.
    pub(super) fn name(&self) -> Name {
        (self.id.clone(), self.standing.session)
    }

    /// When its client wants to be woken, by the world's clock; a suspended tab comes late.
    pub(super) fn poll_timeout(&self) -> Option<u64> {
        let (at, _) = self.client.poll_timeout().filter(|_| !self.tab.is_gone)?;
        Some((at + self.tab.lag).max(self.tab.suspended_until.unwrap_or_default()))
    }

    pub(super) fn call(&mut self, what: String) -> CallId {
        let call = CallId(self.calls.len() as u32 + 1);
        self.calls.insert(call, Call { what, result: None });
        call
    }

    /// The name of its browser.
    pub fn browser(&self) -> &'static str {
        match self.machine.flavor {
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
        self.tab.is_gone
    }

    /// Which page it is another tab beside.
    pub fn first(&self) -> Option<usize> {
        self.tab.first.map(|(page, _)| page)
    }

    /// The tracks that the application sends to a peer.
    pub fn tracks(&self, peer: &PeerId) -> &[MediaKind] {
        self.application.tracks.get(peer).map_or(&[], Vec::as_slice)
    }
}

fn draw_key(random: &mut Random) -> String {
    format!("{:016x}{:016x}", random.number(), random.number())
}

fn core_client(
    id: &PeerId,
    (key, pages): (String, u32),
    kind: &ClientKind,
    random: &mut Random,
) -> PageClient {
    let ClientKind { gathering_ms, ping_ms, releases, .. } = *kind;
    let config = Config {
        peer_id: id.clone(),
        key,
        peer: PeerInfo::default(),
        reconnect: ReconnectOptions::default(),
        candidates: CandidateOptions { gathering_ms, ..CandidateOptions::default() },
        ping_ms,
        release_when_frozen: releases,
        pages,
    };
    PageClient::Core(Box::new(Client::new(config, random.number())))
}
