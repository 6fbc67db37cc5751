//! Where browsers differ, as `tests/operations` saw them do it.

use super::timings::Milliseconds;

/// One difference between browsers, or between a browser and the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quirk {
    /// An explicit rollback fires `negotiationneeded` *before* it leaves the state (Chromium).
    RollbackAnnouncesNegotiationFirst,
    /// A rollback must be called on the side that made the description (Firefox).
    RollbackOnlyOnItsSide,
    /// A description is parsed when it is passed in, not when its operation runs (Chromium).
    ParsesBeforeChain,
    /// The offer of `setLocalDescription()` shows the connection as it was when the operation began (Chromium).
    OffersWhatWasAtBegin,
    /// A rolled back first offer lends its ICE credentials to the next description (Firefox).
    KeepsCredentialsOverRollback,
    /// Rolling back the first data section leaves its mid behind: data is never offered again, and a remote data
    /// section of another mid breaks (Chromium).
    RollbackLeavesDataMid,
    /// A first data channel made while setRemoteDescription() runs is never negotiated (Firefox).
    ForgetsChannelMadeDuringRemote,
    /// An offer without m-sections is refused, as `max-bundle` has nothing to bundle (Chromium).
    RefusesEmptyOffer,
    /// `restartIce()` before any description asks for negotiation (Chromium).
    RestartBeforeAnything,
    /// End-of-candidates resolves at once and unchecked, outside the chain (Chromium).
    EndOfCandidatesUnchecked,
    /// A candidate whose ufrag is in no remote description is accepted and forgotten (Chromium).
    AcceptsUnknownUfrag,
    /// While a remote offer is pending, the ufrag of the current remote description is unknown (Firefox).
    PendingUfragOnly,
    /// A candidate line that does not parse is accepted and forgotten (Firefox).
    AcceptsMalformedCandidate,
    /// `""` is signaled before `null` at the end of gathering (Firefox).
    EmptyCandidateBeforeNull,
    /// A failed connection closes its data channels for good (Firefox).
    FailureClosesChannels,
}

/// A browser: its quirks and its patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flavor {
    quirks: &'static [Quirk],
    /// From the first check to `failed`.
    pub failure_after: Milliseconds,
}

impl Flavor {
    /// What the specification says, and where it is silent, what costs a caller most.
    pub const SPECIFICATION: Self =
        Self { quirks: &[Quirk::EmptyCandidateBeforeNull], failure_after: 15_000 };

    /// Chromium 156.
    pub const CHROMIUM: Self = Self {
        quirks: &[
            Quirk::RollbackAnnouncesNegotiationFirst,
            Quirk::ParsesBeforeChain,
            Quirk::OffersWhatWasAtBegin,
            Quirk::RollbackLeavesDataMid,
            Quirk::RefusesEmptyOffer,
            Quirk::RestartBeforeAnything,
            Quirk::EndOfCandidatesUnchecked,
            Quirk::AcceptsUnknownUfrag,
        ],
        failure_after: 15_000,
    };

    /// Firefox ESR 153.
    pub const FIREFOX: Self = Self {
        quirks: &[
            Quirk::RollbackOnlyOnItsSide,
            Quirk::KeepsCredentialsOverRollback,
            Quirk::ForgetsChannelMadeDuringRemote,
            Quirk::PendingUfragOnly,
            Quirk::AcceptsMalformedCandidate,
            Quirk::FailureClosesChannels,
            Quirk::EmptyCandidateBeforeNull,
        ],
        failure_after: 11_000,
    };

    /// Whether the browser behaves in this way.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }
}
