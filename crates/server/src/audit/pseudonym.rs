//! The names of peers in the trail: an HMAC with the key of a day.

use core::fmt;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use signalpost_protocol::PeerId;

/// How long a key is kept, from the start of its day, in milliseconds. The last records of the day expire before that.
pub const KEY_MS: u64 = 2 * DAY_MS;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// A day of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u64);

impl Day {
    /// Returns the day of a time, which is in milliseconds since the Unix epoch.
    pub const fn of(at: u64) -> Self {
        Self(at / DAY_MS)
    }

    /// Returns the number of the day since the Unix epoch.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Returns when the key of this day expires, in milliseconds since the Unix epoch.
    pub const fn key_expires_at(self) -> u64 {
        self.0.saturating_mul(DAY_MS).saturating_add(KEY_MS)
    }
}

/// The key of one day: 256 bits that the caller drew from the platform's generator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DayKey([u8; 32]);

impl DayKey {
    /// Makes the key of these random bytes.
    pub const fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// Returns the bytes, for a store that shares the key between processes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Prepares the key for the names of many peers.
    pub fn namer(&self) -> Namer {
        // HMAC fills a short key with zeros up to the block of its hash, so a key of that length needs no error.
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(self.0) {
            *to = from;
        }
        Namer(<Hmac<Sha256> as KeyInit>::new(&block.into()))
    }
}

/// Names peers with the key of one day.
#[derive(Clone)]
pub struct Namer(Hmac<Sha256>);

impl Namer {
    /// Names a peer: the first 128 bits of the HMAC-SHA-256 of its id (RFC 2104; §5 allows half of the output).
    pub fn pseudonym(&self, peer: &PeerId) -> Pseudonym {
        let whole: [u8; 32] = self.0.clone().chain_update(peer.as_str()).finalize().into_bytes().into();
        let mut half = [0; 16];
        for (to, from) in half.iter_mut().zip(whole) {
            *to = from;
        }
        Pseudonym(half)
    }
}

/// Tells nothing: a key is in no log.
impl fmt::Debug for DayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DayKey")
    }
}

/// The name of a peer in the records of one day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym([u8; 16]);

impl Pseudonym {
    /// Takes the bytes of a pseudonym that a store has kept.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, for a store that keeps them elsewhere.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Writes 32 hexadecimal digits.
impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_the_first_half_of_the_hmac() {
        // RFC 4231, test case 1: a key of twenty bytes, which zeros fill up.
        let key = DayKey::new(core::array::from_fn(|at| if at < 20 { 0x0b } else { 0 }));
        let pseudonym = key.namer().pseudonym(&PeerId::parse("Hi There").unwrap());
        assert_eq!(pseudonym.to_string(), "b0344c61d8db38535ca8afceaf0bf12b");
        assert_eq!(Pseudonym::from_bytes(*pseudonym.as_bytes()), pseudonym);
        assert_eq!(format!("{key:?}"), "DayKey");
    }

    #[test]
    fn another_day_and_another_peer_have_other_names() {
        let (ada, bob) = (PeerId::parse("ada").unwrap(), PeerId::parse("bob").unwrap());
        let (today, tomorrow) = (DayKey::new([1; 32]), DayKey::new([2; 32]));
        assert_ne!(today.namer().pseudonym(&ada), tomorrow.namer().pseudonym(&ada));
        assert_ne!(today.namer().pseudonym(&ada), today.namer().pseudonym(&bob));
        // The last of the 32 bytes counts.
        let other = DayKey::new(core::array::from_fn(|at| if at == 31 { 0 } else { 1 }));
        assert_ne!(today.namer().pseudonym(&ada), other.namer().pseudonym(&ada));
    }

    #[test]
    fn a_key_outlives_the_last_record_of_its_day() {
        let last = DAY_MS - 1;
        let day = Day::of(last);
        assert_eq!((day.number(), Day::of(DAY_MS).number()), (0, 1));
        assert_eq!(day.key_expires_at(), 2 * DAY_MS);
        assert!(crate::audit::expires_at(crate::audit::bucket_of(last)) <= day.key_expires_at());
    }
}
