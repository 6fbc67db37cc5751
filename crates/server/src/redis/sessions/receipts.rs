//! Receipts: the word that a message was acknowledged by its receiver's client.

use super::super::error::StoreError;
use super::super::find;
use super::super::leftovers::Receipt;
use super::super::mailbox::Answers;
use super::super::node::Node;
use crate::engine::{Mail, explanation};
use futures_util::future::join_all;
use signalpost_protocol::{ErrorCode, PeerId};
use std::collections::BTreeMap;

/// Senders that get their receipts at once.
const AT_ONCE: usize = 64;

/// What became of a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// The receiver's client has acknowledged it.
    Received,
    /// The receiver's session has ended before.
    NotFound,
}

/// Gives senders the receipts of a peer's session: to each sender in the order of the messages and each one once, to different
/// senders at once. Returns those that are given, and why others are not.
pub(super) async fn give(
    node: &Node,
    now: u64,
    id: &PeerId,
    session: u64,
    receipts: &[Receipt],
    fate: Fate,
) -> (Vec<Receipt>, Result<(), StoreError>) {
    let mut senders: BTreeMap<(PeerId, u64), Vec<Receipt>> = BTreeMap::new();
    for receipt in receipts {
        senders.entry((receipt.sender.clone(), receipt.session)).or_default().push(receipt.clone());
    }
    let senders: Vec<_> = senders.into_values().collect();
    let (mut given, mut done) = (Vec::new(), Ok(()));
    for some in senders.chunks(AT_ONCE) {
        let gifts = join_all(some.iter().map(|receipts| give_one(node, now, id, session, receipts, fate)));
        for (receipts, gift) in some.iter().zip(gifts.await) {
            match gift {
                Ok(()) => given.extend_from_slice(receipts),
                Err(error) => done = Err(error),
            }
        }
    }
    (given, done)
}

/// Gives one sender its receipts.
async fn give_one(
    node: &Node,
    now: u64,
    id: &PeerId,
    session: u64,
    receipts: &[Receipt],
    fate: Fate,
) -> Result<(), StoreError> {
    let Some(first) = receipts.first() else { return Ok(()) };
    let letter = match fate {
        Fate::Received => 'r',
        Fate::NotFound => 'e',
    };
    let mail = receipts.iter().map(|receipt| {
        let reference = Some(receipt.reference);
        let mail = match fate {
            Fate::Received => Mail::Received { reference },
            Fate::NotFound => not_found(id, reference),
        };
        (receipt.seq, mail)
    });
    let answers = Answers {
        to: &first.sender,
        home: node.region,
        source: format!("{letter}:{session}:{}", id.as_str()),
        session,
        only: first.session,
        mail: mail.collect(),
    };
    find::answer(node, now, &answers).await
}

/// The answer about a peer whose session has ended.
pub(super) fn not_found(about: &PeerId, reference: Option<u32>) -> Mail {
    let code = ErrorCode::PeerNotFound;
    Mail::Refused { code, text: explanation(code).into(), reference, about: Some(about.clone()), after: None }
}
