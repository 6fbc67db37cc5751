//! Puts mail into mailboxes, and fetches what a doorbell did not bring.

use super::codec;
use super::error::StoreError;
use super::local::Taken;
use super::node::Node;
use super::region::Region;
use super::reply::Fields;
use super::scripts;
use crate::engine::{Mail, MailKind};
use signalpost_protocol::{PeerId, RoomName, Signal};
use std::sync::Arc;

/// Most entries that are fetched at once.
pub(super) const BATCH: usize = 256;

/// Mail for the mailbox of another session.
#[derive(Clone, Debug)]
pub(super) struct Post<'a> {
    /// The receiver.
    pub(super) to: &'a PeerId,
    /// The region of the source.
    pub(super) home: Region,
    /// Where it comes from: mail of one source and session is taken once, in the order of its numbers.
    pub(super) source: String,
    /// The session of the source.
    pub(super) session: u64,
    /// The number of this mail there.
    pub(super) number: u64,
    /// The mail.
    pub(super) mail: &'a Mail,
    /// The reference of the receipt that its sender wants.
    pub(super) receipt: Option<u32>,
    /// The only session that it is for.
    pub(super) only: Option<u64>,
    /// The lowest version of the session that it is for.
    pub(super) version: u16,
    /// The rooms of the sender with the version of its own last change: members must have been told before.
    pub(super) rooms: &'a [(RoomName, u64)],
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Posted {
    /// It is in the mailbox, or was put there before.
    Taken,
    /// There is no such session.
    Gone,
    /// The session is of a lower version.
    Old,
    /// The receiver's region did not answer in time: it may be there or not.
    Unreached,
    /// The receiver is in no region that answered in time; one did not.
    Unsure,
    /// There is no room. A session whose mailbox cannot take an answer ends with the command.
    Busy,
    /// The receiver must get the news of this room first. `seat`, `session` and `version` are the receiver's.
    Behind { room: RoomName, seat: String, session: u64, version: u16 },
}

/// The letter of a kind of mail in scripts.
pub(super) const fn letter(kind: MailKind) -> char {
    match kind {
        MailKind::Relay => 'r',
        MailKind::Notice => 'n',
        MailKind::Answer => 'a',
    }
}

/// Puts mail into a mailbox of this region, once.
///
/// # Errors
/// Redis did not do it in time. Memory that is used up is [`Posted::Busy`] for a relay.
pub(super) async fn post(node: &Node, now: u64, post: &Post<'_>) -> Result<Posted, StoreError> {
    let from = match post.mail {
        Mail::Relay { from, .. } => from.as_str(),
        _ => "",
    };
    let call = node.call(&scripts::POST, now).keys(node.keys.mailbox(post.to));
    let call = call.arg(&post.source).arg(post.session).arg(post.number);
    let call = call.arg(letter(post.mail.kind())).arg(post.mail.weight()).arg(from);
    let call = call.arg(if is_negotiation(post.mail) { 'u' } else { '-' });
    let mut call = match post.receipt {
        Some(reference) => call.arg(post.session).arg(reference),
        None => call.arg('-').arg('-'),
    };
    call = call.optional(post.only).arg(post.version).arg(codec::encode(post.mail)?);
    for (room, version) in post.rooms {
        call = call.arg(room.as_str()).arg(version);
    }
    let reply = match node.run_for(post.home, call).await {
        Err(StoreError::OutOfMemory) if post.mail.kind() == MailKind::Relay => return Ok(Posted::Busy),
        Err(error) if error.is_temporary() && post.home != node.region => return Ok(Posted::Unreached),
        other => other?,
    };
    read(node, post, reply.into_fields("post")?)
}

fn read(node: &Node, post: &Post<'_>, mut reply: Fields) -> Result<Posted, StoreError> {
    Ok(match reply.text()?.as_str() {
        "ok" | "dup" => Posted::Taken,
        "gone" => Posted::Gone,
        "old" => Posted::Old,
        "busy" => {
            let session = reply.number()?;
            if post.mail.kind() == MailKind::Answer {
                node.overflow(post.to.clone(), session);
            }
            Posted::Busy
        }
        "stale" => {
            tracing::warn!(source = post.source, "mail of a session that another has followed");
            Posted::Busy
        }
        "behind" => Posted::Behind {
            room: RoomName::parse(&reply.text()?).map_err(|_| reply.malformed())?,
            seat: reply.text()?,
            session: reply.number()?,
            version: reply.number()?,
        },
        _ => return Err(reply.malformed()),
    })
}

/// Whether the sender wants to know if this does not arrive before the end of the session: it is part of a negotiation.
fn is_negotiation(mail: &Mail) -> bool {
    match mail {
        Mail::Relay { signal: Signal::Close { .. } | Signal::Reject { .. }, .. } => false,
        Mail::Relay { signal, .. } => signal.route().is_some(),
        _ => false,
    }
}

/// Reads mail from a reply: number, mail, number, mail, ….
pub(super) fn entries(mut fields: Fields) -> Result<Vec<(u32, Arc<Mail>)>, StoreError> {
    let mut entries = Vec::new();
    while !fields.is_empty() {
        entries.push((fields.number()?, Arc::new(codec::decode(&fields.text()?)?)));
    }
    Ok(entries)
}

/// Delivers what is in the mailbox of a session of this node and not in its socket's queue. The caller was told
/// [`Taken::Gap`].
pub(super) async fn fetch(node: &Node, now: u64, seal: &str) {
    loop {
        match fetch_batch(node, now, seal).await {
            // Nothing more came: the queue is full, or the session is another's.
            Ok(false) => {
                node.local.fetched(seal, true);
                return;
            }
            Ok(true) if node.local.fetched(seal, false) => {}
            Ok(true) => return,
            Err(error) => {
                tracing::warn!(%error, "mail could not be fetched");
                node.local.fetched(seal, true);
                return;
            }
        }
    }
}

/// Delivers one batch, and returns whether there was anything that could be delivered.
async fn fetch_batch(node: &Node, now: u64, seal: &str) -> Result<bool, StoreError> {
    let Some(owned) = node.local.by_seal(seal) else { return Ok(false) };
    let call = node.call(&scripts::MAIL, now).keys(node.keys.mailbox(&owned.id));
    let reply = node.run(call.arg(owned.delivered()).arg(BATCH)).await?;
    let entries = entries(reply.into_fields("mail")?).inspect_err(|_| {
        // The session cannot go on behind it.
        node.overflow(owned.id.clone(), owned.number);
    })?;
    let mut came = false;
    for (seq, mail) in entries {
        came |= node.local.take(seal, seq, mail) == Taken::Yes;
    }
    Ok(came)
}
