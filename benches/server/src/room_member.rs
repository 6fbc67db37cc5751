//! An honest member of a room: it knows the other members, and comes back when it loses its socket.

use crate::client::{Claim, Client, Welcome};
use crate::failure::Failure;
use crate::frame::Heard;
use crate::room_view::{RoomView, Wish};
use std::net::SocketAddr;

/// A member with a socket.
pub struct RoomMember {
    client: Client,
    room: String,
    pub view: RoomView,
}

/// A member without a socket.
pub struct AwayMember {
    pub claim: Claim,
    room: String,
    pub view: RoomView,
}

impl AwayMember {
    /// Makes a member that was never in the room.
    pub fn new(id: &str, room: &str) -> Self {
        Self { claim: Claim::new(id), room: room.into(), view: RoomView::default() }
    }

    /// Resumes the session, or begins one and enters the room.
    ///
    /// # Errors
    /// When the server refuses it; the member is away as before.
    pub async fn come_back(self, address: SocketAddr) -> Result<(RoomMember, Welcome), (Self, Failure)> {
        match Client::begin(address, self.claim.clone()).await {
            Ok((client, welcome)) => {
                let mut member = RoomMember { client, room: self.room, view: self.view };
                if !welcome.resumed {
                    member.view.begin();
                    let rest = format!(r#","id":1,"payload":{{"room":"{}"}}"#, member.room);
                    if let Err(failure) = member.client.send("join", &rest).await {
                        return Err((member.lose(), failure));
                    }
                }
                Ok((member, welcome))
            }
            Err(failure) => Err((self, failure)),
        }
    }
}

impl RoomMember {
    /// Returns the next frame after the view has handled it, and sends the requests of the view.
    ///
    /// # Errors
    /// When the socket is gone.
    pub async fn next(&mut self) -> Result<Heard, Failure> {
        let heard = self.client.next().await?;
        if let Wish::List(cursor) = self.view.handle(&heard, &self.room)? {
            let cursor = cursor.map(|cursor| format!(r#","cursor":"{cursor}""#)).unwrap_or_default();
            let rest = format!(r#","id":2,"payload":{{"room":"{}","limit":100{cursor}}}"#, self.room);
            self.client.send("peer-discovery", &rest).await?;
        }
        Ok(heard)
    }

    /// Resets its socket, which may already be gone.
    pub fn lose(self) -> AwayMember {
        AwayMember { claim: self.client.leave(), room: self.room, view: self.view }
    }
}
