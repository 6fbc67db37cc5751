//! The secret that lets a client take its session to another socket.

use core::fmt;
use sha2::{Digest, Sha256};

/// A resume token: 256 bits that the caller drew from the platform's generator.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

/// Bytes of the half that all tokens of one client have in common.
const ROOT_BYTES: usize = 16;

impl Token {
    /// The token made of these random bytes.
    pub const fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// The token for a client that came with this `key`: its first half is that of the key, if the key is 64 hexadecimal digits as a
    /// token is. All keys that servers give to one client thus begin alike.
    #[must_use]
    pub fn following(mut self, key: &str) -> Self {
        let digits: Option<Vec<u8>> =
            key.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
        if let Some(digits) = digits.filter(|digits| digits.len() == 64) {
            for (byte, pair) in self.0.iter_mut().take(ROOT_BYTES).zip(digits.chunks(2)) {
                *byte = pair.iter().fold(0, |byte, digit| byte << 4 | digit);
            }
        }
        self
    }

    /// As it travels: 64 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
        self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    /// What an engine keeps of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.to_hex())
    }

    /// What an engine keeps of its first half, as that travels.
    pub fn root(&self) -> TokenHash {
        TokenHash::of(self.to_hex().get(..2 * ROOT_BYTES).unwrap_or_default())
    }
}

/// Tells nothing: a token is in no log.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// The SHA-256 of a token as it travels. Who reads the store of an engine cannot resume with it.
#[derive(Clone, Copy, Debug)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of what a client sent as its `key`.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// The hash with these bytes, for an engine that stores them elsewhere.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for an engine that stores them elsewhere.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Takes the same time wherever they differ.
impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
    }
}

impl Eq for TokenHash {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_64_digits_and_its_hash_is_that_of_its_text() {
        let token = Token::new(core::array::from_fn(|at| at as u8 * 8));
        let text = token.to_hex();
        assert_eq!(text, "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8");
        assert_eq!(token.hash(), TokenHash::of(&text));
        // FIPS 180-4, the digest of "abc".
        let abc = TokenHash::of("abc");
        assert_eq!(abc.as_bytes()[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_ne!(abc, token.hash());
        assert_eq!(format!("{token:?}"), "Token");
    }

    #[test]
    fn the_tokens_of_one_client_have_their_first_half_in_common() {
        let (first, second) = (Token::new([7; 32]), Token::new([9; 32]));
        let next = second.clone().following(&first.to_hex());
        assert_eq!(next.to_hex(), "07".repeat(16) + &"09".repeat(16));
        assert_eq!((next.root() == first.root(), next.hash() == first.hash()), (true, false));
        assert_eq!(next.root(), TokenHash::of(&"07".repeat(16)));
        assert_ne!(second.root(), first.root());
        // A client's own key may be anything.
        for own in ["".into(), "07".repeat(31), "07".repeat(33), "zz".repeat(32), "é".repeat(32)] {
            assert_eq!(second.clone().following(&own), second, "{own}");
        }
    }

    #[test]
    fn a_single_bit_is_a_difference_wherever_it_is() {
        let hash = TokenHash::of("key");
        for bit in 0..256 {
            let mut other = hash;
            other.0[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(hash, other);
        }
    }
}
