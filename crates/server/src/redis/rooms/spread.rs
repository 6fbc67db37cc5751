//! Sends the members of this node the news of a room that has changed.
//!
//! In a small room they get them within the command that changes it, or when the bell rings. In a larger room they get them in
//! turns, each of which tells a bounded number and rests afterwards; meanwhile changes collapse.

use super::context::{Rooms, later};
use super::ghosts::PICKS;
use super::plan::Changes;
use super::steps::{Acted, MAX_READ, Pick};
use super::tell::Progress;
use crate::redis::discovery;
use crate::redis::error::StoreError;
use crate::redis::seats::Member;
use crate::registry::Pace;
use futures_util::future::join_all;
use signalpost_protocol::{PeerId, RoomName};
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;

/// Pace of large rooms.
const PACE: Pace = Pace::SERVER;
/// Members that get their notices at the same time.
const TOGETHER: usize = 64;
/// Time between two looks for bells that were lost, in milliseconds.
const ASK_MS: u64 = 10_000;
/// Rest after a turn that ended because Redis did not answer, in milliseconds.
const AWAY_MS: u64 = 1_000;

impl Rooms<'_> {
    /// Tells the members of this node what an act has changed, or lets a large room wait for its turn.
    pub(super) async fn spread(&self, room: &RoomName, acted: Acted) -> Result<(), StoreError> {
        self.here().hear(room, acted.version, Some(acted.members));
        if acted.members > PACE.small {
            self.here().queue(room);
            return Ok(());
        }
        self.tell_room(room).await
    }

    /// Tells the members of this node what an act has changed, while the caller goes on.
    pub(super) fn spread_later(&self, room: &RoomName, acted: Acted) {
        self.here().hear(room, acted.version, Some(acted.members));
        self.tell_later(room.clone());
    }

    /// Tells the members of this node what is new in a room, while the caller goes on. Several calls become one.
    pub(super) fn tell_later(&self, room: RoomName) {
        if !self.here().begin_telling(&room) {
            return;
        }
        let (node, now) = (Arc::clone(self.node), self.now);
        let telling = async move {
            while node.rooms.lock().goes_on_telling(&room) {
                if let Err(error) = Rooms::new(&node, now).tell_room(&room).await {
                    tracing::warn!(%error, "the members of a room were not told");
                }
            }
        };
        let telling: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(telling);
        tokio::spawn(telling);
    }

    /// Tells the members of this node what is new in a room, those that can take it. A member that cannot be told keeps nobody from
    /// the news: the next look finds it.
    ///
    /// # Errors
    /// The room could not be read.
    pub(super) async fn tell_room(&self, room: &RoomName) -> Result<(), StoreError> {
        if self.here().known(room).1 > PACE.small {
            self.here().queue(room);
            return Ok(());
        }
        let mut members = self.here().members_of(room, None, usize::MAX);
        // The part may be small, and the members of other regions who watch it many.
        if members.len() > PACE.small {
            self.here().queue(room);
            return Ok(());
        }
        members.retain(|member| !member.state().is_behind);
        let Some(changes) = self.read_for(room, &members).await? else { return Ok(()) };
        if changes.members > PACE.small {
            self.here().queue(room);
            return Ok(());
        }
        for some in members.chunks(TOGETHER) {
            let told = some.iter().map(|member| self.update(member, room, Some(&changes), usize::MAX));
            for told in join_all(told).await {
                later(told.map(|_| ()));
            }
        }
        Ok(())
    }

    /// Reads what has changed since the oldest version that one of the members knows; `None` where nobody has a seat that can be
    /// read.
    async fn read_for(
        &self,
        room: &RoomName,
        members: &[Arc<Member>],
    ) -> Result<Option<Changes>, StoreError> {
        let Some(since) = self.since(room, members) else { return Ok(None) };
        let changes = self.changes(room, since).await?;
        self.here().hear(room, changes.version, Some(changes.members));
        Ok(Some(changes))
    }

    /// Returns the oldest version that one of the members knows; `None` where nobody has a seat that can be read.
    fn since(&self, room: &RoomName, members: &[Arc<Member>]) -> Option<u64> {
        let cursors: Vec<u64> = members.iter().filter_map(|member| self.cursor(member, room)).collect();
        // Those that need the list need no changes.
        let since = cursors.iter().copied().filter(|cursor| *cursor > 0).min();
        (!cursors.is_empty()).then(|| since.unwrap_or_else(|| self.here().known(room).0))
    }

    /// Returns the version up to which a member has the news of a room, if it has a seat there that can be read.
    fn cursor(&self, member: &Member, room: &RoomName) -> Option<u64> {
        let (_, seat) = self.seat(member, room).ok().flatten()?;
        seat.has_entered().then_some(seat.cursor)
    }

    /// Tells a member of this node what is new in one of its rooms, or lets a large room wait for its turn.
    pub(super) async fn settle(&self, member: &Member, room: &RoomName) -> Result<(), StoreError> {
        let Some((_, seat)) = self.seat(member, room)?.filter(|(_, seat)| seat.has_entered()) else {
            return Ok(());
        };
        // What a region that is away has to tell is told when it is back.
        if member.region != self.node.region && self.node.store.trouble().is_some() {
            return Ok(());
        }
        let (heard, size) = self.here().known(room);
        if heard > 0 && heard <= seat.cursor {
            return Ok(());
        }
        if size > PACE.small {
            self.here().queue(room);
        } else {
            self.update(member, room, None, usize::MAX).await?;
        }
        Ok(())
    }

    /// Tells a member of this node what is new in all its rooms.
    pub(super) async fn tell_all_rooms(&self, member: &Member) -> Result<(), StoreError> {
        member.state().is_behind = false;
        let parts = self.parts();
        let told = parts.iter().map(|node| async {
            let part = Rooms::of(node, self.now, member.region);
            let rooms = member.rooms_at(node.region);
            let told = join_all(rooms.iter().map(|room| part.settle(member, room))).await;
            told.into_iter().find(Result::is_err).unwrap_or(Ok(()))
        });
        join_all(told).await.into_iter().find(Result::is_err).unwrap_or(Ok(()))
    }

    /// Gives large rooms their turn: a bounded part. A room whose Redis does not answer gets another turn, behind the others.
    pub(super) async fn take_turn(&self) {
        let Pace { turn, notices_per_ms, .. } = PACE;
        if self.now < self.here().rests_until {
            return;
        }
        let (mut touched, mut notices, mut is_away) = (0u64, 0u64, false);
        while touched < turn && !is_away {
            let Some((room, mut members)) = self.here().next_turn(TOGETHER) else { break };
            touched = touched.saturating_add(u64::try_from(members.len()).unwrap_or(u64::MAX));
            members.retain(|member| !member.state().is_behind);
            match self.tell_part(&room, &members).await {
                Ok(told) => notices = notices.saturating_add(told),
                Err(error) => {
                    // What is not there for another reason than that Redis is away is not there in the next turn either.
                    is_away = error.is_temporary();
                    self.here().end_turn(is_away);
                    later(Err(error));
                }
            }
            touched = touched.max(notices);
        }
        let rest =
            [notices.checked_div(notices_per_ms), touched.checked_div(turn), is_away.then_some(AWAY_MS)];
        let rest = rest.into_iter().flatten().fold(0, u64::saturating_add);
        self.here().rests_until = self.now.saturating_add(rest);
    }

    /// Tells some members of a large room what is new there, and returns how many notices they got.
    ///
    /// # Errors
    /// The room could not be read, or Redis was away before all these members were told.
    async fn tell_part(&self, room: &RoomName, members: &[Arc<Member>]) -> Result<u64, StoreError> {
        let Some(changes) = self.read_for(room, members).await? else { return Ok(0) };
        let told = members.iter().map(|member| self.update(member, room, Some(&changes), PACE.share));
        let (mut notices, mut away) = (0u64, None);
        for (told, member) in join_all(told).await.into_iter().zip(members) {
            match told {
                Ok((progress, count)) => {
                    notices = notices.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
                    if progress == Progress::Partly && !member.state().is_behind {
                        self.here().queue(room);
                    }
                }
                Err(error) if error.is_temporary() => away = Some(error),
                Err(error) => later(Err(error)),
            }
        }
        away.map_or(Ok(notices), Err)
    }

    /// Asks for the version of every room of this node, once in a while: a bell may have been lost, or a room some of its changes.
    /// Whatever cannot be looked at keeps nothing from the others.
    pub(super) async fn ask_for_lost_bells(&self) {
        let rooms = {
            let mut here = self.here();
            if self.now < here.asks_next {
                return;
            }
            here.asks_next = self.now.saturating_add(ASK_MS);
            here.rooms()
        };
        let mut picked = Vec::new();
        for some in rooms.chunks(TOGETHER) {
            for (asked, room) in join_all(some.iter().map(|room| self.ask(room))).await.into_iter().zip(some)
            {
                match asked {
                    Ok(picks) => picked.extend(picks.into_iter().map(|pick| (room.clone(), pick))),
                    Err(error) => {
                        tracing::warn!(%room, "a room was not looked at");
                        later(Err(error));
                    }
                }
            }
        }
        self.look_for_ghosts(picked).await;
        discovery::keep(self.node, self.now).await;
    }

    /// Asks for the version of one room, and for members of this node that it has lost. Tells those that do not know the version,
    /// whatever the reason. Returns members that were picked at random.
    async fn ask(&self, room: &RoomName) -> Result<Vec<Pick>, StoreError> {
        let mut picks = Vec::new();
        let mut lost = BTreeSet::new();
        let members = self.here().members_of(room, None, usize::MAX);
        let is_home = |member: &&Arc<Member>| member.region == self.node.region;
        let watches = !members.iter().all(|member| is_home(&member));
        let untold: Vec<&Arc<Member>> =
            members.iter().filter(is_home).filter(|member| member.state().is_untold).collect();
        for some in untold.chunks(TOGETHER) {
            let back = join_all(some.iter().map(|member| self.come_back(member, true))).await;
            if put_off(back) {
                break;
            }
        }
        for some in members.chunks(MAX_READ) {
            let own = some.iter().filter(is_home);
            let known: Vec<(PeerId, u64)> =
                own.filter_map(|member| Some((member.peer.clone(), member.own(room)?))).collect();
            let asked = self.steps().ask(room, PICKS, &known, watches).await?;
            let version = asked.version;
            lost.extend(asked.lost);
            picks = asked.picks;
            self.here().hear(room, version, Some(asked.members));
            let is_untold = |member: &Arc<Member>| {
                let cursor = self.cursor(member, room);
                !member.state().is_behind && cursor.is_some_and(|cursor| cursor < version)
            };
            if some.iter().any(is_untold) {
                self.tell_later(room.clone());
            }
        }
        let lost: Vec<&Arc<Member>> =
            members.iter().filter(is_home).filter(|member| lost.contains(&member.peer)).collect();
        for some in lost.chunks(TOGETHER) {
            if put_off(join_all(some.iter().map(|member| self.enter_again(member, room))).await) {
                break;
            }
        }
        Ok(picks)
    }
}

/// Leaves to the next look what these steps have not done, and returns whether Redis is away: then others would wait in vain.
fn put_off(done: Vec<Result<(), StoreError>>) -> bool {
    let is_away = done.iter().any(|done| done.as_ref().is_err_and(StoreError::is_temporary));
    done.into_iter().for_each(later);
    is_away
}
