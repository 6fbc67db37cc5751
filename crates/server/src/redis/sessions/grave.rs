//! The consequences of ended sessions. Each is drawn once: members of its rooms hear that the peer has left, senders of
//! messages get their receipts or hear that there will be none, and peers that negotiated with it hear that it is gone.

use super::super::error::StoreError;
use super::super::find;
use super::super::mailbox::Post;
use super::super::node::Node;
use super::super::region::Region;
use super::super::reply::Fields;
use super::super::{discovery, rooms, scripts};
use super::receipts::{self, Receipt};
use super::stored::Stored;
use crate::engine::{LeaveReason, Mail, explanation};
use signalpost_protocol::reason::Word;
use signalpost_protocol::{ErrorCode, PeerId, RoomName, SESSIONS};
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
    /// Peers whose negotiation has not arrived.
    unheard: BTreeSet<PeerId>,
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
            let (seq, head, from) = (mail.number()?, mail.text()?, mail.text()?);
            if grave.stored.has_session() {
                grave.add(seq, &head, &from).ok_or_else(|| mail.malformed())?;
            }
        }
        grave.due = receipts::read(reply.list()?)?;
        Ok(Some(grave))
    }

    /// Takes the head of one piece of mail: kind, weight, 'u' or '-', session and reference of the receipt.
    fn add(&mut self, seq: u32, head: &str, from: &str) -> Option<()> {
        let mut parts = head.split(' ').skip(2);
        let (unheard, session, reference) = (parts.next()?, parts.next()?, parts.next()?);
        if unheard == "u" {
            self.unheard.insert(PeerId::parse(from).ok()?);
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
    discovery::remove(node, now, id, grave.number, &grave.stored.info).await?;
    let names = grave.stored.seats.iter().filter_map(|(name, _)| RoomName::parse(name).ok()).collect();
    rooms::end(node, now, id, grave.number, grave.reason, names).await?;
    let given = receipts::give_receipts(node, now, id, grave.number, &grave.due).await;
    // A region that is away keeps none of the others waiting.
    let mut waits = given.len() < grave.due.len();
    for receipt in &grave.missing {
        let mail = not_found(id, Some(receipt.reference));
        let post =
            post(node.region, &receipt.sender, format!("e:{}:{}", grave.number, id.as_str()), &grave, &mail);
        let post = Post { number: receipt.seq.into(), only: Some(receipt.session), ..post };
        waits |= find::answer(node, now, &post).await.is_err();
    }
    for sender in &grave.unheard {
        let mail = not_found(id, None);
        let post = post(node.region, sender, format!("u:{}:{}", grave.number, id.as_str()), &grave, &mail);
        waits |= find::answer(node, now, &post).await.is_err();
    }
    if waits { Err(StoreError::Unreachable("not everybody was told of the end".into())) } else { Ok(()) }
}

fn post<'a>(home: Region, to: &'a PeerId, source: String, grave: &Grave, mail: &'a Mail) -> Post<'a> {
    let (session, number) = (grave.number, 1);
    Post { to, home, source, session, number, mail, receipt: None, only: None, version: SESSIONS, rooms: &[] }
}

fn not_found(about: &PeerId, reference: Option<u32>) -> Mail {
    let code = ErrorCode::PeerNotFound;
    Mail::Refused { code, text: explanation(code).into(), reference, about: Some(about.clone()), after: None }
}
