//! What the tests of large rooms share.

use super::turns::Pace;
use crate::SocketId;
use crate::engine::limits::MAX_ENTRIES;
use crate::engine::{Action, ClientFrame, Command, Delivery};
use crate::registry::picture_tests::Picture;
use crate::registry::sessions::session_tests::claim;
use crate::registry::world_tests::{World, room};
use signalpost_protocol::{Position, SequenceNumber};

/// Most entries that one command may touch, whatever the size of its room.
pub(crate) const MAX_WORK: u64 = 2 * Pace::SERVER.turn + MAX_ENTRIES as u64;

impl World {
    /// Peers p0000, p0001 … on sockets from `first` on, in one room, and each knows of the others.
    pub(crate) fn crowd(&mut self, first: u64, count: u64) {
        for number in first..first + count {
            self.resume(0, number, claim(&format!("p{number:04}"), "key", "next", None)).unwrap();
            assert!(self.work_of(0, number, join(1)) < MAX_WORK + count);
        }
        let presence = self.registry.presences.get_mut(&room("r")).unwrap();
        for peer in self.registry.peers.values_mut().filter(|peer| !peer.is_away()) {
            presence.list(peer.rooms.get_mut(&room("r")).unwrap());
        }
        self.settle(0);
        // They know more than they were told here.
        self.pictures.values_mut().for_each(|picture| picture.is_partial = true);
    }

    /// Sweeps as often as the registry asks for it, until no client gets mail. Each client acknowledges what it gets.
    pub(crate) fn settle(&mut self, mut now: u64) -> u64 {
        loop {
            self.acknowledge_all(now);
            match self.registry.poll_timeout() {
                Some(due) if due < now + 100 => now = now.max(due),
                _ => return now,
            }
            let before = self.registry.touched();
            self.registry.sweep(now, &mut self.out);
            let work = self.registry.touched() - before;
            let members = self.registry.len() as u64;
            assert!(work <= MAX_WORK + members, "a sweep touched {work} entries");
        }
    }

    fn acknowledge_all(&mut self, now: u64) {
        let sockets: Vec<SocketId> = self.out.got.keys().copied().collect();
        for socket in sockets {
            let told = self.out.got.remove(&socket).unwrap_or_default();
            for delivery in &told {
                if let Delivery::Mail { mail, .. } = delivery {
                    self.pictures.entry(socket).or_default().note(mail);
                }
            }
            let top = told.iter().filter_map(|delivery| match delivery {
                Delivery::Mail { seq, .. } => seq.map(Position::after),
                _ => None,
            });
            if let Some(ack) = top.max() {
                let beat = Command::Beat { ack: Some(ack) };
                self.registry.execute(now, socket, beat, &mut self.out);
                self.drop_reply(socket);
            }
        }
    }

    fn drop_reply(&mut self, socket: SocketId) {
        if let Some(queue) = self.out.got.get_mut(&socket) {
            queue.retain(|delivery| !matches!(delivery, Delivery::Done { .. }));
            if queue.is_empty() {
                self.out.got.remove(&socket);
            }
        }
    }

    /// The work of one command.
    pub(crate) fn work_of(&mut self, now: u64, number: u64, command: Command) -> u64 {
        let before = self.registry.touched();
        self.registry.execute(now, SocketId::new(number), command, &mut self.out);
        self.registry.touched() - before
    }

    pub(crate) fn picture(&self, number: u64) -> &Picture {
        &self.pictures[&SocketId::new(number)]
    }
}

fn join(seq: u32) -> Command {
    let action = Action::Join(room("r"));
    Command::Frame(ClientFrame { seq: Some(SequenceNumber(seq)), ack: None, reference: Some(seq), action })
}
