//! What applications, users and fate do, at a time that the scenario sets.

use crate::model_peer_connection::MediaKind;
use signalpost_core::PageEvent;

/// Which way frames go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the page to the server.
    Up,
    /// From the server to the page.
    Down,
}

/// What happens to the path between two pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathLoss {
    /// Nothing passes, and then everything does again.
    Silence,
    /// The one page has another address from then on, which only an ICE restart finds. Whether its browser notices.
    NewAddress {
        /// Whether the old address vanishes, which costs Firefox its data channels.
        vanishes: bool,
    },
}

/// One thing to do. Pages are named by their number.
#[derive(Clone, Debug)]
pub enum Action {
    /// The page connects to the server.
    Connect(usize),
    /// The page enters the room of this name.
    Join(usize, &'static str),
    /// The page asks for the connection to another, which is made.
    Open(usize, usize),
    /// The page connects to another.
    ConnectPeer(usize, usize),
    /// The page connects to another anew, if it still wants to.
    ReconnectPeer(usize, usize),
    /// The page adds a track.
    AddTrack(usize, usize, MediaKind),
    /// The page removes a track of this kind, if it has one.
    RemoveTrack(usize, usize, MediaKind),
    /// The page restarts ICE.
    RestartIce(usize, usize),
    /// The page closes its connection to another.
    ClosePeer(usize, usize),
    /// The page leaves a room.
    Leave(usize, &'static str),
    /// The page sends another this many messages of this many bytes, and may ask for receipts.
    Send {
        /// Who sends.
        page: usize,
        /// Who is to get them.
        peer: usize,
        /// How many.
        count: u32,
        /// Whether the sender is to learn that they arrived.
        receipt: bool,
        /// How long each is.
        bytes: usize,
    },
    /// The page sends everybody else in a room this many messages.
    Broadcast(usize, &'static str, u32),
    /// The page's browser tells it something.
    Tell(usize, PageEvent),
    /// The page is frozen for this long: it gets the event, and runs nothing until it is shown again.
    FreezePage(usize, u64),
    /// The page is left: it says so at once. Whether the tab may load it again.
    LeavePage(usize, bool),
    /// Another tab opens under the id of the page; whether it shares the page's storage and so has the key.
    OpenTab(usize, bool),
    /// The other tabs under the id of the page are closed.
    CloseTabs(usize),
    /// The application closes its client for good.
    Close(usize),
    /// The user reloads the page: another client with the same id. Whether it knows the key of the one before.
    Reload(usize, bool),
    /// The page's socket breaks; the server notices this much later.
    CutSocket(usize, u64),
    /// The page's socket breaks where so many bytes have arrived; both ends are told.
    CutAfter(usize, Direction, usize),
    /// The page's sockets are closed with 1001 and the page lives on. Whether a gateway does it, to both ends, or its browser.
    CloseGoingAway(usize, bool),
    /// The page's socket is dead, and nobody is told.
    Vanish(usize),
    /// Nothing arrives on the page's sockets for this long, one way or both; then all that waited does.
    Freeze(usize, Option<Direction>, u64),
    /// What is sent from now on comes this much later.
    Delay(usize, Direction, u64),
    /// The so-many-th frame from now on arrives garbled.
    Mangle(usize, Direction, u32),
    /// The path between two pages is lost for this long; the first is the one whose address changes, if one does.
    LosePath(usize, usize, u64, PathLoss),
    /// The address of the connection with this number vanishes.
    LoseAddress(usize),
    /// The page has no network for this long; whether the browser tells.
    Offline(usize, u64, bool),
    /// The tab runs nothing for this long.
    Suspend(usize, u64),
    /// The machine sleeps for this long, and the monotonic clock of its browser with it; nothing arrives meanwhile.
    Sleep(usize, u64),
    /// The server stops, and starts again after this time, knowing nothing.
    RestartServer(u64),
    /// The sockets of the server break, and it takes new ones after this time; it still knows the sessions. Whether it knows that
    /// the sockets are gone.
    DropSockets(u64, bool),
}
