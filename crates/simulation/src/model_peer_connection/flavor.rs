//! Where browsers differ, as `tests/operations` saw them do it: one field for each difference.

use super::Milliseconds;

/// The answer of a browser where browsers differ from each other or from the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flavor {
    /// An explicit rollback fires `negotiationneeded` *before* it leaves the state (Chromium).
    pub rollback_announces_negotiation_first: bool,
    /// A rollback must be called on the side that made the description (Firefox).
    pub rollback_only_on_its_side: bool,
    /// A description is parsed when it is passed in, not when its operation runs (Chromium).
    pub parses_before_chain: bool,
    /// The offer of `setLocalDescription()` shows the connection as it was when the operation began (Chromium).
    pub offers_what_was_at_begin: bool,
    /// A rolled back first offer lends its ICE credentials to the next description (Firefox).
    pub keeps_credentials_over_rollback: bool,
    /// Rolling back the first data section leaves its mid behind: data is never offered again, and a remote data
    /// section of another mid breaks (Chromium).
    pub rollback_leaves_data_mid: bool,
    /// A first data channel made while setRemoteDescription() runs is never negotiated (Firefox).
    pub forgets_channel_made_during_remote: bool,
    /// An offer without m-sections is refused, as `max-bundle` has nothing to bundle (Chromium).
    pub refuses_empty_offer: bool,
    /// `restartIce()` before any description asks for negotiation (Chromium).
    pub restart_before_anything: bool,
    /// End-of-candidates resolves at once and unchecked, outside the chain (Chromium).
    pub end_of_candidates_unchecked: bool,
    /// A candidate whose ufrag is in no remote description is accepted and forgotten (Chromium).
    pub accepts_unknown_ufrag: bool,
    /// While a remote offer is pending, the ufrag of the current remote description is unknown (Firefox).
    pub pending_ufrag_only: bool,
    /// A candidate line that does not parse is accepted and forgotten (Firefox).
    pub accepts_malformed_candidate: bool,
    /// `""` is signaled before `null` at the end of gathering (Firefox).
    pub empty_candidate_before_null: bool,
    /// A failed connection closes its data channels for good (Firefox).
    pub failure_closes_channels: bool,
    /// From the first check to `failed`.
    pub failure_after: Milliseconds,
}

impl Flavor {
    /// What the specification says, and where it is silent, what costs a caller most.
    pub const SPECIFICATION: Self = Self {
        rollback_announces_negotiation_first: false,
        rollback_only_on_its_side: false,
        parses_before_chain: false,
        offers_what_was_at_begin: false,
        keeps_credentials_over_rollback: false,
        rollback_leaves_data_mid: false,
        forgets_channel_made_during_remote: false,
        refuses_empty_offer: false,
        restart_before_anything: false,
        end_of_candidates_unchecked: false,
        accepts_unknown_ufrag: false,
        pending_ufrag_only: false,
        accepts_malformed_candidate: false,
        empty_candidate_before_null: true,
        failure_closes_channels: false,
        failure_after: 15_000,
    };

    /// Chromium 156.
    pub const CHROMIUM: Self = Self {
        rollback_announces_negotiation_first: true,
        parses_before_chain: true,
        offers_what_was_at_begin: true,
        rollback_leaves_data_mid: true,
        refuses_empty_offer: true,
        restart_before_anything: true,
        end_of_candidates_unchecked: true,
        accepts_unknown_ufrag: true,
        empty_candidate_before_null: false,
        ..Self::SPECIFICATION
    };

    /// Firefox ESR 153.
    pub const FIREFOX: Self = Self {
        rollback_only_on_its_side: true,
        keeps_credentials_over_rollback: true,
        forgets_channel_made_during_remote: true,
        pending_ufrag_only: true,
        accepts_malformed_candidate: true,
        failure_closes_channels: true,
        failure_after: 11_000,
        ..Self::SPECIFICATION
    };
}
