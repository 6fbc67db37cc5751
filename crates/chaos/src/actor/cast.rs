//! All clients of the load.

use super::acting::{Actor, Phase};
use super::listener::listen;
use super::names::Names;
use crate::history::Peer;
use crate::random::Random;
use crate::recorder::Recorder;
use signalpost_native::{Client, Endpoints, Error, Settings};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// All clients of the load, at work.
pub struct Cast {
    phase: watch::Sender<Phase>,
    actors: JoinSet<()>,
}

impl Cast {
    /// Connects every client, the one at `place` by `way(place)`, and lets each enter about half of the rooms. Then all of them
    /// act, each with `pause` between two things on average.
    ///
    /// # Errors
    /// When a client cannot connect.
    pub async fn begin(
        names: &Arc<Names>,
        recorder: &Recorder,
        random: &mut Random,
        pause: Duration,
        mut way: impl FnMut(Peer) -> Endpoints,
    ) -> Result<Self, Error> {
        let (phase, phases) = watch::channel(Phase::Still);
        let mut actors = JoinSet::new();
        for (own, id) in (0..).zip(&names.peers) {
            let mut settings = Settings::new(id.as_str(), way(own))?;
            settings.connect_timeout = Duration::from_secs(30);
            let (client, events) = Client::connect(settings).await?;
            let (lost_sender, lost) = mpsc::unbounded_channel();
            actors.spawn(listen(events, own, names.clone(), recorder.clone(), lost_sender));
            let mut actor = Actor::new(own, client, names, recorder, random.fork(), pause, lost);
            for room in (0..).take(names.rooms.len()).filter(|_| random.percent(50)) {
                actor.join(room);
            }
            actors.spawn(actor.run(phases.clone()));
        }
        // Before this some of them were not there to be spoken to.
        phase.send_replace(Phase::Acting);
        Ok(Self { phase, actors })
    }

    /// Lets the clients begin nothing new.
    pub fn settle(&self) {
        self.phase.send_replace(Phase::Still);
    }

    /// Ends the clients.
    pub async fn end(mut self) {
        self.phase.send_replace(Phase::Over);
        while self.actors.join_next().await.is_some() {}
    }
}
