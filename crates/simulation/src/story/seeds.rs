//! Which seeds draw from which transitions.

/// Seeds from here on tell of other tabs and of the lives of pages as well. What those below tell stays as it was when it found
/// something.
pub const WITH_TABS: u64 = 1_000_000;

/// Seeds from here on tell of room storms, mass absences and sockets that go away too, of more pages, some of whose clients were written
/// from the protocol's document and drive two sockets, and half of them of a server that tells rooms of three in turns.
pub const WITH_STORMS: u64 = 2_000_000;
