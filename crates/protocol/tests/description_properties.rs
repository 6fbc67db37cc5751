//! What is read out of candidates and session descriptions: nothing in them panics, and what is written is what is read.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use proptest::prelude::*;
use signalpost_protocol::{Candidate, session_description};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_line_panics_as_a_candidate(line in any::<String>()) {
        let _ = Candidate::parse(&line);
        let _ = Candidate::parse(&format!("candidate:{line}"));
        let _ = session_description::holds_candidate(&line, &line);
        let _ = session_description::username_fragments(&line);
    }

    #[test]
    fn the_scanners_of_descriptions_see_lines_and_nothing_else(
        lines in prop::collection::vec(
            prop_oneof![
                Just("a=setup:actpass".to_string()),
                Just("a=setup:passive".to_string()),
                "a=ice-ufrag:[a-z+/]{1,6}",
                Just("xa=ice-ufrag:no".to_string()),
                Just(" a=setup:actpass".to_string()),
                "[^\r\n]{0,12}",
            ],
            0..12,
        ),
        end in prop_oneof![Just("\r\n"), Just("\n")],
    ) {
        let sdp = lines.iter().map(|line| format!("{line}{end}")).collect::<String>();
        let fragments: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("a=ice-ufrag:")).collect();
        prop_assert_eq!(session_description::username_fragments(&sdp), fragments);
        prop_assert_eq!(session_description::setup(&sdp), lines.iter().find_map(|line| line.strip_prefix("a=setup:")));
        let settled = session_description::with_setup(&sdp, "active");
        let expected = lines.iter().map(|line| format!("{}{end}", if line == "a=setup:actpass" { "a=setup:active" } else { line }));
        prop_assert_eq!(settled, expected.collect::<String>());
    }

    #[test]
    fn a_candidate_is_read_as_it_was_written(
        (foundation, component, priority, port) in ("[!-~]{1,40}", 1u16..=256, any::<u32>(), any::<u16>()),
        (transport, kind) in (
            prop_oneof![Just("udp"), Just("UDP"), Just("tcp")],
            prop_oneof![Just("host"), Just("srflx"), Just("prflx"), Just("relay")],
        ),
        address in prop_oneof![
            any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
            any::<std::net::Ipv6Addr>().prop_map(|address| address.to_string()),
            any::<std::net::Ipv6Addr>().prop_map(|address| format!("{address}%eth0")),
            "[a-z0-9-]{1,36}\\.local",
        ],
        fragment in prop::option::of("[!-~]{1,20}"),
        blanks in " {0,3}",
    ) {
        let more = fragment.as_ref().map(|text| format!(" generation 0 ufrag {text}")).unwrap_or_default();
        let line = format!("candidate:{foundation} {component} {transport} {priority} {address} {port} typ {kind}{more}{blanks}");
        let Some(read) = Candidate::parse(&line) else { return Err(TestCaseError::fail(line)) };
        prop_assert_eq!((read.foundation, read.component, read.transport), (&*foundation, component, transport));
        prop_assert_eq!((read.priority, read.address, read.port), (priority, &*address, port));
        prop_assert_eq!(read.username_fragment, fragment.as_deref());
        prop_assert_eq!(read.is_name(), address.ends_with(".local"));
        if let Ok(std::net::IpAddr::V4(v4)) = address.parse() {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            prop_assert_eq!(read.is_private(), v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared);
        }
    }

    #[test]
    fn no_damaged_candidate_panics_and_none_holds_a_line_break(at in 0usize..80, put in any::<char>()) {
        let mut line: Vec<char> =
            "candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 0.0.0.0 rport 0".chars().collect();
        line.insert(at, put);
        let line: String = line.into_iter().collect();
        if Candidate::parse(&line).is_some() {
            prop_assert!(line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{}", line);
        }
    }
}
