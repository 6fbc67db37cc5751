//! Setting descriptions and taking them back (WebRTC §4.4.1.5, RFC 9429 §5.5 to §5.11).

use super::description::{Applied, SessionText};
use super::flavor::Quirk;
use super::{
    ChannelState, Description, Direction, DomError, Event, MediaKind, ModelPeerConnection, SdpType,
    SignalingState, Transceiver,
};

impl ModelPeerConnection {
    pub(super) fn local_state_allows(&self, kind: SdpType) -> bool {
        match (kind, self.signaling_state) {
            (_, SignalingState::Closed) | (SdpType::Rollback, SignalingState::Stable) => false,
            (SdpType::Rollback, SignalingState::HaveRemoteOffer) => {
                !self.flavor.has(Quirk::RollbackOnlyOnItsSide)
            }
            (SdpType::Rollback, SignalingState::HaveLocalOffer) => true,
            (SdpType::Offer, state) => state != SignalingState::HaveRemoteOffer,
            (SdpType::Answer, state) => state == SignalingState::HaveRemoteOffer,
        }
    }

    pub(super) fn remote_state_allows(&self, kind: SdpType) -> bool {
        match (kind, self.signaling_state) {
            (_, SignalingState::Closed) | (SdpType::Rollback, SignalingState::Stable) => false,
            (SdpType::Rollback, SignalingState::HaveLocalOffer) => {
                !self.flavor.has(Quirk::RollbackOnlyOnItsSide)
            }
            (SdpType::Rollback, SignalingState::HaveRemoteOffer) => true,
            // In have-local-offer it rolls back by itself.
            (SdpType::Offer, _) => true,
            (SdpType::Answer, state) => state == SignalingState::HaveLocalOffer,
        }
    }

    pub(super) fn set_local(
        &mut self,
        description: Option<Description>,
        prepared: Option<SessionText>,
    ) -> Result<(), DomError> {
        let implicit = match self.signaling_state {
            SignalingState::HaveRemoteOffer => SdpType::Answer,
            _ => SdpType::Offer,
        };
        let kind = description.as_ref().map_or(implicit, |it| it.kind);
        if kind == SdpType::Rollback {
            self.roll_back();
            return Ok(());
        }
        if self.data_section.is_broken {
            return Err(DomError::Operation);
        }
        let given = description.map(|it| it.sdp).filter(|sdp| !sdp.is_empty());
        let text = match given {
            Some(sdp) => match &self.descriptions.last_created {
                Some(created) if created.write() == sdp => created.clone(),
                _ => return Err(DomError::InvalidModification),
            },
            None if kind == SdpType::Answer => self.make_answer()?,
            None => prepared.unwrap_or_else(|| self.make_offer(false)),
        };
        if text.sections.is_empty() && self.flavor.has(Quirk::RefusesEmptyOffer) {
            return Err(DomError::Operation);
        }
        self.remember_stable();
        match kind {
            SdpType::Offer => {
                self.place_local_transceivers(&text);
                self.descriptions.pending_local = Some(Applied { kind, text });
                self.enter(SignalingState::HaveLocalOffer);
            }
            _ => {
                let remote = self.descriptions.pending_remote.take();
                self.agree(Some(Applied { kind, text }), remote);
            }
        }
        self.begin_gathering();
        Ok(())
    }

    pub(super) fn set_remote(&mut self, description: Description) -> Result<(), DomError> {
        let kind = description.kind;
        if kind == SdpType::Rollback {
            self.roll_back();
            return Ok(());
        }
        if kind == SdpType::Offer && self.signaling_state == SignalingState::HaveLocalOffer {
            self.take_back();
        }
        let text = SessionText::parse(&description.sdp).ok_or(DomError::Operation)?;
        if self.data_section.is_broken {
            return Err(DomError::Operation);
        }
        self.check_sections(kind, &text)?;
        if kind == SdpType::Offer {
            self.remember_stable();
        }
        let tracks = self.take_remote_sections(kind, &text);
        self.note_candidates(&text);
        match kind {
            SdpType::Offer => {
                self.descriptions.pending_remote = Some(Applied { kind, text });
                self.enter(SignalingState::HaveRemoteOffer);
            }
            _ => {
                let local = self.descriptions.pending_local.take();
                self.agree(local, Some(Applied { kind, text }));
            }
        }
        tracks.into_iter().for_each(|(kind, mid)| self.emit(Event::Track { kind, mid }));
        self.begin_checks();
        Ok(())
    }

    /// The m-sections of an answer are those of the offer; those of an offer go on where the session stands.
    fn check_sections(&self, kind: SdpType, text: &SessionText) -> Result<(), DomError> {
        let fits = match (kind, &self.descriptions.pending_local) {
            (SdpType::Answer, Some(offer)) => {
                let own_offer = offer.text.session == text.session && offer.text.version == text.version;
                !own_offer && text.continues(&offer.text) && offer.text.continues(text)
            }
            _ => self.descriptions.current_local.as_ref().is_none_or(|held| text.continues(&held.text)),
        };
        if fits { Ok(()) } else { Err(DomError::InvalidAccess) }
    }

    fn place_local_transceivers(&mut self, text: &SessionText) {
        for section in &text.sections {
            let owner =
                self.identities.given_mids.iter().find(|(mid, _)| *mid == section.mid).map(|(_, id)| *id);
            if self.transceiver_of(&section.mid).is_some() {
                continue;
            }
            let fits =
                |it: &&mut Transceiver| Some(it.id) == owner && it.mid.is_none() && it.kind == section.kind;
            if let Some(it) = self.transceivers.iter_mut().find(fits) {
                it.mid = Some(section.mid.clone());
            }
        }
    }

    /// Associates transceivers with the sections of a remote description; answers the new tracks.
    fn take_remote_sections(&mut self, kind: SdpType, text: &SessionText) -> Vec<(MediaKind, String)> {
        let mut tracks = Vec::new();
        for section in text.sections.iter().filter(|it| it.kind != MediaKind::Application) {
            let offered = section.direction.reversed();
            let place = self.transceivers.iter().position(|it| it.mid.as_ref() == Some(&section.mid));
            let place = place.or_else(|| {
                let free = |it: &Transceiver| {
                    it.kind == section.kind && it.mid.is_none() && it.added_by_track && offered.sends
                };
                self.transceivers.iter().position(free)
            });
            let place = match (place, kind) {
                (Some(place), _) => place,
                (None, SdpType::Offer) => {
                    self.push_transceiver(section.kind, false);
                    let place = self.transceivers.len() - 1;
                    self.transceivers[place].direction = Direction::RECVONLY;
                    self.transceivers[place].remote_made = true;
                    place
                }
                (None, _) => continue,
            };
            let transceiver = &mut self.transceivers[place];
            transceiver.mid = Some(section.mid.clone());
            if offered.receives && !transceiver.fired {
                tracks.push((section.kind, section.mid.clone()));
            }
            transceiver.fired = offered.receives;
        }
        tracks
    }

    fn remember_stable(&mut self) {
        if self.signaling_state == SignalingState::Stable {
            self.descriptions.before_offer = Some(self.transceivers.clone());
        }
    }

    fn roll_back(&mut self) {
        if !self.flavor.has(Quirk::RollbackAnnouncesNegotiationFirst) {
            return self.take_back();
        }
        let state = self.signaling_state;
        let (local, remote) =
            (self.descriptions.pending_local.take(), self.descriptions.pending_remote.take());
        let has_data = |it: &Applied| it.text.sections.iter().any(|it| it.kind == MediaKind::Application);
        let first_data = remote.as_ref().is_some_and(has_data)
            && !self.descriptions.current_local.as_ref().is_some_and(has_data);
        self.restart.kept_credentials = self.forget_offer(&local);
        self.operations.negotiation_needed = false;
        if first_data || self.is_negotiation_needed() {
            self.operations.negotiation_needed = true;
            self.emit(Event::NegotiationNeeded(state));
        }
        self.enter(SignalingState::Stable);
    }

    fn take_back(&mut self) {
        let (local, _) = (self.descriptions.pending_local.take(), self.descriptions.pending_remote.take());
        self.restart.kept_credentials = self.forget_offer(&local);
        self.enter(SignalingState::Stable);
        self.operations.negotiation_needed = false;
        self.update_negotiation_needed();
    }

    /// Restores the transceivers; answers the credentials that outlive the offer.
    fn forget_offer(&mut self, local: &Option<Applied>) -> Option<String> {
        let before = self.descriptions.before_offer.take().unwrap_or_default();
        self.transceivers
            .retain(|it| !it.remote_made || it.added_by_track || before.iter().any(|old| old.id == it.id));
        for transceiver in &mut self.transceivers {
            let old = before.iter().find(|old| old.id == transceiver.id);
            transceiver.mid = old.and_then(|old| old.mid.clone());
            transceiver.current_direction = old.and_then(|old| old.current_direction);
            transceiver.fired = old.is_some_and(|old| old.fired);
        }
        let text = &local.as_ref()?.text;
        self.forget_gathering(text.username_fragment());
        let data = |text: &SessionText| {
            text.sections.iter().find(|it| it.kind == MediaKind::Application).map(|it| it.mid.clone())
        };
        let negotiated = self.descriptions.current_local.as_ref().is_some_and(|it| data(&it.text).is_some());
        if self.flavor.has(Quirk::RollbackLeavesDataMid) && !negotiated {
            self.data_section.left_mid = data(text).or(self.data_section.left_mid.take());
        }
        let first =
            self.descriptions.current_local.is_none() && self.flavor.has(Quirk::KeepsCredentialsOverRollback);
        text.username_fragment().filter(|_| first).map(str::to_owned)
    }

    /// Both descriptions are current from now on.
    fn agree(&mut self, local: Option<Applied>, remote: Option<Applied>) {
        let (Some(local), Some(remote)) = (local, remote) else { return };
        let answer = if local.kind == SdpType::Answer { &local.text } else { &remote.text };
        let own = local.kind == SdpType::Answer;
        for transceiver in &mut self.transceivers {
            let Some(section) = transceiver.mid.as_deref().and_then(|mid| answer.section(mid)) else {
                continue;
            };
            let direction = if own { section.direction } else { section.direction.reversed() };
            transceiver.current_direction = Some(direction);
            transceiver.sender.has_sent |= direction.sends;
            transceiver.remote_made = false;
        }
        let refuses = answer.sections.iter().any(|it| it.kind == MediaKind::Application && it.rejected);
        let accepts = answer.sections.iter().any(|it| it.kind == MediaKind::Application && !it.rejected);
        let fresh = local.text.username_fragment().map(str::to_owned);
        self.descriptions.current_local = Some(local);
        self.descriptions.current_remote = Some(remote);
        (self.descriptions.pending_local, self.descriptions.pending_remote) = (None, None);
        self.descriptions.before_offer = None;
        self.descriptions.last_created = None;
        self.restart.kept_credentials = None;
        self.restart.before_anything = false;
        if accepts {
            self.data_section.left_mid = None;
        }
        if fresh.is_some_and(|fresh| !self.restart.credentials_to_replace.contains(&fresh)) {
            self.restart.credentials_to_replace.clear();
        }
        self.enter(SignalingState::Stable);
        if refuses && !own {
            self.close_channels(|channel| channel.state != ChannelState::Closed);
        }
        self.operations.negotiation_needed = false;
        self.update_negotiation_needed();
    }

    fn enter(&mut self, state: SignalingState) {
        if self.signaling_state != state {
            self.signaling_state = state;
            self.emit(Event::SignalingStateChange(state));
        }
    }
}
