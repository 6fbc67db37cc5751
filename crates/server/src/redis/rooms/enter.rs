//! Executes the frames of a client that are about a room.

use super::context::Rooms;
use super::list::Whole;
use super::steps::{Act, Actor, Effect};
use super::tell::{Progress, Shift, Told, note_shifts, note_texts};
use crate::engine::limits::{LEASE_MS, UNPROMPTED_NOTICES};
use crate::engine::{Mail, Outcome, explanation};
use crate::redis::error::StoreError;
use crate::redis::listing;
use crate::redis::region::Region;
use crate::redis::seats::{Member, Seat};
use futures_util::future::join_all;
use signalpost_protocol::{ErrorCode, Query, RoomName, limits};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most times that an answer is made anew because the room or the seat has changed meanwhile.
const TRIES: usize = 16;

/// What a frame has come to. The caller commits it: the answer and the fields, both or neither.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::redis) struct Step {
    pub(in crate::redis) answer: Option<Mail>,
    pub(in crate::redis) outcome: Outcome,
    /// Fields of the session and their values; an empty value removes the field. A name with `?` before it is a condition:
    /// the field has this value, or none if it is empty.
    pub(in crate::redis) fields: Vec<(String, String)>,
}

impl Step {
    pub(super) fn executed(answer: Option<Mail>) -> Self {
        Self { answer, outcome: Outcome::Executed, fields: Vec::new() }
    }

    /// Refuses the frame.
    pub(super) fn refused(code: ErrorCode, reference: Option<u32>) -> Self {
        Self::refused_for(code, explanation(code).into(), reference, None)
    }

    fn refused_for(
        code: ErrorCode,
        text: std::borrow::Cow<'static, str>,
        reference: Option<u32>,
        after: Option<u32>,
    ) -> Self {
        let answer = Mail::Refused { code, text, reference, about: None, after };
        Self { answer: Some(answer), outcome: Outcome::Refused(code), fields: Vec::new() }
    }

    /// Says that this node owns the session no more.
    pub(super) fn unregistered() -> Self {
        Self { answer: None, outcome: Outcome::Unregistered, fields: Vec::new() }
    }
}

impl Rooms<'_> {
    /// Lets a session enter a room, or lists the room again for a member. `number`: the number of the frame; `again`: the
    /// frame is executed once more because the seat has moved before it was committed.
    pub(super) async fn join(
        &self,
        member: &Arc<Member>,
        number: u64,
        reference: Option<u32>,
        room: &RoomName,
        again: bool,
    ) -> Result<Step, StoreError> {
        let seat = self.seat(member, room)?;
        if seat.is_none() && member.rooms().len() >= limits::ROOMS_PER_PEER {
            return Ok(Step::refused(ErrorCode::TooManyRooms, reference));
        }
        let allowed = if again { Ok(()) } else { member.state().joins.take(self.now) };
        if let Err(wait) = allowed {
            return Ok(too_often("enters rooms too often: it may enter another", wait, reference));
        }
        let query = Query { limit: Some(limits::PAGE), ..Query::default() };
        let joined = |page| Some(Mail::Joined { room: room.clone(), page, reference });
        if seat.is_some_and(|(_, seat)| seat.has_entered())
            && let Some((listed, fields)) = self.list_to_member(member, room, &query).await?
        {
            return Ok(Step { fields, ..Step::executed(joined(listed.page)) });
        }
        let Some(deadline) = self.intend_to_enter(member, room).await? else {
            return Ok(Step::unregistered());
        };
        let info = member.info_text()?;
        let actor = Actor { peer: &member.peer, session: member.session, turn: member.turn };
        self.here().enter(room, &member.peer);
        let act = Act::Join { op: number, info: &info, deadline: Some(deadline) };
        let acted = self.act(room, actor, act).await?;
        match acted.effect {
            Effect::Changed | Effect::Same => {}
            Effect::Late => return Ok(Step::unregistered()),
            Effect::Expired => return Err(StoreError::Unready("a join came too late".into())),
        }
        let elsewhere = self.node.elsewhere();
        for node in &elsewhere {
            node.rooms.lock().watch(room, member);
        }
        let Whole { page, versions } = self.list(room, &member.peer, &query, true).await?;
        let field = self.node.seat_field(member.region, room)?;
        let version = versions.get(&member.region).copied().unwrap_or(0);
        let mut fields = vec![
            (format!("?{field}"), Seat::default().to_text()),
            (field, Seat::listed_at(version, acted.own).to_text()),
        ];
        for node in &elsewhere {
            let seat = Seat::watching(versions.get(&node.region).copied());
            fields.push((self.node.seat_field(node.region, room)?, seat.to_text()));
        }
        Ok(Step { fields, ..Step::executed(joined(page)) })
    }

    /// Writes into the session that it wants to enter a room: the node that ends the session takes it out of the room too. Returns
    /// the time until which it may enter; `None` if the session is over or owned elsewhere.
    async fn intend_to_enter(&self, member: &Member, room: &RoomName) -> Result<Option<u64>, StoreError> {
        let intent = Seat::default();
        for _ in 0..TRIES {
            let seat = member.seat(member.region, room)?.map(|(text, _)| text);
            let shift = Shift { part: member.region, old: seat.unwrap_or_default(), new: intent.clone() };
            let shifts = [shift];
            match self.tell(&member.target(), room, &shifts, UNPROMPTED_NOTICES, Vec::new()).await? {
                Told::Ok { now, .. } => {
                    note_shifts(member, room, &shifts);
                    return Ok(Some(now.saturating_add(LEASE_MS)));
                }
                Told::Moved(texts) => note_texts(member, room, &shifts, &texts),
                Told::Full(_) => {}
                Told::Gone => return Ok(None),
            }
        }
        Err(StoreError::Malformed("a seat that does not rest"))
    }

    /// Lists a room for a member: first the notices that are due, as far as its mailbox takes them, then the list, both as of one
    /// version of each part. Where some notices remain, or the part cannot be listed, the list may contradict them: then the member
    /// gets another list in their place. Returns the conditions under which the list is right; `None` if the session has no seat: news
    /// that were told beside its `leave` may have noted one here behind it.
    async fn list_to_member(
        &self,
        member: &Member,
        room: &RoomName,
        query: &Query,
    ) -> Result<Option<(Whole, Vec<(String, String)>)>, StoreError> {
        for _ in 0..TRIES {
            let told = self.update_parts(member, room).await?;
            if self.seat(member, room)?.is_none() {
                return Ok(None);
            }
            let seats = member.seats_in(room);
            let listed = self.list(room, &member.peer, query, false).await?;
            let mut conditions = Vec::with_capacity(seats.len());
            let (mut stale, mut is_moving) = (Vec::new(), false);
            for (part, old) in seats {
                let seat = Seat::parse(&old)?;
                let is_right = seat.cursor == 0 || listed.versions.get(&part) == Some(&seat.cursor);
                is_moving |= !is_right && told.get(&part) == Some(&Progress::UpToDate);
                let new = Seat { cursor: if is_right { seat.cursor } else { 0 }, ..seat };
                conditions.push((format!("?{}", self.node.seat_field(part, room)?), new.to_text()));
                if !is_right {
                    stale.push(Shift { part, old, new });
                }
            }
            if stale.is_empty() {
                return Ok(Some((listed, conditions)));
            }
            // Of a part whose news the member has, it may know the next list.
            if is_moving {
                continue;
            }
            match self.tell(&member.target(), room, &stale, UNPROMPTED_NOTICES, Vec::new()).await? {
                Told::Ok { .. } => {
                    note_shifts(member, room, &stale);
                    member.state().is_behind = true;
                    return Ok(Some((listed, conditions)));
                }
                Told::Moved(texts) => note_texts(member, room, &stale, &texts),
                Told::Full(_) => {}
                Told::Gone => return Ok(Some((listed, Vec::new()))),
            }
        }
        let listed = self.list(room, &member.peer, query, false).await?;
        Ok(Some((listed, Vec::new())))
    }

    /// Tells a member what is new in all parts of a room. A part whose region does not answer in time is left out.
    async fn update_parts(
        &self,
        member: &Member,
        room: &RoomName,
    ) -> Result<BTreeMap<Region, Progress>, StoreError> {
        let parts = self.parts();
        let told = parts.iter().map(|node| async {
            let part = Rooms::of(node, self.now, member.region);
            (node.region, part.update(member, room, None, usize::MAX).await)
        });
        let mut progress = BTreeMap::new();
        for (part, told) in join_all(told).await {
            match told {
                Ok((told, _)) => progress.insert(part, told),
                Err(error) if part == member.region => return Err(error),
                Err(_) => None,
            };
        }
        Ok(progress)
    }

    /// Lets a session leave a room.
    pub(super) async fn leave(
        &self,
        member: &Member,
        number: u64,
        reference: Option<u32>,
        room: &RoomName,
    ) -> Result<Step, StoreError> {
        if self.seat(member, room)?.is_none() {
            return Ok(Step::refused(ErrorCode::RoomNotJoined, reference));
        }
        let actor = Actor { peer: &member.peer, session: member.session, turn: member.turn };
        self.act(room, actor, Act::Leave { op: number }).await?;
        let mut fields = Vec::new();
        for node in self.parts() {
            fields.push((self.node.seat_field(node.region, room)?, String::new()));
        }
        let answer = Some(Mail::Left { room: room.clone(), reference });
        Ok(Step { fields, ..Step::executed(answer) })
    }

    /// Lists peers for a client, which may be a member of the room that it asks for.
    pub(super) async fn discover(
        &self,
        member: &Member,
        reference: Option<u32>,
        query: &Query,
    ) -> Result<Step, StoreError> {
        let (page, fields) = match &query.room {
            None => (listing::find(self.node, self.now, &member.peer, query).await?, Vec::new()),
            Some(room) => {
                let is_member = self.seat(member, room)?.is_some_and(|(_, seat)| seat.has_entered());
                let to_member =
                    if is_member { self.list_to_member(member, room, query).await? } else { None };
                match to_member {
                    Some((listed, fields)) => (listed.page, fields),
                    None => (self.list(room, &member.peer, query, false).await?.page, Vec::new()),
                }
            }
        };
        Ok(Step { fields, ..Step::executed(Some(Mail::Found { page, reference })) })
    }

    /// Takes note of what was committed, and tells the member what has changed meanwhile.
    pub(super) async fn committed(
        &self,
        member: &Member,
        fields: &[(String, String)],
    ) -> Result<(), StoreError> {
        let mut entered = Vec::new();
        for (field, text) in fields {
            let Some((part, room)) = self.node.read_seat_field(field) else { continue };
            member.note_seat(part, &room, text);
            if text.is_empty() {
                self.at(part)?.rooms.lock().leave(&room, &member.peer);
                continue;
            }
            if part == member.region {
                member.note_own(&room, Seat::parse(text)?.own);
            }
            entered.push((part, room));
        }
        for (part, room) in entered {
            let node = self.at(part)?;
            Rooms::of(&node, self.now, member.region).settle(member, &room).await?;
        }
        Ok(())
    }
}

/// Refuses a peer that does something too often, and may do it again in `wait` milliseconds.
pub(super) fn too_often(what: &str, wait: u64, reference: Option<u32>) -> Step {
    let wait = u32::try_from(wait).unwrap_or(u32::MAX);
    let text = format!("the peer {what} in {wait} ms").into();
    Step::refused_for(ErrorCode::RateLimited, text, reference, Some(wait))
}
