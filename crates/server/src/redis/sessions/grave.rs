//! The consequences of ended sessions. Each is drawn once: members of its rooms hear that the peer has left, senders of
//! messages get their receipts or hear that there will be none, and peers that negotiated with it hear that it is gone.

use super::super::error::{StoreError, let_pass};
use super::super::find;
use super::super::leftovers::{self, Receipt};
use super::super::mailbox::Answers;
use super::super::node::Node;
use super::super::reply::Fields;
use super::super::{discovery, rooms, scripts};
use super::receipts::{self, Fate};
use super::stored::Stored;
use crate::engine::LeaveReason;
use signalpost_protocol::reason::Word;
use signalpost_protocol::{PeerId, RoomName, SequenceNumber};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most ended sessions of one peer that are looked at in one go. The next command, claim or sweep goes on.
const MAX_AT_ONCE: usize = 16;

/// What one ended session has left.
struct Grave {
    number: u64,
    reason: LeaveReason,
    stored: Stored,
    /// Receipts of mail that was acknowledged.
    due: Vec<Receipt>,
    /// Receipts of mail that was not.
    missing: Vec<Receipt>,
    /// Peers whose negotiation has not arrived, with the numbers of their sessions.
    unheard: BTreeSet<(PeerId, u64)>,
}

/// Draws the consequences of all ended sessions of a peer.
///
/// # Errors
/// Redis did not do all of it in time. The next command, claim or sweep goes on.
pub(super) async fn empty(node: &Arc<Node>, now: u64, id: &PeerId) -> Result<(), StoreError> {
    for _ in 0..MAX_AT_ONCE {
        let call = node.call(&scripts::GRAVES, now).keys(node.keys.whole(id));
        let reply = node.run(call).await?.into_fields("graves")?;
        if reply.is_empty() {
            return Ok(());
        }
        let mut number = reply.clone();
        let number: u64 = number.number()?;
        match Grave::read(reply) {
            Ok(Some(grave)) => conclude(node, now, id, grave).await?,
            Ok(None) => {}
            // What cannot be read would be found again and again.
            Err(error) => tracing::error!(%error, "the rest of an ended session cannot be read"),
        }
        let call = node.call(&scripts::FINISH, now).keys(node.keys.whole(id)).arg(number).arg("");
        node.run(call).await?;
    }
    Ok(())
}

impl Grave {
    fn read(mut reply: Fields) -> Result<Option<Self>, StoreError> {
        let number = reply.number()?;
        let fields = reply.list()?;
        let Some(reason) = reason(fields.clone())? else { return Ok(None) };
        let Some(stored) = Stored::read(fields)? else { return Ok(None) };
        let mut grave =
            Self { number, reason, stored, due: Vec::new(), missing: Vec::new(), unheard: BTreeSet::new() };
        let mut mail = reply.list()?;
        while !mail.is_empty() {
            let (seq, head, from) = (SequenceNumber(mail.number()?), mail.text()?, mail.text()?);
            if grave.stored.has_session() {
                grave.add(seq, &head, &from).ok_or_else(|| mail.malformed())?;
            }
        }
        grave.due = leftovers::receipts(reply.list()?)?;
        Ok(Some(grave))
    }

    /// Takes a piece of mail that was not acknowledged. `head`: its kind, its weight, 'u' and the sender's session or '-', session
    /// and reference of the receipt.
    fn add(&mut self, seq: SequenceNumber, head: &str, from: &str) -> Option<()> {
        let mut parts = head.split(' ').skip(2);
        let (unheard, session, reference) = (parts.next()?, parts.next()?, parts.next()?);
        if let Some(session) = unheard.strip_prefix('u') {
            self.unheard.insert((PeerId::parse(from).ok()?, session.parse().ok()?));
        }
        if session != "-" {
            let sender = PeerId::parse(from).ok()?;
            let (session, reference) = (session.parse().ok()?, reference.parse().ok()?);
            self.missing.push(Receipt { seq, sender, session, reference });
        }
        Some(())
    }
}

fn reason(mut fields: Fields) -> Result<Option<LeaveReason>, StoreError> {
    while !fields.is_empty() {
        let (name, value) = (fields.text()?, fields.text()?);
        if name == "reason" {
            return <LeaveReason as Word>::parse(&value).map(Some).ok_or_else(|| fields.malformed());
        }
    }
    Ok(None)
}

async fn conclude(node: &Arc<Node>, now: u64, id: &PeerId, grave: Grave) -> Result<(), StoreError> {
    let removed = discovery::remove(node, now, id, grave.number, &grave.stored.info).await;
    let_pass(removed, "a list for discovery")?;
    let names = grave.stored.seats.iter();
    let names = names.filter_map(|(name, _)| RoomName::parse(name.strip_prefix("room:")?).ok()).collect();
    rooms::end(node, now, id, grave.number, grave.reason, names).await?;
    let (session, due, missing) = (grave.number, &grave.due, &grave.missing);
    // A region that is away keeps none of the others waiting.
    let mut done = receipts::give(node, now, id, session, due, Fate::Received).await.1;
    done = done.and(receipts::give(node, now, id, session, missing, Fate::NotFound).await.1);
    for (sender, only) in &grave.unheard {
        let mail = vec![(SequenceNumber::FIRST, receipts::not_found(id, None))];
        let source = format!("u:{session}:{}", id.as_str());
        let answers = Answers { to: sender, home: node.region, source, session, only: *only, mail };
        done = done.and(find::answer(node, now, &answers).await);
    }
    done
}
