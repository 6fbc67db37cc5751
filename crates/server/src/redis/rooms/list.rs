//! Lists of a room. A list names who is present in the room at one version, and nobody whose lease is over: such a peer is
//! first made away, which the members hear before they get a list without it.

use super::context::{Rooms, later};
use super::entry::Entry;
use super::steps::{Act, Actor, MAX_READ};
use super::tell::Shift;
use crate::engine::{LeaveReason, Mail, Page, peer_weight};
use crate::redis::agenda::{self, Plan};
use crate::redis::error::StoreError;
use crate::redis::pages::merge;
use crate::redis::presence::{Presence, lapsed, meets, page_bytes, peek};
use crate::redis::region::Region;
use crate::redis::scripts::EXPIRE;
use crate::redis::seats::{Seat, Target};
use futures_util::future::{join, join_all};
use signalpost_protocol::{PeerId, Query, RoomName, limits};
use std::collections::BTreeMap;

/// Most times that a list is read anew because somebody in it is not present.
const READS: usize = 3;

/// Peers that are looked at together.
const TOGETHER: usize = 16;

/// Whether a peer whose lease seemed to be over is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Healed {
    /// It is present: the agenda was late.
    WasPresent,
    /// It is not, and the room knows.
    IsAbsent,
}

/// A page of one part of a room, as of one version.
struct Listed {
    version: u64,
    page: Page,
    /// The numbers of the sessions of the peers in it.
    sessions: BTreeMap<String, u64>,
}

/// A page of a room.
pub(super) struct Whole {
    pub(super) page: Page,
    /// The versions of the parts, by their regions; those that could not be listed have none.
    pub(super) versions: BTreeMap<Region, u64>,
}

impl Rooms<'_> {
    /// Lists who is present in a room and meets the other conditions of the query, without the asker, whose session lies here. The
    /// members of a part whose region does not answer in time are left out. `watches`: the asker enters the room.
    pub(super) async fn list(
        &self,
        room: &RoomName,
        asker: &PeerId,
        query: &Query,
        watches: bool,
    ) -> Result<Whole, StoreError> {
        let answers = match peek(self.node, self.now, asker).await? {
            Presence::Connected { answer_bytes, .. } => answer_bytes,
            _ => 0,
        };
        let bytes = page_bytes(answers);
        let limit = usize::from(query.limit.unwrap_or(limits::DEFAULT_PAGE).clamp(1, limits::PAGE));
        let elsewhere = self.node.elsewhere();
        let others = elsewhere.iter().map(|node| async {
            let part = Rooms::beside(node, self.now);
            let listing = async {
                if watches {
                    let asked = part.steps().watch(room).await?;
                    part.here().hear(room, asked.version, Some(asked.members));
                }
                part.list_part(room, asker, query, bytes).await
            };
            Some((node.region, part.node.in_time(listing).await?))
        });
        let (own, others) = join(self.list_part(room, asker, query, bytes), join_all(others)).await;
        let mut listed = vec![(self.node.region, own?)];
        listed.extend(others.into_iter().flatten());
        let versions = listed.iter().map(|(region, listed)| (*region, listed.version)).collect();
        let mut latest: BTreeMap<String, u64> = BTreeMap::new();
        for (peer, session) in listed.iter().flat_map(|(_, listed)| &listed.sessions) {
            let last = latest.entry(peer.clone()).or_default();
            *last = (*last).max(*session);
        }
        // Of a peer that has begun anew in another region the list has the later session.
        for (_, listed) in &mut listed {
            listed.page.peers.retain(|peer| listed.sessions.get(&peer.id) == latest.get(&peer.id));
        }
        let mut pages: Vec<Page> = listed.into_iter().map(|(_, listed)| listed.page).collect();
        let page = if pages.len() > 1 { merge(pages, limit, bytes) } else { pages.pop().unwrap_or_default() };
        Ok(Whole { page, versions })
    }

    /// Lists who is present in the part of a room.
    async fn list_part(
        &self,
        room: &RoomName,
        asker: &PeerId,
        query: &Query,
        bytes: usize,
    ) -> Result<Listed, StoreError> {
        let after = query.cursor.as_deref().and_then(|cursor| PeerId::parse(cursor).ok());
        let limit = usize::from(query.limit.unwrap_or(limits::DEFAULT_PAGE).clamp(1, limits::PAGE));
        let is_filtered = query.region.is_some() || query.capability.is_some();
        // The asker, and one more to know whether there are more.
        let most = if is_filtered { MAX_READ } else { limit.saturating_add(2) };
        let mut reads = 1;
        loop {
            let read = self.steps().page(room, after.as_ref(), most).await?;
            let is_full = read.entries.len() >= most;
            let peers: Vec<&PeerId> = read.entries.iter().map(|entry| &entry.peer).collect();
            let mut absent = lapsed(self.node, self.now, &peers).await;
            let suspects: Vec<&Entry> = read
                .entries
                .iter()
                .filter(|entry| absent.contains(&entry.peer) && meets(&entry.info, query))
                .take(limit.saturating_add(1))
                .collect();
            let mut is_healed = false;
            for some in suspects.chunks(TOGETHER) {
                let healed = some.iter().map(|entry| self.heal(room, &entry.peer, entry.session));
                for (entry, healed) in some.iter().zip(join_all(healed).await) {
                    match healed {
                        Ok(Healed::WasPresent) => {
                            absent.remove(&entry.peer);
                        }
                        Ok(Healed::IsAbsent) => is_healed = true,
                        Err(error) => {
                            // It keeps nobody from the list. Who reads it hears later if that peer is away or gone.
                            absent.remove(&entry.peer);
                            later(Err(error));
                        }
                    }
                }
            }
            if is_healed && reads < READS {
                reads += 1;
                continue;
            }
            let (mut page, mut sessions) = (Page::default(), BTreeMap::new());
            let (mut weight, mut last_read) = (0usize, None);
            let mut last_listed: Option<&PeerId> = None;
            for entry in &read.entries {
                let meets =
                    entry.peer != *asker && !absent.contains(&entry.peer) && meets(&entry.info, query);
                last_read = Some(&entry.peer);
                if !meets {
                    continue;
                }
                weight = weight.saturating_add(peer_weight(&entry.info));
                // Each page lists at least one peer: a client that goes on asking must come to the end.
                if page.peers.len() == limit || (weight > bytes && !page.peers.is_empty()) {
                    page.cursor = last_listed.map(ToString::to_string);
                    break;
                }
                last_listed = Some(&entry.peer);
                sessions.insert(entry.info.id.clone(), entry.session);
                page.peers.push(entry.info.clone());
            }
            if page.cursor.is_none() && is_full {
                page.cursor = last_read.map(ToString::to_string);
            }
            return Ok(Listed { version: read.version, page, sessions });
        }
    }

    /// Makes the list of the room for a member whose changes this part does not have, and where its seats are afterwards. `seats`: the
    /// texts of its seats in all parts. `None` while this part cannot be listed.
    pub(super) async fn list_again(
        &self,
        target: &Target,
        room: &RoomName,
        seats: Vec<(Region, String)>,
    ) -> Result<Option<(Vec<Mail>, Vec<Shift>)>, StoreError> {
        let query = Query { limit: Some(limits::PAGE), ..Query::default() };
        let home = self.at(target.region)?;
        let rooms = Rooms::new(&home, self.now);
        let listing = rooms.list(room, &target.peer, &query, false);
        let whole = if self.waits_for(&home) {
            listing.await?
        } else {
            let Some(whole) = rooms.node.in_time(listing).await else { return Ok(None) };
            whole
        };
        if !whole.versions.contains_key(&self.node.region) {
            return Ok(None);
        }
        let mut shifts = Vec::with_capacity(seats.len());
        for (part, old) in seats {
            let version = whole.versions.get(&part).copied().unwrap_or(0);
            let new = Seat::listed_at(version, Seat::parse(&old)?.own);
            shifts.push(Shift { part, old, new });
        }
        let mail = Mail::Joined { room: room.clone(), page: whole.page, reference: None };
        Ok(Some((vec![mail], shifts)))
    }

    /// Takes note of a peer that a room takes for present, and whose lease is over or whose session has ended.
    pub(super) async fn heal(
        &self,
        room: &RoomName,
        peer: &PeerId,
        session: u64,
    ) -> Result<Healed, StoreError> {
        let over = || async {
            let actor = Actor { peer, session, turn: 0 };
            let acted = self.steps().act(room, actor, Act::End(LeaveReason::Lost)).await?;
            self.spread_later(room, acted);
            Ok::<_, StoreError>(())
        };
        let stand = || async {
            for (room, acted) in self.set_standing(peer).await? {
                self.spread_later(&room, acted);
            }
            Ok::<_, StoreError>(())
        };
        let found = peek(self.node, self.now, peer).await?;
        if let Presence::Away { number } | Presence::Lapsed { number } = found
            && number == session
        {
            // The next sweep does the rest: the agenda may have lost it.
            agenda::plan(self.node, self.now, peer, Plan::Until(1)).await?;
        }
        match found {
            Presence::Connected { number, .. } if number == session => Ok(Healed::WasPresent),
            Presence::Away { number } if number == session => {
                stand().await?;
                Ok(Healed::IsAbsent)
            }
            Presence::Lapsed { number } if number == session => {
                let call = self
                    .node
                    .call(&EXPIRE, self.now)
                    .keys(self.node.keys.whole(peer))
                    .arg(self.node.config.window_ms);
                let ended = self.node.run(call).await?.into_fields("expire")?.text()? == "ended";
                if ended {
                    over().await?
                } else {
                    stand().await?
                };
                Ok(Healed::IsAbsent)
            }
            _ => {
                over().await?;
                Ok(Healed::IsAbsent)
            }
        }
    }
}
