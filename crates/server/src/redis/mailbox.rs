//! Puts mail into mailboxes, and fetches what a doorbell did not bring.

use super::call::Call;
use super::codec;
use super::config::Topology;
use super::deposits::Deposit;
use super::error::{StoreError, let_pass};
use super::leftovers::Receipt;
use super::local::Taken;
use super::node::Node;
use super::proof::Proof;
use super::region::Region;
use super::reply::Fields;
use super::scripts;
use crate::engine::{Mail, MailKind};
use signalpost_protocol::{PeerId, RoomName, SequenceNumber, Signal};
use std::sync::Arc;

/// Most entries that are fetched at once.
pub(super) const BATCH: usize = 256;
/// Most times that a post is repeated for a server with another clock.
const MAX_CLOCKS: usize = 3;

/// A relay for the mailbox of another session.
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
    /// When this node was last known to own that session: mail that comes long after that is not taken.
    pub(super) proof: Proof,
    /// The era in which it was known to; `None`: it does not matter.
    pub(super) era: Option<Arc<str>>,
    /// The mail, and its text: written once, however many receivers it has.
    pub(super) mail: &'a Mail,
    pub(super) text: &'a str,
    /// The reference of the receipt that its sender wants.
    pub(super) receipt: Option<u32>,
    /// The lowest version of the session that it is for.
    pub(super) version: u16,
    /// The rooms of the sender with the version of its own last change, in the parts that lie in its region: members, and those who
    /// watch from elsewhere, must have been told before.
    pub(super) rooms: &'a [(RoomName, u64)],
    /// A receiver that has to be told first has no room: it could not be told.
    pub(super) is_last: bool,
}

impl Post<'_> {
    /// The receipt that its sender wants, without the number of the mail.
    fn wanted(&self) -> Option<Receipt> {
        let Mail::Relay { from, .. } = self.mail else { return None };
        let (seq, sender, session) = (SequenceNumber::FIRST, from.clone(), self.session);
        self.receipt.map(|reference| Receipt { seq, sender, session, reference })
    }
}

/// Reads what a script says about mail that it has put into a mailbox.
fn deposit(reply: &mut Fields, to: &PeerId, receipt: Option<Receipt>) -> Result<Deposit, StoreError> {
    let (session, era, top): (u64, String, u32) = (reply.number()?, reply.text()?, reply.number()?);
    let top = SequenceNumber(top);
    let receipt = receipt.map(|receipt| Receipt { seq: top, ..receipt });
    Ok(Deposit::new(to, session, &era, top, receipt))
}

/// What became of a post. A post that is repeated has the same end, [`Posted::Gone`] and [`Posted::Behind`] excepted.
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
    /// The receiver's session is not in the room whose members get it.
    Outside,
    /// There is no room.
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

/// Puts a relay into a mailbox of this region, once.
///
/// # Errors
/// Redis did not do it in time, or this node does not know any more whether it owns the sender's session. [`StoreError::Rewound`]: Redis
/// has started again or was replaced since, or the receiver has had later mail of the sender's session. Memory that is used up is
/// [`Posted::Busy`].
pub(super) async fn post(node: &Node, now: u64, post: &Post<'_>) -> Result<Posted, StoreError> {
    let mut deadline = post.proof.deadline(&node.config);
    for _ in 0..MAX_CLOCKS {
        let reply = match node.run_for(post.home, call(node, now, post, deadline)?).await {
            Err(StoreError::OutOfMemory) => return Ok(Posted::Busy),
            Err(error) if error.is_temporary() && post.home != node.region => return Ok(Posted::Unreached),
            other => other?,
        };
        let mut reply = reply.into_fields("post")?;
        return Ok(match reply.text()?.as_str() {
            "ok" => {
                if !reply.is_empty() {
                    let deposit = deposit(&mut reply, post.to, post.wanted())?;
                    node.notes.deposits.note(deposit);
                }
                Posted::Taken
            }
            "gone" => Posted::Gone,
            "old" => Posted::Old,
            "busy" => Posted::Busy,
            "outside" => Posted::Outside,
            "stale" | "turned" => return Err(StoreError::Rewound),
            "behind" => Posted::Behind {
                room: {
                    let (room, _) =
                        post.rooms.get(reply.number::<usize>()?).ok_or_else(|| reply.malformed())?;
                    room.clone()
                },
                seat: reply.text()?,
                session: reply.number()?,
                version: reply.number()?,
            },
            // The servers of a cluster may have different clocks.
            "late" => match post.proof.deadline_at(&node.config, reply.number()?) {
                None => return Err(StoreError::Stale),
                Some(later) => {
                    deadline = later;
                    continue;
                }
            },
            _ => return Err(reply.malformed()),
        });
    }
    Err(StoreError::Stale)
}

fn call(node: &Node, now: u64, post: &Post<'_>, deadline: u64) -> Result<Call, StoreError> {
    let from = match post.mail {
        Mail::Relay { from, .. } => from.as_str(),
        _ => "",
    };
    let call = node.call(&scripts::POST, now).keys(node.keys.mailbox(post.to));
    let call = call.arg(&post.source).arg(post.session).arg(post.number);
    let call = call.arg(post.mail.weight()).arg(from);
    let unheard = is_negotiation(post.mail).then(|| format!("u{}", post.session));
    let call = call.arg(unheard.as_deref().unwrap_or("-"));
    let call = match post.receipt {
        Some(reference) => call.arg(post.session).arg(reference),
        None => call.arg('-').arg('-'),
    };
    let call = call.arg(post.version).arg(deadline).arg(u8::from(post.is_last));
    // The servers of a cluster have an era each.
    let is_one = post.home == node.region && node.config.topology != Topology::Cluster;
    let call = call.optional(post.era.as_deref().filter(|_| is_one));
    let room = match post.mail {
        Mail::Relay { signal: Signal::Message { room, .. }, .. } => room.as_ref().map(RoomName::as_str),
        _ => None,
    };
    let call = call.optional(room).arg(post.text);
    post.rooms
        .iter()
        .try_fold(call, |call, (room, version)| Ok(call.arg(node.seat_field(post.home, room)?).arg(version)))
}

/// Answers of one source for one mailbox.
#[derive(Clone, Debug)]
pub(super) struct Answers<'a> {
    /// The receiver.
    pub(super) to: &'a PeerId,
    /// The region of the source.
    pub(super) home: Region,
    /// Where they come from: each number is taken once, in the order of the numbers.
    pub(super) source: String,
    /// The session of the source.
    pub(super) session: u64,
    /// The only session that they are for.
    pub(super) only: u64,
    /// Their numbers there, and the answers.
    pub(super) mail: Vec<(SequenceNumber, Mail)>,
}

/// Puts answers into a mailbox of this region, each once; `false`: there is no such session, or none that can be used. A session
/// whose mailbox cannot take one ends with the next command or sweep.
///
/// # Errors
/// Redis did not do it in time, or has no memory left.
pub(super) async fn answer(node: &Node, now: u64, answers: &Answers<'_>) -> Result<bool, StoreError> {
    for some in answers.mail.chunks(BATCH) {
        let call = node.call(&scripts::ANSWER, now).keys(node.keys.mailbox(answers.to));
        let mut call = call.arg(&answers.source).arg(answers.session).arg(answers.only);
        for (number, mail) in some {
            call = call.arg(number.0).arg(mail.weight()).arg(codec::encode(mail)?);
        }
        let replied =
            if answers.home == node.region { node.run_once(&call).await } else { node.ask(call).await };
        if replied.as_ref().is_err_and(StoreError::is_about_data) {
            // No answer is lost while the session of its receiver goes on.
            node.overflow(answers.to.clone(), answers.only);
            let_pass(replied.map(|_| ()), "an answer about a peer")?;
            return Ok(false);
        }
        let mut reply = replied?.into_fields("answer")?;
        match reply.text()?.as_str() {
            "ok" => node.notes.deposits.note(deposit(&mut reply, answers.to, None)?),
            "gone" => return Ok(false),
            "busy" => {
                node.overflow(answers.to.clone(), reply.number()?);
                return Ok(true);
            }
            _ => return Err(reply.malformed()),
        }
    }
    Ok(true)
}

/// Whether the sender wants to know if the receiver's session ends before this mail arrives: it is part of a negotiation.
fn is_negotiation(mail: &Mail) -> bool {
    match mail {
        Mail::Relay { signal: Signal::Close { .. } | Signal::Reject { .. }, .. } => false,
        Mail::Relay { signal, .. } => signal.route().is_some(),
        _ => false,
    }
}

/// Reads mail from a reply: number, mail, number, mail, ….
pub(super) fn entries(mut fields: Fields) -> Result<Vec<(SequenceNumber, Arc<Mail>)>, StoreError> {
    let mut entries = Vec::new();
    while !fields.is_empty() {
        entries.push((SequenceNumber(fields.number()?), Arc::new(codec::decode(&fields.text()?)?)));
    }
    Ok(entries)
}

/// Ends the fetching of mail, also where its task is dropped on the way.
struct Fetching<'a> {
    node: &'a Node,
    seal: &'a str,
    is_open: bool,
}

impl Drop for Fetching<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.node.local.fetched(self.seal, true);
        }
    }
}

/// Delivers what is in the mailbox of a session of this node and not in its socket's queue. The caller was told
/// [`Taken::Gap`].
pub(super) async fn fetch(node: &Node, now: u64, seal: &str) {
    let mut fetching = Fetching { node, seal, is_open: true };
    while fetching.is_open {
        match fetch_batch(node, now, seal).await {
            // Nothing more came: the queue is full, or the session is another's.
            Ok(false) => return,
            Ok(true) => fetching.is_open = node.local.fetched(seal, false),
            Err(error) => {
                tracing::warn!(%error, "mail could not be fetched");
                return;
            }
        }
    }
}

/// Delivers one batch, and returns whether there was anything that could be delivered.
async fn fetch_batch(node: &Node, now: u64, seal: &str) -> Result<bool, StoreError> {
    let Some(owned) = node.local.by_seal(seal) else { return Ok(false) };
    let delivered = owned.delivered();
    let call = node.call(&scripts::MAIL, now).keys(node.keys.mailbox(&owned.id)).arg(seal);
    let call = call.arg(delivered.0).arg(&owned.stream.era).arg(BATCH);
    let mut reply = node.run(call).await?.into_fields("mail")?;
    // The session cannot go on behind what is lost, or cannot be read.
    let cannot_go_on = || node.overflow(owned.id.clone(), owned.number);
    match reply.text()?.as_str() {
        "ok" => {}
        "rewound" => {
            cannot_go_on();
            return Ok(false);
        }
        _ => return Ok(false),
    }
    let era = reply.text()?;
    let entries = entries(reply).inspect_err(|_| cannot_go_on())?;
    if !node.local.turn_to(seal, &era, delivered) {
        // Mail of the era before was delivered meanwhile.
        return Ok(true);
    }
    let mut came = false;
    for (seq, mail) in entries {
        came |= node.local.take(seal, &era, seq, mail) == Taken::Yes;
    }
    Ok(came)
}
