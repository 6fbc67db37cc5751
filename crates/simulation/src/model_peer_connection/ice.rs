//! Candidates, gathering and the state of the connection. [`super::Network`] says whether
//! two connections reach each other.

use super::description::SessionText;
use super::flavor::Quirk;
use super::waiting::{Gather, Task};
use super::{
    CandidateInit, Channel, ChannelState, ConnectionState, DomError, Event, GatheringState, Milliseconds,
    ModelPeerConnection,
};
use signalpost_protocol::candidate::Candidate;

/// From silence to `disconnected`, and from there to `failed`.
const SILENCE: (Milliseconds, Milliseconds) = (5_500, 10_000);

impl ModelPeerConnection {
    /// The ICE generation of this side.
    pub fn local_username_fragment(&self) -> Option<&str> {
        self.descriptions
            .pending_local
            .as_ref()
            .or(self.descriptions.current_local.as_ref())?
            .text
            .username_fragment()
    }

    /// The ICE generation of the other side, as this side knows it.
    pub fn remote_username_fragment(&self) -> Option<&str> {
        self.descriptions
            .pending_remote
            .as_ref()
            .or(self.descriptions.current_remote.as_ref())?
            .text
            .username_fragment()
    }

    /// Whether a candidate of the other side's present generation is here.
    pub fn has_remote_candidate(&self) -> bool {
        let Some(ufrag) = self.remote_username_fragment() else { return false };
        self.ice.remote_candidates.iter().any(|it| it == ufrag)
    }

    /// Candidates in a remote description are as good as those that come later: the next description of their
    /// generation need not hold them again.
    pub(super) fn note_candidates(&mut self, remote: &SessionText) {
        let holding = remote.sections.iter().filter(|section| !section.candidates.is_empty());
        self.ice.remote_candidates.extend(holding.map(|section| section.username_fragment.clone()));
    }

    pub(super) fn apply_candidate(&mut self, init: &CandidateInit) -> Result<(), DomError> {
        let latest = self
            .descriptions
            .pending_remote
            .as_ref()
            .or(self.descriptions.current_remote.as_ref())
            .ok_or(DomError::InvalidState)?;
        let section = match (&init.sdp_mid, init.sdp_m_line_index) {
            (Some(mid), _) => Some(latest.text.section(mid).ok_or(DomError::Operation)?),
            (None, Some(index)) => Some(latest.text.sections.get(index).ok_or(DomError::Operation)?),
            (None, None) => None,
        };
        let place = section.map(|it| it.mid.clone());
        let present = latest.text.username_fragment().unwrap_or_default().to_owned();
        if let Some(ufrag) = &init.username_fragment {
            let current = self
                .descriptions
                .current_remote
                .as_ref()
                .filter(|_| !self.flavor.has(Quirk::PendingUfragOnly));
            let known = [Some(latest), current].into_iter().flatten().any(|applied| {
                let sections = applied.text.sections.iter();
                let here = |mid: &str| place.as_deref().is_none_or(|place| place == mid);
                sections.filter(|it| here(&it.mid)).any(|it| it.username_fragment == *ufrag)
            });
            if !known && !self.flavor.has(Quirk::AcceptsUnknownUfrag) {
                return Err(DomError::Operation);
            }
        }
        if init.candidate.is_empty() {
            return Ok(());
        }
        let Some(candidate) = Candidate::parse(&init.candidate) else {
            return if self.flavor.has(Quirk::AcceptsMalformedCandidate) {
                Ok(())
            } else {
                Err(DomError::Operation)
            };
        };
        let named = init.username_fragment.as_deref().or(candidate.username_fragment);
        self.ice.remote_candidates.push(named.map_or(present, str::to_owned));
        self.begin_checks();
        Ok(())
    }

    /// Gathers for the present generation, once.
    pub(super) fn begin_gathering(&mut self) {
        let Some(ufrag) = self.local_username_fragment().map(str::to_owned) else { return };
        if self.ice.gathered.contains(&ufrag) {
            return;
        }
        self.ice.gathered.push(ufrag.clone());
        self.schedule(0, Task::Gather(ufrag.clone(), Gather::Begin));
        let mut delay = 0;
        for number in 0..=(self.random.number() % 3) as u16 {
            delay += self.random.within(self.timings.gathering);
            self.schedule(delay, Task::Gather(ufrag.clone(), Gather::Candidate(number)));
        }
        delay += self.random.within(self.timings.gathering_end);
        if self.flavor.has(Quirk::EmptyCandidateBeforeNull) {
            self.schedule(delay, Task::Gather(ufrag.clone(), Gather::EmptyCandidate));
        }
        self.schedule(delay, Task::Gather(ufrag, Gather::End));
        self.begin_checks();
    }

    pub(super) fn gather(&mut self, ufrag: String, step: Gather) {
        if self.local_username_fragment() != Some(&ufrag) {
            return;
        }
        match step {
            Gather::Begin => self.enter_gathering(GatheringState::Gathering),
            Gather::Candidate(number) => {
                let port = 50_000 + (self.origin.session % 10_000) as u16 + number;
                let priority = 2_122_260_223 - u32::from(number);
                let line =
                    format!("candidate:{number} 1 udp {priority} 10.9.0.{} {port} typ host", number + 1);
                let held =
                    self.descriptions.pending_local.as_mut().or(self.descriptions.current_local.as_mut());
                if let Some(section) = held.and_then(|it| it.text.sections.first_mut()) {
                    section.candidates.push(line.clone());
                }
                self.emit_candidate(format!("{line} ufrag {ufrag}"), ufrag);
            }
            Gather::EmptyCandidate => self.emit_candidate(String::new(), ufrag),
            Gather::End => {
                self.enter_gathering(GatheringState::Complete);
                self.emit(Event::IceCandidate(None));
            }
        }
    }

    /// A rolled back generation: what it would still gather is not told, and should it come again, it is gathered for
    /// once more (as Firefox does, with the same ufrag).
    pub(super) fn forget_gathering(&mut self, ufrag: Option<&str>) {
        let held = self.descriptions.current_local.as_ref().and_then(|it| it.text.username_fragment());
        if held == ufrag {
            return;
        }
        let first = held.is_none();
        self.ice.gathered.retain(|it| Some(it.as_str()) != ufrag);
        self.schedule
            .tasks
            .retain(|_, task| !matches!(task, Task::Gather(it, _) if Some(it.as_str()) == ufrag));
        self.enter_gathering(if first { GatheringState::New } else { GatheringState::Complete });
    }

    fn emit_candidate(&mut self, candidate: String, ufrag: String) {
        let held = self.descriptions.pending_local.as_ref().or(self.descriptions.current_local.as_ref());
        let sdp_mid = held.and_then(|it| it.text.sections.first()).map(|it| it.mid.clone());
        let init =
            CandidateInit { candidate, sdp_mid, sdp_m_line_index: Some(0), username_fragment: Some(ufrag) };
        self.emit(Event::IceCandidate(Some(init)));
    }

    fn enter_gathering(&mut self, state: GatheringState) {
        if self.ice.gathering != state {
            self.ice.gathering = state;
            self.emit(Event::GatheringStateChange(state));
        }
    }

    pub(super) fn enter_connection(&mut self, state: ConnectionState) {
        if self.ice.connection != state {
            self.ice.connection = state;
            self.emit(Event::ConnectionStateChange(state));
        }
    }

    /// Checks run from the moment when both generations and a remote candidate are known.
    pub(super) fn begin_checks(&mut self) {
        let (Some(local), Some(remote)) = (self.local_username_fragment(), self.remote_username_fragment())
        else {
            return;
        };
        let generations = (local.to_owned(), remote.to_owned());
        let begun = [&self.ice.checking, &self.ice.pair].into_iter().flatten().any(|it| *it == generations);
        if begun || !self.has_remote_candidate() {
            return;
        }
        self.ice.checking = Some(generations);
        self.ice.round += 1;
        self.schedule(self.flavor.failure_after, Task::ChecksFailed(self.ice.round));
        if matches!(self.ice.connection, ConnectionState::New | ConnectionState::Failed) {
            self.enter_connection(ConnectionState::Connecting);
        }
    }

    pub(super) fn checks_failed(&mut self, round: u64) {
        if self.ice.round == round && self.ice.checking.is_some() {
            self.fail();
        }
    }

    fn fail(&mut self) {
        self.lose_pair();
        self.enter_connection(ConnectionState::Failed);
        if self.flavor.has(Quirk::FailureClosesChannels) {
            self.close_channels(|channel| channel.state != ChannelState::Closed);
        }
    }

    /// The addresses of this generation are of no use any more: only an ICE restart finds a path.
    pub fn lose_pair(&mut self) {
        self.ice.dead = self.generations();
        (self.ice.checking, self.ice.pair) = (None, None);
    }

    /// The address of this side vanishes, which costs some browsers their channels.
    pub fn lose_address(&mut self, now: Milliseconds) {
        self.handle_timeout(now);
        if !self.is_closed() && self.flavor.has(Quirk::FailureClosesChannels) {
            self.close_channels(|channel| channel.state != ChannelState::Closed);
        }
    }

    /// Whether packets can arrive from the other side.
    pub fn has_path(&self) -> bool {
        !self.ice.silent && self.ice.pair.is_some()
    }

    /// Whether the present generations found no path and never will.
    pub(super) fn is_dead(&self) -> bool {
        self.ice.dead.is_some() && self.ice.dead == self.generations()
    }

    fn generations(&self) -> Option<(String, String)> {
        Some((self.local_username_fragment()?.to_owned(), self.remote_username_fragment()?.to_owned()))
    }

    /// The network found a pair; it works after its delay, if nothing has changed until then.
    pub(super) fn become_paired(&mut self, local: String, remote: String) {
        let same = self.local_username_fragment() == Some(&local)
            && self.remote_username_fragment() == Some(&remote);
        if same && !self.ice.silent {
            self.ice.checking = None;
            self.ice.pair = Some((local, remote));
            self.enter_connection(ConnectionState::Connected);
        } else {
            self.ice.pair = None;
        }
    }

    /// The path between the two is cut, or heals.
    pub(super) fn set_silent(&mut self, silent: bool) {
        if self.ice.silent == silent {
            return;
        }
        self.ice.silent = silent;
        if silent {
            self.schedule(SILENCE.0, Task::PathSilent { failed: false });
            self.schedule(SILENCE.0 + SILENCE.1, Task::PathSilent { failed: true });
        } else {
            self.schedule.tasks.retain(|_, task| !matches!(task, Task::PathSilent { .. }));
            if self.ice.connection == ConnectionState::Disconnected && self.ice.pair.is_some() {
                self.enter_connection(ConnectionState::Connected);
            }
        }
    }

    pub(super) fn path_silent(&mut self, failed: bool) {
        match self.ice.connection {
            ConnectionState::Connected => self.enter_connection(ConnectionState::Disconnected),
            ConnectionState::Disconnected if failed => self.fail(),
            _ => {}
        }
    }

    pub(super) fn open_channel(&mut self, place: usize) {
        let waits = |it: &&mut Channel| it.state == ChannelState::Connecting;
        if let Some(channel) = self.channels.get_mut(place).filter(waits) {
            channel.state = ChannelState::Open;
            self.emit(Event::ChannelOpen(place));
        }
    }

    /// The other side has closed its connection.
    pub(super) fn remote_gone(&mut self) {
        self.close_channels(|channel| channel.state == ChannelState::Open);
        if self.ice.connection == ConnectionState::Connected {
            self.enter_connection(ConnectionState::Disconnected);
        }
    }

    pub(super) fn close_channels(&mut self, which: impl Fn(&Channel) -> bool) {
        for place in 0..self.channels.len() {
            if which(&self.channels[place]) {
                self.channels[place].state = ChannelState::Closed;
                self.emit(Event::ChannelClose(place));
            }
        }
    }
}
