//! What a client is started with.

use crate::endpoints::Endpoints;
use crate::error::Error;
use signalpost_core::protocol::{ErrorCode, Label, PeerId, PeerInfo, limits};
use signalpost_core::{CandidateOptions, Config, ReconnectOptions};
use std::time::Duration;

/// How long [`crate::Client::connect`] tries by default.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How many events wait for the application by default: 32 rooms, the most that a client is in, of 3,000 members.
const MOST_EVENTS: usize = 100_000;

/// What a client is started with.
#[derive(Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The public id of this peer.
    pub peer_id: PeerId,
    /// Where the servers are.
    pub endpoints: Endpoints,
    /// The region of this peer, by which others can find it. Default: none.
    pub region: Option<Label>,
    /// The capabilities of this peer, by which others can find it; at most 16. Default: none.
    pub capabilities: Vec<Label>,
    /// Any JSON text of at most 1024 bytes; others see it beside the id. Default: none.
    pub metadata: Option<String>,
    /// When the client connects again after a lost link. Default: without end, at most 3.5 s apart.
    pub reconnect: ReconnectOptions,
    /// How long [`crate::Client::connect`] tries before it fails with `timeout` or the reason of the last attempt. Default: 15 s.
    pub connect_timeout: Duration,
    /// How many events wait for the application before the client stops to read. Default: 100,000; the members of a large room are
    /// an event each.
    pub most_events: usize,
    /// The key of the program that was this peer before, if the server may still have its session. Default: none, and the
    /// client draws one.
    pub key: Option<Key>,
}

/// Proves that a program may take the id of one that was the same peer before.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// What the last [`crate::Event::Key`] of the program before told; 16 to 64 bytes.
    pub secret: String,
    /// How many programs have used this key, or one that it comes from, this one with them. The server takes a program with
    /// a higher number for the later one.
    pub uses: u32,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret belongs in no log.
        write!(formatter, "Key {{ uses: {} }}", self.uses)
    }
}

impl Settings {
    /// The settings of a peer with this id whose server is there; everything else has its default.
    ///
    /// # Errors
    /// `invalid-argument` when the id is empty, longer than 128 bytes or holds a control character.
    pub fn new(peer_id: &str, endpoints: impl Into<Endpoints>) -> Result<Self, Error> {
        let refuse = |why| Error::new(ErrorCode::InvalidArgument, format!("peer_id: {why}"));
        Ok(Self {
            peer_id: PeerId::parse(peer_id).map_err(refuse)?,
            endpoints: endpoints.into(),
            region: None,
            capabilities: Vec::new(),
            metadata: None,
            reconnect: ReconnectOptions::default(),
            connect_timeout: CONNECT_TIMEOUT,
            most_events: MOST_EVENTS,
            key: None,
        })
    }

    /// What the core is started with, and where the servers are.
    ///
    /// # Errors
    /// `invalid-argument` with the name of the setting; `internal` when the system gives no randomness for a key.
    pub(crate) fn into_config(self) -> Result<(Config, Endpoints), Error> {
        let refuse = |why: &str| Err(Error::new(ErrorCode::InvalidArgument, why));
        if self.capabilities.len() > limits::CAPABILITIES {
            return refuse("capabilities: more than 16");
        }
        if let Some(metadata) = &self.metadata {
            if metadata.len() > limits::METADATA_BYTES {
                return refuse("metadata: more than 1024 bytes");
            }
            if serde_json::from_str::<serde::de::IgnoredAny>(metadata).is_err() {
                return refuse("metadata: no JSON text");
            }
        }
        // A factor below 1, or none that can be compared, would shorten the waits.
        if self.reconnect.factor.is_nan() || self.reconnect.factor < 1.0 {
            return refuse("reconnect.factor: less than 1");
        }
        let Key { secret, uses } = match self.key {
            Some(key) if limits::is_key(&key.secret) => key,
            Some(_) => return refuse("key: not 16 to 64 bytes"),
            None => Key { secret: draw_secret()?, uses: 0 },
        };
        let capabilities = self.capabilities.iter().map(|label| label.as_str().into()).collect();
        let config = Config {
            peer_id: self.peer_id,
            key: secret,
            peer: PeerInfo {
                region: self.region.map(|label| label.as_str().into()),
                capabilities,
                metadata: self.metadata,
                ..PeerInfo::default()
            },
            reconnect: self.reconnect,
            candidates: CandidateOptions::default(),
            ping_ms: None,
            release_when_frozen: false,
            pages: uses,
        };
        Ok((config, self.endpoints))
    }
}

/// What the core draws its jitter and its incarnation from; these are no secrets.
///
/// # Errors
/// `internal` when the system gives no randomness.
pub fn draw_seed() -> Result<u64, Error> {
    getrandom::u64().map_err(no_randomness)
}

/// 256 bits, as 64 hexadecimal digits.
fn draw_secret() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(no_randomness)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn no_randomness(why: getrandom::Error) -> Error {
    Error::new(ErrorCode::Internal, format!("the system gives no randomness: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new("ada", "ws://127.0.0.1:1/signal").unwrap()
    }

    fn refusal(settings: Settings) -> String {
        settings.into_config().map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        let peer_id = Settings::new("", "").unwrap_err();
        assert_eq!(peer_id.to_string(), "invalid-argument: peer_id: the name is empty");
        let capability = Label::parse("relay").unwrap();
        let mut wrong = [(); 5].map(|()| settings());
        let [many, long, plain, key, factor] = &mut wrong;
        many.capabilities = vec![capability; 17];
        long.metadata = Some(format!("\"{}\"", "x".repeat(1023)));
        plain.metadata = Some("{".into());
        key.key = Some(Key { secret: "short".into(), uses: 1 });
        factor.reconnect.factor = f64::NAN;
        let told = wrong.map(refusal).join("; ").replace("invalid-argument: ", "");
        assert_eq!(
            told,
            "capabilities: more than 16; metadata: more than 1024 bytes; metadata: no JSON text; \
             key: not 16 to 64 bytes; reconnect.factor: less than 1"
        );
    }

    #[test]
    fn every_client_has_a_key_of_its_own_and_no_log_shows_it() {
        let keys = [(); 2].map(|()| settings().into_config().unwrap().0.key);
        assert!(keys[0] != keys[1] && keys[0].len() == 64 && limits::is_key(&keys[0]));
        let key = Key { secret: "0123456789abcdef".into(), uses: 3 };
        assert_eq!(format!("{key:?}"), "Key { uses: 3 }");
        let settings = Settings { key: Some(key), ..settings() };
        let (config, _) = settings.into_config().unwrap();
        assert_eq!((config.key.as_str(), config.pages), ("0123456789abcdef", 3));
    }
}
