//! Those who stay in the room.

use super::ledger::Ledger;
use super::news::At;
use super::sight::{Guest, Observer, Sight};
use signalpost_native::{Client, ClientState, Error, Event, Events, RoomName, Settings};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// What every task of the check notes in.
#[derive(Clone)]
pub struct Notes {
    ledger: Arc<Mutex<Ledger>>,
    start: Instant,
}

impl Notes {
    /// The notes of a check that begins now.
    pub fn start(ledger: Ledger) -> Self {
        Self { ledger: Arc::new(Mutex::new(ledger)), start: Instant::now() }
    }

    /// Notes something. The time is read while nobody else notes anything.
    pub fn note<T>(&self, note: impl FnOnce(&mut Ledger, At) -> T) -> T {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let at = At::try_from(self.start.elapsed().as_micros()).unwrap_or(At::MAX);
        note(&mut ledger, at)
    }
}

/// The number of the guest with this id; `None` for one who is no guest.
pub fn guest(id: &str) -> Option<Guest> {
    id.strip_prefix("guest-")?.parse().ok()
}

/// The rooms of a check.
#[derive(Debug)]
pub struct Rooms(Vec<RoomName>);

impl Rooms {
    /// So many rooms.
    ///
    /// # Errors
    /// When there are none, or `run` is too long for their names.
    pub fn new(run: &str, count: u16) -> Result<Self, Error> {
        // A client cannot be in none of them.
        (0..count.max(1))
            .map(|room| Ok(RoomName::parse(&format!("{run}-{room}"))?))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// All of them.
    pub fn all(&self) -> &[RoomName] {
        &self.0
    }

    /// The room of a guest.
    pub fn of(&self, guest: Guest) -> Option<&RoomName> {
        let count = Guest::try_from(self.0.len()).ok()?;
        self.0.get(usize::try_from(guest.checked_rem(count)?).ok()?)
    }
}

/// The id of a guest.
pub fn guest_id(guest: Guest) -> String {
    format!("guest-{guest}")
}

/// Lets an observer enter every room, and notes what it sees until its client is closed.
///
/// # Errors
/// When it cannot connect or enter.
pub async fn observe(
    settings: Settings,
    rooms: &Arc<Rooms>,
    own: Observer,
    notes: &Notes,
) -> Result<Client, Error> {
    let (client, events) = Client::connect(settings).await?;
    tokio::spawn(watch(events, own, rooms.clone(), notes.clone()));
    for room in rooms.all() {
        client.join(room).await?;
    }
    Ok(client)
}

async fn watch(mut events: Events, own: Observer, rooms: Arc<Rooms>, notes: Notes) {
    while let Some(event) = events.next().await {
        let (room, id, sight) = match event {
            Event::PeerJoined { room, peer } => (room, peer.id, Sight::Joined),
            Event::PeerAway { room, peer, .. } => (room, peer.to_string(), Sight::Away),
            Event::PeerBack { room, peer } => (room, peer.to_string(), Sight::Back),
            Event::PeerLeft { room, peer, reason } => {
                (room, peer.to_string(), Sight::Left(reason.to_string()))
            }
            Event::SessionLost { reason } => {
                notes.note(|ledger, _| ledger.session_lost(own, reason.map(|reason| reason.to_string())));
                continue;
            }
            Event::State { state: ClientState::Idle, reason } => {
                notes.note(|ledger, _| ledger.gave_up(own, reason.to_string()));
                continue;
            }
            _ => continue,
        };
        let Some(guest) = guest(&id) else { continue };
        notes.note(|ledger, at| match rooms.of(guest) == Some(&room) {
            true => ledger.saw(at, own, guest, &sight),
            false => ledger.saw_elsewhere(own, guest, room.as_str()),
        });
    }
}
