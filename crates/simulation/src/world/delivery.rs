//! The reference model of what applications send one another: how each promise of a message ended, and which application has the message.
//!
//! Once a message is taken it is owed: it arrives once, behind those that its sender sent the same receiver before. It is
//! owed no more when the receiver's session ends, of which the receiver hears. A message that its sender takes for lost
//! arrives at most once, and one that no socket ever saw, or that was refused, never.

use signalpost_core::{CallId, Receiver};
use signalpost_protocol::PeerId;
use std::collections::{BTreeMap, BTreeSet};

/// The codes of refusals after which a message is certain to be nowhere.
const CERTAIN: [&str; 6] =
    ["peer-not-found", "peer-busy", "rate-limited", "outbox-full", "message-too-large", "room-not-joined"];

/// A page, and which of its clients.
pub(super) type Tab = (usize, u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Waiting,
    Taken,
    /// Its promise said that it is lost, or may be.
    Voided,
}

/// One message.
#[derive(Debug)]
struct Message {
    from: Tab,
    call: CallId,
    to: Receiver,
    receipt: bool,
    fate: Fate,
    /// Whether it was ever put on a socket.
    was_sent: bool,
    /// Whether it certainly never arrives.
    is_void: bool,
    /// Who must get it once it is taken.
    owed: BTreeSet<PeerId>,
    arrived: BTreeSet<PeerId>,
}

/// How many there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Messages that applications sent.
    pub sent: u64,
    /// Messages that arrived, everywhere where they were owed.
    pub delivered: u64,
    /// Messages that arrived nowhere or not everywhere, as their sender heard.
    pub voided: u64,
    /// Messages that waited for a session that ended, as its client heard.
    pub ended: u64,
    /// Messages that were taken and are nowhere.
    pub lost: u64,
    /// Messages that arrived twice.
    pub doubled: u64,
    /// Messages that arrived before an older one of the same sender.
    pub reordered: u64,
}

impl Totals {
    /// Both together.
    pub fn add(&mut self, other: Self) {
        for (mine, more) in [
            (&mut self.sent, other.sent),
            (&mut self.delivered, other.delivered),
            (&mut self.voided, other.voided),
            (&mut self.ended, other.ended),
            (&mut self.lost, other.lost),
            (&mut self.doubled, other.doubled),
            (&mut self.reordered, other.reordered),
        ] {
            *mine += more;
        }
    }
}

/// All messages of a story.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    messages: Vec<Message>,
    calls: BTreeMap<(Tab, CallId), usize>,
    /// The newest that came from one client to another.
    newest: BTreeMap<(Tab, Tab), usize>,
    /// Codes that messages were refused with.
    pub refusals: BTreeMap<String, u64>,
    doubled: u64,
    reordered: u64,
}

impl Delivery {
    /// An application sends; answers the text to send, which names the message. `owed`: who is to get it.
    pub fn note_send(
        &mut self,
        from: Tab,
        call: CallId,
        to: Receiver,
        receipt: bool,
        owed: BTreeSet<PeerId>,
        bytes: usize,
    ) -> String {
        let number = self.messages.len();
        let arrived = BTreeSet::new();
        let message = Message {
            from,
            call,
            to,
            receipt,
            fate: Fate::Waiting,
            was_sent: false,
            is_void: false,
            owed,
            arrived,
        };
        self.messages.push(message);
        self.calls.insert((from, call), number);
        let name = format!("\"{number} ");
        let padding = bytes.saturating_sub(name.len() + 1);
        name + &".".repeat(padding) + "\""
    }

    /// A client puts this text on a socket.
    pub fn note_frame(&mut self, data: &str) -> Result<(), String> {
        let Some(message) = number(data).and_then(|number| self.messages.get_mut(number)) else {
            return Ok(());
        };
        // One that was refused may be sent again, as long as its acknowledgement is missing.
        if message.is_void && !core::mem::replace(&mut message.was_sent, true) {
            return Err(format!("{} is sent, which its sender was told is lost", name(message)));
        }
        message.was_sent = true;
        Ok(())
    }

    /// The promise of a message is settled. Answers nothing when the call was none.
    pub fn note_settled(&mut self, from: Tab, call: CallId, result: Result<(), &str>) -> Result<(), String> {
        let known = self.calls.get(&(from, call)).and_then(|number| self.messages.get_mut(*number));
        let Some(message) = known else { return Ok(()) };
        let Err(code) = result else {
            message.fate = Fate::Taken;
            if message.receipt && !message.owed.is_subset(&message.arrived) {
                return Err(format!("a receipt for {}, which has not arrived", name(message)));
            }
            return Ok(());
        };
        *self.refusals.entry(code.into()).or_default() += 1;
        message.fate = Fate::Voided;
        let one = matches!(message.to, Receiver::Peer(_));
        // A receipt may be refused because the receiver ended after it had the message.
        let is_certain = CERTAIN.contains(&code) && one && !(message.receipt && code == "peer-not-found");
        message.is_void = is_certain || !message.was_sent;
        if message.is_void && !message.arrived.is_empty() {
            return Err(format!("{} arrived, and its sender was told {code}", name(message)));
        }
        Ok(())
    }

    /// A client tells its application of a message.
    pub fn note_arrival(
        &mut self,
        (id, tab): (&PeerId, Tab),
        from: &PeerId,
        room: Option<&str>,
        data: &str,
        name_of: impl Fn(usize) -> PeerId,
    ) -> Result<(), String> {
        let number = number(data).filter(|number| *number < self.messages.len());
        let Some(number) = number else { return Err(format!("{id} gets what nobody sent: {data}")) };
        let message = &mut self.messages[number];
        let is_for_it = match &message.to {
            Receiver::Peer(to) => to == id && room.is_none(),
            Receiver::Room(to) => room == Some(to.as_str()),
        };
        if !is_for_it || name_of(message.from.0) != *from {
            return Err(format!("{id} gets {} from {from} in {room:?}", name(message)));
        }
        if message.is_void {
            return Err(format!("{id} gets {}, which its sender was told is lost", name(message)));
        }
        if !message.arrived.insert(id.clone()) {
            self.doubled += 1;
            return Err(format!("{id} gets {} twice", name(message)));
        }
        let newest = self.newest.insert((message.from, tab), number);
        if let Some(newest) = newest.filter(|newest| *newest > number) {
            self.reordered += 1;
            return Err(format!("{id} gets {} after message {newest}", name(&self.messages[number])));
        }
        Ok(())
    }

    /// The session of a client is over: what waited for it is owed no more.
    pub fn forgive(&mut self, id: &PeerId, taken_only: bool) {
        for message in &mut self.messages {
            if !message.arrived.contains(id) && (!taken_only || message.fate == Fate::Taken) {
                message.owed.remove(id);
            }
        }
    }

    /// A client is out of a room: what was broadcast in it is owed no more.
    pub fn forgive_broadcasts(&mut self, id: &PeerId) {
        for message in self.messages.iter_mut().filter(|it| matches!(it.to, Receiver::Room(_))) {
            if !message.arrived.contains(id) {
                message.owed.remove(id);
            }
        }
    }

    /// Whether the sender of a message waits for its receiver, who may be away.
    pub fn wants_receipt(&self, from: Tab, call: CallId) -> bool {
        self.calls
            .get(&(from, call))
            .and_then(|number| self.messages.get(*number))
            .is_some_and(|it| it.receipt)
    }

    /// What is still to come, in words.
    pub fn missing(&self) -> Option<String> {
        let mut all = self.messages.iter();
        let message = all.find(|it| it.is_missing())?;
        Some(format!("{} is missing", name(message)))
    }

    pub fn totals(&self) -> Totals {
        let mut totals = Totals { doubled: self.doubled, reordered: self.reordered, ..Totals::default() };
        for message in &self.messages {
            totals.sent += 1;
            let place = if message.is_missing() {
                &mut totals.lost
            } else if message.fate != Fate::Taken && !message.owed.is_subset(&message.arrived) {
                &mut totals.voided
            } else if message.arrived.is_empty() && message.fate == Fate::Taken {
                &mut totals.ended
            } else if message.arrived.is_empty() {
                &mut totals.voided
            } else {
                &mut totals.delivered
            };
            *place += 1;
        }
        totals
    }
}

impl Message {
    fn is_missing(&self) -> bool {
        self.fate == Fate::Taken && !self.owed.is_subset(&self.arrived)
    }
}

fn name(message: &Message) -> String {
    let Message { from: (page, incarnation), call, to, .. } = message;
    format!("page {page}.{incarnation}'s message {call} to {to:?}")
}

fn number(data: &str) -> Option<usize> {
    data.strip_prefix('"')?.split(' ').next()?.parse().ok()
}
