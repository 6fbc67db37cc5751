//! The little that Signalpost reads in a session description (RFC 8866, RFC 8839).

/// Whether the text begins like a session description and holds no character that one cannot hold.
pub fn is_plausible(sdp: &str) -> bool {
    sdp.starts_with("v=0\r\n") && !sdp.bytes().any(|byte| byte == 0)
}

/// The username fragments of a description, one for each `a=ice-ufrag` line (RFC 8839 §5.4).
pub fn username_fragments(sdp: &str) -> impl Iterator<Item = &str> {
    lines(sdp).filter_map(|line| line.strip_prefix("a=ice-ufrag:"))
}

/// Whether the description itself already carries this candidate line.
pub fn holds_candidate(sdp: &str, candidate: &str) -> bool {
    let line = candidate.strip_prefix("candidate:").unwrap_or(candidate);
    lines(sdp).filter_map(|attribute| attribute.strip_prefix("a=candidate:")).any(|held| {
        // The event's line may end in `ufrag …` and more where the description's does not.
        line.strip_prefix(held).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

/// Whether Firefox wrote it: the user name of its `o=` line says so.
pub fn is_of_firefox(sdp: &str) -> bool {
    lines(sdp).any(|line| line.starts_with("o=mozilla"))
}

fn lines(sdp: &str) -> impl Iterator<Item = &str> {
    sdp.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line))
}
