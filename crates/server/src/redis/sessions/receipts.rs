//! Receipts: the word that a message was acknowledged by its receiver's client.

use super::super::error::StoreError;
use super::super::find;
use super::super::mailbox::Post;
use super::super::node::Node;
use super::super::reply::Fields;
use crate::engine::Mail;
use signalpost_protocol::{PeerId, SESSIONS};

/// A receipt that is due: the mail with this number was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) seq: u32,
    pub(super) sender: PeerId,
    pub(super) session: u64,
    pub(super) reference: u32,
}

impl Receipt {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('\n');
        Some(Self {
            seq: parts.next()?.parse().ok()?,
            sender: PeerId::parse(parts.next()?).ok()?,
            session: parts.next()?.parse().ok()?,
            reference: parts.next()?.parse().ok()?,
        })
    }

    /// Writes it as the scripts do.
    pub(super) fn write(&self) -> String {
        format!("{}\n{}\n{}\n{}", self.seq, self.sender.as_str(), self.session, self.reference)
    }
}

/// Reads the receipts that are due.
pub(super) fn read(mut fields: Fields) -> Result<Vec<Receipt>, StoreError> {
    let mut receipts = Vec::new();
    while !fields.is_empty() {
        receipts.push(Receipt::read(&fields.text()?).ok_or_else(|| fields.malformed())?);
    }
    Ok(receipts)
}

/// Posts `received` to the senders of acknowledged messages, in the order of the acknowledgement: each is taken once. Returns the
/// receipts that are done; for the others Redis did not answer in time.
pub(super) async fn give_receipts(
    node: &Node,
    now: u64,
    id: &PeerId,
    number: u64,
    receipts: &[Receipt],
) -> Vec<Receipt> {
    let mut given = Vec::with_capacity(receipts.len());
    for receipt in receipts {
        let mail = Mail::Received { reference: Some(receipt.reference) };
        let post = Post {
            to: &receipt.sender,
            home: node.region,
            source: format!("r:{number}:{}", id.as_str()),
            session: number,
            number: receipt.seq.into(),
            mail: &mail,
            receipt: None,
            only: Some(receipt.session),
            version: SESSIONS,
            rooms: &[],
        };
        match find::answer(node, now, &post).await {
            Ok(()) => given.push(receipt.clone()),
            Err(error) => tracing::debug!(%error, "a receipt waits"),
        }
    }
    given
}
