use super::*;

/// A description of one media section.
fn sdp(fragment: &str) -> String {
    format!("v=0\r\nm=application 9 X Y\r\na=ice-ufrag:{fragment}\r\na=mid:0\r\n")
}

fn init(fragment: &str) -> IceCandidateInit {
    IceCandidateInit {
        candidate: "candidate:1 1 udp 1 192.0.2.1 1 typ host".into(),
        username_fragment: Some(fragment.into()),
        sdp_mid: Some("0".into()),
        ..IceCandidateInit::default()
    }
}

/// `init(fragment)` as it is given to the browser after so many restarts.
fn after(restarts: u32, fragment: &str) -> IceCandidateInit {
    let init = init(fragment);
    let generation = restarts.saturating_mul(2).saturating_add(1);
    IceCandidateInit { candidate: format!("{} generation {generation}", init.candidate), ..init }
}

fn at(port: usize) -> IceCandidateInit {
    IceCandidateInit { candidate: format!("candidate:1 1 udp 1 192.0.2.1 {port} typ host"), ..init("a") }
}

fn ready(remote: &mut IncomingCandidates, candidates: Vec<IceCandidateInit>) -> Vec<IceCandidateInit> {
    remote.handle_batch(candidates, None).ready
}

#[test]
fn early_candidates_wait_and_dead_ones_go() {
    let mut remote = IncomingCandidates::default();
    assert_eq!(remote.handle_batch(vec![init("a")], None), Arrived::default());
    assert_eq!(remote.handle_batch(vec![init("old")], Some("a".into())), Arrived::default());
    let arrived = remote.handle_description(&sdp("a"));
    assert_eq!(
        arrived.ready,
        [init("a")],
        "an end that came early was that of a gathering that was rolled back"
    );
    assert_eq!(arrived.dropped, [DEAD]);
    let end = remote.handle_batch(vec![], Some("a".into())).ready;
    assert_eq!(end.len(), 1);
    assert_eq!(end[0].candidate, "");
    assert_eq!(ready(&mut remote, vec![at(2), init("b")]), [at(2)]);
    assert_eq!(remote.handle_description(&sdp("b")).ready, [after(1, "b")]);
    assert!(ready(&mut remote, vec![init("a")]).is_empty(), "the generation of a is over");
}

#[test]
fn a_rollback_returns_to_the_generation_before() {
    let mut remote = IncomingCandidates::default();
    remote.handle_description(&sdp("a"));
    remote.handle_description(&sdp("b"));
    remote.handle_rollback();
    assert_eq!(ready(&mut remote, vec![init("a"), init("b")]), [after(1, "a")]);
}

#[test]
fn a_line_that_says_its_generation_and_the_end_of_candidates_are_given_as_they_are() {
    let mut remote = IncomingCandidates::default();
    remote.handle_description(&sdp("a"));
    remote.handle_description(&sdp("b"));
    remote.handle_description(&format!("{}a=x\r\n", sdp("b")));
    let chromium = after(0, "b");
    let ready = remote.handle_batch(vec![init("b"), chromium.clone()], Some("b".into())).ready;
    assert_eq!(ready[..2], [after(1, "b"), chromium]);
    assert_eq!(ready[2].candidate, "");
}

#[test]
fn what_waits_is_bounded() {
    let mut remote = IncomingCandidates::default();
    let mut dropped = 0;
    for port in 0..1000 {
        dropped += remote.handle_batch(vec![at(port)], None).dropped.len();
    }
    assert_eq!(dropped, 1000 - MAX_HELD);
    assert_eq!(remote.handle_description(&sdp("a")).ready.len(), MAX_HELD);
    assert_eq!(remote.count().used.host as usize, MAX_HELD);
}

#[test]
fn a_flood_of_one_generation_ends_and_the_next_begins_anew() {
    let mut remote = IncomingCandidates::default();
    remote.handle_description(&sdp("a"));
    let given = (0..1000).map(|port| ready(&mut remote, vec![at(port)]).len()).sum::<usize>();
    assert_eq!(given, MAX_APPLIED);
    assert_eq!(usize::from(remote.count().dropped), 1000 - MAX_APPLIED);
    assert_eq!(remote.handle_batch(vec![], Some("a".into())).ready.len(), 1, "the end passes");
    remote.handle_description(&sdp("b"));
    assert_eq!(ready(&mut remote, vec![init("b")]).len(), 1);
    assert_eq!(remote.count(), Side { dropped: 0, ..remote.count() });
    assert_eq!(remote.count().found.host, 1);
}

#[test]
fn the_browser_gets_a_candidate_once_until_the_next_description() {
    let mut remote = IncomingCandidates::default();
    remote.handle_description(&sdp("a"));
    assert_eq!(ready(&mut remote, vec![init("a"), init("a")]).len(), 1);
    let other_section = IceCandidateInit { sdp_mid: None, sdp_m_line_index: Some(0), ..init("a") };
    assert_eq!(
        ready(&mut remote, vec![other_section]).len(),
        1,
        "a TCP candidate is the same in each section"
    );
    remote.handle_description(&sdp("a"));
    assert_eq!(
        ready(&mut remote, vec![init("a")]).len(),
        1,
        "a description that is set anew may have forgotten it"
    );
}

#[test]
fn a_candidate_of_a_media_section_that_is_not_there_waits_for_it_in_vain() {
    let mut remote = IncomingCandidates::default();
    remote.handle_description(&sdp("a"));
    let of = |mid: Option<&str>, index| IceCandidateInit {
        sdp_mid: mid.map(String::from),
        sdp_m_line_index: index,
        ..init("a")
    };
    assert_eq!(ready(&mut remote, vec![of(Some("1"), None), of(None, Some(1)), of(Some("x"), Some(0))]), []);
    assert_eq!(remote.handle_batch(vec![of(None, None)], None).dropped, [NO_SECTION]);
    let two = format!("{}m=audio 9 X Y\r\na=ice-ufrag:a\r\na=mid:1\r\n", sdp("a"));
    let arrived = remote.handle_description(&two);
    assert_eq!(arrived.ready, [of(Some("1"), None), of(None, Some(1))]);
    assert_eq!(arrived.dropped, [DEAD]);
    assert_eq!(remote.count().dropped, 2);
}

#[test]
fn those_in_the_description_count_and_are_not_bounded() {
    let mut remote = IncomingCandidates::default();
    let lines = (0..100).map(|port| format!("a={}\r\n", at(port).candidate)).collect::<String>();
    remote.handle_description(&format!("{}{lines}", sdp("a")));
    assert_eq!((remote.count().found.host, remote.count().used.host), (100, 100));
    assert_eq!(ready(&mut remote, vec![at(101)]).len(), 1);
}
