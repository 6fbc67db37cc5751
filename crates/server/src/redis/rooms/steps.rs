//! The steps on a room in Redis: each is one script in the slot of the room.

use super::entry::{Change, Entry};
use super::plan::Changes;
use crate::engine::{AwayReason, LeaveReason};
use crate::redis::call::Call;
use crate::redis::error::StoreError;
use crate::redis::node::Node;
use crate::redis::reply::{Fields, Reply};
use crate::redis::scripts::{
    ROOM_ASK, ROOM_CHANGE, ROOM_CHANGES, ROOM_HEADS, ROOM_JOIN, ROOM_MEMBERS, ROOM_PAGE, ROOM_PEER,
};
use signalpost_protocol::{PeerId, RoomName};
use std::collections::BTreeMap;

/// Changes that an entry keeps.
const KEPT_EVENTS: usize = 16;
/// Ended stays that a room keeps, beside as many as it has members.
const KEPT_STAYS: usize = 1_024;
/// How much longer than a session waits for its client a room keeps an ended stay, and everything when it is empty, in
/// milliseconds.
const SLACK_MS: u64 = 60_000;
/// How long a node watches a room for members of other regions; it renews that by asking. In milliseconds.
const WATCH_MS: u64 = 45_000;
/// Most entries that one step reads.
pub(super) const MAX_READ: usize = 1_000;

/// The steps on rooms, as one node makes them. The time counts only where callers tell it.
#[derive(Clone, Copy)]
pub(super) struct RoomSteps<'a> {
    pub(super) node: &'a Node,
    pub(super) now: u64,
    /// Whether a step waits for the region; otherwise it is tried once, for a short time.
    pub(super) is_patient: bool,
}

/// The session that changes its place in a room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Actor<'a> {
    pub(super) peer: &'a PeerId,
    /// The number of the session.
    pub(super) session: u64,
    /// The number of the session's present ownership or absence; it grows with each.
    pub(super) turn: u64,
}

/// What a session does in a room. `op` is the number of a join or leave, which grows within a session.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act<'a> {
    /// `info` is the session's description as JSON. Arriving after `deadline`, in milliseconds, the join is refused. With `op` 0
    /// a session that the room has lost enters again.
    Join {
        op: u64,
        info: &'a str,
        deadline: Option<u64>,
    },
    Leave {
        op: u64,
    },
    /// The session ends.
    End(LeaveReason),
    Away(AwayReason),
    /// `was_away`: the session was away, whether or not the room knew of it.
    Back {
        info: &'a str,
        was_away: bool,
    },
}

/// How a room stands after an act of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Acted {
    pub(super) effect: Effect,
    /// The version of the room.
    pub(super) version: u64,
    /// Peers in the room, present or away.
    pub(super) members: usize,
    /// The version of the actor's last change; 0 without one.
    pub(super) own: u64,
}

/// The effect of an act on the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The room has a new version.
    Changed,
    /// It was so already.
    Same,
    /// A later act of this peer was here before.
    Late,
    /// The deadline of the join is over.
    Expired,
}

/// What a room says when it is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) version: u64,
    /// Peers in the room, present or away.
    pub(super) members: usize,
    /// Those of the peers in the question that the room has lost.
    pub(super) lost: Vec<PeerId>,
    pub(super) picks: Vec<Pick>,
}

/// A member that was picked at random. Its session may be over without anybody's having said so.
#[derive(Clone, Debug)]
pub(super) struct Pick {
    pub(super) peer: PeerId,
    /// The number of its session.
    pub(super) session: u64,
    /// Whether it has been away for longer than any session waits; otherwise it is present.
    pub(super) is_overdue: bool,
}

/// The members of a room that are present, from some id on, as of one version.
#[derive(Clone, Debug, Default)]
pub(super) struct PresentPage {
    pub(super) version: u64,
    pub(super) entries: Vec<Entry>,
}

impl RoomSteps<'_> {
    async fn run(&self, call: Call) -> Result<Reply, StoreError> {
        if self.is_patient { self.node.run(call).await } else { self.node.ask(call).await }
    }

    /// Lets a session act in a room.
    pub(super) async fn act(
        &self,
        room: &RoomName,
        actor: Actor<'_>,
        act: Act<'_>,
    ) -> Result<Acted, StoreError> {
        let (what, op, detail, info, deadline) = match act {
            Act::Join { op, info, deadline } => ("join", op, "", info, deadline),
            Act::Leave { op } => ("leave", op, Change::Left(LeaveReason::Left).letters(), "", None),
            Act::End(reason) => ("end", 0, Change::Left(reason).letters(), "", None),
            Act::Away(reason) => ("away", 0, Change::Away(reason).letters(), "", None),
            Act::Back { info, was_away } => ("back", 0, if was_away { "1" } else { "0" }, info, None),
        };
        let script = if matches!(act, Act::Join { .. }) { &ROOM_JOIN } else { &ROOM_CHANGE };
        let Node { keys, channel, config, .. } = self.node;
        let call = self
            .node
            .call(script, self.now)
            .keys(keys.room(room))
            .arg(what)
            .arg(actor.peer)
            .arg(actor.session)
            .arg(op)
            .arg(actor.turn)
            .arg(channel)
            .arg(detail)
            .arg(info)
            .optional(deadline)
            .arg(room)
            .arg(KEPT_EVENTS)
            .arg(KEPT_STAYS)
            .arg(config.window_ms.saturating_add(SLACK_MS));
        let mut fields = self.run(call).await?.into_fields("room_change")?;
        let effect = match fields.text()?.as_str() {
            "changed" => Effect::Changed,
            "same" => Effect::Same,
            "late" => Effect::Late,
            "expired" => Effect::Expired,
            _ => return Err(fields.malformed()),
        };
        let (version, members, own) = (fields.number()?, fields.number()?, fields.number()?);
        Ok(Acted { effect, version, members, own })
    }

    /// Reads what has changed after a version, at most [`MAX_READ`] peers.
    pub(super) async fn changes(&self, room: &RoomName, since: u64) -> Result<Changes, StoreError> {
        self.changes_up_to(room, since, MAX_READ).await
    }

    /// Reads what has changed after a version, at most `limit` peers.
    pub(super) async fn changes_up_to(
        &self,
        room: &RoomName,
        since: u64,
        limit: usize,
    ) -> Result<Changes, StoreError> {
        let call =
            self.node.call(&ROOM_CHANGES, self.now).keys(self.node.keys.room(room)).arg(since).arg(limit);
        let mut fields = self.run(call).await?.into_fields("room_changes")?;
        let (version, reach, floor) = (fields.number()?, fields.number()?, fields.number()?);
        let members = fields.number()?;
        let mut entries = entries(fields)?;
        entries.reverse();
        Ok(Changes { version, reach, floor, members, entries, moved: BTreeMap::new() })
    }

    /// Reads at most `limit` peers that are present, behind `after`.
    pub(super) async fn page(
        &self,
        room: &RoomName,
        after: Option<&PeerId>,
        limit: usize,
    ) -> Result<PresentPage, StoreError> {
        let call = self
            .node
            .call(&ROOM_PAGE, self.now)
            .keys(self.node.keys.room(room))
            .optional(after)
            .arg(limit.min(MAX_READ));
        let mut fields = self.run(call).await?.into_fields("room_page")?;
        Ok(PresentPage { version: fields.number()?, entries: entries(fields)? })
    }

    /// Watches a room for members of other regions, for a while.
    pub(super) async fn watch(&self, room: &RoomName) -> Result<Asked, StoreError> {
        self.ask(room, 0, &[], true).await
    }

    /// Asks for the version of a room, the number of its members, which of the peers in `known` it has lost, and at most `picks` of
    /// those that are present and of those that are away. `known`: the version of the last change of each, as its node knows it. `watches`:
    /// the node watches the room for members of other regions.
    pub(super) async fn ask(
        &self,
        room: &RoomName,
        picks: usize,
        known: &[(PeerId, u64)],
        watches: bool,
    ) -> Result<Asked, StoreError> {
        let Node { keys, config, channel, .. } = self.node;
        let call = self.node.call(&ROOM_ASK, self.now).keys(keys.room(room));
        let call = call.arg(picks).arg(config.window_ms.saturating_add(SLACK_MS));
        let call = call.optional(watches.then_some(channel)).arg(WATCH_MS);
        let call = known.iter().fold(call, |call, (peer, version)| call.arg(peer).arg(version));
        let mut fields = self.run(call).await?.into_fields("room_ask")?;
        let mut asked = Asked { version: fields.number()?, members: fields.number()?, ..Asked::default() };
        let mut lost = fields.list()?;
        while !lost.is_empty() {
            asked.lost.push(PeerId::parse(&lost.text()?).map_err(|_| lost.malformed())?);
        }
        let mut picked = fields.list()?;
        while !picked.is_empty() {
            let peer = PeerId::parse(&picked.text()?).map_err(|_| picked.malformed())?;
            let (session, kind) = (picked.number()?, picked.text()?);
            asked.picks.push(Pick { peer, session, is_overdue: kind == "a" });
        }
        Ok(asked)
    }

    /// Reads the entry of one peer, if the room knows it.
    pub(super) async fn peer(&self, room: &RoomName, peer: &PeerId) -> Result<Option<Entry>, StoreError> {
        let call = self.node.call(&ROOM_PEER, self.now).keys(self.node.keys.room(room)).arg(peer);
        let mut fields = self.run(call).await?.into_fields("room_peer")?;
        match fields.optional()? {
            Some(head) => Ok(Some(Entry::parse(peer.as_str(), &head, &fields.text()?)?)),
            None => Ok(None),
        }
    }

    /// Reads what the room keeps about some peers, without their descriptions. A peer that it does not know is left out.
    pub(super) async fn heads(&self, room: &RoomName, peers: &[PeerId]) -> Result<Vec<Entry>, StoreError> {
        let call = self.node.call(&ROOM_HEADS, self.now).keys(self.node.keys.room(room));
        let call = peers.iter().fold(call, |call, peer| call.arg(peer));
        let mut fields = self.run(call).await?.into_fields("room_heads")?;
        let mut found = Vec::new();
        for peer in peers {
            let entry = fields.optional()?.and_then(|head| Entry::parse_head(peer.clone(), &head));
            found.extend(entry);
        }
        Ok(found)
    }

    /// Reads ids of members, present and away, from the part that begins at `from`. Returns also where the next part begins; `None`: there
    /// is none. Who is a member all the time is in a part, maybe in more than one.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the room knows a later ownership of the sender's session; those of the store.
    pub(super) async fn members(
        &self,
        room: &RoomName,
        sender: Actor<'_>,
        from: u64,
    ) -> Result<(Vec<PeerId>, Option<u64>), StoreError> {
        let call = self.node.call(&ROOM_MEMBERS, self.now).keys(self.node.keys.room(room));
        let call = call.arg(from).arg(MAX_READ).arg(sender.peer).arg(sender.session).arg(sender.turn);
        let mut fields = self.run(call).await?.into_fields("room_members")?;
        match fields.text()?.as_str() {
            "ok" => {}
            "stale" => return Err(StoreError::Stale),
            _ => return Err(fields.malformed()),
        }
        let next = Some(fields.number()?).filter(|next| *next > 0);
        let mut ids = Vec::new();
        while !fields.is_empty() {
            ids.push(PeerId::parse(&fields.text()?).map_err(|_| fields.malformed())?);
        }
        Ok((ids, next))
    }
}

fn entries(mut fields: Fields) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::new();
    while !fields.is_empty() {
        let (id, head, info) = (fields.text()?, fields.text()?, fields.text()?);
        match Entry::parse(&id, &head, &info) {
            Ok(entry) => entries.push(entry),
            // One that cannot be read keeps nobody from the others.
            Err(error) => tracing::error!(%error, "a peer of a room is left out"),
        }
    }
    Ok(entries)
}
