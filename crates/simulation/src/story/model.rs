//! The reference model of a story: who wants what, once all is calm.

use super::transition::Transition;
use std::collections::BTreeSet;

/// What the application of one page wants.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Whether it wants to be connected to the server.
    pub is_open: bool,
    /// The rooms that it wants to be in.
    pub rooms: BTreeSet<&'static str>,
    /// The pages that it wants to be connected to.
    pub peers: BTreeSet<usize>,
    /// Until when its tab is suspended.
    pub suspended_until: u64,
    /// Until when it enters and leaves a room by turns.
    pub storms_until: u64,
}

/// All pages. Those beyond [`Model::pages`] are second tabs.
#[derive(Clone, Debug)]
pub struct Model {
    wishes: Vec<Wishes>,
    /// The pages from here on have clients that connect to no peer.
    cores: usize,
    is_meshed: bool,
}

impl Model {
    /// So many pages that want to be connected to the server, and maybe to each other as far as they have real cores.
    pub fn new(pages: usize, cores: usize, is_meshed: bool) -> Self {
        let wishes = Wishes { is_open: true, ..Wishes::default() };
        Self { wishes: vec![wishes; pages], cores, is_meshed }
    }

    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.wishes.len()
    }

    /// Whether pages connect to each other.
    pub fn is_meshed(&self) -> bool {
        self.is_meshed
    }

    /// What a page wants.
    pub fn wishes(&self, page: usize) -> &Wishes {
        &self.wishes[page]
    }

    /// Whether a transition can happen now: a page that is closed or suspended calls nothing.
    pub fn admits(&self, now: u64, transition: &Transition) -> bool {
        let runs = |page: usize| self.wishes[page].is_open && self.wishes[page].suspended_until <= now;
        let rests = |page: usize| self.wishes[page].storms_until <= now;
        match *transition {
            Transition::Join(page, _)
            | Transition::Leave(page, _)
            | Transition::RoomStorm { page, .. }
            | Transition::Reload(page, ..)
            | Transition::LeavePage(page, _)
            | Transition::Close(page) => runs(page) && rests(page),
            Transition::Connect(page)
            | Transition::Send(page, ..)
            | Transition::Broadcast(page, ..)
            | Transition::Suspend(page, _)
            | Transition::Sleep(page, _)
            | Transition::SecondTab(page, ..)
            | Transition::Tell(page, _)
            | Transition::Hide(page, _)
            | Transition::FreezePage(page, _)
            | Transition::Flood(page, ..) => runs(page),
            Transition::AddTrack(page, peer, _) | Transition::ClosePeer(page, peer) => {
                runs(page) && page.max(peer) < self.cores
            }
            Transition::ConnectBoth(page, peer, _) => runs(page) && runs(peer) && page.max(peer) < self.cores,
            _ => true,
        }
    }

    /// Notes what a transition changes.
    pub fn apply(&mut self, now: u64, transition: &Transition) {
        match *transition {
            Transition::Join(page, room) => {
                self.wishes[page].rooms.insert(room);
            }
            Transition::RoomStorm { page, room, count, ms } => {
                self.wishes[page].storms_until = now + ms + 1;
                if count % 2 == 1 {
                    self.wishes[page].rooms.insert(room);
                } else {
                    self.wishes[page].rooms.remove(room);
                }
            }
            Transition::Leave(page, room) => {
                self.wishes[page].rooms.remove(room);
            }
            Transition::ConnectBoth(page, peer, _) => {
                self.wishes[page].peers.insert(peer);
                self.wishes[peer].peers.insert(page);
            }
            Transition::AddTrack(page, peer, _) => {
                self.wishes[page].peers.insert(peer);
            }
            Transition::ClosePeer(page, peer) => {
                self.wishes[page].peers.remove(&peer);
                self.wishes[peer].peers.remove(&page);
            }
            Transition::Suspend(page, ms)
            | Transition::Sleep(page, ms)
            | Transition::FreezePage(page, ms) => {
                self.wishes[page].suspended_until = now + ms;
            }
            Transition::Reload(page, ..) | Transition::LeavePage(page, Some(_)) => {
                self.wishes[page].rooms.clear();
                self.wishes[page].peers.clear();
            }
            Transition::Close(page) | Transition::LeavePage(page, None) => {
                self.wishes[page] = Wishes::default()
            }
            _ => {}
        }
    }

    /// The pairs that both want.
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for a in 0..self.wishes.len() {
            for b in a + 1..self.wishes.len() {
                if self.wishes[a].peers.contains(&b) && self.wishes[b].peers.contains(&a) {
                    pairs.push((a, b));
                }
            }
        }
        pairs
    }
}
