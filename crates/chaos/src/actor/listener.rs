//! Notes what a client hears.

use super::names::Names;
use super::payload;
use crate::history::{Peer, Way};
use crate::recorder::Recorder;
use signalpost_native::{ClientState, Event, Events};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Notes what `own` hears until its client is closed, and tells `lost` of each session that is lost.
pub async fn listen(
    mut events: Events,
    own: Peer,
    names: Arc<Names>,
    recorder: Recorder,
    lost: mpsc::UnboundedSender<()>,
) {
    while let Some(event) = events.next().await {
        match event {
            Event::Message { from, room, data } => {
                let room_index = room.as_ref().map(|room| names.room(room));
                let way = match (names.peer(&from), room_index) {
                    (Some(from), None) => Some(Way { from, to: own, room: None }),
                    (Some(from), Some(Some(room))) => Some(Way { from, to: own, room: Some(room) }),
                    _ => None,
                };
                match (way, payload::read(&data)) {
                    (Some(way), Some(number)) => {
                        recorder.note(|history, at| history.received(at, way, number));
                    }
                    _ => recorder
                        .note(|history, _| history.odd(format!("a message that is not of the load: {data}"))),
                }
            }
            Event::Resumed => recorder.note(|history, _| history.resumed()),
            Event::SessionLost { .. } => {
                recorder.note(|history, at| history.session_lost(at, own));
                let _ = lost.send(());
            }
            Event::Error { error, .. } => {
                recorder.note(|history, _| history.odd(format!("an error: {error}")))
            }
            Event::State { state: ClientState::Reconnecting, reason } if reason == "sequence-gap" => {
                recorder.note(|history, _| {
                    history.odd(format!(
                        "client {own} left a socket on which a frame of the server was missing"
                    ));
                });
            }
            Event::State { state: ClientState::Idle, reason } => {
                recorder.note(|history, _| history.odd(format!("a client gave up: {reason}")));
            }
            _ => {}
        }
    }
}
