//! The members of a room, as a client knows them from lists and notices. Without I/O.

use crate::failure::Failure;
use crate::frame::{Heard, Kind};
use std::collections::BTreeSet;

/// One client's knowledge of one room.
#[derive(Debug, Default)]
pub struct RoomView {
    present: BTreeSet<String>,
    /// The pages of the list that the client is reading, with the notices that came meanwhile.
    listing: Option<BTreeSet<String>>,
    /// The types of the frames that made the client list the room again.
    pub told_to_list: Vec<String>,
}

/// The requests of the view to its client.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    Nothing,
    /// The first page of the room, or the one at this cursor.
    List(Option<String>),
}

impl RoomView {
    pub fn present(&self) -> &BTreeSet<String> {
        &self.present
    }

    /// Whether the client is reading no list.
    pub fn is_settled(&self) -> bool {
        self.listing.is_none()
    }

    /// Prepares the view for a list of the room.
    pub fn begin(&mut self) {
        self.listing = Some(BTreeSet::new());
    }

    /// # Errors
    /// When a frame is not as docs/protocol.md requires.
    pub fn handle(&mut self, heard: &Heard, room: &str) -> Result<Wish, Failure> {
        match heard.kind {
            Kind::Joined => {
                // A `joined` that answers no request makes the client list the room again, and is the first page.
                if heard.payload()?.reference.is_none() {
                    self.told_to_list.push("joined".into());
                }
                self.begin();
                self.handle_page(heard)
            }
            Kind::Peers => self.handle_page(heard),
            Kind::PeerJoined | Kind::PeerBack => {
                if let Some(peer) = heard.payload()?.peer {
                    self.change(|present| present.insert(peer.id.clone()));
                }
                Ok(Wish::Nothing)
            }
            Kind::PeerAway | Kind::PeerLeft => {
                if let Some(from) = heard.envelope()?.from {
                    self.change(|present| present.remove(&*from));
                }
                Ok(Wish::Nothing)
            }
            Kind::Other if heard.seq.is_some() && heard.payload()?.room.as_deref() == Some(room) => {
                self.told_to_list.push(heard.envelope()?.kind.into_owned());
                self.begin();
                Ok(Wish::List(None))
            }
            _ => Ok(Wish::Nothing),
        }
    }

    fn change(&mut self, mut change: impl FnMut(&mut BTreeSet<String>) -> bool) {
        change(&mut self.present);
        if let Some(listing) = &mut self.listing {
            change(listing);
        }
    }

    fn handle_page(&mut self, heard: &Heard) -> Result<Wish, Failure> {
        let Some(listing) = &mut self.listing else { return Ok(Wish::Nothing) };
        let payload = heard.payload()?;
        listing.extend(payload.peers.into_iter().map(|peer| peer.id));
        if payload.cursor.is_none() {
            self.present = self.listing.take().unwrap_or_default();
            return Ok(Wish::Nothing);
        }
        Ok(Wish::List(payload.cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle(view: &mut RoomView, text: &str) -> Wish {
        view.handle(&Heard::read(text.to_owned().into()).unwrap(), "r").unwrap()
    }

    #[test]
    fn a_view_follows_pages_notices_and_the_demand_to_list_again() {
        let mut view = RoomView::default();
        view.begin();
        let page = r#"{"type":"joined","seq":1,"payload":{"room":"r","ref":1,"peers":[{"id":"a"},{"id":"b"}],"cursor":"b"}}"#;
        assert_eq!(handle(&mut view, page), Wish::List(Some("b".into())));
        assert_eq!(
            handle(&mut view, r#"{"type":"peer-left","from":"a","seq":2,"payload":{"room":"r"}}"#),
            Wish::Nothing
        );
        assert!(!view.is_settled());
        handle(&mut view, r#"{"type":"peers","seq":3,"payload":{"peers":[{"id":"c"}]}}"#);
        assert!(view.is_settled() && view.present().iter().eq(["b", "c"]));
        handle(&mut view, r#"{"type":"peer-back","seq":4,"payload":{"room":"r","peer":{"id":"a"}}}"#);
        assert_eq!(view.present().len(), 3);
        let again = handle(&mut view, r#"{"type":"room-changed","seq":5,"payload":{"room":"r"}}"#);
        assert_eq!((again, view.told_to_list.len()), (Wish::List(None), 1));
        handle(&mut view, r#"{"type":"peers","seq":6,"payload":{"peers":[{"id":"z"}]}}"#);
        assert!(view.present().iter().eq(["z"]));
        let list = r#"{"type":"joined","seq":7,"payload":{"room":"r","peers":[{"id":"a"}],"cursor":"a"}}"#;
        assert_eq!((handle(&mut view, list), view.told_to_list.len()), (Wish::List(Some("a".into())), 2));
        handle(&mut view, r#"{"type":"peers","seq":8,"payload":{"peers":[{"id":"b"}]}}"#);
        assert!(view.present().iter().eq(["a", "b"]));
    }
}
