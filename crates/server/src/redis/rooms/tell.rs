//! Tells members the news of their rooms.

use super::context::{Rooms, seat_field};
use super::difference::difference;
use super::entry::Entry;
use super::plan::{Changes, Plan, Reader, mail, plan};
use super::steps::MAX_READ;
use crate::engine::limits::{MAX_NOTICES, UNPROMPTED_NOTICES};
use crate::engine::{Mail, MailKind};
use crate::redis::codec;
use crate::redis::error::StoreError;
use crate::redis::scripts::TELL;
use crate::redis::seats::Member;
use crate::redis::seats::Target;
use crate::redis::seats::{MAX_AHEAD, Seat};
use signalpost_protocol::{PeerId, RoomName, SequenceNumber, limits};
use std::sync::Arc;

/// Most attempts to send one member its notices: before each, another step has moved its seat.
const TRIES: usize = 16;

/// Where a member of a room stands after it got its notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It knows the room as it was read.
    UpToDate,
    /// It knows a part.
    Partly,
    /// It has no seat there, or its session is over or owned elsewhere.
    Gone,
}

/// What the script replies.
pub(super) enum Told {
    Ok { notices: usize, now: u64 },
    Moved(String),
    Full(usize),
    Gone,
}

impl Rooms<'_> {
    /// Tells a member of this node what is new in a room, at most as much as its mailbox takes before it acknowledges, and about
    /// `share` notices. `changes`: the room as it was read for several members. Returns also how many notices it got.
    pub(super) async fn update(
        &self,
        member: &Member,
        room: &RoomName,
        changes: Option<&Changes>,
        share: usize,
    ) -> Result<(Progress, usize), StoreError> {
        let mut read: Option<Changes> = None;
        let mut told = 0usize;
        for _ in 0..TRIES {
            let Some((text, seat)) = self.seat(member, room)?.filter(|(_, seat)| seat.has_entered()) else {
                return Ok((Progress::Gone, told));
            };
            // Where too much has changed to be read at once, the member gets the list: another look would find the same.
            let fits = |it: &&Changes| seat.cursor >= it.reach || it.entries.len() >= MAX_READ;
            let changes = match read.as_ref().or(changes).filter(fits) {
                Some(changes) => changes,
                None if seat.cursor == 0 => read.insert(Changes::default()),
                None => read.insert(self.steps().changes(room, seat.cursor).await?),
            };
            let space = UNPROMPTED_NOTICES.saturating_sub(member.state().notices);
            let limit = space.min(share.saturating_sub(told));
            let reader = Reader { room, peer: &member.peer, seat: &seat, sessions: member.has_session };
            let mut listed = 0;
            let (mails, next, is_all) = match plan(reader, changes, limit) {
                Plan::Nothing => return Ok((Progress::UpToDate, told)),
                Plan::List => {
                    let (mails, next) = self.list_again(room, &member.peer, seat.own).await?;
                    listed = usize::from(limits::PAGE);
                    (mails, next, true)
                }
                Plan::Tell { notices, .. } if limit == 0 && !notices.is_empty() => {
                    member.state().is_behind |= space == 0;
                    return Ok((Progress::Partly, told));
                }
                Plan::Tell { notices, seat, is_all } => (notices, seat, is_all),
            };
            // A list counts as what it may name.
            let count = mails.len().max(listed);
            match self.tell(&member.target(), room, (&text, &next), UNPROMPTED_NOTICES, mails).await? {
                Told::Ok { notices, .. } => {
                    told = told.saturating_add(count);
                    member.state().notices = notices;
                    member.note_seat(room, &next.to_text());
                    if is_all {
                        return Ok((Progress::UpToDate, told));
                    }
                }
                Told::Moved(text) => member.note_seat(room, &text),
                Told::Full(notices) => {
                    let mut state = member.state();
                    state.notices = notices;
                    state.is_behind = true;
                    return Ok((Progress::Partly, told));
                }
                Told::Gone => return Ok((Progress::Gone, told)),
            }
        }
        Ok((Progress::Partly, told))
    }

    /// Tells a member what is new of one peer before a relay of that peer, as [`Rooms::tell_about`] does. A member of this node gets
    /// its mail at once.
    pub(super) async fn tell_before_relay(
        &self,
        target: Target,
        room: &RoomName,
        sender: &PeerId,
        seat: String,
    ) -> Result<bool, StoreError> {
        let here = self.here().by_session(&target.peer, target.session);
        let target = here.map_or(target, |member| member.target());
        self.tell_about(&target, room, sender, seat).await
    }

    /// Tells a member, of this node or another, what is new of one peer before a relay of that peer. `seat`: the text of the
    /// member's seat as it was read.
    ///
    /// Returns whether the mailbox took it; otherwise it takes the relay neither.
    async fn tell_about(
        &self,
        target: &Target,
        room: &RoomName,
        about: &PeerId,
        mut seat: String,
    ) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            if seat.is_empty() {
                return Ok(true);
            }
            let Ok(old) = Seat::parse(&seat) else {
                // Its client begins another session.
                self.node.overflow(target.peer.clone(), target.session);
                return Ok(false);
            };
            if !old.has_entered() {
                return Ok(true);
            }
            let entry = self.steps().peer(room, about).await?;
            let (mails, next) = match entry.and_then(|entry| ahead(target, room, &old, &entry)) {
                Some(ahead) => ahead,
                None => {
                    let changes = self.steps().changes(room, old.cursor).await?;
                    let reader =
                        Reader { room, peer: &target.peer, seat: &old, sessions: target.has_session };
                    match plan(reader, &changes, MAX_NOTICES) {
                        Plan::Nothing => return Ok(true),
                        Plan::Tell { is_all: false, .. } | Plan::List => {
                            self.list_again(room, &target.peer, old.own).await?
                        }
                        Plan::Tell { notices, seat, .. } => (notices, seat),
                    }
                }
            };
            match self.tell(target, room, (&seat, &next), MAX_NOTICES, mails).await? {
                Told::Ok { .. } => {
                    if let Some(member) = self.here().by_session(&target.peer, target.session) {
                        member.note_seat(room, &next.to_text());
                    }
                    return Ok(true);
                }
                Told::Moved(text) => seat = text,
                Told::Full(_) => return Ok(false),
                Told::Gone => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Runs the script, and delivers what it has put into the mailbox where the member is of this node.
    pub(super) async fn tell(
        &self,
        target: &Target,
        room: &RoomName,
        (old, new): (&str, &Seat),
        most: usize,
        mails: Vec<Mail>,
    ) -> Result<Told, StoreError> {
        let is_notice = mails.first().is_none_or(|mail| mail.kind() == MailKind::Notice);
        let mut call = self
            .node
            .call(&TELL, self.now)
            .keys(self.node.keys.mailbox(&target.peer))
            .arg(target.session)
            .optional(target.seal.as_ref())
            .arg(seat_field(room))
            .arg(old)
            .arg(new.to_text())
            .arg(most)
            .arg(if is_notice { "n" } else { "a" });
        for mail in &mails {
            call = call.arg(mail.weight()).arg(codec::encode(mail)?);
        }
        let mut fields = self.node.run(call).await?.into_fields("tell")?;
        Ok(match fields.text()?.as_str() {
            "ok" => {
                let (notices, last, now) = (fields.number()?, fields.number::<u32>()?, fields.number()?);
                let era = fields.text()?;
                if let Some(seal) = &target.seal
                    && !mails.is_empty()
                {
                    let count = u32::try_from(mails.len()).map_err(|_| fields.malformed())?;
                    let first = last.saturating_sub(count).saturating_add(1);
                    let mails = (first..=last).map(SequenceNumber).zip(mails.into_iter().map(Arc::new));
                    self.deliver(seal, &era, mails).await;
                }
                Told::Ok { notices, now }
            }
            "moved" => Told::Moved(fields.text()?),
            "full" => Told::Full(fields.number()?),
            "gone" => Told::Gone,
            _ => return Err(fields.malformed()),
        })
    }
}

/// Plans the notices about one peer that a member gets ahead of its turn; `None`: the member needs those about every peer.
fn ahead(target: &Target, room: &RoomName, seat: &Seat, entry: &Entry) -> Option<(Vec<Mail>, Seat)> {
    if seat.cursor == 0 || seat.ahead.len() >= MAX_AHEAD {
        return None;
    }
    let version = entry.version();
    let notices = difference(entry, seat.knows(&entry.peer), version, target.has_session).ok()?;
    let mails = notices.into_iter().map(|notice| mail(room, entry, notice)).collect();
    Some((mails, seat.told_of(&entry.peer, version)))
}
