//! Acts on a claim: begins a session, or lets it go on with another socket. The claim is read, decided in Rust, and committed if
//! nothing has changed meanwhile.

use super::super::agenda::{self, Plan};
use super::super::bell;
use super::super::call::Call;
use super::super::error::StoreError;
use super::super::leftovers::{self, Leftovers};
use super::super::local::{Owned, Stream};
use super::super::mailbox;
use super::super::node::Node;
use super::super::proof::Proof;
use super::super::reply::Fields;
use super::super::{rooms, scripts};
use super::stored::{Stored, key_fields};
use super::{lost, settle, unique};
use crate::SocketId;
use crate::engine::limits::MAX_ENTRIES;
use crate::engine::{Claim, Claimed, LossReason, Mail, Outcome};
use crate::registry::sessions::claim_decision::{Decision, Farewell, decide};
use crate::registry::sessions::frames::Frames;
use crate::registry::sessions::keys::Keys;
use signalpost_protocol::{ErrorCode, PeerId, Position, SequenceNumber};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::time::Instant;

/// Most times that a claim is read again because the session had changed.
const MAX_TRIES: usize = 32;

/// Gives a socket its session, and replies.
///
/// # Errors
/// Redis did not do it in time; there was no reply.
pub(crate) async fn claim(
    node: &Arc<Node>,
    now: u64,
    socket: SocketId,
    claim: Claim,
) -> Result<(), StoreError> {
    let refuse = |code| node.local.done(socket, Outcome::Refused(code));
    let Ok(id) = PeerId::parse(&claim.peer.id) else {
        refuse(ErrorCode::InvalidMessage);
        return Ok(());
    };
    if node.local.owned(socket).is_some() {
        refuse(ErrorCode::AlreadyRegistered);
        return Ok(());
    }
    let seal = node.draw_seal()?;
    for _ in 0..MAX_TRIES {
        let Found { node, time, stored, last, at } = look_up(node, now, &id).await?;
        let (node, stored) = (&node, stored);
        let holder = stored.as_ref().map(|stored| stored.holder(time, node.config.window_ms, &claim));
        let is_full = node.notes.sessions.load(Ordering::Relaxed) >= node.config.sessions;
        let proof = Proof::new(time, at);
        let attempt = Attempt { node, now, socket, id: &id, seal: &seal, claim: &claim, proof, last };
        let is_done = match (decide(claim.received, holder.as_ref(), is_full), stored) {
            (Decision::Refuse(code), _) => {
                refuse(code);
                true
            }
            (Decision::Late(farewell), _) => {
                node.local.deliver(socket, farewell.into_delivery());
                true
            }
            (Decision::Begin { reason, former }, stored) => {
                attempt.begin(stored.as_ref(), reason, former).await?
            }
            (Decision::Resume { position }, Some(stored)) => attempt.resume(&stored, Ok(position)).await?,
            (Decision::RepeatWelcome(reason), Some(stored)) => attempt.resume(&stored, Err(reason)).await?,
            // There is nothing to resume without a session.
            (Decision::Resume { .. } | Decision::RepeatWelcome(_), None) => false,
        };
        if is_done {
            return Ok(());
        }
    }
    Err(StoreError::Unready("the session of a claim changes all the time".into()))
}

/// What a claim has found.
struct Found {
    /// The node as it works on the region where the session lies, or is to lie.
    node: Arc<Node>,
    /// The time of the store, and that of this node before it was asked.
    time: u64,
    at: Instant,
    stored: Option<Stored>,
    /// The number of the peer's last session, in whatever region it was; 0 if none is known.
    last: u64,
}

impl Found {
    fn read(node: &Arc<Node>, at: Instant, mut reply: Fields) -> Result<Self, StoreError> {
        let (time, mut stored) = (reply.number()?, Stored::read(reply.list()?)?);
        let (sure, last) = (Position(reply.number()?), reply.number()?);
        if let Some(stored) = &mut stored {
            stored.top = stored.top.min(sure);
        }
        let last = stored.as_ref().map_or(last, |stored| stored.number);
        Ok(Self { node: Arc::clone(node), time, at, stored, last })
    }
}

/// Finds the session of a peer: in the node's own region, or else in the others, which are asked at once. A region that does not
/// answer in time keeps nobody from a new session.
async fn look_up(node: &Arc<Node>, now: u64, id: &PeerId) -> Result<Found, StoreError> {
    let read = |node: &Node| node.call(&scripts::READ, now).keys(node.keys.whole(id));
    let at = Instant::now();
    let mut own = Found::read(node, at, node.run(read(node)).await?.into_fields("read")?)?;
    let elsewhere = node.elsewhere();
    if own.stored.is_some() || elsewhere.is_empty() {
        return Ok(own);
    }
    let at = Instant::now();
    let asked = elsewhere
        .iter()
        .map(|other| async { Found::read(other, at, other.ask(read(other)).await?.into_fields("read")?) });
    let mut newest: Option<Found> = None;
    for found in futures_util::future::join_all(asked).await.into_iter().flatten() {
        own.last = own.last.max(found.last);
        if found.stored.is_some() && newest.as_ref().is_none_or(|newest| found.last > newest.last) {
            newest = Some(found);
        }
    }
    Ok(newest.unwrap_or(own))
}

/// One attempt to commit a claim.
struct Attempt<'a> {
    node: &'a Arc<Node>,
    now: u64,
    socket: SocketId,
    id: &'a PeerId,
    seal: &'a str,
    claim: &'a Claim,
    /// The number of the peer's last session in any region.
    last: u64,
    /// The session was read then. It is this socket's from a later time on.
    proof: Proof,
}

impl Attempt<'_> {
    /// Lets the doorbell ring for the socket, before the session is there: nothing is delivered yet.
    fn own_ahead(&self, number: u64, rev: u64, frames: Frames, keys: Keys) {
        let owned = Owned {
            id: self.id.clone(),
            region: self.node.region,
            number,
            rev,
            seal: self.seal.into(),
            version: self.claim.version,
            info: Arc::new(self.claim.peer.clone()),
            frames,
            unproven: Some(keys),
            stream: Stream::default(),
            proof: self.proof,
        };
        self.node.local.own(self.socket, owned);
    }

    fn call(&self, script: &'static scripts::Script) -> Call {
        self.node.call(script, self.now).keys(self.node.keys.whole(self.id))
    }

    /// Adds what a claim says about the peer to the arguments of a call that begins or resumes a session.
    fn describe(&self, call: Call, keys: &Keys) -> Result<Call, StoreError> {
        let info = serde_json::to_string(&self.claim.peer).map_err(|_| StoreError::Malformed("a peer"))?;
        let call = call.arg("version").arg(self.claim.version).arg("info").arg(info);
        let call = call.arg("incarnation").arg(self.claim.peer.incarnation);
        Ok(key_fields(keys).into_iter().fold(call, |call, (name, value)| call.arg(name).arg(value)))
    }

    /// Begins a session; `false` if all has changed and the claim is to be read again.
    async fn begin(
        &self,
        stored: Option<&Stored>,
        reason: Option<LossReason>,
        former: Option<Farewell>,
    ) -> Result<bool, StoreError> {
        let Claim { key, next, attempt, .. } = self.claim.clone();
        let keys = Keys::new(key, next, attempt, reason);
        self.own_ahead(0, 1, Frames::default(), keys.clone());
        // Written before, so that no session is ever without a place in it.
        agenda::plan(self.node, self.now, self.id, Plan::Ahead).await?;
        let farewell = former.map(Farewell::into_delivery);
        let call = self.call(&scripts::BEGIN).optional(stored.map(Stored::revision));
        let call = call.optional(farewell.as_ref().and_then(bell::word));
        let call = call.arg(self.proof.deadline(&self.node.config));
        let call = call.arg(&self.node.channel).arg(self.seal).arg(self.node.life_ms()).arg(self.last);
        let call = self.describe(call, &keys)?;
        let mut reply = match self.node.run(call).await {
            Err(StoreError::OutOfMemory) => {
                self.node.local.disown(self.socket);
                self.node.local.done(self.socket, Outcome::Refused(ErrorCode::ServerFull));
                return Ok(true);
            }
            other => other?.into_fields("begin")?,
        };
        if reply.text()? != "ok" {
            self.node.local.disown(self.socket);
            return Ok(false);
        }
        let (number, era, graves): (u64, String, u64) = (reply.number()?, reply.text()?, reply.number()?);
        if stored.is_some() {
            agenda::plan(self.node, self.now, self.id, Plan::Lease).await?;
        }
        unique::look_elsewhere(self.node, self.now, self.id, number);
        self.node.local.change(self.socket, |owned| owned.number = number);
        let Some(owned) = self.node.local.owned(self.socket) else { return Ok(true) };
        lost::aside(lost::list(self.node, self.now, &owned).await);
        let claimed =
            Claimed { resumed: false, reason, received: Position::START, acknowledged: Position::START };
        self.welcome(claimed, &era, Vec::new()).await;
        lost::aside(rooms::resumed(self.node, self.now, &owned, 1, Vec::new(), false).await);
        let leftovers = Leftovers { session: number, receipts: Vec::new(), graves: graves > 0 };
        settle::later(self.node, self.now, self.id, leftovers);
        Ok(true)
    }

    /// Lets the session go on; `false` if all has changed and the claim is to be read again. `position` is the number from which it
    /// goes on, or the reason that the client's lost `welcome` gave.
    async fn resume(
        &self,
        stored: &Stored,
        position: Result<Position, LossReason>,
    ) -> Result<bool, StoreError> {
        let mut keys = stored.keys.clone();
        keys.rotate(self.claim.key, self.claim.next, self.claim.attempt);
        self.own_ahead(stored.number, stored.rev, stored.frames.clone(), keys.clone());
        let acknowledged = position.unwrap_or_default();
        let call = self.call(&scripts::RESUME).arg(stored.revision());
        let call = call.arg(&self.node.channel).arg(self.seal).arg(acknowledged.0).arg(MAX_ENTRIES);
        let [_, (_, next), ..] = key_fields(&stored.keys);
        let call = call.arg(next);
        let call = self.describe(call, &keys)?;
        let mut reply = self.node.run(call).await?.into_fields("resume")?;
        if reply.text()? != "ok" {
            self.node.local.disown(self.socket);
            return Ok(false);
        }
        let era = reply.text()?;
        let resumed = Stored::read(reply.list()?)?.ok_or_else(|| reply.malformed())?;
        let graves: u64 = reply.number()?;
        // The session cannot go on behind what cannot be read: the next claim begins another.
        let cannot_go_on = |_: &_| self.node.overflow(self.id.clone(), resumed.number);
        let mail = mailbox::entries(reply.list()?).inspect_err(cannot_go_on)?;
        let receipts = leftovers::receipts(reply.list()?).inspect_err(cannot_go_on)?;
        agenda::plan(self.node, self.now, self.id, Plan::Lease).await?;
        unique::look_elsewhere(self.node, self.now, self.id, resumed.number);
        self.node.local.change(self.socket, |owned| {
            owned.frames = resumed.frames.clone();
            owned.rev = resumed.rev;
        });
        let Some(owned) = self.node.local.owned(self.socket) else { return Ok(true) };
        lost::aside(lost::list(self.node, self.now, &owned).await);
        let received = resumed.frames.received();
        let claimed = Claimed { resumed: position.is_ok(), reason: position.err(), received, acknowledged };
        self.welcome(claimed, &era, mail).await;
        let Stored { rev, seats, is_untold, .. } = resumed;
        lost::aside(rooms::resumed(self.node, self.now, &owned, rev, seats, is_untold).await);
        let leftovers = Leftovers { session: resumed.number, receipts, graves: graves > 0 };
        settle::later(self.node, self.now, self.id, leftovers);
        Ok(true)
    }

    /// Replies to the claim; mail follows, and what came meanwhile.
    async fn welcome(&self, claimed: Claimed, era: &str, mail: Vec<(SequenceNumber, Arc<Mail>)>) {
        let local = &self.node.local;
        local.welcome(self.socket, claimed, era);
        let mut top = claimed.acknowledged;
        for (seq, mail) in mail {
            top = Position::after(seq);
            local.take(self.seal, era, seq, mail);
        }
        if local.note(self.seal, top) {
            mailbox::fetch(self.node, self.now, self.seal).await;
        }
        local.say_farewell(self.socket);
    }
}

/// Says to a socket that its claim could not be decided.
pub(crate) fn give_up(node: &Node, socket: SocketId) {
    node.local.disown(socket);
    node.local.done(socket, Outcome::Refused(ErrorCode::ServerFull));
}
