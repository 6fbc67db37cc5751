//! The guards against faults of Redis and of other nodes that a build for negative controls can do without: with one of them off the
//! chaos suite must fail.

/// One guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// The node tries whether it hears its own doorbell.
    Probe,
    /// Only the owner of a session changes it.
    Fence,
    /// Mail is delivered in the order of its numbers, and what is missing is fetched.
    GapCheck,
}

/// Whether a guard is on: always, but in a build with the feature `weakened`.
#[cfg(not(feature = "weakened"))]
pub(super) const fn is_on(_: Guard) -> bool {
    true
}

/// Whether a guard is on: the environment variable `SIGNALPOST_WEAKENED` names the one that is off. Only `npm run chaos:controls` makes
/// such a build.
#[cfg(feature = "weakened")]
pub(super) fn is_on(guard: Guard) -> bool {
    let name = match guard {
        Guard::Probe => "probe",
        Guard::Fence => "fence",
        Guard::GapCheck => "gap-check",
    };
    std::env::var("SIGNALPOST_WEAKENED").map_or(true, |off| off != name)
}
