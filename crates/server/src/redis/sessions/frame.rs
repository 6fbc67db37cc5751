//! Executes frames of clients: each once, in its turn.

use super::super::codec;
use super::super::error::StoreError;
use super::super::find;
use super::super::local::Owned;
use super::super::mailbox::{Post, Posted};
use super::super::node::Node;
use super::super::rooms::{self, Step, Target};
use super::commit::{self, Commit, Committed};
use super::lost::{self, Which};
use crate::SocketId;
use crate::engine::{Action, ClientFrame, Delivery, Mail, Outcome, explanation};
use crate::registry::sessions::frames::Frames;
use metrics::counter;
use signalpost_protocol::{ErrorCode, PeerId, SESSIONS, SequenceNumber, Signal, limits};
use std::sync::Arc;

/// Most times that a room has moved on before the answer about it is committed.
const MAX_TRIES: usize = 16;
/// Most times that Redis may have lost a part of the session before it counts as lost, although what is there is right.
const MAX_DOUBTS: usize = 3;

/// The explanation for a frame that cannot be executed because of what stands in Redis.
const CANNOT_BE_DONE: &str = "the server's store has refused it: try again later";

/// Executes a frame of the client of a session, and replies.
///
/// # Errors
/// Redis did not do it in time; there was no reply.
pub(crate) async fn execute(
    node: &Arc<Node>,
    now: u64,
    socket: SocketId,
    request: ClientFrame,
) -> Result<(), StoreError> {
    let Some(owned) = node.local.owned(socket) else {
        node.local.done(socket, Outcome::Unregistered);
        return Ok(());
    };
    // A node that slept acts for nobody before it knows that the session is still its own.
    if !owned.proof.is_fresh() && commit::beat(node, now, socket, &owned).await? == Committed::Lost {
        node.local.done(socket, Outcome::Unregistered);
        return Ok(());
    }
    let Some(owned) = node.local.owned(socket) else {
        node.local.done(socket, Outcome::Unregistered);
        return Ok(());
    };
    let outcome = match frame(node, now, socket, &owned, request).await {
        Err(StoreError::Stale) if node.local.by_seal(&owned.seal).is_none() => Outcome::Unregistered,
        other => other?,
    };
    node.local.done(socket, outcome);
    Ok(())
}

async fn frame(
    node: &Arc<Node>,
    now: u64,
    socket: SocketId,
    owned: &Owned,
    request: ClientFrame,
) -> Result<Outcome, StoreError> {
    let ClientFrame { seq, ack, reference, action } = request;
    let mut frames = owned.frames.clone();
    let after = frames.received();
    // Frames of version 1 have no numbers: they get them here.
    let number = if owned.has_session() { seq } else { after.next() };
    let taken = number.ok_or(Outcome::Refused(ErrorCode::InvalidMessage)).and_then(|number| {
        frames.take(number)?;
        Ok(number)
    });
    node.local.change(socket, |owned| owned.frames = frames.clone());
    let (received, gap_after, gaps) = frames.parts();
    let mut fields =
        vec![("gap_after".to_owned(), gap_after.0.to_string()), ("gaps".into(), gaps.to_string())];
    let number = match taken {
        Ok(number) => number,
        Err(outcome) => {
            let said = Commit { ack, fields, is_of_client: ack.is_some(), ..Commit::default() };
            return Ok(match commit::commit(node, now, socket, owned, &said).await? {
                Committed::Lost => Outcome::Unregistered,
                _ => outcome,
            });
        }
    };
    // The frame is not received before it is committed.
    node.local.change(socket, |owned| owned.frames = Frames::from_parts(after, gap_after, gaps));
    fields = vec![("received".into(), received.0.to_string())];
    let turn = Turn { node, now, socket, owned, reference, number };
    let mut doubts = 0;
    for tries in 0..MAX_TRIES {
        let step = match turn.act(action.clone(), tries > 0).await {
            Err(StoreError::OutOfMemory) => {
                turn.refused(ErrorCode::ServerFull, explanation(ErrorCode::ServerFull).into(), None)
            }
            Err(StoreError::Rewound) => {
                let Some(owned) = node.local.owned(socket) else { return Ok(Outcome::Unregistered) };
                if commit::beat(node, now, socket, &owned).await? == Committed::Lost {
                    return Ok(Outcome::Unregistered);
                }
                if doubts < MAX_DOUBTS {
                    doubts += 1;
                    continue;
                }
                // Others have had later frames of this session, and Redis has lost them: nobody knows what became of this one.
                lost::rewound(node, now, socket, &owned, owned.number).await?;
                return Ok(Outcome::Unregistered);
            }
            // The frame is used up: its client would send it again and again in vain.
            Err(error) if error.is_lasting() => {
                counter!("signalpost_redis_unreadable_total", "kind" => error.label()).increment(1);
                tracing::error!(%socket, %error, "a frame cannot be executed");
                turn.refused(ErrorCode::ServerFull, CANNOT_BE_DONE.into(), None)
            }
            other => other?,
        };
        if step.outcome == Outcome::Unregistered {
            // Nothing was executed: it is not received either.
            return Ok(Outcome::Unregistered);
        }
        let mut said = Commit {
            ack,
            after: Some(after),
            answer: step.answer.map(Arc::new),
            is_of_client: ack.is_some(),
            fields: fields.iter().cloned().chain(step.fields.iter().cloned()).collect(),
        };
        let aside = turn.put_aside(&mut said);
        match commit::commit(node, now, socket, owned, &said).await? {
            Committed::Moved => {}
            Committed::Done { notices } => {
                node.local.change(socket, |owned| owned.frames = frames.clone());
                if let Some(mail) = aside {
                    node.local.deliver(socket, Delivery::Mail { seq: None, mail });
                }
                rooms::acked(node, now, owned, notices).await?;
                lost::aside(rooms::committed(node, now, owned, &step.fields).await);
                return Ok(step.outcome);
            }
            Committed::Full => {
                turn.lose().await?;
                return Ok(Outcome::Unregistered);
            }
            Committed::Lost => return Ok(Outcome::Unregistered),
        }
    }
    Err(StoreError::Unready("a room changes all the time".into()))
}

/// Most times that a receiver gets the news of a room before a relay: each is about one room, and rooms change meanwhile.
const MAX_NEWS: usize = 2 * limits::ROOMS_PER_PEER;

/// One frame in its turn.
struct Turn<'a> {
    node: &'a Arc<Node>,
    now: u64,
    socket: SocketId,
    owned: &'a Owned,
    reference: Option<u32>,
    number: SequenceNumber,
}

impl Turn<'_> {
    async fn act(&self, action: Action, again: bool) -> Result<Step, StoreError> {
        match action {
            Action::Send { to, signal } => match self.send(&to, signal).await? {
                Ok(()) => Ok(self.answered(self.reference.map(|_| Mail::Sent { reference: self.reference }))),
                Err(code) => Ok(self.refused(code, explanation(code).into(), Some(to))),
            },
            Action::Refuse { code, text, about } => Ok(self.refused(code, text, about)),
            about_rooms => {
                let (node, number) = (self.node, self.number.0.into());
                rooms::act(node, self.now, self.owned, number, self.reference, about_rooms, again).await
            }
        }
    }

    fn answered(&self, answer: Option<Mail>) -> Step {
        Step { answer, outcome: Outcome::Executed, fields: Vec::new() }
    }

    fn refused(&self, code: ErrorCode, text: std::borrow::Cow<'static, str>, about: Option<PeerId>) -> Step {
        let answer = Mail::Refused { code, text, reference: self.reference, about, after: None };
        Step { answer: Some(answer), outcome: Outcome::Refused(code), fields: Vec::new() }
    }

    /// Puts a signal into the mailbox of its receiver.
    async fn send(&self, to: &PeerId, mut signal: Signal) -> Result<Result<(), ErrorCode>, StoreError> {
        let mut receipt = None;
        if let Signal::Message { receipt: asked, .. } = &mut signal
            // Version 1 knows of no receipts, and its clients give none.
            && std::mem::take(asked)
            && self.owned.has_session()
        {
            receipt = self.reference;
        }
        let own = rooms::own_versions(self.node, self.owned);
        let mail = Mail::Relay { from: self.owned.id.clone(), signal };
        let text = codec::encode(&mail)?;
        let mut post = Post {
            to,
            home: self.node.region,
            source: format!("p:{}", self.owned.id.as_str()),
            session: self.owned.number,
            number: self.number.0.into(),
            mail: &mail,
            text: &text,
            receipt,
            proof: self.owned.proof,
            era: self.node.local.by_seal(&self.owned.seal).map(|owned| owned.stream.era),
            version: if receipt.is_some() { SESSIONS } else { 1 },
            rooms: &own,
            is_last: false,
        };
        for tries in 0..=MAX_NEWS {
            post.is_last |= tries == MAX_NEWS;
            let (posted, there) = find::post(self.node, self.now, &post).await?;
            match posted {
                Posted::Taken | Posted::Outside => return Ok(Ok(())),
                Posted::Gone | Posted::Unsure => return Ok(Err(ErrorCode::PeerNotFound)),
                Posted::Old => return Ok(Err(ErrorCode::UpgradeRequired)),
                Posted::Busy | Posted::Unreached => return Ok(Err(ErrorCode::PeerBusy)),
                Posted::Behind { room, seat, session, version } => {
                    let has_session = version >= SESSIONS;
                    let (peer, region) = (to.clone(), there.region);
                    let target = Target { peer, region, session, has_session, seal: None };
                    let id = &self.owned.id;
                    post.is_last = !rooms::tell_about(self.node, self.now, target, room, id, seat).await?;
                }
            }
        }
        Ok(Err(ErrorCode::PeerBusy))
    }

    /// Keeps the answer to a client of version 1 whose queue is full out of its mailbox, where other mail is before it: a queue
    /// takes any answer, and these clients do not count.
    fn put_aside(&self, said: &mut Commit) -> Option<Arc<Mail>> {
        let stream = &self.owned.stream;
        let is_stuck = !self.owned.has_session() && self.owned.delivered() < stream.known;
        if is_stuck { said.answer.take() } else { None }
    }

    /// Ends the session, whose mailbox has no room for the answer: no answer is lost while its session goes on.
    async fn lose(&self) -> Result<(), StoreError> {
        rooms::forget(self.node, self.owned);
        self.node.local.disown(self.socket);
        self.node.local.deliver(self.socket, Delivery::SessionLost);
        let which = Which::Number(self.owned.number);
        lost::end(self.node, self.now, &self.owned.id, which, "lost", None).await?;
        Ok(())
    }
}
