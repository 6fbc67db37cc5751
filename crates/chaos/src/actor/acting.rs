//! One client: it sends to the others, and enters and leaves rooms.

use super::names::Names;
use super::payload;
use super::stays::{Stay, Stays};
use crate::history::{At, Outcome, Peer, Room};
use crate::random::Random;
use crate::recorder::Recorder;
use signalpost_native::{Call, Client, Error, ErrorCode};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Of a hundred things that a client does, so many are messages to one peer, and so many broadcasts; the others enter and leave rooms.
const MESSAGES: usize = 75;
const BROADCASTS: usize = 15;
/// Of a hundred messages to one peer, so many ask for a receipt.
const RECEIPTS: usize = 30;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The clients act.
    Acting,
    /// The clients begin nothing new.
    Still,
    /// The clients end.
    Over,
}

/// How a call ended.
enum Done {
    Sent { to: Peer, number: u32, outcome: Outcome },
    Broadcast { room: Room, number: u32, outcome: Outcome },
    Joined { room: Room, began: At, result: Result<(), Error> },
    Left { room: Room, result: Result<(), Error> },
}

/// One client of the load.
pub struct Actor {
    own: Peer,
    client: Client,
    names: Arc<Names>,
    recorder: Recorder,
    random: Random,
    /// The pause between two things that it does, on average.
    pause: Duration,
    /// The number of the next message to each peer, and in each room.
    next: BTreeMap<Peer, u32>,
    next_in_room: BTreeMap<Room, u32>,
    stays: Stays,
    calls: JoinSet<Done>,
    lost: mpsc::UnboundedReceiver<()>,
}

impl Actor {
    /// A client that does nothing yet. `lost` tells of each session that it loses.
    pub fn new(
        own: Peer,
        client: Client,
        names: &Arc<Names>,
        recorder: &Recorder,
        random: Random,
        pause: Duration,
        lost: mpsc::UnboundedReceiver<()>,
    ) -> Self {
        Self {
            own,
            client,
            names: names.clone(),
            recorder: recorder.clone(),
            random,
            pause,
            next: BTreeMap::new(),
            next_in_room: BTreeMap::new(),
            stays: Stays::new(names.rooms.len()),
            calls: JoinSet::new(),
            lost,
        }
    }

    /// Acts until the run ends.
    pub async fn run(mut self, mut phase: watch::Receiver<Phase>) {
        let mut act_at = Instant::now();
        loop {
            let is_acting = *phase.borrow_and_update() == Phase::Acting;
            tokio::select! {
                changed = phase.changed() => {
                    if changed.is_err() || *phase.borrow() == Phase::Over {
                        return;
                    }
                }
                Some(done) = self.calls.join_next() => if let Ok(done) = done { self.note(done) },
                Some(()) = self.lost.recv() => self.enter_again(),
                () = sleep_until(act_at), if is_acting => {
                    self.act();
                    act_at = Instant::now() + self.random.pause(self.pause);
                }
            }
        }
    }

    fn act(&mut self) {
        match self.random.below(100) {
            0..MESSAGES => self.send(),
            below if below < MESSAGES + BROADCASTS => self.broadcast(),
            _ => self.move_between_rooms(),
        }
    }

    fn send(&mut self) {
        let to = self.names.other(self.own, &mut self.random);
        let Some(id) = self.names.peers.get(usize::from(to)) else { return };
        let number = next(&mut self.next, to);
        let data = payload::write(number, &mut self.random);
        let receipt = self.random.percent(RECEIPTS);
        self.recorder.note(|history, at| history.sent(at, self.own, to, number));
        let call =
            if receipt { self.client.send_with_receipt(id, &data) } else { self.client.send(id, &data) };
        self.calls.spawn(async move { Done::Sent { to, number, outcome: outcome(call, receipt).await } });
    }

    fn broadcast(&mut self) {
        let Some(room) = self.stays.one(Stay::In, &mut self.random) else { return };
        let Some(name) = self.names.rooms.get(usize::from(room)) else { return };
        let number = next(&mut self.next_in_room, room);
        let data = payload::write(number, &mut self.random);
        self.recorder.note(|history, at| history.broadcast(at, self.own, room, number));
        let call = self.client.broadcast(name, &data);
        self.calls
            .spawn(async move { Done::Broadcast { room, number, outcome: outcome(call, false).await } });
    }

    /// Leaves a room, or enters one, and is in about half of them.
    fn move_between_rooms(&mut self) {
        let Some(room) = self.stays.one_that_is_settled(&mut self.random) else { return };
        if self.stays.of(room) == Stay::In { self.leave(room) } else { self.join(room) }
    }

    /// Enters a room.
    pub fn join(&mut self, room: Room) {
        let Some(name) = self.names.rooms.get(usize::from(room)) else { return };
        self.stays.set(room, Stay::Entering);
        let began = self.recorder.note(|history, at| {
            history.joining(self.own, room);
            at
        });
        let call = self.client.join(name);
        self.calls.spawn(async move { Done::Joined { room, began, result: call.await.map(drop) } });
    }

    fn leave(&mut self, room: Room) {
        let Some(name) = self.names.rooms.get(usize::from(room)) else { return };
        self.stays.set(room, Stay::Leaving);
        self.recorder.note(|history, _| history.leaving(self.own, room));
        let call = self.client.leave(name);
        self.calls.spawn(async move { Done::Left { room, result: call.await } });
    }

    /// The session was lost. The client enters its rooms by itself; asking once more tells when it is in them.
    fn enter_again(&mut self) {
        for room in self.stays.all(Stay::In) {
            self.join(room);
        }
    }

    fn note(&mut self, done: Done) {
        let own = self.own;
        let recorder = &self.recorder;
        match done {
            Done::Sent { to, number, outcome } => {
                recorder.note(|history, at| history.settled(at, own, to, number, &outcome));
            }
            Done::Broadcast { room, number, outcome } => {
                recorder.note(|history, at| history.broadcast_settled(at, own, room, number, &outcome));
            }
            Done::Joined { room, began, result: Ok(()) } => {
                recorder.note(|history, _| history.joined(began, own, room));
                self.stays.set(room, Stay::In);
            }
            Done::Joined { room, result: Err(error), .. } => {
                recorder.note(|history, _| {
                    history.leaving(own, room);
                    history.call_failed(error.code.as_str());
                });
                self.stays.set(room, Stay::Out);
            }
            Done::Left { room, result } => {
                recorder.note(|history, _| match &result {
                    Ok(()) => history.left(own, room),
                    Err(error) => history.call_failed(error.code.as_str()),
                });
                self.stays.set(room, Stay::Out);
            }
        }
    }
}

fn next<K: Ord>(numbers: &mut BTreeMap<K, u32>, of: K) -> u32 {
    let next = numbers.entry(of).or_default();
    let number = *next;
    *next = number.saturating_add(1);
    number
}

async fn outcome(call: Call<()>, receipt: bool) -> Outcome {
    match call.await {
        Ok(()) if receipt => Outcome::Confirmed,
        Ok(()) => Outcome::Accepted,
        Err(error) => {
            let unknown = [ErrorCode::LinkLost, ErrorCode::Timeout, ErrorCode::Closed, ErrorCode::Internal];
            let code = error.code.as_str().to_owned();
            let is_unknown = unknown.iter().any(|unknown| error.code == *unknown);
            if is_unknown { Outcome::Unknown(code) } else { Outcome::Refused(code) }
        }
    }
}
