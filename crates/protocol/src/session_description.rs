//! The little that Signalpost reads in a session description (RFC 8866, RFC 8839).

use crate::candidate::Candidate;
use crate::pieces::Pieces;
use alloc::{string::String, vec::Vec};

const SETUP: &str = "a=setup:";
const CANDIDATE: &str = "a=candidate:";
const END_OF_CANDIDATES: &str = "a=end-of-candidates";

/// Whether the text begins like a session description and holds no character that one cannot hold. Its lines end with CRLF
/// or, as browsers take them too, with a line feed alone (RFC 8866 §5).
pub fn is_plausible(sdp: &str) -> bool {
    (sdp.starts_with("v=0\r\n") || sdp.starts_with("v=0\n")) && !sdp.bytes().any(|byte| byte == 0)
}

/// The username fragments of a description, one for each `a=ice-ufrag` line (RFC 8839 §5.4).
pub fn username_fragments(sdp: &str) -> Vec<String> {
    let mut fragments = Vec::new();
    for fragment in lines(sdp, "a=ice-ufrag:") {
        fragments.push(fragment.into());
    }
    fragments
}

/// Whether the description itself carries this candidate. Its line may differ: Chromium leaves the fragment out.
pub fn holds_candidate(sdp: &str, candidate: &str) -> bool {
    let Some(candidate) = Candidate::parse(candidate) else { return false };
    lines(sdp, CANDIDATE).any(|line| Candidate::parse(line).is_some_and(|held| held.is_same_path(&candidate)))
}

/// Calls `each` with every candidate line of the description, without its `a=candidate:`.
pub fn each_candidate(sdp: &str, each: &mut dyn FnMut(&str)) {
    for line in lines(sdp, CANDIDATE) {
        each(line);
    }
}

/// The media sections: their `a=mid` (RFC 8843 §7), as far as they have one, and how many there are.
pub fn media_sections(sdp: &str) -> (Vec<String>, usize) {
    let mut mids = Vec::new();
    for mid in lines(sdp, "a=mid:") {
        mids.push(mid.into());
    }
    (mids, lines(sdp, "m=").count())
}

/// Whether the description says that its candidates are all (RFC 8840).
pub fn is_complete(sdp: &str) -> bool {
    lines(sdp, END_OF_CANDIDATES).any(str::is_empty)
}

/// The description of a side that has gathered all, which says so (RFC 9429 §5.2.2) where it holds candidates.
/// Firefox writes it, Chromium does not.
pub fn with_end_of_candidates(sdp: String) -> String {
    if is_complete(&sdp) {
        return sdp;
    }
    let mut described = String::with_capacity(sdp.len());
    // How the candidate before this line ended.
    let mut end = None;
    let mut lines = Pieces::new(&sdp, b'\n');
    while let Some(line) = lines.next() {
        let is_candidate = line.starts_with(CANDIDATE);
        if !is_candidate && let Some(end) = end {
            described.push_str(END_OF_CANDIDATES);
            described.push_str(end);
        }
        end = is_candidate.then_some(if line.ends_with('\r') { "\r\n" } else { "\n" });
        described.push_str(line);
        if lines.has_more() {
            described.push_str("\n");
        }
    }
    described
}

/// Whether Firefox wrote it: the user name of its `o=` line says so.
pub fn is_of_firefox(sdp: &str) -> bool {
    lines(sdp, "o=mozilla").next().is_some()
}

/// The first media section of the bundle, by its `a=mid`: that whose transport all in the bundle use (RFC 9143 §7.2).
pub fn bundle_tag(sdp: &str) -> Option<&str> {
    lines(sdp, "a=group:BUNDLE ").next()?.split(' ').next()
}

/// The DTLS role of the first media section (RFC 8842): `active`, `passive` or `actpass`.
pub fn setup(sdp: &str) -> Option<&str> {
    lines(sdp, SETUP).next()
}

/// The description with this DTLS role where it leaves the choice to the other side.
pub fn with_setup(sdp: &str, role: &str) -> String {
    let mut described = String::with_capacity(sdp.len());
    let mut lines = Pieces::new(sdp, b'\n');
    while let Some(line) = lines.next() {
        match line.strip_prefix(SETUP).and_then(|rest| rest.strip_prefix("actpass")) {
            Some(end) => {
                described.push_str(SETUP);
                described.push_str(role);
                described.push_str(end);
            }
            None => described.push_str(line),
        }
        if lines.has_more() {
            described.push_str("\n");
        }
    }
    described
}

/// What follows one prefix, line by line.
#[derive(Debug)]
struct Lines<'a> {
    lines: Pieces<'a>,
    prefix: &'static str,
}

const fn lines<'a>(sdp: &'a str, prefix: &'static str) -> Lines<'a> {
    Lines { lines: Pieces::new(sdp, b'\n'), prefix }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    // One copy of it for all callers.
    #[inline(never)]
    fn next(&mut self) -> Option<&'a str> {
        loop {
            if let Some(rest) = self.lines.next()?.strip_prefix(self.prefix) {
                return Some(rest.strip_suffix("\r").unwrap_or(rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_read_and_replaced_where_it_is_open() {
        let sdp = "v=0\r\nm=audio\r\na=setup:actpass\r\nm=video\r\na=setup:passive\r\na=x";
        assert_eq!(setup(sdp), Some("actpass"));
        let fixed = with_setup(sdp, "active");
        assert_eq!(fixed, "v=0\r\nm=audio\r\na=setup:active\r\nm=video\r\na=setup:passive\r\na=x");
        assert_eq!(with_setup(&fixed, "passive"), fixed);
        assert_eq!(setup("v=0\r\n"), None);
    }

    #[test]
    fn media_sections_are_counted_and_named_and_candidates_told() {
        let sdp = "v=0\r\na=mid:x\r\nm=audio 9\r\na=mid:0\r\na=candidate:1 x\r\nm=video 9\na=mid:v\n";
        assert_eq!(media_sections(sdp), (vec!["x".into(), "0".into(), "v".into()], 2));
        let mut told = Vec::new();
        each_candidate(sdp, &mut |line| told.push(String::from(line)));
        assert_eq!(told, ["1 x"]);
    }

    #[test]
    fn the_bundle_is_named_by_its_first_media_section() {
        assert_eq!(
            bundle_tag("v=0\r\na=group:LS 3\r\na=group:BUNDLE audio 1 2\r\nm=audio\r\n"),
            Some("audio")
        );
        assert_eq!(bundle_tag("v=0\r\na=group:BUNDLE 1\r\n"), Some("1"));
        assert_eq!(bundle_tag("v=0\r\na=group:BUNDLE\r\n"), None);
    }

    #[test]
    fn a_candidate_is_found_in_the_description_as_each_browser_writes_it() {
        let chromium = "candidate:622895554 1 udp 2113937151 e7fa.local 47679 typ host generation 0 ufrag cj2J network-cost 999";
        let sdp = "v=0\r\na=candidate:622895554 1 udp 2113937151 e7fa.local 47679 typ host generation 0 network-cost 999\r\n";
        assert!(holds_candidate(sdp, chromium));
        assert!(!holds_candidate(sdp, &chromium.replace("47679", "47680")));
        let firefox = "candidate:0 1 UDP 2122252543 9148.local 57924 typ host";
        assert!(holds_candidate(&format!("v=0\r\na={firefox}\r\n"), firefox));
        assert!(!holds_candidate(sdp, firefox) && !holds_candidate(sdp, ""));
    }

    #[test]
    fn the_end_of_candidates_is_written_once_behind_those_of_each_section() {
        let sdp = "v=0\r\nm=audio\r\na=candidate:1\r\na=candidate:2\r\na=x\r\nm=video\r\na=candidate:1\r\n";
        let complete = with_end_of_candidates(sdp.into());
        let end = "a=end-of-candidates\r\n";
        assert_eq!(
            complete,
            format!(
                "v=0\r\nm=audio\r\na=candidate:1\r\na=candidate:2\r\n{end}a=x\r\nm=video\r\na=candidate:1\r\n{end}"
            )
        );
        assert!(is_complete(&complete) && !is_complete(sdp));
        assert_eq!(with_end_of_candidates(complete.clone()), complete);
        assert!(!is_complete(&with_end_of_candidates("v=0\r\nm=audio\r\n".into())));
        let plain = with_end_of_candidates(sdp.replace('\r', ""));
        assert_eq!(plain, complete.replace('\r', ""), "as the other lines end");
    }
}
