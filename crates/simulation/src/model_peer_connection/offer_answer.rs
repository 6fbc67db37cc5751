//! Making offers and answers, and knowing whether one is needed (RFC 9429 §5.2 and §5.3, WebRTC §4.7.3).

use super::description::{Applied, Section, SessionText};
use super::{Channel, Direction, DomError, MediaKind, ModelPeerConnection, SdpType, Transceiver};

impl ModelPeerConnection {
    pub(super) fn transceiver_of(&self, mid: &str) -> Option<&Transceiver> {
        self.transceivers.iter().find(|it| it.mid.as_deref() == Some(mid))
    }

    pub(super) fn make_offer(&mut self, ice_restart: bool) -> SessionText {
        let username_fragment = self.offer_credentials(ice_restart);
        let held = self
            .descriptions
            .pending_local
            .as_ref()
            .or(self.descriptions.current_local.as_ref())
            .map(|it| it.text.clone());
        let mut sections = held.map(|it| it.without_candidates().sections).unwrap_or_default();
        for section in &mut sections {
            section.username_fragment.clone_from(&username_fragment);
            if let Some(transceiver) = self.transceiver_of(&section.mid) {
                section.direction = transceiver.direction;
            }
        }
        let unplaced: Vec<_> = self
            .transceivers
            .iter()
            .filter(|it| it.mid.is_none())
            .map(|it| (it.id, it.kind, it.direction))
            .collect();
        for (id, kind, direction) in unplaced {
            let mid = self.new_mid(&sections);
            self.identities.given_mids.push((mid.clone(), id));
            sections.push(section(kind, mid, direction, &username_fragment));
        }
        let has_data = sections.iter().any(|it| it.kind == MediaKind::Application);
        if !has_data && self.data_section.left_mid.is_none() && self.wants_data() {
            let mid = self.new_mid(&sections);
            sections.push(section(MediaKind::Application, mid, Direction::SENDRECV, &username_fragment));
        }
        self.next_text(sections)
    }

    pub(super) fn make_answer(&mut self) -> Result<SessionText, DomError> {
        let offer = self
            .descriptions
            .pending_remote
            .as_ref()
            .ok_or(DomError::InvalidState)?
            .text
            .without_candidates();
        let username_fragment = self.answer_credentials(&offer);
        let mut sections = offer.sections;
        let lost_data = self
            .data_section
            .left_mid
            .clone()
            .filter(|mid| sections.iter().any(|it| it.kind == MediaKind::Application && it.mid != *mid));
        if let Some(mid) = lost_data {
            if !sections.iter().any(|it| it.mid == mid) {
                self.data_section.is_broken = true;
                return Err(DomError::Operation);
            }
            let data = sections.iter_mut().filter(|it| it.kind == MediaKind::Application);
            data.for_each(|it| it.rejected = true);
        }
        for section in &mut sections {
            section.username_fragment.clone_from(&username_fragment);
            if let Some(transceiver) = self.transceiver_of(&section.mid) {
                section.direction = transceiver.direction.and(section.direction.reversed());
            }
        }
        Ok(self.next_text(sections))
    }

    fn next_text(&mut self, sections: Vec<Section>) -> SessionText {
        self.origin.version += 1;
        SessionText { session: self.origin.session, version: self.origin.version, sections }
    }

    fn new_mid(&mut self, sections: &[Section]) -> String {
        loop {
            let mid = self.identities.next_mid.to_string();
            self.identities.next_mid += 1;
            let remote = [&self.descriptions.current_remote, &self.descriptions.pending_remote];
            let taken = remote.into_iter().flatten().any(|it| it.text.section(&mid).is_some());
            if !taken && !sections.iter().any(|it| it.mid == mid) {
                return mid;
            }
        }
    }

    fn wants_data(&self) -> bool {
        let wants = |it: &Channel| !it.remote && !it.forgotten;
        self.channels.iter().any(wants)
    }

    fn offer_credentials(&mut self, ice_restart: bool) -> String {
        let held = self.descriptions.pending_local.as_ref().or(self.descriptions.current_local.as_ref());
        let held = held.and_then(|it| it.text.username_fragment()).map(str::to_owned);
        match held.or_else(|| self.restart.kept_credentials.clone()) {
            Some(held) if !ice_restart && !self.restart.credentials_to_replace.contains(&held) => held,
            _ => self.random.username_fragment(),
        }
    }

    fn answer_credentials(&mut self, offer: &SessionText) -> String {
        let before = self.descriptions.current_remote.as_ref().and_then(|it| it.text.username_fragment());
        let restarts = before.is_some_and(|before| Some(before) != offer.username_fragment());
        let held = self
            .descriptions
            .current_local
            .as_ref()
            .and_then(|it| it.text.username_fragment())
            .map(str::to_owned);
        match held.or_else(|| self.restart.kept_credentials.clone()) {
            Some(held) if !restarts => held,
            _ => self.random.username_fragment(),
        }
    }

    /// "Check if negotiation is needed".
    pub(super) fn is_negotiation_needed(&self) -> bool {
        if !self.restart.credentials_to_replace.is_empty() || self.restart.before_anything {
            return true;
        }
        let Some(local) = &self.descriptions.current_local else {
            return !self.transceivers.is_empty() || self.wants_data();
        };
        let refuses = |text: &SessionText| {
            text.sections.iter().any(|it| it.kind == MediaKind::Application && it.rejected)
        };
        let refused = self.descriptions.current_remote.as_ref().is_some_and(|it| refuses(&it.text));
        let has_data = !refused && local.text.sections.iter().any(|it| it.kind == MediaKind::Application);
        (self.wants_data() && !has_data)
            || self.transceivers.iter().any(|transceiver| self.needs_negotiation(transceiver, local))
    }

    fn needs_negotiation(&self, transceiver: &Transceiver, local: &Applied) -> bool {
        let find = |text: &SessionText| {
            transceiver.mid.as_deref().and_then(|mid| text.section(mid)).map(|section| section.direction)
        };
        let Some(here) = find(&local.text) else { return true };
        let there = self
            .descriptions
            .current_remote
            .as_ref()
            .and_then(|remote| find(&remote.text))
            .map(Direction::reversed);
        match (local.kind, there) {
            (SdpType::Answer, Some(offered)) => here != transceiver.direction.and(offered),
            _ => here != transceiver.direction && there != Some(transceiver.direction),
        }
    }
}

fn section(kind: MediaKind, mid: String, direction: Direction, username_fragment: &str) -> Section {
    let username_fragment = username_fragment.to_owned();
    Section { kind, mid, direction, username_fragment, rejected: false, candidates: Vec::new() }
}
