//! The sockets of this node, and the sessions that they own.
//!
//! One mutex guards all of it; it is held for a few map look-ups and pushes into queues, never across an await.

use super::guard::{self, Guard};
use super::proof::Proof;
use super::region::Region;
use crate::SocketId;
use crate::engine::limits::SHARED_RELAY_BYTES;
use crate::engine::{Claimed, Command, Delivery, DeliveryQueue, Full, Mail, Outcome};
use crate::registry::sessions::frames::Frames;
use crate::registry::sessions::keys::Keys;
use signalpost_protocol::{PeerId, PeerInfo, Position, SESSIONS, Sequence, SequenceNumber};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Sockets and sessions of one node.
#[derive(Default)]
pub(super) struct Local(Mutex<State>);

#[derive(Default)]
struct State {
    lines: HashMap<SocketId, Line>,
    /// Which socket owns the session with this seal.
    seals: HashMap<String, SocketId>,
}

/// One socket.
struct Line {
    queue: Arc<dyn DeliveryQueue>,
    owned: Option<Owned>,
    /// A command of it is being executed.
    is_busy: bool,
    /// The command that came meanwhile. A session has one at a time, and the end of the socket, which takes its place.
    waiting: Option<Command>,
}

/// A session that this node owns. Nobody else writes its frames and keys, as long as the seal is the session's.
#[derive(Clone, Debug)]
pub(super) struct Owned {
    pub(super) id: PeerId,
    /// The region in whose Redis the session lies.
    pub(super) region: Region,
    /// Names the session and no other of this peer, earlier or later.
    pub(super) number: u64,
    /// Its revision when this node got it.
    pub(super) rev: u64,
    /// Proves to scripts that this node owns the session. Drawn for each claim.
    pub(super) seal: String,
    pub(super) version: u16,
    /// What the peer said of itself when it claimed the session.
    pub(super) info: Arc<PeerInfo>,
    pub(super) frames: Frames,
    /// The keys, until the client has proved that it has the last one.
    pub(super) unproven: Option<Keys>,
    pub(super) stream: Stream,
    /// When Redis said last that this node owns it.
    pub(super) proof: Proof,
}

/// How far the mail of a session has come to the socket that owns it.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    /// The number up to which the socket's queue has everything. `None`: the claim is not answered yet.
    pub(super) delivered: Option<Position>,
    /// The era of the server's data in which that was: the same number may name other mail in another one.
    pub(super) era: Arc<str>,
    /// The number up to which there is mail in the mailbox, as far as is known.
    pub(super) known: Position,
    /// The number up to which Redis knows that a client of version 1, which acknowledges nothing, has everything.
    pub(super) confirmed: Position,
    /// The weight of what a client of version 1 has got beyond that.
    pub(super) unconfirmed: usize,
    /// Mail that is missing is being fetched.
    pub(super) is_fetching: bool,
    /// Mail of another era came: what is in the mailbox has to be fetched.
    pub(super) is_doubtful: bool,
    /// Redis is being told what a client of version 1 has got.
    pub(super) is_confirming: bool,
    /// Why the session was lost before the claim was answered.
    pub(super) farewell: Option<Delivery>,
}

impl Owned {
    pub(super) fn has_session(&self) -> bool {
        self.version >= SESSIONS
    }

    /// The number up to which the socket has everything.
    pub(super) fn delivered(&self) -> Position {
        self.stream.delivered.unwrap_or_default()
    }

    /// Whether a client of version 1, which acknowledges nothing itself, has so much that its mailbox has to be emptied.
    fn has_much(&self) -> bool {
        let stream = &self.stream;
        let entries = self.delivered().frames_since(stream.confirmed);
        !self.has_session() && (entries >= CONFIRM_ENTRIES || stream.unconfirmed >= CONFIRM_BYTES)
    }
}

impl Stream {
    /// Whether there is mail in the mailbox that is not delivered.
    fn is_behind(&self) -> bool {
        self.delivered.is_some_and(|delivered| delivered < self.known) || self.is_doubtful
    }
}

/// Entries and bytes that a client of version 1 has got, at which its mailbox is emptied without a command of the client: a part
/// of what a mailbox takes.
const CONFIRM_ENTRIES: u32 = 64;
const CONFIRM_BYTES: usize = SHARED_RELAY_BYTES / 4;

/// What became of one piece of mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is in the socket's queue, or was there before.
    Yes,
    /// Mail before it is missing, and nobody fetches it yet: the caller does, with [`Local::fetched`] at the end.
    Gap,
    /// Somebody fetches already, the claim is not answered yet, the queue of a client of version 1 is full, or this node does not
    /// own the session.
    No,
}

impl Local {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a socket.
    pub(super) fn attach(&self, socket: SocketId, queue: Arc<dyn DeliveryQueue>) {
        let line = Line { queue, owned: None, is_busy: false, waiting: None };
        self.state().lines.insert(socket, line);
    }

    /// Begins a command, and returns it. While another is executed it waits: [`Local::finish`] returns it then.
    pub(super) fn start(&self, socket: SocketId, command: Command) -> Option<Command> {
        let mut state = self.state();
        let line = state.lines.get_mut(&socket)?;
        if !line.is_busy {
            line.is_busy = true;
            return Some(command);
        }
        if !matches!(line.waiting, Some(Command::Detach(_))) {
            line.waiting = Some(command);
        }
        None
    }

    /// Ends a command, and begins the one that came meanwhile.
    pub(super) fn finish(&self, socket: SocketId) -> Option<Command> {
        let mut state = self.state();
        let line = state.lines.get_mut(&socket)?;
        let waiting = line.waiting.take();
        line.is_busy = waiting.is_some();
        waiting
    }

    /// Removes a socket, and returns the session that it owned.
    pub(super) fn detach(&self, socket: SocketId) -> Option<Owned> {
        let mut state = self.state();
        let owned = state.lines.remove(&socket)?.owned?;
        state.seals.remove(&owned.seal);
        Some(owned)
    }

    /// Gives a socket its session. With [`Stream::delivered`] empty nothing is delivered yet.
    pub(super) fn own(&self, socket: SocketId, owned: Owned) {
        let mut state = self.state();
        let State { lines, seals } = &mut *state;
        let Some(line) = lines.get_mut(&socket) else { return };
        if let Some(former) = line.owned.take() {
            seals.remove(&former.seal);
        }
        seals.insert(owned.seal.clone(), socket);
        line.owned = Some(owned);
    }

    /// Takes a session from its socket.
    pub(super) fn disown(&self, socket: SocketId) -> Option<Owned> {
        let mut state = self.state();
        let owned = state.lines.get_mut(&socket)?.owned.take()?;
        state.seals.remove(&owned.seal);
        Some(owned)
    }

    /// Returns the session of a socket, as it is now.
    pub(super) fn owned(&self, socket: SocketId) -> Option<Owned> {
        self.state().lines.get(&socket)?.owned.clone()
    }

    /// Returns the session with a seal, as it is now.
    pub(super) fn by_seal(&self, seal: &str) -> Option<Owned> {
        let state = self.state();
        state.lines.get(state.seals.get(seal)?)?.owned.clone()
    }

    /// Returns the sockets that own a session that lies in a region. A socket whose claim is not answered yet is not among them: Redis
    /// may not know yet that the session is its own.
    pub(super) fn owners(&self, region: Region) -> Vec<SocketId> {
        let state = self.state();
        let owns_there = |socket: &&SocketId| {
            let owned = state.lines.get(socket).and_then(|line| line.owned.as_ref());
            owned.is_some_and(|owned| owned.region == region && owned.stream.delivered.is_some())
        };
        state.seals.values().filter(owns_there).copied().collect()
    }

    /// Changes the session of a socket.
    pub(super) fn change(&self, socket: SocketId, change: impl FnOnce(&mut Owned)) {
        if let Some(owned) = self.state().lines.get_mut(&socket).and_then(|line| line.owned.as_mut()) {
            change(owned);
        }
    }

    /// Puts a reply, or anything else that a queue must take, into the queue of a socket.
    pub(super) fn deliver(&self, socket: SocketId, delivery: Delivery) {
        if let Some(line) = self.state().lines.get(&socket) {
            let _taken = line.queue.deliver(delivery);
        }
    }

    /// Replies to the claim of a socket: from now on its mail of this era is delivered.
    pub(super) fn welcome(&self, socket: SocketId, claimed: Claimed, era: &str) {
        let mut state = self.state();
        let Some(line) = state.lines.get_mut(&socket) else { return };
        if let Some(owned) = &mut line.owned {
            owned.stream.delivered = Some(claimed.acknowledged);
            owned.stream.confirmed = claimed.acknowledged;
            owned.stream.era = era.into();
        }
        let _taken = line.queue.deliver(Delivery::Claimed(claimed));
    }

    /// Says the farewell that came before the claim was answered.
    pub(super) fn say_farewell(&self, socket: SocketId) {
        let farewell = self.owned(socket).and_then(|owned| Some((owned.seal, owned.stream.farewell?)));
        if let Some((seal, farewell)) = farewell {
            self.lose(&seal, farewell);
        }
    }

    /// Puts the reply to a command into the queue of a socket.
    pub(super) fn done(&self, socket: SocketId, outcome: Outcome) {
        let state = self.state();
        let Some(line) = state.lines.get(&socket) else { return };
        let owned = line.owned.as_ref().filter(|owned| owned.has_session());
        let received = owned.map_or(Position::START, |owned| owned.frames.received());
        let _taken = line.queue.deliver(Delivery::Done { received, outcome });
    }

    /// Notes that what was delivered up to a number is in the mailbox in this era too.
    /// Returns whether mail of this era is delivered now.
    pub(super) fn turn_to(&self, seal: &str, era: &str, delivered: Position) -> bool {
        let mut state = self.state();
        let State { lines, seals } = &mut *state;
        let line = seals.get(seal).and_then(|socket| lines.get_mut(socket));
        let Some(owned) = line.and_then(|line| line.owned.as_mut()) else { return false };
        let stream = &mut owned.stream;
        // What was delivered since then is of the era before, and was not looked at.
        if stream.delivered == Some(delivered) && *stream.era != *era {
            stream.era = era.into();
            stream.known = delivered;
        }
        let is_turned = *stream.era == *era;
        stream.is_doubtful &= !is_turned;
        is_turned
    }

    /// Delivers one piece of mail if it is the next. `era`: that of the script that has put it into the mailbox or read it there.
    pub(super) fn take(&self, seal: &str, era: &str, seq: SequenceNumber, mail: Arc<Mail>) -> Taken {
        let mut state = self.state();
        let State { lines, seals } = &mut *state;
        let Some(line) = seals.get(seal).and_then(|socket| lines.get_mut(socket)) else { return Taken::No };
        let Line { queue, owned: Some(owned), .. } = line else { return Taken::No };
        owned.stream.known = owned.stream.known.max(Position::after(seq));
        let Some(delivered) = owned.stream.delivered else { return Taken::No };
        let order = Sequence::of(seq, delivered);
        let is_same_era = *owned.stream.era == *era;
        owned.stream.is_doubtful |= !is_same_era;
        match order {
            Sequence::Duplicate if is_same_era => return Taken::Yes,
            Sequence::Next if is_same_era => {}
            Sequence::Gap if is_same_era && !guard::is_on(Guard::GapCheck) => {}
            _ if std::mem::replace(&mut owned.stream.is_fetching, true) => return Taken::No,
            _ => return Taken::Gap,
        }
        let number = owned.has_session().then_some(seq);
        let weight = mail.weight();
        match queue.deliver(Delivery::Mail { seq: number, mail }) {
            Ok(()) => {
                owned.stream.delivered = Some(Position::after(seq));
                owned.stream.unconfirmed = owned.stream.unconfirmed.saturating_add(weight);
                Taken::Yes
            }
            // Only a client of version 1 can have no room: its mail waits in the mailbox.
            Err(Full) => Taken::No,
        }
    }

    /// Ends the fetching of mail, and returns whether some is still missing: then the caller goes on. With `is_stuck` it ends in
    /// any case.
    pub(super) fn fetched(&self, seal: &str, is_stuck: bool) -> bool {
        let mut state = self.state();
        let State { lines, seals } = &mut *state;
        let line = seals.get(seal).and_then(|socket| lines.get_mut(socket));
        let Some(owned) = line.and_then(|line| line.owned.as_mut()) else { return false };
        let stream = &mut owned.stream;
        stream.is_fetching = !is_stuck && stream.is_behind();
        stream.is_fetching
    }

    /// Notes that there is mail in a mailbox up to a number, and returns whether the caller is to fetch what is missing.
    pub(super) fn note(&self, seal: &str, top: Position) -> bool {
        let mut state = self.state();
        let State { lines, seals } = &mut *state;
        let line = seals.get(seal).and_then(|socket| lines.get_mut(socket));
        let Some(owned) = line.and_then(|line| line.owned.as_mut()) else { return false };
        let stream = &mut owned.stream;
        stream.known = stream.known.max(top);
        stream.is_behind() && !std::mem::replace(&mut stream.is_fetching, true)
    }

    /// Whether [`Local::confirming`] returns a socket.
    pub(super) fn may_confirm(&self, seal: &str) -> bool {
        let state = self.state();
        let owned = state.seals.get(seal).and_then(|socket| state.lines.get(socket)?.owned.as_ref());
        owned.is_some_and(|owned| owned.has_much() && !owned.stream.is_confirming)
    }

    /// Returns the socket of a client of version 1 whose mailbox is to be emptied, and returns it once: the caller gives
    /// a sign of life for it, which does that.
    pub(super) fn confirming(&self, seal: &str) -> Option<SocketId> {
        let mut state = self.state();
        let State { lines, seals } = &mut *state;
        let socket = *seals.get(seal)?;
        let owned = lines.get_mut(&socket)?.owned.as_mut()?;
        let is_due = owned.has_much() && !std::mem::replace(&mut owned.stream.is_confirming, true);
        is_due.then_some(socket)
    }

    /// Says farewell to the socket that owned the session with this seal, and returns that session. A socket whose claim is not
    /// answered yet hears of it afterwards.
    pub(super) fn lose(&self, seal: &str, farewell: Delivery) -> Option<Owned> {
        let mut state = self.state();
        let State { lines, seals } = &mut *state;
        let line = lines.get_mut(seals.get(seal)?)?;
        let owned = line.owned.as_mut()?;
        if owned.stream.delivered.is_none() {
            owned.stream.farewell = Some(farewell);
            return None;
        }
        seals.remove(seal);
        let _taken = line.queue.deliver(farewell);
        line.owned.take()
    }
}
