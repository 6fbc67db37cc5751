//! The operations chain and the tasks: what runs when (WebRTC §4.4.1.2 and §4.7.3).

use super::description::SessionText;
use super::flavor::Quirk;
use super::waiting::{Call, Operation, Task};
use super::{
    CandidateInit, Description, DomError, Event, Milliseconds, ModelPeerConnection, OperationId, SdpType,
    SignalingState,
};

type Settlement = Result<Option<(SdpType, String)>, DomError>;

impl ModelPeerConnection {
    /// `createOffer()`.
    pub fn create_offer(&mut self, now: Milliseconds, op: OperationId, ice_restart: bool) {
        self.enqueue(now, op, Call::CreateOffer { ice_restart });
    }

    /// `createAnswer()`.
    pub fn create_answer(&mut self, now: Milliseconds, op: OperationId) {
        self.enqueue(now, op, Call::CreateAnswer);
    }

    /// `setLocalDescription()`; without a description its type is chosen when the operation runs.
    pub fn set_local_description(
        &mut self,
        now: Milliseconds,
        op: OperationId,
        description: Option<Description>,
    ) {
        self.enqueue(now, op, Call::SetLocal(description));
    }

    /// `setRemoteDescription()`.
    pub fn set_remote_description(&mut self, now: Milliseconds, op: OperationId, description: Description) {
        self.advance(now);
        let parses = description.kind == SdpType::Rollback || SessionText::parse(&description.sdp).is_some();
        if !parses && self.flavor.has(Quirk::ParsesBeforeChain) && !self.is_closed() {
            return self.settle(op, Err(DomError::Operation));
        }
        self.enqueue(now, op, Call::SetRemote(description));
    }

    /// `addIceCandidate()`; an empty candidate line is the end of candidates.
    pub fn add_ice_candidate(&mut self, now: Milliseconds, op: OperationId, init: CandidateInit) {
        self.advance(now);
        let nowhere = init.sdp_mid.is_none() && init.sdp_m_line_index.is_none();
        if !init.candidate.is_empty() && nowhere {
            return self.settle(op, Err(DomError::Type));
        }
        if init.candidate.is_empty() && self.flavor.has(Quirk::EndOfCandidatesUnchecked) && !self.is_closed()
        {
            return self.settle(op, Ok(None));
        }
        self.enqueue(now, op, Call::AddCandidate(init));
    }

    pub(super) fn runs_remote_description(&self) -> bool {
        self.operations.chain.front().is_some_and(|running| matches!(running.call, Call::SetRemote(_)))
    }

    /// "Chain an operation".
    fn enqueue(&mut self, now: Milliseconds, id: OperationId, call: Call) {
        self.advance(now);
        if self.is_closed() {
            return self.settle(id, Err(DomError::InvalidState));
        }
        self.operations.chain.push_back(Operation { id, call, prepared: None });
        if self.operations.chain.len() == 1 {
            self.begin_operation();
        }
    }

    fn begin_operation(&mut self) {
        let stable = self.signaling_state != SignalingState::HaveRemoteOffer;
        let makes_offer = match self.operations.chain.front().map(|operation| &operation.call) {
            Some(Call::SetLocal(None)) => stable,
            Some(Call::SetLocal(Some(it))) => stable && it.kind == SdpType::Offer && it.sdp.is_empty(),
            _ => false,
        };
        if makes_offer && self.flavor.has(Quirk::OffersWhatWasAtBegin) {
            let offer = self.make_offer(false);
            if let Some(operation) = self.operations.chain.front_mut() {
                operation.prepared = Some(offer);
            }
        }
        if let Some((id, error)) = self.refusal() {
            self.settle(id, Err(error));
            return self.schedule(0, Task::NextOperation);
        }
        let candidate =
            matches!(self.operations.chain.front().map(|it| &it.call), Some(Call::AddCandidate(_)));
        let range = if candidate { self.timings.candidate } else { self.timings.description };
        let delay = self.random.within(range);
        self.schedule(delay, Task::FinishOperation);
    }

    /// The state refuses the operation that begins, before any work.
    fn refusal(&self) -> Option<(OperationId, DomError)> {
        let operation = self.operations.chain.front()?;
        let fits = match &operation.call {
            Call::CreateOffer { .. } => true,
            Call::CreateAnswer => self.signaling_state == SignalingState::HaveRemoteOffer,
            Call::SetLocal(None) => true,
            Call::SetLocal(Some(it)) => self.local_state_allows(it.kind),
            Call::SetRemote(it) => self.remote_state_allows(it.kind),
            Call::AddCandidate(_) => self.remote_description().is_some(),
        };
        (!fits).then_some((operation.id, DomError::InvalidState))
    }

    fn finish_operation(&mut self) {
        // The operation stays in the chain while it runs, so that it is not empty.
        let Some(running) = self.operations.chain.front_mut() else { return };
        let id = running.id;
        let call = std::mem::replace(&mut running.call, Call::CreateAnswer);
        let prepared = running.prepared.take();
        let result = self.run(call, prepared);
        self.settle(id, result);
        self.next_operation();
    }

    fn next_operation(&mut self) {
        self.operations.chain.pop_front();
        if !self.operations.chain.is_empty() {
            self.begin_operation();
        } else if std::mem::take(&mut self.operations.update_on_empty_chain) {
            self.update_negotiation_needed();
        }
    }

    fn run(&mut self, call: Call, prepared: Option<SessionText>) -> Settlement {
        let made = |kind: SdpType, text: &SessionText| Ok(Some((kind, text.write())));
        match call {
            Call::CreateOffer { ice_restart } => {
                let offer = self.make_offer(ice_restart);
                self.descriptions.last_created = Some(offer.clone());
                made(SdpType::Offer, &offer)
            }
            Call::CreateAnswer => {
                let answer = self.make_answer()?;
                self.descriptions.last_created = Some(answer.clone());
                made(SdpType::Answer, &answer)
            }
            Call::SetLocal(description) => {
                self.set_local(description, prepared)?;
                Ok(self.local_description().map(|it| (it.kind, it.sdp)))
            }
            Call::SetRemote(description) => self.set_remote(description).map(|()| None),
            Call::AddCandidate(init) => self.apply_candidate(&init).map(|()| None),
        }
    }

    fn settle(&mut self, op: OperationId, result: Settlement) {
        let signaling_state = self.signaling_state;
        self.emit(Event::Settled { op, result, signaling_state });
    }

    /// "Update the negotiation-needed flag".
    pub(super) fn update_negotiation_needed(&mut self) {
        if self.operations.chain.is_empty() {
            self.schedule(0, Task::UpdateNegotiationNeeded);
        } else {
            self.operations.update_on_empty_chain = true;
        }
    }

    fn update_negotiation_needed_now(&mut self) {
        if !self.operations.chain.is_empty() {
            self.operations.update_on_empty_chain = true;
        } else if self.signaling_state == SignalingState::Stable {
            let needed = self.is_negotiation_needed();
            let before = std::mem::replace(&mut self.operations.negotiation_needed, needed);
            if needed && !before {
                self.emit(Event::NegotiationNeeded(self.signaling_state));
            }
        }
    }

    pub(super) fn schedule(&mut self, delay: Milliseconds, task: Task) {
        self.schedule.tasks.insert((self.schedule.now + delay, self.schedule.next_task), task);
        self.schedule.next_task += 1;
    }

    /// What was due before now happens; what is due just now waits, since a page's task is never interrupted.
    pub(super) fn advance(&mut self, now: Milliseconds) {
        self.perform_until(now.checked_sub(1));
        self.schedule.now = self.schedule.now.max(now);
    }

    pub(super) fn perform_until(&mut self, last: Option<Milliseconds>) {
        while let Some(entry) = self.schedule.tasks.first_entry() {
            let (at, _) = *entry.key();
            if Some(at) > last {
                break;
            }
            let task = entry.remove();
            self.schedule.now = self.schedule.now.max(at);
            self.perform(task);
        }
    }

    fn perform(&mut self, task: Task) {
        match task {
            Task::FinishOperation => self.finish_operation(),
            Task::NextOperation => self.next_operation(),
            Task::UpdateNegotiationNeeded => self.update_negotiation_needed_now(),
            Task::Gather(ufrag, step) => self.gather(ufrag, step),
            Task::Paired { local, remote } => self.become_paired(local, remote),
            Task::ChecksFailed(round) => self.checks_failed(round),
            Task::PathSilent { failed } => self.path_silent(failed),
            Task::OpenChannel(place) => self.open_channel(place),
            Task::RemoteGone => self.remote_gone(),
        }
    }
}
