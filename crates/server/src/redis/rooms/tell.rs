//! Tells members the news of their rooms.

use super::context::Rooms;
use super::difference::difference;
use super::entry::Entry;
use super::plan::{Changes, Plan, Reader, mail, plan};
use super::steps::MAX_READ;
use crate::engine::limits::{MAX_NOTICES, UNPROMPTED_NOTICES};
use crate::engine::{Mail, MailKind};
use crate::redis::codec;
use crate::redis::error::StoreError;
use crate::redis::region::Region;
use crate::redis::scripts::TELL;
use crate::redis::seats::Member;
use crate::redis::seats::Target;
use crate::redis::seats::{MAX_AHEAD, Seat};
use futures_util::future::join_all;
use signalpost_protocol::{PeerId, RoomName, SequenceNumber, limits};
use std::collections::{BTreeMap, BTreeSet};
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

/// How a step moves the seat of a member in one part of a room.
#[derive(Clone, Debug)]
pub(super) struct Shift {
    /// The region where the part lies.
    pub(super) part: Region,
    /// The text of the seat as it was read; empty: there is none.
    pub(super) old: String,
    /// The seat from then on.
    pub(super) new: Seat,
}

/// What the script replies.
pub(super) enum Told {
    Ok {
        notices: usize,
        now: u64,
    },
    /// The texts of the seats, in the order of the shifts: at least one is not as it was read.
    Moved(Vec<String>),
    Full(usize),
    Gone,
}

impl Rooms<'_> {
    /// Tells a member of this node what is new in the part of a room, at most as much as its mailbox takes before it acknowledges, and about
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
                None => read.insert(self.changes(room, seat.cursor).await?),
            };
            let space = UNPROMPTED_NOTICES.saturating_sub(member.state().notices);
            let limit = space.min(share.saturating_sub(told));
            let (elsewhere, unmoved) = known_elsewhere(changes, &member.seats_in(room))?;
            let reader = Reader {
                room,
                peer: &member.peer,
                seat: &seat,
                sessions: member.has_session,
                elsewhere: &elsewhere,
            };
            let mut listed = 0;
            let shift = |new| {
                let own = Shift { part: self.node.region, old: text.clone(), new };
                std::iter::once(own).chain(unmoved.iter().cloned()).collect()
            };
            let (mails, shifts, is_all) = match plan(reader, changes, limit) {
                Plan::Nothing => return Ok((Progress::UpToDate, told)),
                Plan::List => {
                    let again = self.list_again(&member.target(), room, member.seats_in(room)).await?;
                    // The part cannot be listed at the moment.
                    let Some((mails, shifts)) = again else { return Ok((Progress::Partly, told)) };
                    listed = usize::from(limits::PAGE);
                    (mails, shifts, true)
                }
                Plan::Tell { notices, .. } if limit == 0 && !notices.is_empty() => {
                    member.state().is_behind |= space == 0;
                    return Ok((Progress::Partly, told));
                }
                Plan::Tell { notices, seat, is_all } => (notices, shift(seat), is_all),
            };
            // A list counts as what it may name.
            let count = mails.len().max(listed);
            match self.tell(&member.target(), room, &shifts, UNPROMPTED_NOTICES, mails).await? {
                Told::Ok { notices, .. } => {
                    told = told.saturating_add(count);
                    member.state().notices = notices;
                    note_shifts(member, room, &shifts);
                    if is_all {
                        return Ok((Progress::UpToDate, told));
                    }
                }
                Told::Moved(texts) => note_texts(member, room, &shifts, &texts),
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
        let here = self.at(target.region)?.rooms.lock().by_session(&target.peer, target.session);
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
            let shift = |new| Shift { part: self.node.region, old: seat.clone(), new };
            let (mails, shifts) = match entry.and_then(|entry| ahead(target, room, &old, &entry)) {
                Some((mails, next)) => (mails, vec![shift(next)]),
                None => {
                    let changes = self.changes(room, old.cursor).await?;
                    let seats = if changes.moved.is_empty() {
                        Vec::new()
                    } else {
                        self.seats_of(target, room).await?
                    };
                    let (elsewhere, unmoved) = known_elsewhere(&changes, &seats)?;
                    let reader = Reader {
                        room,
                        peer: &target.peer,
                        seat: &old,
                        sessions: target.has_session,
                        elsewhere: &elsewhere,
                    };
                    match plan(reader, &changes, MAX_NOTICES) {
                        Plan::Nothing => return Ok(true),
                        Plan::Tell { is_all: false, .. } | Plan::List => {
                            let seats = self.seats_of(target, room).await?;
                            let again = self.list_again(target, room, seats).await?;
                            let Some(again) = again else { return Ok(false) };
                            again
                        }
                        Plan::Tell { notices, seat, .. } => {
                            (notices, std::iter::once(shift(seat)).chain(unmoved).collect())
                        }
                    }
                }
            };
            let home = self.at(target.region)?;
            match self.tell(target, room, &shifts, MAX_NOTICES, mails).await? {
                Told::Ok { .. } => {
                    if let Some(member) = home.rooms.lock().by_session(&target.peer, target.session) {
                        note_shifts(&member, room, &shifts);
                    }
                    return Ok(true);
                }
                Told::Moved(texts) => {
                    let mut moved = shifts.iter().zip(texts).filter(|(it, _)| it.part == self.node.region);
                    seat = moved.next().map(|(_, text)| text).unwrap_or_default();
                }
                Told::Full(_) => return Ok(false),
                Told::Gone => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Reads what has changed after a version, and which of the peers that are away or gone are in other parts of the room now. A client
    /// whose region is lost begins a new session in another region; members who know of that one hear nothing more of the former one.
    pub(super) async fn changes(&self, room: &RoomName, since: u64) -> Result<Changes, StoreError> {
        let mut changes = self.steps().changes(room, since).await?;
        let missing: BTreeMap<PeerId, u64> = changes
            .entries
            .iter()
            .filter(|entry| !entry.is_present())
            .map(|entry| (entry.peer.clone(), entry.session))
            .collect();
        let elsewhere = self.node.elsewhere();
        if missing.is_empty() || elsewhere.is_empty() {
            return Ok(changes);
        }
        let peers: Vec<PeerId> = missing.keys().cloned().collect();
        let asked = elsewhere.iter().map(|node| async {
            // Where nobody can be asked, nobody is known to be.
            let heads = Rooms::beside(node, self.now).steps().heads(room, &peers).await.unwrap_or_default();
            heads.into_iter().map(|entry| (node.region, entry)).collect::<Vec<_>>()
        });
        for (region, entry) in join_all(asked).await.into_iter().flatten() {
            let is_later = missing.get(&entry.peer).is_some_and(|session| entry.session > *session);
            if is_later && !entry.is_gone() {
                changes.moved.insert(entry.peer, (region, entry.stay));
            }
        }
        Ok(changes)
    }

    /// Returns the texts of the seats of a session, of this node or another, in all parts of a room.
    async fn seats_of(&self, target: &Target, room: &RoomName) -> Result<Vec<(Region, String)>, StoreError> {
        let home = self.at(target.region)?;
        if let Some(member) = home.rooms.lock().by_session(&target.peer, target.session) {
            return Ok(member.seats_in(room));
        }
        let fields = Rooms::of(&home, self.now, self.node.region).read_session(&target.peer).await?;
        let seats = fields.into_iter().filter_map(|(name, text)| {
            let (part, of) = home.read_seat_field(&name)?;
            (of == *room).then_some((part, text))
        });
        Ok(seats.collect())
    }

    /// Runs the script, and delivers what it has put into the mailbox where the member is of this node.
    pub(super) async fn tell(
        &self,
        target: &Target,
        room: &RoomName,
        shifts: &[Shift],
        most: usize,
        mails: Vec<Mail>,
    ) -> Result<Told, StoreError> {
        let home = self.at(target.region)?;
        let is_notice = mails.first().is_none_or(|mail| mail.kind() == MailKind::Notice);
        let mut call = home
            .call(&TELL, self.now)
            .keys(home.keys.mailbox(&target.peer))
            .arg(target.session)
            .optional(target.seal.as_ref())
            .arg(most)
            .arg(if is_notice { "n" } else { "a" })
            .arg(shifts.len());
        for shift in shifts {
            call = call.arg(home.seat_field(shift.part, room)?).arg(&shift.old).arg(shift.new.to_text());
        }
        for mail in &mails {
            call = call.arg(mail.weight()).arg(codec::encode(mail)?);
        }
        let reply = if self.waits_for(&home) { home.run(call).await } else { home.ask(call).await };
        let mut fields = reply?.into_fields("tell")?;
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
                    Rooms::new(&home, self.now).deliver(seal, &era, mails).await;
                }
                Told::Ok { notices, now }
            }
            "moved" => Told::Moved(shifts.iter().map(|_| fields.text()).collect::<Result<_, _>>()?),
            "full" => Told::Full(fields.number()?),
            "gone" => Told::Gone,
            _ => return Err(fields.malformed()),
        })
    }
}

/// Returns those of the peers that have moved to other parts of a room of which a member was told there, and its seats in these parts,
/// which must stay as they are until it was told the rest. `seats`: the texts of its seats in all parts.
fn known_elsewhere(
    changes: &Changes,
    seats: &[(Region, String)],
) -> Result<(BTreeSet<PeerId>, Vec<Shift>), StoreError> {
    let (mut known, mut unmoved) = (BTreeSet::new(), Vec::new());
    let parts: BTreeSet<Region> = changes.moved.values().map(|(part, _)| *part).collect();
    for (part, old) in seats.iter().filter(|(part, _)| parts.contains(part)) {
        let seat = Seat::parse(old)?;
        let of_part = changes.moved.iter().filter(|(_, (of, _))| of == part);
        let told = of_part.filter(|(peer, (_, stay))| seat.knows(peer).cursor >= *stay);
        known.extend(told.map(|(peer, _)| peer.clone()));
        unmoved.push(Shift { part: *part, old: old.clone(), new: seat });
    }
    Ok((known, unmoved))
}

/// Notes where the seats of a member are after a step.
pub(super) fn note_shifts(member: &Member, room: &RoomName, shifts: &[Shift]) {
    for shift in shifts {
        member.note_seat(shift.part, room, &shift.new.to_text());
    }
}

/// Notes where the seats of a member are that a step has found elsewhere.
pub(super) fn note_texts(member: &Member, room: &RoomName, shifts: &[Shift], texts: &[String]) {
    for (shift, text) in shifts.iter().zip(texts) {
        member.note_seat(shift.part, room, text);
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
