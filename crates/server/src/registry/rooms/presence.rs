//! Where the peers of one room stand, and what each member knows of it.
//!
//! A change is made once, in the room: one bit, however many members there are. The notices that are due to a member are the
//! difference between the room and what the member knows. Changes that the member has not heard of collapse by
//! themselves: a peer that came and went is no difference.

use super::marks::{Asked, Marks, Standing};
use crate::engine::{AwayReason, LeaveReason, Mail};
use signalpost_protocol::{PeerId, PeerInfo, RoomName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most places of ended stays, beside as many as there are members. Beyond them members get the list of the room again.
pub(crate) const MAX_ENDED_STAYS: usize = 1_024;

/// One stay of a peer in the room. Its place is used again when no notice of its end is due to any member.
#[derive(Debug)]
struct Stay {
    peer: PeerId,
    info: Arc<PeerInfo>,
    away: AwayReason,
    /// Why it ended, once it has.
    left: Option<LeaveReason>,
    /// Members that know of the stay and not of its end.
    knowers: usize,
    notices: Notices,
}

/// The notices about one stay, made once for all members.
#[derive(Debug, Default)]
struct Notices {
    joined: Option<Arc<Mail>>,
    back: Option<Arc<Mail>>,
    away: Option<Arc<Mail>>,
    left: Option<Arc<Mail>>,
}

/// The peers of one room.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    stays: Vec<Option<Stay>>,
    free: Vec<u32>,
    facts: Marks,
    members: usize,
    /// The places of ended stays, by peer, as long as a notice is due to a member.
    departed: BTreeMap<PeerId, Vec<u32>>,
    ended: usize,
    /// Whether the room waits for its turn.
    pub(crate) queued: bool,
    /// Whether it needs another turn after this one.
    pub(crate) again: bool,
}

/// What one member knows of a room.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// The member's own place.
    slot: u32,
    known: Marks,
    /// Peers whose description has changed since the member heard of them.
    renewed: Marks,
    /// The member needs the list of the room again.
    pub(crate) stale: bool,
}

impl Presence {
    /// Lets a peer enter. Its view is that of the list that it gets.
    pub(crate) fn enter(&mut self, peer: &PeerId, info: Arc<PeerInfo>) -> View {
        let slot = self.begin(peer, info);
        self.members = self.members.saturating_add(1);
        let mut view = View { slot, known: Marks::default(), renewed: Marks::default(), stale: false };
        self.list(&mut view);
        self.facts.set(slot, Standing::Present);
        view
    }

    /// Gives a place to a stay that begins.
    fn begin(&mut self, peer: &PeerId, info: Arc<PeerInfo>) -> u32 {
        let stay = Stay {
            peer: peer.clone(),
            info,
            away: AwayReason::Lost,
            left: None,
            knowers: 0,
            notices: Notices::default(),
        };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.stays.push(None);
            u32::try_from(self.stays.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        if let Some(place) = self.stay_mut(slot) {
            *place = Some(stay);
        }
        slot
    }

    /// Takes another description of a member. No notice goes out.
    pub(crate) fn describe(&mut self, view: &View, info: &Arc<PeerInfo>) {
        if let Some(Some(stay)) = self.stay_mut(view.slot) {
            stay.info = Arc::clone(info);
            stay.notices = Notices::default();
        }
    }

    /// Lets a member that is away come back as a new stay: the other members get the end of one and the beginning of another.
    pub(crate) fn begin_anew(&mut self, view: &mut View, peer: &PeerId, info: &Arc<PeerInfo>) {
        self.end(view.slot, LeaveReason::Lost);
        view.slot = self.begin(peer, Arc::clone(info));
        view.known.set(view.slot, Standing::Unknown);
        self.facts.set(view.slot, Standing::Away);
    }

    /// Notes that a member gets a list of the room, and knows what the list says. The list says nothing about the peers that the
    /// member knows to be away, unless the view is stale.
    pub(crate) fn list(&mut self, view: &mut View) {
        let before = if view.stale { Marks::default() } else { view.known.clone() };
        let mut known = before.after_list(&self.facts);
        known.set(view.slot, Standing::Unknown);
        for slot in known.known() {
            if let Some(stay) = self.stay_mut(slot).and_then(Option::as_mut) {
                stay.knowers = stay.knowers.saturating_add(1);
            }
        }
        self.forget(view);
        view.known = known;
        view.renewed = Marks::default();
        view.stale = false;
    }

    /// Notes that a member is away or back.
    pub(crate) fn set_away(&mut self, view: &View, away: Option<AwayReason>, info: &Arc<PeerInfo>) {
        let Some(stay) = self.stay_mut(view.slot).and_then(Option::as_mut) else { return };
        if let Some(reason) = away {
            stay.away = reason;
        }
        stay.info = Arc::clone(info);
        stay.notices = Notices::default();
        let standing = if away.is_some() { Standing::Away } else { Standing::Present };
        self.facts.set(view.slot, standing);
    }

    /// Lets a member leave.
    pub(crate) fn depart(&mut self, mut view: View, reason: LeaveReason) {
        self.forget(&mut view);
        self.members = self.members.saturating_sub(1);
        self.end(view.slot, reason);
    }

    /// Ends a stay.
    fn end(&mut self, slot: u32, reason: LeaveReason) {
        self.facts.set(slot, Standing::Unknown);
        let Some(Some(stay)) = self.stay_mut(slot) else { return };
        stay.left = Some(reason);
        stay.notices = Notices::default();
        let peer = stay.peer.clone();
        if stay.knowers == 0 {
            self.release(slot);
        } else {
            self.departed.entry(peer).or_default().push(slot);
            self.ended = self.ended.saturating_add(1);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members == 0
    }

    pub(crate) fn members(&self) -> usize {
        self.members
    }

    /// Whether the room keeps more ended stays than it may.
    pub(crate) fn is_crowded(&self) -> bool {
        self.ended > self.members.saturating_add(MAX_ENDED_STAYS)
    }

    /// Lists the places about which a notice is due to a member, at most `limit`. The ends of stays come first: a peer that came
    /// again must have left before.
    pub(crate) fn due(&self, view: &View, limit: usize) -> Vec<u32> {
        let differences = |asked| view.known.differences(&self.facts, &view.renewed, asked);
        let all = differences(Asked::Gone).chain(differences(Asked::Others));
        all.filter(|slot| *slot != view.slot).take(limit).collect()
    }

    /// Lists the places of one peer, in the order of its stays.
    pub(crate) fn about(&self, peer: &PeerId, current: Option<&View>) -> Vec<u32> {
        let ended = self.departed.get(peer).into_iter().flatten().copied();
        ended.chain(current.map(|view| view.slot)).collect()
    }

    /// Brings a member's knowledge of one place up to date and returns the notice, if one is due. `sessions`: whether the
    /// member's version knows of absences; for another version a peer that is away has left, and a peer that is back has joined.
    pub(crate) fn tell(
        &mut self,
        room: &RoomName,
        view: &mut View,
        slot: u32,
        sessions: bool,
    ) -> Option<Arc<Mail>> {
        let (known, fact) = (view.known.standing(slot), self.facts.standing(slot));
        let is_renewed = view.renewed.standing(slot) == Standing::Present;
        let stay = self.stay_mut(slot)?.as_mut()?;
        let knew = known != Standing::Unknown;
        let (now, mail) = match (known, fact) {
            (Standing::Unknown, Standing::Present) => (Standing::Present, Some(stay.joined(room))),
            (_, Standing::Present) if known != Standing::Present && !sessions => {
                (Standing::Present, Some(stay.joined(room)))
            }
            (Standing::Away | Standing::Unnamed, Standing::Present) => {
                (Standing::Present, Some(stay.back(room)))
            }
            (Standing::Present, Standing::Present) => {
                (known, (is_renewed && sessions).then(|| stay.back(room)))
            }
            (Standing::Present, Standing::Away) if !sessions => {
                let left =
                    Mail::PeerLeft { room: room.clone(), peer: stay.peer.clone(), reason: LeaveReason::Lost };
                (Standing::Unknown, Some(Arc::new(left)))
            }
            (Standing::Present, Standing::Away) => (Standing::Away, Some(stay.away(room))),
            (Standing::Present | Standing::Away, Standing::Unknown) => {
                (Standing::Unknown, Some(stay.left(room)))
            }
            // A member that never heard of a peer does not hear of its end.
            (Standing::Unnamed, Standing::Unknown) => (Standing::Unknown, None),
            _ => (known, None),
        };
        let knows = now != Standing::Unknown;
        if knows && !knew {
            stay.knowers = stay.knowers.saturating_add(1);
        } else if knew && !knows {
            stay.knowers = stay.knowers.saturating_sub(1);
        }
        view.known.set(slot, now);
        view.renewed.set(slot, Standing::Unknown);
        self.release_if_over(slot);
        mail
    }

    /// Notes that the peer at `of` has another description: a member that knows the peer gets the notice again.
    pub(crate) fn renew(view: &mut View, of: u32) {
        if view.known.standing(of) != Standing::Unknown {
            view.renewed.set(of, Standing::Present);
        }
    }

    /// Removes every ended stay. A member to which a notice about one was due needs the list of the room again.
    pub(crate) fn forget_ended<'a>(&mut self, views: impl Iterator<Item = &'a mut View>) {
        let ended: Vec<u32> = std::mem::take(&mut self.departed).into_values().flatten().collect();
        let mut places = Marks::default();
        for slot in &ended {
            places.set(*slot, Standing::Present);
        }
        for view in views {
            view.stale |= view.known.remove(&places);
            view.renewed.remove(&places);
        }
        for slot in ended {
            self.release(slot);
        }
        self.ended = 0;
    }

    /// Notes that a member needs no further notices.
    fn forget(&mut self, view: &mut View) {
        for slot in std::mem::take(&mut view.known).known() {
            if let Some(stay) = self.stay_mut(slot).and_then(Option::as_mut) {
                stay.knowers = stay.knowers.saturating_sub(1);
            }
            self.release_if_over(slot);
        }
    }

    /// Frees the place of a stay that has ended, once every member knows of the end.
    fn release_if_over(&mut self, slot: u32) {
        let Some(Some(stay)) = self.stay_mut(slot) else { return };
        if stay.left.is_none() || stay.knowers > 0 {
            return;
        }
        let peer = stay.peer.clone();
        if let Some(slots) = self.departed.get_mut(&peer) {
            slots.retain(|ended| *ended != slot);
            if slots.is_empty() {
                self.departed.remove(&peer);
            }
            self.ended = self.ended.saturating_sub(1);
        }
        self.release(slot);
    }

    fn release(&mut self, slot: u32) {
        if let Some(place) = self.stay_mut(slot) {
            *place = None;
            self.free.push(slot);
        }
    }

    fn stay_mut(&mut self, slot: u32) -> Option<&mut Option<Stay>> {
        self.stays.get_mut(usize::try_from(slot).ok()?)
    }

    /// Counts the places of members and of ended stays.
    #[cfg(test)]
    pub(crate) fn places(&self) -> usize {
        self.stays.iter().flatten().count()
    }
}

impl View {
    /// Returns the member's own place.
    pub(crate) fn slot(&self) -> u32 {
        self.slot
    }

    /// Counts the peers that the member knows of.
    pub(crate) fn size(&self) -> usize {
        self.known.count()
    }

    /// Puts the view, which was taken out of the rooms of its member, back.
    pub(crate) fn put_back(self, rooms: &mut BTreeMap<RoomName, Self>, room: &RoomName) {
        if let Some(place) = rooms.get_mut(room) {
            *place = self;
        }
    }
}

impl Stay {
    fn joined(&mut self, room: &RoomName) -> Arc<Mail> {
        let peer = &self.info;
        let make = || Arc::new(Mail::PeerJoined { room: room.clone(), peer: Arc::clone(peer) });
        self.notices.joined.get_or_insert_with(make).clone()
    }

    fn back(&mut self, room: &RoomName) -> Arc<Mail> {
        let peer = &self.info;
        let make = || Arc::new(Mail::PeerBack { room: room.clone(), peer: Arc::clone(peer) });
        self.notices.back.get_or_insert_with(make).clone()
    }

    fn away(&mut self, room: &RoomName) -> Arc<Mail> {
        let (peer, reason) = (&self.peer, self.away);
        let make = || Arc::new(Mail::PeerAway { room: room.clone(), peer: peer.clone(), reason });
        self.notices.away.get_or_insert_with(make).clone()
    }

    fn left(&mut self, room: &RoomName) -> Arc<Mail> {
        let (peer, reason) = (&self.peer, self.left.unwrap_or(LeaveReason::Lost));
        let make = || Arc::new(Mail::PeerLeft { room: room.clone(), peer: peer.clone(), reason });
        self.notices.left.get_or_insert_with(make).clone()
    }
}
