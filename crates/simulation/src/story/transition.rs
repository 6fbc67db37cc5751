//! What can happen next in a story.

use crate::model_peer_connection::MediaKind;
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
