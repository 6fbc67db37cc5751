//! Session descriptions: small, but real text that is really read back.

use std::fmt::Write as _;

/// RTCSdpType, without provisional answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SdpType {
    /// An offer.
    Offer,
    /// An answer.
    Answer,
    /// Takes the pending offer back.
    Rollback,
}

impl SdpType {
    /// As the DOM spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Answer => "answer",
            Self::Rollback => "rollback",
        }
    }
}

/// RTCSessionDescriptionInit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its type.
    pub kind: SdpType,
    /// Its text; empty for a rollback, and where setLocalDescription shall make it.
    pub sdp: String,
}

/// The kind of an m-section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// Data channels.
    Application,
}

impl MediaKind {
    /// The word of the m-line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Application => "application",
        }
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Audio, Self::Video, Self::Application].into_iter().find(|kind| kind.name() == word)
    }

    fn rest_of_line(self) -> &'static str {
        match self {
            Self::Audio => "UDP/TLS/RTP/SAVPF 111",
            Self::Video => "UDP/TLS/RTP/SAVPF 96",
            Self::Application => "UDP/DTLS/SCTP webrtc-datachannel",
        }
    }
}

/// RTCRtpTransceiverDirection, as what is sent and what is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direction {
    /// This side sends.
    pub sends: bool,
    /// This side receives.
    pub receives: bool,
}

impl Direction {
    /// `sendrecv`.
    pub const SENDRECV: Self = Self { sends: true, receives: true };
    /// `recvonly`.
    pub const RECVONLY: Self = Self { sends: false, receives: true };

    /// As the DOM and SDP spell it.
    pub fn name(self) -> &'static str {
        match (self.sends, self.receives) {
            (true, true) => "sendrecv",
            (true, false) => "sendonly",
            (false, true) => "recvonly",
            (false, false) => "inactive",
        }
    }

    /// Reads the word of SDP.
    pub fn read(word: &str) -> Option<Self> {
        let all = [(true, true), (true, false), (false, true), (false, false)];
        all.into_iter().map(|(sends, receives)| Self { sends, receives }).find(|it| it.name() == word)
    }

    /// The same as the other side sees it.
    pub fn reversed(self) -> Self {
        Self { sends: self.receives, receives: self.sends }
    }

    /// What both allow.
    pub fn and(self, other: Self) -> Self {
        Self { sends: self.sends && other.sends, receives: self.receives && other.receives }
    }
}

/// One m-section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub kind: MediaKind,
    pub mid: String,
    pub direction: Direction,
    pub username_fragment: String,
    /// Port 0: not wanted.
    pub rejected: bool,
    pub candidates: Vec<String>,
}

/// A whole description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SessionText {
    pub session: u64,
    pub version: u64,
    pub sections: Vec<Section>,
}

impl SessionText {
    /// Reads a text; `None` when it is not a description.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split_inclusive("\r\n").map(|line| line.strip_suffix("\r\n"));
        if parts.next()?? != "v=0" {
            return None;
        }
        let mut origin = parts.next()??.strip_prefix("o=- ")?.split(' ');
        let (session, version) = (origin.next()?.parse().ok()?, origin.next()?.parse().ok()?);
        if !parts.next()??.starts_with("s=") || !parts.next()??.starts_with("t=") {
            return None;
        }
        let mut description = Self { session, version, sections: Vec::new() };
        for line in parts {
            let line = line?;
            if let Some(media) = line.strip_prefix("m=") {
                let mut words = media.split(' ');
                description.sections.push(Section {
                    kind: MediaKind::read(words.next()?)?,
                    rejected: words.next()? == "0",
                    mid: String::new(),
                    direction: Direction::SENDRECV,
                    username_fragment: String::new(),
                    candidates: Vec::new(),
                });
                continue;
            }
            let (Some(section), Some(attribute)) = (description.sections.last_mut(), line.strip_prefix("a="))
            else {
                continue;
            };
            match attribute.split_once(':') {
                Some(("mid", mid)) => section.mid = mid.into(),
                Some(("ice-ufrag", ufrag)) => section.username_fragment = ufrag.into(),
                Some(("candidate", _)) => section.candidates.push(attribute.into()),
                Some(_) => {}
                None => section.direction = Direction::read(attribute).unwrap_or(section.direction),
            }
        }
        let complete = |section: &Section| !section.mid.is_empty() && !section.username_fragment.is_empty();
        description.sections.iter().all(complete).then_some(description)
    }

    /// The text.
    pub fn write(&self) -> String {
        let mut text =
            format!("v=0\r\no=- {} {} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", self.session, self.version);
        let mids: Vec<_> = self.sections.iter().filter(|it| !it.rejected).map(|it| it.mid.as_str()).collect();
        if !mids.is_empty() {
            let _ = write!(text, "a=group:BUNDLE {}\r\n", mids.join(" "));
        }
        for section in &self.sections {
            let port = if section.rejected { 0 } else { 9 };
            let _ = write!(text, "m={} {port} {}\r\n", section.kind.name(), section.kind.rest_of_line());
            text.push_str("c=IN IP4 0.0.0.0\r\n");
            for candidate in &section.candidates {
                let _ = write!(text, "a={candidate}\r\n");
            }
            let _ = write!(text, "a=ice-ufrag:{}\r\na=ice-pwd:", section.username_fragment);
            let _ = write!(text, "0123456789abcdef{}\r\n", section.username_fragment);
            let _ = write!(text, "a=ice-options:trickle\r\na=mid:{}\r\n", section.mid);
            match section.kind {
                MediaKind::Application => text.push_str("a=sctp-port:5000\r\n"),
                _ => {
                    let _ = write!(text, "a={}\r\n", section.direction.name());
                }
            }
        }
        text
    }

    /// The section of a mid.
    pub fn section(&self, mid: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.mid == mid)
    }

    /// The ICE generation; one for all, as everything is bundled.
    pub fn username_fragment(&self) -> Option<&str> {
        self.sections.iter().find(|it| !it.rejected).map(|it| it.username_fragment.as_str())
    }

    /// Whether every section of the other stands here in its place.
    pub fn continues(&self, other: &Self) -> bool {
        self.sections.len() >= other.sections.len()
            && self.sections.iter().zip(&other.sections).all(|(a, b)| a.mid == b.mid && a.kind == b.kind)
    }

    /// The same without candidates, which come later or not at all.
    pub fn without_candidates(&self) -> Self {
        let mut copy = self.clone();
        copy.sections.iter_mut().for_each(|section| section.candidates.clear());
        copy
    }
}

/// A description that was applied.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    pub kind: SdpType,
    pub text: SessionText,
}
