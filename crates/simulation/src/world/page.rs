//! One page: a real client, and the application that uses it.

use super::link::Quality;
use crate::model_peer_connection::{Flavor, MediaKind, Random, Timings};
use signalpost_core::{CandidateOptions, Client, Config, Event, Failure, Input, ReconnectOptions, Reply};
use signalpost_protocol::{InvalidId, PeerId, PeerInfo};
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
    pub calls: BTreeMap<u32, Call>,
    /// What the application was told, and when.
    pub events: Vec<(u64, Event)>,
    pub(super) client: Client,
    pub(super) incarnation: u32,
    pub(super) inbox: VecDeque<Input>,
    /// The tracks that the application sends to each peer.
    pub(super) tracks: BTreeMap<PeerId, Vec<MediaKind>>,
    /// The peers that the application wants to be connected to.
    pub(super) wants: BTreeSet<PeerId>,
    /// Sockets that the core may use or close, and whether they are open.
    pub(super) sockets: BTreeMap<u32, bool>,
    /// How often the page was woken at one instant.
    pub(super) timeouts: (u64, u32),
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
        Ok(Self {
            client: client(&id, gathering_ms, random),
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
        })
    }

    /// A new client under the same id; what the old one waited for is forgotten.
    pub(super) fn reload(&mut self, random: &mut Random) {
        self.client = client(&self.id, self.gathering_ms, random);
        self.incarnation += 1;
        self.inbox.clear();
        self.calls.clear();
        self.sockets.clear();
        self.events.clear();
    }

    pub(super) fn call(&mut self, what: String) -> u32 {
        let call = self.calls.len() as u32 + 1;
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

    /// The core of the page.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The tracks that the application sends to a peer.
    pub fn tracks(&self, peer: &PeerId) -> &[MediaKind] {
        self.tracks.get(peer).map_or(&[], Vec::as_slice)
    }
}

fn client(id: &PeerId, gathering_ms: Option<u32>, random: &mut Random) -> Client {
    let config = Config {
        peer_id: id.clone(),
        key: format!("{:016x}{:016x}", random.number(), random.number()),
        peer: PeerInfo::default(),
        reconnect: ReconnectOptions::default(),
        candidates: CandidateOptions { gathering_ms, ..CandidateOptions::default() },
        release_when_frozen: false,
    };
    Client::new(config, random.number())
}
