//! Takes a peer's new description of its network.

use super::context::{Rooms, all};
use super::enter::{Step, too_often};
use super::steps::{Act, Actor};
use crate::redis::error::StoreError;
use crate::redis::seats::Member;
use crate::registry::Pace;
use signalpost_protocol::{Label, PeerInfo};
use std::sync::Arc;

impl Rooms<'_> {
    /// Takes to the session of a peer and to its rooms how its network maps addresses. The members of small rooms are told.
    /// `again`: the frame is executed once more.
    pub(super) async fn describe(
        &self,
        member: &Member,
        reference: Option<u32>,
        mapping: Option<Label>,
        again: bool,
    ) -> Result<Step, StoreError> {
        let before = member.info();
        let mapping = mapping.map(|word| word.as_str().to_owned());
        if before.mapping == mapping && !again {
            return Ok(Step::executed(None));
        }
        if before.mapping != mapping {
            let allowed = if again { Ok(()) } else { member.state().joins.take(self.now) };
            if let Err(wait) = allowed {
                return Ok(too_often("describes itself too often: it may do it again", wait, reference));
            }
            member.state().info = Arc::new(PeerInfo { mapping, ..PeerInfo::clone(&before) });
        }
        let info = member.info_text()?;
        let actor = Actor { peer: &member.peer, session: member.session, turn: member.turn };
        let rooms = member.rooms();
        let acts = rooms.iter().map(|room| async {
            let (_, size) = self.here().known(room);
            // An absence that nobody was told of: the members get the description again.
            let was_away = size <= Pace::SERVER.small;
            let acted = self.act(room, actor, Act::Back { info: &info, was_away }).await?;
            if acted.own > 0 && self.seat(member, room)?.is_some_and(|(_, seat)| seat.has_entered()) {
                member.note_own(room, acted.own);
            }
            Ok::<_, StoreError>(())
        });
        all(acts).await?;
        Ok(Step { fields: vec![("info".into(), info)], ..Step::executed(None) })
    }
}
