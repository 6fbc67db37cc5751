//! Decides about a claim: the table of docs/protocol.md, "Coming back", as a function.

use crate::engine::{Delivery, LossReason};
use signalpost_protocol::{ErrorCode, Position};

/// The facts about a session whose peer id is claimed on which the decision depends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    pub(crate) state: HolderState,
    pub(crate) key: KeyFit,
    /// The claim's `attempt` is not beyond the last one.
    pub(crate) is_claim_late: bool,
    /// The claim comes from the page that began the session.
    pub(crate) is_same_incarnation: bool,
    /// Session and claim are both of a version that has sessions.
    pub(crate) both_have_sessions: bool,
    /// The number from which the session can go on for this client; `None`: it cannot.
    pub(crate) position: Option<Position>,
}

/// Where the session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HolderState {
    /// A socket has it.
    Connected,
    /// It waits for its client.
    Away,
    /// It waits for its client a moment only: the page was probably left.
    Leaving,
    /// Its time has ended, and no sweep has removed it yet.
    Over,
}

/// How the key of the claim fits the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyFit {
    Wrong,
    Right,
    /// It does not fit, but begins like the session's keys, of which the engine may have lost the newest.
    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "only a store of many nodes loses keys"))]
    Lost,
    /// It fits, but its client has not received the `welcome` to this session, which gave this reason.
    BeforeWelcome(LossReason),
}

/// The decision about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The claim is refused. Its socket may make another.
    Refuse(ErrorCode),
    /// The client has made a later claim. The socket of this one is closed.
    Late(Farewell),
    /// A session begins. `reason`: why it is not the one that the client wants; `former`: how the one before it ends.
    Begin { reason: Option<LossReason>, former: Option<Farewell> },
    /// The session goes on, and the client receives what follows this number.
    Resume { position: Position },
    /// The client receives the `welcome` that began this session once more, with this reason, and everything from the start.
    RepeatWelcome(LossReason),
}

/// What the engine tells a socket that loses its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    Replaced,
    Superseded,
    Expired,
}

impl Farewell {
    pub(crate) const fn into_delivery(self) -> Delivery {
        match self {
            Self::Replaced => Delivery::Replaced,
            Self::Superseded => Delivery::Superseded,
            Self::Expired => Delivery::Expired,
        }
    }
}

/// Decides about a claim. `received`: the claim's last number of the server; `holder`: the session that has the peer id;
/// `is_full`: there are as many sessions as allowed. Changes nothing.
pub(crate) fn decide(received: Option<Position>, holder: Option<&Holder>, is_full: bool) -> Decision {
    let expired = received.map(|_| LossReason::SessionExpired);
    let Some(holder) = holder else {
        // A newcomer takes no place from a session that is here, not even from one that waits for its client.
        return if is_full {
            Decision::Refuse(ErrorCode::ServerFull)
        } else {
            Decision::Begin { reason: expired, former: None }
        };
    };
    let begin = |reason, former| Decision::Begin { reason, former: Some(former) };
    match (holder.state, holder.key) {
        (HolderState::Over, _) => begin(expired, Farewell::Expired),
        // The page was probably loaded anew, and the new one has a key of its own.
        (HolderState::Leaving, KeyFit::Wrong) => begin(expired, Farewell::Superseded),
        (_, KeyFit::Wrong) => Decision::Refuse(ErrorCode::PeerIdTaken),
        // The client, or the page before, has left that socket long ago. If not, the id belongs to another page as long as that
        // is connected.
        (HolderState::Connected, _) if holder.is_claim_late && !holder.is_same_incarnation => {
            Decision::Late(Farewell::Superseded)
        }
        _ if holder.is_claim_late => Decision::Late(Farewell::Replaced),
        _ if !holder.both_have_sessions || !holder.is_same_incarnation => {
            begin(expired, Farewell::Superseded)
        }
        // The session of this key is older data than what its client knows.
        (_, KeyFit::Lost) => begin(expired, Farewell::Replaced),
        // The `welcome` that said so was lost. Nothing that waits for the client is lost with it.
        (_, KeyFit::BeforeWelcome(reason)) => Decision::RepeatWelcome(reason),
        (_, KeyFit::Right) => match holder.position {
            Some(position) => Decision::Resume { position },
            None => begin(Some(LossReason::PositionLost), Farewell::Replaced),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Decision::{Begin, Late, Refuse, RepeatWelcome, Resume};
    use LossReason::{PositionLost, SessionExpired};

    /// A session of the claim's id, key and `peer.session`, from which the claim can go on.
    const SESSION: Holder = Holder {
        state: HolderState::Connected,
        key: KeyFit::Right,
        is_claim_late: false,
        is_same_incarnation: true,
        both_have_sessions: true,
        position: Some(Position(7)),
    };
    const LIVE: [HolderState; 3] = [HolderState::Connected, HolderState::Away, HolderState::Leaving];
    const RECEIVED: [Option<Position>; 3] = [None, Some(Position(0)), Some(Position(7))];
    const KEYS: [KeyFit; 5] = [
        KeyFit::Wrong,
        KeyFit::Right,
        KeyFit::Lost,
        KeyFit::BeforeWelcome(SessionExpired),
        KeyFit::BeforeWelcome(PositionLost),
    ];

    /// Every session that a claim can meet.
    fn holders() -> impl Iterator<Item = Holder> {
        let states = LIVE.into_iter().chain([HolderState::Over]);
        states.flat_map(|state| {
            KEYS.into_iter().flat_map(move |key| {
                (0..16).map(move |bits| Holder {
                    state,
                    key,
                    is_claim_late: bits & 1 != 0,
                    is_same_incarnation: bits & 2 != 0,
                    both_have_sessions: bits & 4 != 0,
                    position: (bits & 8 != 0).then_some(Position(7)),
                })
            })
        })
    }

    /// The decision is this one for each of these holders and each `received`, whether the server is full or not.
    fn assert_decided(
        holders: impl Iterator<Item = Holder>,
        received: &[Option<Position>],
        expected: impl Fn(Holder, Option<LossReason>) -> Decision,
    ) {
        let mut seen = 0;
        for holder in holders {
            for received in received {
                let expired = received.map(|_| SessionExpired);
                for is_full in [false, true] {
                    let decision = decide(*received, Some(&holder), is_full);
                    assert_eq!(decision, expected(holder, expired), "{received:?} {holder:?}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 0);
    }

    // The first column of the table: there is a session of this id, key and `peer.session`.

    #[test]
    fn row_1_an_attempt_that_is_not_beyond_the_last_is_late() {
        let late = holders().filter(|holder| {
            holder.is_claim_late
                && holder.is_same_incarnation
                && holder.key != KeyFit::Wrong
                && holder.state != HolderState::Over
        });
        assert_decided(late, &RECEIVED, |_, _| Late(Farewell::Replaced));
    }

    #[test]
    fn row_2_a_client_that_never_got_the_welcome_with_a_reason_gets_it_again() {
        for reason in [SessionExpired, PositionLost] {
            for position in [None, Some(Position(7))] {
                let sessions = LIVE.map(|state| Holder {
                    state,
                    key: KeyFit::BeforeWelcome(reason),
                    position,
                    ..SESSION
                });
                assert_decided(sessions.into_iter(), &RECEIVED, |_, _| RepeatWelcome(reason));
            }
        }
    }

    #[test]
    fn rows_3_and_5_a_position_that_the_session_has_is_resumed() {
        for (received, position) in [(None, 0), (Some(0), 0), (Some(7), 7)] {
            let (received, position) = (received.map(Position), Position(position));
            let sessions = LIVE.map(|state| Holder { state, position: Some(position), ..SESSION });
            assert_decided(sessions.into_iter(), &[received], |_, _| Resume { position });
        }
    }

    #[test]
    fn rows_4_and_6_any_other_position_ends_the_session_and_begins_one() {
        let sessions = LIVE.map(|state| Holder { state, position: None, ..SESSION });
        assert_decided(sessions.into_iter(), &RECEIVED, |_, _| Begin {
            reason: Some(PositionLost),
            former: Some(Farewell::Replaced),
        });
    }

    // The second column: there is none.

    #[test]
    fn without_a_session_one_begins_and_says_so_if_the_client_had_one() {
        assert_eq!(decide(None, None, false), Begin { reason: None, former: None });
        for received in [0, 7].map(Position) {
            let begin = Begin { reason: Some(SessionExpired), former: None };
            assert_eq!(decide(Some(received), None, false), begin);
        }
    }

    #[test]
    fn a_session_whose_time_has_ended_is_none_whatever_the_key() {
        let over = holders().filter(|holder| holder.state == HolderState::Over);
        assert_decided(over, &RECEIVED, |_, reason| Begin { reason, former: Some(Farewell::Expired) });
    }

    #[test]
    fn only_a_newcomer_is_refused_by_a_full_server() {
        for received in RECEIVED {
            assert_eq!(decide(received, None, true), Refuse(ErrorCode::ServerFull));
        }
    }

    // The sentences around the table.

    #[test]
    fn a_wrong_key_is_refused_unless_the_page_was_probably_left() {
        let wrong =
            |state| holders().filter(move |holder| holder.key == KeyFit::Wrong && holder.state == state);
        for state in [HolderState::Connected, HolderState::Away] {
            assert_decided(wrong(state), &RECEIVED, |_, _| Refuse(ErrorCode::PeerIdTaken));
        }
        let superseded = |_, reason| Begin { reason, former: Some(Farewell::Superseded) };
        assert_decided(wrong(HolderState::Leaving), &RECEIVED, superseded);
    }

    #[test]
    fn a_key_that_the_engine_has_lost_ends_the_older_session_unless_it_is_late() {
        let lost = holders().filter(|holder| {
            holder.key == KeyFit::Lost && holder.state != HolderState::Over && !holder.is_claim_late
        });
        assert_decided(lost, &RECEIVED, |holder, reason| {
            let goes_on = holder.is_same_incarnation && holder.both_have_sessions;
            let former = if goes_on { Farewell::Replaced } else { Farewell::Superseded };
            Begin { reason, former: Some(former) }
        });
    }

    #[test]
    fn another_incarnation_or_version_begins_a_session_and_closes_the_former_socket_for_good() {
        let others = holders().filter(|holder| {
            let continues = holder.is_same_incarnation && holder.both_have_sessions;
            !continues
                && !holder.is_claim_late
                && holder.key != KeyFit::Wrong
                && holder.state != HolderState::Over
        });
        let superseded = |_, reason| Begin { reason, former: Some(Farewell::Superseded) };
        assert_decided(others, &RECEIVED, superseded);
    }

    #[test]
    fn a_late_claim_of_another_incarnation_is_closed_for_good_as_long_as_that_one_is_connected() {
        let late = holders().filter(|holder| {
            holder.is_claim_late
                && !holder.is_same_incarnation
                && holder.key != KeyFit::Wrong
                && holder.state != HolderState::Over
        });
        assert_decided(late, &RECEIVED, |holder, _| {
            let is_connected = holder.state == HolderState::Connected;
            Late(if is_connected { Farewell::Superseded } else { Farewell::Replaced })
        });
    }
}
