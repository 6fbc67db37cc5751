//! A session as it is stored.

use super::super::error::StoreError;
use super::super::reply::Fields;
use crate::TokenHash;
use crate::engine::limits::LEASE_MS;
use crate::engine::{Claim, LossReason};
use crate::registry::sessions::claim_decision::{Holder, HolderState, KeyFit};
use crate::registry::sessions::frames::Frames;
use crate::registry::sessions::keys::Keys;
use signalpost_protocol::reason::Word;
use signalpost_protocol::{PeerInfo, Position, SESSIONS};
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

/// The error of a session that no script of this engine has written.
const MALFORMED: StoreError = StoreError::Malformed("a session");

/// The fields of a session that this half of the engine reads.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) number: u64,
    pub(crate) rev: u64,
    pub(crate) version: u16,
    pub(crate) incarnation: u32,
    pub(crate) info: Arc<PeerInfo>,
    pub(crate) standing: Standing,
    pub(crate) keys: Keys,
    /// What all keys of this client have in common; `None` in a session of a node that did not know of it.
    root: Option<TokenHash>,
    /// No client has shown that it has the newest key of this session since Redis last started or another server took its place, or since
    /// the session began in place of another: there may be newer keys. A claim alone shows nothing: it may have waited for Redis on a socket
    /// that its client has left meanwhile.
    pub(crate) may_lack_keys: bool,
    pub(crate) frames: Frames,
    /// The numbers of the newest mail, and of the last that is acknowledged.
    pub(crate) top: Position,
    pub(crate) floor: Position,
    /// What it keeps of its rooms: fields and values.
    pub(crate) seats: Vec<(String, String)>,
    /// Its rooms do not know its standing yet.
    pub(crate) is_untold: bool,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) is_away: bool,
    pub(crate) is_leaving: bool,
    /// The last sign of life, and when the window ends; milliseconds.
    pub(crate) seen: u64,
    pub(crate) due: u64,
}

impl Stored {
    /// Reads fields and values; `None` if there are none.
    ///
    /// # Errors
    /// [`StoreError::Malformed`].
    pub(crate) fn read(mut fields: Fields) -> Result<Option<Self>, StoreError> {
        let mut all = HashMap::new();
        let mut seats = Vec::new();
        while !fields.is_empty() {
            let (name, value) = (fields.text()?, fields.text()?);
            if name.starts_with("room:") || name.starts_with("at:") {
                seats.push((name, value));
            } else {
                all.insert(name, value);
            }
        }
        if all.is_empty() && seats.is_empty() { Ok(None) } else { Self::of(&all, seats).map(Some) }
    }

    fn of(all: &HashMap<String, String>, seats: Vec<(String, String)>) -> Result<Self, StoreError> {
        let text = |name: &str| all.get(name).map(String::as_str).ok_or(MALFORMED);
        let info: PeerInfo = serde_json::from_str(text("info")?).map_err(|_| MALFORMED)?;
        Ok(Self {
            number: number(text("num")?)?,
            rev: number(text("rev")?)?,
            version: number(text("version")?)?,
            incarnation: number(text("incarnation")?)?,
            info: Arc::new(info),
            standing: Standing {
                is_away: text("state")? == "a",
                is_leaving: text("leaving")? == "1",
                seen: number(text("seen")?)?,
                due: number(text("due")?)?,
            },
            keys: keys(all)?,
            root: all.get("root").map(|root| hash(root)).transpose()?,
            may_lack_keys: false,
            frames: Frames::from_parts(
                Position(number(text("received")?)?),
                Position(number(text("gap_after")?)?),
                number(text("gaps")?)?,
            ),
            top: Position(number(text("top")?)?),
            floor: Position(number(text("floor")?)?),
            seats,
            is_untold: all.contains_key("untold"),
        })
    }

    pub(crate) fn has_session(&self) -> bool {
        self.version >= SESSIONS
    }

    /// What names the state of this session in a script.
    pub(crate) fn revision(&self) -> String {
        format!("{}:{}", self.number, self.rev)
    }

    /// What the decision about a claim depends on.
    pub(crate) fn holder(&self, now: u64, window_ms: u64, claim: &Claim) -> Holder {
        let key = if !self.keys.accepts(&claim.key) {
            let is_lost = self.root == Some(claim.root) && self.may_lack_keys;
            if is_lost { KeyFit::Lost } else { KeyFit::Wrong }
        } else if let Some(reason) = self.keys.means_another(&claim.key) {
            KeyFit::BeforeWelcome(reason)
        } else {
            KeyFit::Right
        };
        let position = claim.received.unwrap_or_default();
        let is_known = (self.floor..=self.top).contains(&position) && !self.frames.are_stuck();
        Holder {
            state: self.standing.state(now, window_ms, self.has_session()),
            key,
            is_claim_late: self.keys.know_later(claim.attempt),
            is_same_incarnation: self.incarnation == claim.peer.incarnation,
            both_have_sessions: self.has_session() && claim.version >= SESSIONS,
            position: is_known.then_some(position),
        }
    }
}

impl Standing {
    fn state(&self, now: u64, window_ms: u64, has_session: bool) -> HolderState {
        let lease = self.seen.saturating_add(LEASE_MS);
        let end = match (self.is_away, has_session) {
            (true, _) => self.due,
            // Not swept yet: its window would begin with the end of its lease.
            (false, true) => lease.saturating_add(window_ms),
            (false, false) => lease,
        };
        if now >= end {
            HolderState::Over
        } else if self.is_leaving {
            HolderState::Leaving
        } else if self.is_away {
            HolderState::Away
        } else {
            HolderState::Connected
        }
    }
}

fn number<N: FromStr>(text: &str) -> Result<N, StoreError> {
    text.parse().map_err(|_| MALFORMED)
}

/// The fields of keys, as they are written.
pub(crate) fn key_fields(keys: &Keys) -> [(&'static str, String); 4] {
    let (current, next, in_place_of, attempt) = keys.parts();
    let next: Vec<String> = next.iter().map(hex).collect();
    [
        ("current", hex(&current)),
        ("next", next.join(",")),
        ("in_place_of", in_place_of.map_or("", LossReason::as_str).into()),
        ("attempt", attempt.map_or_else(String::new, |attempt| attempt.to_string())),
    ]
}

fn keys(all: &HashMap<String, String>) -> Result<Keys, StoreError> {
    // An empty field is not there.
    let text = |name: &str| all.get(name).map_or("", String::as_str);
    let next = text("next").split(',').filter(|hash| !hash.is_empty()).map(hash).collect::<Result<_, _>>()?;
    let in_place_of = match text("in_place_of") {
        "" => None,
        word => Some(<LossReason as Word>::parse(word).ok_or(MALFORMED)?),
    };
    let attempt = match text("attempt") {
        "" => None,
        attempt => Some(number(attempt)?),
    };
    Ok(Keys::from_parts(hash(text("current"))?, next, in_place_of, attempt))
}

/// A hash, as it is written.
pub(super) fn hex(hash: &TokenHash) -> String {
    hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash(text: &str) -> Result<TokenHash, StoreError> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return Err(MALFORMED);
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| MALFORMED)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| MALFORMED)?;
    }
    Ok(TokenHash::from_bytes(bytes))
}
