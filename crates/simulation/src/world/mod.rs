//! A world with a movable clock: pages, sockets, one server, paths between connections, and a script.
//!
//! [`World::step`] jumps to the next moment at which something is due and lets one of the things that are due happen,
//! drawn by the seed. After each step the invariants are checked; the first that does not hold is the
//! [`World::violation`], and the story is in [`World::trace`].

mod action;
mod application;
mod bounds;
mod browser_connection;
mod delivery;
mod document_client;
mod endings;
mod faults;
mod letters;
mod link;
mod page;
mod page_client;
mod paths;
mod perform;
mod presence;
mod reach;
mod server;
mod sockets;
mod tabs;
mod trace;
mod verdict;
mod wire_rules;

pub use action::{Action, Direction, PathLoss};
pub use browser_connection::BrowserConnection;
pub use delivery::Totals;
pub use link::Quality;
pub use page::{Application, Call, ClientKind, Machine, Page};
pub use page_client::PageClient;
pub use trace::Trace;

use crate::model_peer_connection::Random;
use delivery::Delivery;
use endings::Endings;
use link::Socket;
use reach::Reach;
use server::Server;
use signalpost_core::{ConnectionId, Input, OperationId};
use signalpost_server::registry::Pace;
use std::collections::BTreeMap;
use wire_rules::WireRules;

/// What is still missing, in words.
pub type Unsettled = String;

/// Wake-ups of one page at one instant that are still no busy loop.
const WAKE_UPS: u32 = 16;

/// What can happen next.
#[derive(Clone, Copy, Debug)]
enum Due {
    Script,
    Timer(usize),
    Model(usize),
    Probed(usize),
    Text,
    PathBack(usize, usize),
    Up(usize),
    Down(usize),
    Notice(usize),
    Session(usize),
    Delivery(usize),
    Sweep,
    Resume(usize),
    Online(usize),
}

/// What can happen in a world.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Whether a client is still told late events of sockets that it has closed.
    pub is_haunted: bool,
    /// Whether other tabs open under the ids of pages, and browsers tell pages of their lives.
    pub has_tabs: bool,
    /// Whether sessions outlive their sockets.
    pub keeps_sessions: bool,
    /// After how much silence pages that are added ping their connections, if they do.
    pub ping_ms: Option<u32>,
    /// Whether pages that are added may send their descriptions with their candidates.
    pub gathers: bool,
}

/// What happens at which time; the number keeps the order in which actions of one time were scheduled.
#[derive(Debug, Default)]
struct Script {
    actions: BTreeMap<(u64, u64), Action>,
    next: u64,
}

/// The observers that hold the invariants.
struct Checks {
    wire: WireRules,
    delivery: Delivery,
    endings: Endings,
}

/// Everything there is.
pub struct World {
    /// The clock, in milliseconds.
    pub now: u64,
    /// The seed's choices; scenarios draw from it too.
    pub random: Random,
    /// The story.
    pub trace: Trace,
    /// The pages.
    pub pages: Vec<Page>,
    /// The first invariant that did not hold.
    pub violation: Option<String>,
    /// Whether a closed connection, or an error event, breaks an invariant.
    pub expects_peace: bool,
    /// The seed whose world it is.
    pub seed: u64,
    /// What can happen in it.
    pub settings: Settings,
    connections: Vec<BrowserConnection>,
    sockets: Vec<Socket>,
    server: Server,
    reach: Reach,
    script: Script,
    checks: Checks,
    /// Operations in flight that are no candidates, by connection.
    in_flight: BTreeMap<(usize, u32, ConnectionId), OperationId>,
}

impl World {
    /// The world of a seed. `whole`: keep the whole trace, not only its tail.
    pub fn new(seed: u64, whole: bool) -> Self {
        Self {
            now: 1_000,
            random: Random::new(seed),
            trace: Trace::new(whole),
            pages: Vec::new(),
            violation: None,
            expects_peace: true,
            seed,
            settings: Settings::default(),
            connections: Vec::new(),
            sockets: Vec::new(),
            server: Server::default(),
            reach: Reach::default(),
            script: Script::default(),
            checks: Checks {
                wire: WireRules::new(),
                delivery: Delivery::default(),
                endings: Endings::default(),
            },
            in_flight: BTreeMap::new(),
        }
    }

    /// A page of that peer id; answers its number.
    pub fn add_page(&mut self, name: &str) -> usize {
        match Page::new(name, self.settings.gathers, self.settings.ping_ms, &mut self.random) {
            Ok(page) => {
                let (browser, links) = (page.browser(), page.machine.links);
                self.trace.note(self.now, name, format_args!("is {browser}, links {links:?}"));
                if let Some(ms) = page.client_kind.gathering_ms {
                    self.trace.note(self.now, name, format_args!("waits up to {ms} ms for candidates"));
                }
                self.pages.push(page);
            }
            Err(problem) => self.violate(format!("{name} {}", problem.as_str())),
        }
        self.pages.len() - 1
    }

    /// The client of a page is one that was written from the protocol's document, and not the real core.
    pub fn use_document_client(&mut self, page: usize) {
        self.pages[page].client_kind.is_documents = true;
        self.pages[page].begin(&mut self.random);
    }

    /// From now on the server tells large rooms at this pace.
    pub fn set_pace(&mut self, pace: Pace) {
        self.server.set_pace(pace);
    }

    /// From now on frames get lost: what is sent again is no mistake, and connections end.
    pub fn expect_losses(&mut self) {
        self.checks.wire.lossless = false;
        self.expects_peace = false;
    }

    /// Lets an action happen this much later; those of one time in the order in which they were scheduled.
    pub fn schedule(&mut self, delay: u64, action: Action) {
        self.script.actions.insert((self.now + delay, self.script.next), action);
        self.script.next += 1;
    }

    /// When the last action happens.
    pub fn script_end(&self) -> u64 {
        self.script.actions.keys().next_back().map_or(self.now, |(at, _)| *at)
    }

    /// Steps until the time, or a violation.
    pub fn run_until(&mut self, end: u64) {
        while self.violation.is_none() && self.step(end) {}
        self.now = self.now.max(end);
    }

    /// Steps until `done` holds, looked at every 20 ms; answers whether it came to hold before the time.
    pub fn run_until_settled(
        &mut self,
        end: u64,
        done: impl Fn(&Self) -> Result<(), Unsettled>,
    ) -> Result<(), Unsettled> {
        let mut state = done(self);
        while state.is_err() && self.now < end && self.violation.is_none() {
            self.run_until((self.now + 20).min(end));
            state = done(self);
        }
        state
    }

    /// Lets one thing happen that is due by `end`; answers whether there was one.
    pub fn step(&mut self, end: u64) -> bool {
        let (at, all) = self.due();
        if all.is_empty() || at > end {
            return false;
        }
        self.now = self.now.max(at);
        let choice = all[self.random.within((0, all.len() as u64 - 1)) as usize];
        self.perform(choice);
        self.observe_paths();
        self.check_bounds();
        true
    }

    pub(super) fn violate(&mut self, what: String) {
        let now = self.now;
        self.trace.note(now, "!!!", format_args!("{what}"));
        self.violation.get_or_insert(what);
    }

    fn due(&self) -> (u64, Vec<Due>) {
        let mut at = u64::MAX;
        let mut all = Vec::new();
        let mut consider = |due: Option<u64>, what: Due| {
            let Some(due) = due.map(|due| due.max(self.now)) else { return };
            if due < at {
                all.clear();
            }
            if due <= at {
                at = due;
                all.push(what);
            }
        };
        consider(self.script.actions.keys().next().map(|(at, _)| *at), Due::Script);
        for (place, page) in self.pages.iter().enumerate() {
            consider(page.poll_timeout(), Due::Timer(place));
            consider(page.tab.suspended_until, Due::Resume(place));
            consider(page.tab.offline.map(|(until, _)| until), Due::Online(place));
        }
        for (place, connection) in self.connections.iter().enumerate() {
            consider(connection.model.poll_timeout(), Due::Model(place));
            consider(connection.probed_at, Due::Probed(place));
        }
        consider(self.reach.texts.keys().next().map(|(at, _)| *at), Due::Text);
        for ((a, b), until) in &self.reach.outages {
            consider(Some(*until), Due::PathBack(*a, *b));
        }
        for (place, socket) in self.sockets.iter().enumerate() {
            let reads = socket.session.as_ref().is_none_or(|it| it.accepts_frames() || it.is_closed());
            consider(socket.up.due().filter(|_| reads), Due::Up(place));
            consider(socket.down.due(), Due::Down(place));
            consider(socket.noticed_at, Due::Notice(place));
            if let Some(session) = socket.session.as_ref().filter(|session| !session.is_closed()) {
                consider(session.poll_timeout().map(|(at, _)| at), Due::Session(place));
                if !self.server.queues.is_empty(socket.connection) {
                    consider(Some(self.now), Due::Delivery(place));
                }
            }
        }
        consider(self.server.registry.poll_timeout(), Due::Sweep);
        (at, all)
    }

    fn perform(&mut self, due: Due) {
        match due {
            Due::Script => {
                if let Some((_, action)) = self.script.actions.pop_first() {
                    self.act(action);
                }
            }
            Due::Timer(page) => self.wake(page),
            Due::Model(place) => {
                self.connections[place].model.handle_timeout(self.now);
                self.reach.touched.insert(place);
                self.hear(place);
            }
            Due::Probed(place) => self.tell_probed(place),
            Due::Text => self.tell_text(),
            Due::PathBack(a, b) => self.end_outage(a, b),
            Due::Up(place) => self.receive_at_server(place),
            Due::Down(place) => self.receive_at_page(place),
            Due::Notice(place) => self.notice_cut(place),
            Due::Session(place) => self.with_session(place, |session, now| session.handle_timeout(now)),
            Due::Delivery(place) => self.deliver(place),
            Due::Resume(page) => self.resume(page),
            Due::Online(page) => self.come_online(page),
            Due::Sweep => {
                let Server { registry, queues, .. } = &mut self.server;
                registry.sweep(self.now, queues);
            }
        }
    }

    fn wake(&mut self, place: usize) {
        let now = self.now;
        let page = &mut self.pages[place];
        let (at, count) = page.timeouts;
        page.timeouts = if at == now { (now, count + 1) } else { (now, 1) };
        if page.timeouts.1 > WAKE_UPS {
            let why = page.client.poll_timeout();
            return self.violate(format!("{} is woken in a loop for {why:?}", self.pages[place].id));
        }
        page.inbox.push_back(Input::Timeout);
        self.work(place);
    }
}
