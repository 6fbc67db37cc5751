//! What can happen next in a story, and how a seed draws it.

use super::model::Model;
use crate::model_peer_connection::{MediaKind, Random};
use crate::world::{Action, Direction};
use signalpost_core::PageEvent;

/// How long a flood takes, in seconds, and the messages in each.
const FLOOD_S: u64 = 8;
const FLOOD: u32 = 60;

/// The rooms there are.
pub const ROOMS: [&str; 2] = ["hall", "yard"];

/// One thing that users, applications or fate do. Pages are named by their number, times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// A page connects to the server.
    Connect(usize),
    /// A page enters a room, or makes sure that it is in.
    Join(usize, &'static str),
    /// A page leaves a room.
    Leave(usize, &'static str),
    /// A page sends another so many messages of so many bytes, and may ask for receipts.
    Send(usize, usize, u32, bool, usize),
    /// A page sends everybody in a room so many messages.
    Broadcast(usize, &'static str, u32),
    /// Two pages connect to each other within this time.
    ConnectBoth(usize, usize, u64),
    /// A page adds a track for another.
    AddTrack(usize, usize, MediaKind),
    /// A page closes its connection to another.
    ClosePeer(usize, usize),
    /// A socket breaks where so many more bytes have arrived; both ends are told.
    DropAfter(usize, Direction, usize),
    /// A socket breaks; the page is told at once, the server so much later.
    Drop(usize, u64),
    /// A socket is dead, and nobody is told.
    Vanish(usize),
    /// Nothing arrives for this long, one way or both; then all that waited does, late frames of replaced sockets too.
    Freeze(usize, Option<Direction>, u64),
    /// What is sent from now on comes so much later.
    Delay(usize, Direction, u64),
    /// A frame arrives garbled.
    Mangle(usize, Direction, u32),
    /// All sockets break and the server forgets all; it is back after this time.
    RestartWithoutState(u64),
    /// All sockets break and the server keeps all; it is back after this time. Whether it knows that they broke.
    RestartWithState(u64, bool),
    /// A page has no network for this long; whether its browser says so.
    Offline(usize, u64, bool),
    /// A tab runs nothing for this long: its inputs wait and its timers come late.
    Suspend(usize, u64),
    /// A machine sleeps for this long; its clock jumps.
    Sleep(usize, u64),
    /// A page is reloaded and comes back after this time; whether it knows the key of its session.
    Reload(usize, bool, u64),
    /// Another tab under the id of a page opens for so long; whether it shares the page's storage, and has the key.
    SecondTab(usize, bool, u64),
    /// The browser tells a page something.
    Tell(usize, PageEvent),
    /// A page is hidden for this long.
    Hide(usize, u64),
    /// A page is frozen for this long.
    FreezePage(usize, u64),
    /// A page sends another as much as it may for as long as it takes to fill what is between them, with messages of so many bytes;
    /// whether it has no link meanwhile.
    Flood(usize, usize, usize, bool),
    /// A page is left, which it says; it comes back after this time, or never.
    LeavePage(usize, Option<u64>),
    /// A page closes its client for good.
    Close(usize),
    /// A page enters and leaves a room by turns, so many times within this time.
    RoomStorm {
        /// Which page.
        page: usize,
        /// Which room.
        room: &'static str,
        /// How many times it enters or leaves.
        count: u64,
        /// How long it takes, in milliseconds.
        ms: u64,
    },
    /// Pages lose their sockets at the same moment; some have no network for a while as well.
    MassAbsence {
        /// Each page, and how long it has no network.
        pages: Vec<(usize, Option<u64>)>,
        /// When the server notices, in milliseconds.
        notice: u64,
        /// Whether the browsers of those without a network say so.
        is_told: bool,
    },
    /// The sockets of a page are closed with 1001 and the page lives on. Whether a gateway does it, to both ends, or its browser.
    GoingAway(usize, bool),
}

impl Transition {
    /// The next of a story.
    pub fn draw(model: &Model, random: &mut Random) -> Self {
        let pages = model.pages();
        let page = random.within((0, pages as u64 - 1)) as usize;
        let peer = (page + 1 + random.within((0, pages as u64 - 2)) as usize) % pages;
        let room = ROOMS[random.within((0, 3)) as usize / 3];
        let direction = if random.number() & 1 == 0 { Direction::Up } else { Direction::Down };
        let short = random.within((0, 1_500));
        // Shorter than a probe, longer than a heartbeat, longer than the window.
        let long = match random.within((0, 19)) {
            0..=7 => random.within((50, 3_000)),
            8..=14 => random.within((3_000, 20_000)),
            15..=18 => random.within((20_000, 90_000)),
            _ => random.within((121_000, 150_000)),
        };
        match random.within((0, 99)) {
            0..=33 => {
                let count = [1, 1, 2, 3, 5, 8, 12, 20][random.within((0, 7)) as usize];
                let bytes = [30, 30, 100, 1_000, 4_000][random.within((0, 4)) as usize];
                Self::Send(page, peer, count, random.within((0, 2)) == 0, bytes)
            }
            34..=39 => Self::Broadcast(page, room, random.within((1, 4)) as u32),
            40..=43 => Self::Join(page, room),
            44 => Self::Leave(page, room),
            45..=49 if model.is_meshed() => Self::ConnectBoth(page, peer, random.within((0, 60))),
            50..=51 if model.is_meshed() => {
                let kind = if random.number() & 1 == 0 { MediaKind::Audio } else { MediaKind::Video };
                Self::AddTrack(page, peer, kind)
            }
            52 if model.is_meshed() => Self::ClosePeer(page, peer),
            45..=58 => Self::DropAfter(page, direction, random.within((0, 4_000)) as usize),
            59..=64 => Self::Drop(page, short),
            65..=67 => Self::Vanish(page),
            68..=74 => Self::Freeze(page, [None, Some(direction)][random.within((0, 1)) as usize], long),
            75..=77 => Self::Delay(page, direction, random.within((50, 2_500))),
            78..=80 => Self::Mangle(page, direction, random.within((0, 6)) as u32),
            81..=82 => Self::RestartWithState(short, random.number() & 1 == 0),
            83 => Self::RestartWithoutState(short),
            84..=87 => Self::Offline(page, long, random.number() & 1 == 0),
            88..=91 => Self::Suspend(page, long),
            92..=94 => Self::Sleep(page, long),
            95..=96 => Self::Reload(page, random.within((0, 3)) > 0, short),
            97 => Self::SecondTab(page, false, 0),
            98 if random.within((0, 3)) == 0 => Self::Close(page),
            _ => Self::Connect(page),
        }
    }

    /// The next of a story that tells of tabs and of the lives of pages as well.
    pub fn draw_with_tabs(model: &Model, random: &mut Random) -> Self {
        if random.within((0, 3)) > 0 {
            return Self::draw(model, random);
        }
        let pages = model.pages();
        let page = random.within((0, pages as u64 - 1)) as usize;
        let peer = (page + 1 + random.within((0, pages as u64 - 2)) as usize) % pages;
        let ms = match random.within((0, 9)) {
            0..=4 => random.within((0, 3_000)),
            5..=8 => random.within((3_000, 40_000)),
            _ => random.within((115_000, 150_000)),
        };
        match random.within((0, 15)) {
            0..=3 => Self::SecondTab(page, random.number() & 1 == 0, ms),
            4..=5 => Self::Tell(page, [PageEvent::Woke, PageEvent::Visible][random.within((0, 1)) as usize]),
            6..=8 => Self::Hide(page, ms),
            9..=12 => Self::FreezePage(page, ms),
            13..=14 => Self::LeavePage(page, (random.within((0, 4)) > 0).then_some(ms)),
            // More than fits.
            _ => {
                Self::Flood(page, peer, [30, 3_000][random.within((0, 1)) as usize], random.number() & 1 == 0)
            }
        }
    }

    /// The next of a story that tells of room storms, mass absences and sockets that go away as well.
    pub fn draw_with_storms(model: &Model, random: &mut Random) -> Self {
        if random.within((0, 4)) > 0 {
            return Self::draw_with_tabs(model, random);
        }
        let pages = model.pages() as u64;
        let page = random.within((0, pages - 1)) as usize;
        match random.within((0, 9)) {
            0..=2 => {
                let room = ROOMS[random.within((0, 3)) as usize / 3];
                // More than the server lets a peer enter at once, now and then.
                let count = [random.within((2, 12)), random.within((10, 60)), random.within((120, 180))];
                let ms = [0, 0, random.within((0, 400)), random.within((400, 6_000))];
                let (count, ms) = (count[random.within((0, 2)) as usize], ms[random.within((0, 3)) as usize]);
                Self::RoomStorm { page, room, count, ms }
            }
            3..=5 => {
                let everybody = random.within((0, 2)) == 0;
                let mut gone = Vec::new();
                for page in 0..model.pages() {
                    if everybody || random.within((0, 3)) > 0 {
                        let late = match random.within((0, 9)) {
                            0..=4 => None,
                            5..=8 => Some(random.within((200, 40_000))),
                            _ => Some(random.within((115_000, 150_000))),
                        };
                        gone.push((page, late));
                    }
                }
                let notice = random.within((0, 1_500));
                Self::MassAbsence { pages: gone, notice, is_told: random.number() & 1 == 0 }
            }
            _ => Self::GoingAway(page, random.within((0, 2)) == 0),
        }
    }

    /// What it is in the world.
    pub fn actions(&self) -> Vec<(u64, Action)> {
        let now = |action| vec![(0, action)];
        match *self {
            Self::Connect(page) => now(Action::Connect(page)),
            Self::Join(page, room) => now(Action::Join(page, room)),
            Self::Leave(page, room) => now(Action::Leave(page, room)),
            Self::Send(page, peer, count, receipt, bytes) => {
                now(Action::Send { page, peer, count, receipt, bytes })
            }
            Self::Broadcast(page, room, count) => now(Action::Broadcast(page, room, count)),
            Self::ConnectBoth(page, peer, within) => {
                vec![(0, Action::ConnectPeer(page, peer)), (within, Action::ConnectPeer(peer, page))]
            }
            Self::AddTrack(page, peer, kind) => now(Action::AddTrack(page, peer, kind)),
            Self::ClosePeer(page, peer) => now(Action::ClosePeer(page, peer)),
            Self::DropAfter(page, direction, bytes) => now(Action::CutAfter(page, direction, bytes)),
            Self::Drop(page, notice) => now(Action::CutSocket(page, notice)),
            Self::Vanish(page) => now(Action::Vanish(page)),
            Self::Freeze(page, direction, ms) => now(Action::Freeze(page, direction, ms)),
            Self::Delay(page, direction, ms) => now(Action::Delay(page, direction, ms)),
            Self::Mangle(page, direction, after) => now(Action::Mangle(page, direction, after)),
            Self::RestartWithoutState(pause) => now(Action::RestartServer(pause)),
            Self::RestartWithState(pause, is_noticed) => now(Action::DropSockets(pause, is_noticed)),
            Self::Offline(page, ms, is_told) => now(Action::Offline(page, ms, is_told)),
            Self::Suspend(page, ms) => now(Action::Suspend(page, ms)),
            Self::Sleep(page, ms) => now(Action::Sleep(page, ms)),
            Self::Reload(page, keeps_key, pause) => {
                vec![(0, Action::Reload(page, keeps_key)), (pause, Action::Connect(page))]
            }
            Self::SecondTab(page, has_key, ms) => {
                vec![(0, Action::OpenTab(page, has_key)), (ms, Action::CloseTabs(page))]
            }
            Self::Tell(page, event) => now(Action::Tell(page, event)),
            Self::Hide(page, ms) => {
                let tell = |event| Action::Tell(page, event);
                vec![(0, tell(PageEvent::Hidden)), (ms, tell(PageEvent::Visible))]
            }
            Self::Flood(page, peer, bytes, is_frozen) => {
                let freeze = (0, Action::Freeze(page, None, FLOOD_S * 1_000));
                let send = Action::Send { page, peer, count: FLOOD, receipt: false, bytes };
                let freeze = is_frozen.then_some(freeze).into_iter();
                freeze.chain((0..FLOOD_S).map(|second| (second * 1_000, send.clone()))).collect()
            }
            Self::FreezePage(page, ms) => now(Action::FreezePage(page, ms)),
            Self::LeavePage(page, pause) => {
                let back = pause.map(|pause| (pause, Action::Connect(page)));
                [(0, Action::LeavePage(page, pause.is_some()))].into_iter().chain(back).collect()
            }
            Self::Close(page) => now(Action::Close(page)),
            Self::RoomStorm { page, room, count, ms } => {
                let enters = |turn| turn % 2 == 0;
                let action =
                    |turn| if enters(turn) { Action::Join(page, room) } else { Action::Leave(page, room) };
                (0..count).map(|turn| (turn * ms / count, action(turn))).collect()
            }
            Self::MassAbsence { ref pages, notice, is_told } => {
                let cuts = pages.iter().map(|(page, _)| (0, Action::CutSocket(*page, notice)));
                let late =
                    pages.iter().filter_map(|(page, ms)| Some((0, Action::Offline(*page, (*ms)?, is_told))));
                cuts.chain(late).collect()
            }
            Self::GoingAway(page, by_gateway) => now(Action::CloseGoingAway(page, by_gateway)),
        }
    }
}
