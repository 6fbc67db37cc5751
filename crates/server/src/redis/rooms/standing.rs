//! How sessions stand in their rooms: away, back, gone.

use super::context::{Rooms, all, later};
use super::steps::{Act, Acted, Actor, Effect};
use crate::engine::{AwayReason, LeaveReason};
use crate::redis::error::{StoreError, let_pass};
use crate::redis::region::Region;
use crate::redis::scripts::{FINISH, READ};
use crate::redis::seats::Member;
use futures_util::future::join_all;
use signalpost_protocol::{PeerId, RoomName};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a session's hash says about its standing.
struct Stands {
    number: u64,
    turn: u64,
    /// Why it is away, if it is.
    away: Option<AwayReason>,
    was_away: bool,
    info: String,
    rooms: Vec<RoomName>,
}

impl Rooms<'_> {
    /// Lets a session act in a room, and tells the members of this node. Whom it could not tell the next look finds.
    ///
    /// # Errors
    /// Those of the store: the session has not acted, or nobody knows whether it has.
    pub(super) async fn act(
        &self,
        room: &RoomName,
        actor: Actor<'_>,
        act: Act<'_>,
    ) -> Result<Acted, StoreError> {
        let acted = self.steps().act(room, actor, act).await?;
        // The reply to the change itself may have been lost.
        if acted.effect == Effect::Changed || acted.version > self.here().known(room).0 {
            later(self.spread(room, acted).await);
        }
        Ok(acted)
    }

    /// Tells the rooms of a peer how its session stands, and their members of this node what has changed.
    pub(super) async fn standing(&self, peer: &PeerId) -> Result<(), StoreError> {
        let changed = self.set_standing(peer).await?;
        later(all(changed.iter().map(|(room, acted)| self.spread(room, *acted))).await.map(|_| ()));
        Ok(())
    }

    /// Tells the rooms of a peer how its session stands, and returns the rooms that have changed.
    pub(super) async fn set_standing(&self, peer: &PeerId) -> Result<Vec<(RoomName, Acted)>, StoreError> {
        let Some(stands) = self.read_standing(peer).await? else { return Ok(Vec::new()) };
        let actor = Actor { peer, session: stands.number, turn: stands.turn };
        let act = match stands.away {
            Some(reason) => Act::Away(reason),
            None => Act::Back { info: &stands.info, was_away: stands.was_away },
        };
        let steps = self.steps();
        let acts = stands.rooms.iter().map(|room| steps.act(room, actor, act));
        let acted = all(acts).await?;
        self.note_told(peer, stands.turn).await?;
        let changed = stands.rooms.into_iter().zip(acted);
        Ok(changed.filter(|(_, acted)| acted.effect == Effect::Changed).collect())
    }

    /// Lets a session that has a socket of this node again be back in its rooms, and tells it what is new there.
    pub(super) async fn come_back(&self, member: &Member, was_away: bool) -> Result<(), StoreError> {
        let rooms = member.rooms();
        member.state().is_untold = !rooms.is_empty();
        if rooms.is_empty() {
            return Ok(());
        }
        let info = member.info_text()?;
        let actor = Actor { peer: &member.peer, session: member.session, turn: member.turn };
        let acts = rooms.iter().map(|room| async {
            let acted = self.act(room, actor, Act::Back { info: &info, was_away }).await?;
            if member.own(room).is_some_and(|known| acted.own < known) {
                return self.enter_again(member, room).await;
            }
            if acted.own > 0 && self.seat(member, room)?.is_some_and(|(_, seat)| seat.has_entered()) {
                member.note_own(room, acted.own);
            }
            self.here().hear(room, acted.version, Some(acted.members));
            Ok::<_, StoreError>(())
        });
        let noted = async {
            all(acts).await?;
            self.note_told(&member.peer, member.turn).await?;
            member.state().is_untold = false;
            Ok(())
        };
        // A room that does not know of it keeps the member from the news of no other.
        let noted = noted.await;
        noted.and(self.tell_all_rooms(member).await)
    }

    /// Lets this node watch for a member of it the parts of its rooms that lie in other regions. Where that fails the next look does it.
    pub(super) async fn watch_again(&self, member: &Arc<Member>) {
        let elsewhere = self.node.elsewhere();
        let parts = elsewhere.iter().flat_map(|node| {
            let rooms = member.rooms_at(node.region).into_iter();
            rooms.map(move |room| (Rooms::beside(node, self.now), room))
        });
        let watched = parts.map(|(part, room)| async move {
            part.here().watch(&room, member);
            if part.node.store.trouble().is_some() {
                return;
            }
            match part.steps().watch(&room).await {
                Ok(asked) => {
                    part.here().hear(&room, asked.version, Some(asked.members));
                }
                Err(error) => tracing::debug!(%room, %error, "a part of a room is not watched"),
            }
        });
        join_all(watched).await;
    }

    /// Lets a member of this node enter a room again that has lost its newest changes. All members get the list again.
    pub(super) async fn enter_again(&self, member: &Member, room: &RoomName) -> Result<(), StoreError> {
        tracing::warn!(%room, peer = %member.peer, "a room has lost a member");
        let info = member.info_text()?;
        let actor = Actor { peer: &member.peer, session: member.session, turn: member.turn };
        let acted = self.act(room, actor, Act::Join { op: 0, info: &info, deadline: None }).await?;
        member.note_own(room, acted.own);
        Ok(())
    }

    /// Ends a session in its rooms.
    pub(super) async fn end(
        &self,
        peer: &PeerId,
        session: u64,
        reason: LeaveReason,
        rooms: &[RoomName],
    ) -> Result<(), StoreError> {
        let actor = Actor { peer, session, turn: 0 };
        let ended = rooms.iter().map(|room| async move {
            let acted = self.act(room, actor, Act::End(reason)).await;
            let_pass(acted.map(|_| ()), "the end of a session in a room")
        });
        all(ended).await?;
        Ok(())
    }

    /// Notes that the rooms know how a session stands, unless that has changed since.
    async fn note_told(&self, peer: &PeerId, turn: u64) -> Result<(), StoreError> {
        let call = self.node.call(&FINISH, self.now).keys(self.node.keys.whole(peer)).arg("").arg(turn);
        self.node.run(call).await?;
        Ok(())
    }

    async fn read_standing(&self, peer: &PeerId) -> Result<Option<Stands>, StoreError> {
        let fields = self.read_session(peer).await?;
        let (Some(number), Some(turn)) = (fields.get("num"), fields.get("rev")) else { return Ok(None) };
        let number = number.parse().map_err(|_| StoreError::Malformed("read"))?;
        let turn = turn.parse().map_err(|_| StoreError::Malformed("read"))?;
        let is_away = fields.get("state").is_some_and(|state| state == "a");
        let reason = match fields.get("away").map(String::as_str) {
            Some("silent") => AwayReason::Silent,
            Some("suspended") => AwayReason::Suspended,
            _ => AwayReason::Lost,
        };
        let rooms = fields.keys().filter_map(|field| RoomName::parse(field.strip_prefix("room:")?).ok());
        Ok(Some(Stands {
            number,
            turn,
            away: is_away.then_some(reason),
            was_away: fields.contains_key("untold"),
            info: fields.get("info").cloned().unwrap_or_default(),
            rooms: rooms.collect(),
        }))
    }

    /// Reads the seats of a member anew.
    pub(super) async fn read_seats(&self, member: &Member) -> Result<(), StoreError> {
        let fields = self.read_session(&member.peer).await?;
        if fields.get("seal") != Some(&member.seal) {
            return Ok(());
        }
        let mut parts: BTreeSet<(Region, RoomName)> = BTreeSet::new();
        for node in self.parts() {
            parts.extend(member.rooms_at(node.region).into_iter().map(|room| (node.region, room)));
        }
        parts.extend(fields.keys().filter_map(|field| self.node.read_seat_field(field)));
        for (part, room) in parts {
            let text = fields.get(&self.node.seat_field(part, &room)?).map_or("", String::as_str);
            member.note_seat(part, &room, text);
        }
        Ok(())
    }

    /// Reads the fields of a session; none, if there is no session.
    pub(super) async fn read_session(&self, peer: &PeerId) -> Result<BTreeMap<String, String>, StoreError> {
        let call = self.node.call(&READ, self.now).keys(self.node.keys.whole(peer));
        let reply =
            if self.waits_for(self.node) { self.node.run(call).await } else { self.node.ask(call).await };
        let mut reply = reply?.into_fields("read")?;
        let _time = reply.reply()?;
        let mut listed = reply.list()?;
        let mut fields = BTreeMap::new();
        while !listed.is_empty() {
            let name = listed.text()?;
            fields.insert(name, listed.text()?);
        }
        Ok(fields)
    }
}
