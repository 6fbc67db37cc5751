//! Which `securitypolicyviolation` (Content Security Policy Level 3, §5.5) says that a socket is forbidden. Chromium tells nothing else
//! of a socket that a policy forbids, not even `close`; Firefox throws.

/// The fields of a `SecurityPolicyViolationEvent` that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation<'a> {
    /// `disposition`
    pub disposition: &'a str,
    /// `effectiveDirective`
    pub effective_directive: &'a str,
    /// `blockedURI`, from which a browser may leave the query out.
    pub blocked_uri: &'a str,
}

impl Violation<'_> {
    /// Returns whether the policy forbids a socket with this URL. A policy that only reports forbids nothing.
    pub fn forbids(&self, socket_url: &str) -> bool {
        self.disposition == "enforce"
            && self.effective_directive == "connect-src"
            && without_query(socket_url) == without_query(self.blocked_uri)
    }
}

fn without_query(url: &str) -> &str {
    url.find(['?', '#']).and_then(|end| url.get(..end)).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "wss://signal.example/path?token=1#x";

    fn violation(blocked_uri: &str) -> Violation<'_> {
        Violation { disposition: "enforce", effective_directive: "connect-src", blocked_uri }
    }

    #[test]
    fn a_report_about_the_url_forbids_the_socket_with_or_without_its_query() {
        for blocked in [URL, "wss://signal.example/path", "wss://signal.example/path?other"] {
            assert!(violation(blocked).forbids(URL), "{blocked}");
        }
        for blocked in ["wss://signal.example/", "wss://other.example/path", "inline", ""] {
            assert!(!violation(blocked).forbids(URL), "{blocked}");
        }
    }

    #[test]
    fn reports_of_other_directives_or_of_policies_that_only_report_forbid_nothing() {
        assert!(!Violation { disposition: "report", ..violation(URL) }.forbids(URL));
        assert!(!Violation { effective_directive: "img-src", ..violation(URL) }.forbids(URL));
    }
}
