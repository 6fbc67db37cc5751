//! In which region the sessions of other peers were last seen.

use super::region::Region;
use signalpost_protocol::PeerId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a place is believed.
const FRESH: Duration = Duration::from_secs(1);
/// Most places that are kept.
const MOST: usize = 10_000;

/// Regions of peers, for about a second. That a peer is nowhere is not kept: it may have just come.
#[derive(Debug, Default)]
pub(super) struct Whereabouts(Mutex<HashMap<PeerId, (Region, Instant)>>);

impl Whereabouts {
    /// Notes where the session of a peer lies.
    pub(super) fn note(&self, peer: &PeerId, region: Region, now: Instant) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MOST {
            places.retain(|_, (_, seen)| is_fresh(*seen, now));
        }
        if places.len() < MOST {
            places.insert(peer.clone(), (region, now));
        }
    }

    /// Forgets a place where the peer is not.
    pub(super) fn forget(&self, peer: &PeerId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(peer);
    }

    /// Returns where a peer was seen within the last second.
    pub(super) fn get(&self, peer: &PeerId, now: Instant) -> Option<Region> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(peer).filter(|(_, seen)| is_fresh(*seen, now)).map(|(region, _)| *region)
    }
}

fn is_fresh(seen: Instant, now: Instant) -> bool {
    now.saturating_duration_since(seen) < FRESH
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> PeerId {
        PeerId::parse(&format!("p{number}")).unwrap()
    }

    #[test]
    fn a_place_is_believed_for_a_second_and_their_number_is_bounded() {
        let (places, now) = (Whereabouts::default(), Instant::now());
        places.note(&id(0), Region(1), now);
        assert_eq!((places.get(&id(0), now), places.get(&id(1), now)), (Some(Region(1)), None));
        places.forget(&id(0));
        assert_eq!(places.get(&id(0), now), None);
        for number in 0..=MOST {
            places.note(&id(number), Region(2), now);
        }
        assert_eq!((places.get(&id(MOST - 1), now), places.get(&id(MOST), now)), (Some(Region(2)), None));
        let later = now + FRESH;
        assert_eq!(places.get(&id(1), later), None);
        places.note(&id(MOST), Region(2), later);
        assert_eq!(places.get(&id(MOST), later), Some(Region(2)));
        assert_eq!(places.0.lock().unwrap().len(), 1);
    }
}
