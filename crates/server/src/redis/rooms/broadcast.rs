//! Sends to the members of a room.

use super::context::Rooms;
use super::enter::{Step, too_often};
use super::steps::Actor;
use crate::engine::Mail;
use crate::redis::codec;
use crate::redis::error::{StoreError, let_pass};
use crate::redis::local::Owned;
use crate::redis::mailbox::{self, Post, Posted};
use crate::redis::seats::{Member, Target};
use crate::registry::Pace;
use futures_util::future::join_all;
use signalpost_protocol::{ErrorCode, PeerId, RoomName, SESSIONS, Signal};
use std::sync::Arc;

/// Members that are sent to at once.
const TOGETHER: usize = 64;
/// Posts that the broadcasts of one member may make in a second: those of 20 broadcasts, as many as the SDK sends, in the largest room
/// whose members hear at once. In smaller rooms nothing is counted.
const A_SECOND_EACH: u64 = 20 * 64;
/// Posts that all broadcasts in one room may make in a second, for each node.
const A_SECOND: u64 = 4 * A_SECOND_EACH;
/// Most times that a receiver gets the news of the sender before it gets one relay.
const TRIES: usize = 8;

/// A message for the members of a room.
#[derive(Clone, Copy)]
struct Relay<'a> {
    member: &'a Member,
    /// The same member, as rooms know it.
    sender: Actor<'a>,
    /// Its session, as it was when the frame came.
    owned: &'a Owned,
    /// The number of the frame.
    number: u64,
    /// The mail, and its text.
    mail: (&'a Mail, &'a str),
    /// What its receivers must have been told before.
    news: &'a [(RoomName, u64)],
    /// Whether the room is large.
    is_large: bool,
}

impl Rooms<'_> {
    /// Puts a message into the mailbox of every other member of a room. A full mailbox of one does not keep it from the others.
    pub(super) async fn broadcast(
        &self,
        member: &Member,
        number: u64,
        reference: Option<u32>,
        room: &RoomName,
        data: String,
    ) -> Result<Step, StoreError> {
        let Some((_, seat)) = self.seat(member, room)?.filter(|(_, seat)| seat.has_entered()) else {
            return Ok(Step::refused(ErrorCode::RoomNotJoined, reference));
        };
        let parts = self.parts();
        let sizes = parts.iter().map(|node| node.rooms.lock().known(room).1);
        let size = sizes.fold(0, usize::saturating_add);
        let is_large = size > Pace::SERVER.small;
        if is_large && let Err(wait) = self.spend(member, room, size) {
            return Ok(too_often("sends to large rooms too often: it may send again", wait, reference));
        }
        let own = member.state().own.get(room).copied().unwrap_or(seat.own);
        let news = [(room.clone(), own)];
        let Some(owned) = self.node.local.by_seal(&member.seal) else { return Ok(Step::unregistered()) };
        let signal = Signal::Message { room: Some(room.clone()), data, receipt: false };
        let mail = Mail::Relay { from: member.peer.clone(), signal };
        let text = codec::encode(&mail)?;
        let sender = Actor { peer: &member.peer, session: member.session, turn: member.turn };
        let relay =
            Relay { member, sender, owned: &owned, number, mail: (&mail, &text), news: &news, is_large };
        let sent = parts.iter().map(|node| async {
            let part = Rooms::of(node, self.now, member.region);
            match part.send_to_part(relay, room).await {
                Err(StoreError::Stale) => Err(StoreError::Stale),
                // Nobody is known to be there, and nobody can be asked.
                Err(_) if node.region != member.region => Ok(node.rooms.lock().known(room).1 == 0),
                sent => sent,
            }
        });
        let mut is_everywhere = true;
        for sent in join_all(sent).await {
            is_everywhere &= sent?;
        }
        if is_everywhere {
            Ok(Step::executed(reference.map(|_| Mail::Sent { reference })))
        } else {
            Ok(Step::refused(ErrorCode::PeerBusy, reference))
        }
    }

    /// Counts a broadcast to so many.
    ///
    /// # Errors
    /// The milliseconds until the member, or any member of this node in this room, may send another.
    fn spend(&self, member: &Member, room: &RoomName, posts: usize) -> Result<(), u64> {
        let (mut here, mut state) = (self.here(), member.state());
        let Some(of_room) = here.spending(room) else { return Ok(()) };
        match of_room.wait(self.now).max(state.spending.wait(self.now)) {
            0 => {
                of_room.spend(self.now, posts, A_SECOND);
                state.spending.spend(self.now, posts, A_SECOND_EACH);
                Ok(())
            }
            wait => Err(wait),
        }
    }

    /// Puts a relay into the mailboxes of the members of this part. Returns whether there was room in all of them.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the sender has gone on at another node; those of the store.
    async fn send_to_part(&self, relay: Relay<'_>, room: &RoomName) -> Result<bool, StoreError> {
        let (mut is_everywhere, mut part) = (true, Some(0));
        while let Some(from) = part {
            let (receivers, next) = self.steps().members(room, relay.sender, from).await?;
            part = next;
            for some in receivers.chunks(TOGETHER) {
                // While Redis was away the sender may have gone on at another node, which has sent it to those who were there then.
                if self.node.local.by_seal(&relay.member.seal).is_none() {
                    return Err(StoreError::Stale);
                }
                let others = some.iter().filter(|receiver| **receiver != relay.member.peer);
                let sent = others.map(|receiver| async {
                    // Nobody closes the semaphore.
                    let _permit =
                        if relay.is_large { self.node.rooms.posts.acquire().await.ok() } else { None };
                    self.send(relay, receiver).await
                });
                for sent in join_all(sent).await {
                    is_everywhere &= *sent.as_ref().unwrap_or(&false);
                    let_pass(sent.map(|_| ()), "a broadcast to a member")?;
                }
            }
        }
        Ok(is_everywhere)
    }

    /// Puts a relay into the mailbox of one member of this part, after the news about the sender. Returns whether there was room; a
    /// session that has just ended needs none.
    async fn send(&self, relay: Relay<'_>, to: &PeerId) -> Result<bool, StoreError> {
        let Relay { member, owned, number, mail: (mail, text), news, .. } = relay;
        let home = self.at(member.region)?;
        let mut post = Post {
            to,
            home: member.region,
            source: format!("p:{}", member.peer),
            session: member.session,
            number,
            mail,
            text,
            receipt: None,
            proof: owned.proof,
            era: Some(Arc::clone(&owned.stream.era)),
            version: 1,
            rooms: news,
            is_last: false,
        };
        for tries in 1..=TRIES {
            post.is_last |= tries == TRIES;
            match mailbox::post(self.node, self.now, &post).await? {
                Posted::Taken | Posted::Outside => return Ok(true),
                Posted::Gone => {
                    for (room, _) in news {
                        if let Some(entry) =
                            self.steps().peer(room, to).await?.filter(|entry| !entry.is_gone())
                        {
                            self.heal(room, to, entry.session).await?;
                        }
                    }
                    return Ok(true);
                }
                Posted::Old | Posted::Busy | Posted::Unreached | Posted::Unsure => return Ok(false),
                Posted::Behind { room, seat, session, version } => {
                    let has_session = version >= SESSIONS;
                    let (peer, region) = (to.clone(), self.node.region);
                    let target = Target { peer, region, session, has_session, seal: None };
                    let part = Rooms::new(&home, self.now);
                    post.is_last = !part.tell_before_relay(target, &room, &member.peer, seat).await?;
                }
            }
        }
        Ok(false)
    }
}
