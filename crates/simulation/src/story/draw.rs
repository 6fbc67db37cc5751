//! How a seed draws the next transition of a story.

use super::model::Model;
use super::transition::{ROOMS, Transition};
use crate::model_peer_connection::{MediaKind, Random};
use crate::world::Direction;
use signalpost_core::PageEvent;

impl Transition {
    /// The next of a story.
    pub fn draw(model: &Model, random: &mut Random) -> Self {
        let pages = model.pages();
        let page = random.within((0, pages as u64 - 1)) as usize;
        let peer = (page + 1 + random.within((0, pages as u64 - 2)) as usize) % pages;
        let room = ROOMS[random.within((0, 3)) as usize / 3];
        let direction = if random.number() & 1 == 0 { Direction::Up } else { Direction::Down };
        let short = random.within((0, 1_500));
        // Shorter than a probe, longer than a heartbeat, longer than the window.
        let long = match random.within((0, 19)) {
            0..=7 => random.within((50, 3_000)),
            8..=14 => random.within((3_000, 20_000)),
            15..=18 => random.within((20_000, 90_000)),
            _ => random.within((121_000, 150_000)),
        };
        match random.within((0, 99)) {
            0..=33 => {
                let count = [1, 1, 2, 3, 5, 8, 12, 20][random.within((0, 7)) as usize];
                let bytes = [30, 30, 100, 1_000, 4_000][random.within((0, 4)) as usize];
                Self::Send(page, peer, count, random.within((0, 2)) == 0, bytes)
            }
            34..=39 => Self::Broadcast(page, room, random.within((1, 4)) as u32),
            40..=43 => Self::Join(page, room),
            44 => Self::Leave(page, room),
            45..=49 if model.is_meshed() => Self::ConnectBoth(page, peer, random.within((0, 60))),
            50..=51 if model.is_meshed() => {
                let kind = if random.number() & 1 == 0 { MediaKind::Audio } else { MediaKind::Video };
                Self::AddTrack(page, peer, kind)
            }
            52 if model.is_meshed() => Self::ClosePeer(page, peer),
            45..=58 => Self::DropAfter(page, direction, random.within((0, 4_000)) as usize),
            59..=64 => Self::Drop(page, short),
            65..=67 => Self::Vanish(page),
            68..=74 => Self::Freeze(page, [None, Some(direction)][random.within((0, 1)) as usize], long),
            75..=77 => Self::Delay(page, direction, random.within((50, 2_500))),
            78..=80 => Self::Mangle(page, direction, random.within((0, 6)) as u32),
            81..=82 => Self::RestartWithState(short, random.number() & 1 == 0),
            83 => Self::RestartWithoutState(short),
            84..=87 => Self::Offline(page, long, random.number() & 1 == 0),
            88..=91 => Self::Suspend(page, long),
            92..=94 => Self::Sleep(page, long),
            95..=96 => Self::Reload(page, random.within((0, 3)) > 0, short),
            97 => Self::SecondTab(page, false, 0),
            98 if random.within((0, 3)) == 0 => Self::Close(page),
            _ => Self::Connect(page),
        }
    }

    /// The next of a story that tells of tabs and of the lives of pages as well.
    pub fn draw_with_tabs(model: &Model, random: &mut Random) -> Self {
        if random.within((0, 3)) > 0 {
            return Self::draw(model, random);
        }
        let pages = model.pages();
        let page = random.within((0, pages as u64 - 1)) as usize;
        let peer = (page + 1 + random.within((0, pages as u64 - 2)) as usize) % pages;
        let ms = match random.within((0, 9)) {
            0..=4 => random.within((0, 3_000)),
            5..=8 => random.within((3_000, 40_000)),
            _ => random.within((115_000, 150_000)),
        };
        match random.within((0, 15)) {
            0..=3 => Self::SecondTab(page, random.number() & 1 == 0, ms),
            4..=5 => Self::Tell(page, [PageEvent::Woke, PageEvent::Visible][random.within((0, 1)) as usize]),
            6..=8 => Self::Hide(page, ms),
            9..=12 => Self::FreezePage(page, ms),
            13..=14 => Self::LeavePage(page, (random.within((0, 4)) > 0).then_some(ms)),
            // More than fits.
            _ => {
                Self::Flood(page, peer, [30, 3_000][random.within((0, 1)) as usize], random.number() & 1 == 0)
            }
        }
    }

    /// The next of a story that tells of room storms, mass absences and sockets that go away as well.
    pub fn draw_with_storms(model: &Model, random: &mut Random) -> Self {
        if random.within((0, 4)) > 0 {
            return Self::draw_with_tabs(model, random);
        }
        let pages = model.pages() as u64;
        let page = random.within((0, pages - 1)) as usize;
        match random.within((0, 9)) {
            0..=2 => {
                let room = ROOMS[random.within((0, 3)) as usize / 3];
                // More than the server lets a peer enter at once, now and then.
                let count = [random.within((2, 12)), random.within((10, 60)), random.within((120, 180))];
                let ms = [0, 0, random.within((0, 400)), random.within((400, 6_000))];
                let (count, ms) = (count[random.within((0, 2)) as usize], ms[random.within((0, 3)) as usize]);
                Self::RoomStorm { page, room, count, ms }
            }
            3..=5 => {
                let everybody = random.within((0, 2)) == 0;
                let mut gone = Vec::new();
                for page in 0..model.pages() {
                    if everybody || random.within((0, 3)) > 0 {
                        let late = match random.within((0, 9)) {
                            0..=4 => None,
                            5..=8 => Some(random.within((200, 40_000))),
                            _ => Some(random.within((115_000, 150_000))),
                        };
                        gone.push((page, late));
                    }
                }
                let notice = random.within((0, 1_500));
                Self::MassAbsence { pages: gone, notice, is_told: random.number() & 1 == 0 }
            }
            _ => Self::GoingAway(page, random.within((0, 2)) == 0),
        }
    }
}
