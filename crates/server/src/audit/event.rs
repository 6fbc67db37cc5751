//! What a session says about one frame of its client.

use signalpost_protocol::{ErrorCode, Kind, PeerId};

/// The outcome of one frame, as the session of its sender saw it. Signs of life are no events, nor are frames of a socket that
/// has registered no peer, except for `hello`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// The type of the frame.
    pub kind: AuditKind,
    /// The size of the frame.
    pub size: SizeClass,
    /// The peer of the session. For a `hello` that was refused: the peer that it claimed.
    pub from: PeerId,
    /// The peer that the frame was for, if it was for one peer.
    pub to: Option<PeerId>,
    /// What became of the frame.
    pub result: AuditResult,
}

/// The type of a client's frame, or that the server does not know the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AuditKind(Option<Kind>);

/// What the trail calls a frame whose type is not known, such as a binary frame.
const UNKNOWN: &str = "unknown";

impl AuditKind {
    /// Takes the name of a type; any other text is a type that is not known.
    pub fn of(name: &str) -> Self {
        Self(Kind::parse(name).filter(|kind| kind.is_from_client()))
    }

    /// Reads what [`AuditKind::as_str`] wrote; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let kind = Self::of(text);
        (kind.0.is_some() || text == UNKNOWN).then_some(kind)
    }

    /// Returns the name of the type, or `unknown`.
    pub fn as_str(self) -> &'static str {
        self.0.map_or(UNKNOWN, Kind::as_str)
    }
}

/// The class of a frame's size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SizeClass(u8);

/// The largest frame of each class, in bytes of UTF-8. A larger frame ends its socket and is no event.
const LARGEST: [u32; 6] = [256, 1_024, 4_096, 16_384, 65_536, 262_144];

impl SizeClass {
    /// Returns the class of a frame with so many bytes. Frames above 256 KiB are in the last class.
    pub fn of(bytes: usize) -> Self {
        let below = LARGEST.iter().take(LARGEST.len() - 1).filter(|most| bytes > **most as usize).count();
        Self(u8::try_from(below).unwrap_or(u8::MAX))
    }

    /// Returns the size of the largest frame of the class, in bytes.
    pub fn at_most(self) -> u32 {
        LARGEST.get(usize::from(self.0)).copied().unwrap_or(u32::MAX)
    }
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditResult {
    /// It took effect.
    Executed,
    /// It had no effect; the sender got an error with this code.
    Refused(ErrorCode),
    /// It had no effect, because the session had sent it before.
    Duplicate,
    /// The socket ended before the result was known. The sender sends the frame again on its next socket.
    Unknown,
}

impl AuditResult {
    /// Reads what [`AuditResult::as_str`] wrote; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "executed" => Some(Self::Executed),
            "duplicate" => Some(Self::Duplicate),
            UNKNOWN => Some(Self::Unknown),
            code => ErrorCode::parse(code).map(Self::Refused),
        }
    }

    /// Returns `executed`, `duplicate`, `unknown`, or the code of the error.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Refused(code) => code.as_str(),
            Self::Duplicate => "duplicate",
            Self::Unknown => UNKNOWN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_results_read_back() {
        for &kind in Kind::ALL {
            let audited = AuditKind::of(kind.as_str());
            assert_eq!(audited.as_str() == kind.as_str(), kind.is_from_client(), "{kind:?}");
            assert_eq!(AuditKind::parse(audited.as_str()), Some(audited));
        }
        assert_eq!(AuditKind::of("binary"), AuditKind::of("unknown"));
        assert_eq!((AuditKind::parse("binary"), AuditKind::parse("welcome")), (None, None));
        let refused = ErrorCode::ALL.iter().copied().map(AuditResult::Refused);
        let others = [AuditResult::Executed, AuditResult::Duplicate, AuditResult::Unknown];
        for result in refused.chain(others) {
            assert_eq!(AuditResult::parse(result.as_str()), Some(result));
        }
        assert_eq!(AuditResult::parse("perhaps"), None);
    }

    #[test]
    fn a_size_is_known_by_its_class_only() {
        for (bytes, most) in [(0, 256), (256, 256), (257, 1_024), (65_537, 262_144), (usize::MAX, 262_144)] {
            assert_eq!(SizeClass::of(bytes).at_most(), most, "{bytes}");
        }
        for most in LARGEST {
            assert_eq!(SizeClass::of(most as usize).at_most(), most, "a class reads back from its bound");
        }
        assert_eq!(SizeClass::default(), SizeClass::of(0));
    }
}
