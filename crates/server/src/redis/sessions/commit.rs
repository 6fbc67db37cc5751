//! What an owner says about its session: a sign of life, an acknowledgement, an executed frame with its answer.

use super::super::agenda;
use super::super::codec;
use super::super::error::StoreError;
use super::super::leftovers::{self, Leftovers};
use super::super::local::{Owned, Taken};
use super::super::mailbox::{self, BATCH};
use super::super::node::Node;
use super::super::proof::Proof;
use super::super::reply::Fields;
use super::super::{rooms, scripts};
use super::lost;
use super::settle;
use super::stored::key_fields;
use crate::SocketId;
use crate::engine::{Delivery, Mail};
use signalpost_protocol::{Position, SequenceNumber};
use std::sync::Arc;
use tokio::time::Instant;

/// What is committed.
#[derive(Debug, Default)]
pub(super) struct Commit {
    /// The client has everything up to this number.
    pub(super) ack: Option<Position>,
    /// The number of the last frame before this one, if there is a frame.
    pub(super) after: Option<Position>,
    pub(super) answer: Option<Arc<Mail>>,
    /// Fields of the session; an empty value removes one, and `?` before a name makes it a condition.
    pub(super) fields: Vec<(String, String)>,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::redis) enum Committed {
    /// It is done. So many notices wait in the mailbox.
    Done { notices: usize },
    /// A condition does not hold.
    Moved,
    /// The answer has no room: the session cannot go on.
    Full,
    /// The socket owns the session no more, and knows it.
    Lost,
}

/// Commits for the session of a socket, and delivers the answer and whatever else is in the mailbox.
///
/// # Errors
/// Redis did not do it in time.
pub(super) async fn commit(
    node: &Arc<Node>,
    now: u64,
    socket: SocketId,
    owned: &Owned,
    commit: &Commit,
) -> Result<Committed, StoreError> {
    let delivered = owned.delivered();
    let ack = if owned.has_session() {
        commit.ack.filter(|ack| *ack <= delivered)
    } else {
        // These clients acknowledge nothing: what went out is gone.
        Some(delivered).filter(|delivered| *delivered > owned.stream.confirmed)
    };
    // The first acknowledgement on a socket proves the key that went out on it.
    let proven = ack.and(owned.unproven.clone()).filter(|_| owned.has_session()).map(|mut keys| {
        keys.prove();
        keys
    });
    let call = node.call(&scripts::COMMIT, now).keys(node.keys.whole(&owned.id));
    let call = call
        .arg(&owned.seal)
        .arg(owned.number)
        .arg(owned.rev)
        .arg(delivered.0)
        .arg(&owned.stream.era)
        .arg(BATCH)
        .optional(ack.map(|ack| ack.0))
        .optional(commit.after.map(|after| after.0));
    let mut call = match &commit.answer {
        None => call.arg("").arg("").arg(""),
        Some(mail) => call.arg(mailbox::letter(mail.kind())).arg(mail.weight()).arg(codec::encode(mail)?),
    };
    for (name, value) in &commit.fields {
        call = call.arg(name).arg(value);
    }
    if let Some(keys) = &proven {
        for (name, value) in key_fields(keys) {
            call = call.arg(name).arg(value);
        }
    }
    let at = Instant::now();
    let mut reply = node.run(call).await?.into_fields("commit")?;
    match reply.text()?.as_str() {
        "ok" | "done" => {}
        "moved" => return Ok(Committed::Moved),
        "full" => return Ok(Committed::Full),
        "fenced" => {
            lost::fenced(node, socket, owned, &reply.text()?);
            return Ok(Committed::Lost);
        }
        "lapsed" => {
            lost::lapsed(node, now, socket, owned).await?;
            return Ok(Committed::Lost);
        }
        "rewound" => {
            lost::rewound(node, now, socket, owned, reply.number()?).await?;
            return Ok(Committed::Lost);
        }
        _ => return Err(reply.malformed()),
    }
    let (time, era) = (reply.number()?, reply.text()?);
    node.local.change(socket, |owned| {
        owned.proof = Proof::new(time, at);
        if proven.is_some() {
            owned.unproven = None;
        }
        if let Some(ack) = ack {
            owned.stream.confirmed = owned.stream.confirmed.max(ack);
            owned.stream.unconfirmed = 0;
        }
        owned.stream.is_confirming = false;
    });
    node.local.turn_to(&owned.seal, &era, delivered);
    lost::aside(agenda::renew(node, now, &owned.id).await);
    finish(node, now, owned, &era, commit.answer.as_ref(), reply).await
}

/// Takes what is left of a reply of `commit` behind the era: mail for the socket, and what is left to do.
async fn finish(
    node: &Arc<Node>,
    now: u64,
    owned: &Owned,
    era: &str,
    answer: Option<&Arc<Mail>>,
    mut reply: Fields,
) -> Result<Committed, StoreError> {
    let (number, top, graves, notices): (u32, u32, u64, usize) =
        (reply.number()?, reply.number()?, reply.number()?, reply.number()?);
    let cannot_go_on = |_: &_| node.overflow(owned.id.clone(), owned.number);
    let missing = mailbox::entries(reply.list()?).inspect_err(cannot_go_on)?;
    for (seq, mail) in missing {
        node.local.take(&owned.seal, era, seq, mail);
    }
    let mut taken = Taken::Yes;
    if let Some(mail) = answer
        && number > 0
    {
        taken = node.local.take(&owned.seal, era, SequenceNumber(number), mail.clone());
    }
    if taken == Taken::Gap || (taken == Taken::Yes && node.local.note(&owned.seal, Position(top))) {
        mailbox::fetch(node, now, &owned.seal).await;
    }
    let receipts = leftovers::receipts(reply.list()?).inspect_err(cannot_go_on)?;
    settle::later(node, now, &owned.id, Leftovers { session: owned.number, receipts, graves: graves > 0 });
    Ok(Committed::Done { notices })
}

/// Gives a sign of life for a session of this node. It finds out whether the session is another's, and fetches mail of which the
/// doorbell did not tell.
///
/// # Errors
/// Redis did not do it in time.
pub(crate) async fn beat(
    node: &Arc<Node>,
    now: u64,
    socket: SocketId,
    owned: &Owned,
) -> Result<Committed, StoreError> {
    commit(node, now, socket, owned, &Commit::default()).await
}

/// Empties the mailbox of a client of version 1 that only listens: it acknowledges nothing itself.
pub(crate) async fn confirm(node: &Arc<Node>, now: u64, seal: &str) {
    if let Some(socket) = node.local.confirming(seal)
        && let Some(owned) = node.local.owned(socket)
    {
        lost::aside(beat(node, now, socket, &owned).await.map(|_| ()));
    }
}

/// Says to a socket that Redis did not answer in time: its client comes back, to this node or another, and goes on where it was.
pub(crate) fn give_up(node: &Node, socket: SocketId) {
    if let Some(owned) = node.local.disown(socket) {
        rooms::forget(node, &owned);
    }
    node.local.deliver(socket, Delivery::Expired);
}
