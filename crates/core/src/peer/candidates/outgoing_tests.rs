use super::*;
use signalpost_protocol::CandidateType;

const SDP: &str = "v=0\r\na=ice-ufrag:gen1\r\n";
const NEXT: &str = "v=0\r\na=ice-ufrag:gen2\r\n";

fn line(text: &str) -> IceCandidateInit {
    IceCandidateInit {
        candidate: format!("candidate:1 1 {text}"),
        username_fragment: Some("gen1".into()),
        ..IceCandidateInit::default()
    }
}

fn of(kind: &str, port: u16) -> IceCandidateInit {
    line(&format!("udp 1 192.0.2.1 {port} typ {kind}"))
}

fn host(port: u16) -> IceCandidateInit {
    of("host", port)
}

fn tcp(port: u16) -> IceCandidateInit {
    line(&format!("tcp 1 192.0.2.1 {port} typ host tcptype active"))
}

fn options(max_per_generation: u16) -> CandidateOptions {
    CandidateOptions { max_per_generation, ..CandidateOptions::default() }
}

fn batch() -> OutgoingCandidates {
    batch_with(CandidateOptions::default())
}

fn batch_with(options: CandidateOptions) -> OutgoingCandidates {
    let mut batch = OutgoingCandidates::new(options, false);
    batch.handle_description(Time(0), SDP);
    batch
}

/// Everything that was ever due, in order, with the time at which it was.
fn drain(batch: &mut OutgoingCandidates) -> Vec<(Time, Due)> {
    let mut all = Vec::new();
    while let Some(at) = batch.poll_timeout() {
        all.extend(batch.poll(at).map(|due| (at, due)));
    }
    all
}

fn kinds(batch: &mut OutgoingCandidates) -> Vec<CandidateType> {
    let all = drain(batch).into_iter().flat_map(|(_, due)| due.candidates);
    all.map(|init| Candidate::parse(&init.candidate).unwrap().kind).collect()
}

fn count(kinds: &[CandidateType], kind: CandidateType) -> usize {
    kinds.iter().filter(|known| **known == kind).count()
}

#[test]
fn a_kind_not_yet_sent_is_due_at_once_and_the_next_of_it_waits() {
    let mut batch = batch();
    batch.push(Time(10), host(1));
    assert_eq!(batch.poll_timeout(), Some(Time(10)));
    assert_eq!(batch.poll(Time(10)).unwrap().candidates, [host(1)]);
    batch.push(Time(20), host(2));
    assert_eq!(batch.poll_timeout(), Some(Time(120)));
    assert_eq!(batch.poll(Time(119)), None);
    batch.push(Time(30), of("srflx", 3));
    assert_eq!(batch.poll_timeout(), Some(Time(30)), "a new kind takes those that wait along");
    assert_eq!(batch.poll(Time(30)).unwrap().candidates, [of("srflx", 3), host(2)]);
    assert_eq!(batch.poll_timeout(), None);
}

#[test]
fn what_is_found_in_one_tick_travels_in_one_batch() {
    let mut batch = batch();
    batch.push(Time(10), host(1));
    batch.push(Time(10), host(2));
    batch.push(Time(10), of("srflx", 3));
    assert_eq!(drain(&mut batch).len(), 1);
}

#[test]
fn the_wait_and_the_size_are_settable() {
    let options = CandidateOptions { batch_ms: 40, batch_size: 2, ..CandidateOptions::default() };
    let mut batch = batch_with(options);
    batch.push(Time(0), host(1));
    batch.poll(Time(0)).unwrap();
    batch.push(Time(5), host(2));
    assert_eq!(batch.poll_timeout(), Some(Time(45)), "the first of a batch starts the wait");
    batch.push(Time(30), host(3));
    assert_eq!(batch.poll_timeout(), Some(Time(30)), "two are a batch");
    assert_eq!(batch.poll(Time(30)).unwrap().candidates.len(), 2);
}

#[test]
fn the_fifth_closes_the_batch_once_connected_too() {
    let mut batch = batch();
    batch.handle_connected();
    for (at, init) in [host(1), of("srflx", 2), of("relay", 3), of("srflx", 4)].into_iter().enumerate() {
        batch.push(Time(at as u64), init);
        assert_eq!(batch.poll_timeout(), Some(Time(100)), "no kind is urgent once connected");
    }
    batch.push(Time(50), of("srflx", 5));
    assert_eq!(batch.poll_timeout(), Some(Time(50)));
}

#[test]
fn inside_a_batch_the_most_useful_come_first() {
    let private = line("udp 1 192.168.1.2 1 typ host");
    let hidden = line("udp 1 2c1d.local 1 typ host");
    let mut batch = batch();
    for init in [of("relay", 1), private.clone(), hidden.clone(), host(2), of("srflx", 3)] {
        batch.push(Time(0), init);
    }
    let due = batch.poll(Time(0)).unwrap().candidates;
    assert_eq!(due, [of("srflx", 3), host(2), private, hidden, of("relay", 1)]);
}

#[test]
fn the_same_path_is_sent_once() {
    let mut batch = batch();
    batch.push(Time(0), host(1));
    batch.push(Time(0), host(1));
    batch.push(
        Time(0),
        IceCandidateInit { candidate: host(1).candidate.replace("udp 1", "UDP 77"), ..host(1) },
    );
    batch.push(Time(0), tcp(9));
    batch.push(Time(0), tcp(9));
    assert_eq!(batch.poll(Time(0)).unwrap().candidates.len(), 1);
    batch.push(Time(1), host(1));
    batch.handle_end(Time(1));
    let rest = drain(&mut batch);
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].1.candidates, [tcp(9)]);
}

#[test]
fn ten_are_sent_with_places_kept_for_srflx_and_relay() {
    let mut batch = batch();
    for port in 0..20 {
        batch.push(Time(0), host(port));
    }
    for port in 20..25 {
        batch.push(Time(0), of("srflx", port));
    }
    for port in 30..40 {
        batch.push(Time(0), of("relay", port));
    }
    batch.handle_end(Time(0));
    let sent = kinds(&mut batch);
    assert_eq!(sent.len(), 10);
    assert_eq!(count(&sent, CandidateType::Host), 5);
    assert_eq!(count(&sent, CandidateType::ServerReflexive), 2);
    assert_eq!(count(&sent, CandidateType::Relayed), 3);
}

#[test]
fn places_that_nobody_needs_are_given_away_at_the_end() {
    let mut batch = batch();
    (0..9).for_each(|port| batch.push(Time(0), host(port)));
    batch.push(Time(0), tcp(9));
    batch.push(Time(0), tcp(10));
    assert_eq!(batch.poll(Time(0)).unwrap().candidates.len(), 5);
    batch.handle_end(Time(50));
    let (at, due) = drain(&mut batch).remove(0);
    assert_eq!(at, Time(150));
    assert_eq!(due.candidates, [host(5), host(6), host(7), host(8), tcp(9)], "TCP comes last");
    assert_eq!(due.end.as_deref(), Some("gen1"));
}

#[test]
fn a_lower_cap_keeps_fewer_places_and_a_higher_one_does_not_exist() {
    for (cap, hosts) in [(1, 1), (3, 3), (5, 3), (10, 5), (50, 5)] {
        let mut batch = batch_with(options(cap));
        (0..20).for_each(|port| batch.push(Time(0), host(port)));
        assert_eq!(batch.poll(Time(0)).unwrap().candidates.len(), hosts, "cap {cap}");
        batch.handle_end(Time(0));
        let rest: usize = drain(&mut batch).iter().map(|(_, due)| due.candidates.len()).sum();
        assert_eq!(hosts + rest, usize::from(cap.min(10)), "cap {cap}");
    }
}

#[test]
fn the_end_is_told_once_and_passes_without_candidates() {
    let mut batch = batch();
    batch.handle_end(Time(0));
    batch.handle_end(Time(3));
    assert_eq!(drain(&mut batch), [(Time(100), Due { candidates: vec![], end: Some("gen1".into()) })]);
    batch.handle_end(Time(200));
    assert_eq!(batch.poll_timeout(), None);
    batch.push(Time(200), host(1));
    assert_eq!(
        drain(&mut batch),
        [(Time(200), Due { candidates: vec![host(1)], end: None })],
        "a late one is no harm"
    );
}

#[test]
fn the_end_passes_when_the_cap_is_reached() {
    let mut batch = batch_with(options(2));
    (0..5).for_each(|port| batch.push(Time(0), host(port)));
    drain(&mut batch);
    batch.handle_end(Time(1));
    assert_eq!(drain(&mut batch)[0].1.end.as_deref(), Some("gen1"));
}

#[test]
fn once_connected_the_end_rides_with_the_next_frame() {
    let mut batch = batch();
    batch.push(Time(0), host(1));
    batch.poll(Time(0)).unwrap();
    assert_eq!(batch.flush_with(), None, "nothing goes along before");
    batch.handle_connected();
    batch.handle_end(Time(10));
    assert_eq!(batch.poll_timeout(), None);
    assert_eq!(batch.flush_with().unwrap().end.as_deref(), Some("gen1"));
    assert_eq!(batch.flush_with(), None);
}

#[test]
fn an_end_that_waits_when_the_pair_is_connected_waits_for_the_next_frame() {
    let mut batch = batch();
    batch.push(Time(0), host(1));
    batch.poll(Time(0)).unwrap();
    batch.handle_end(Time(1));
    assert_eq!(batch.poll_timeout(), Some(Time(101)));
    batch.handle_connected();
    assert_eq!(batch.poll_timeout(), None);
    assert_eq!(batch.flush_with().unwrap().end.as_deref(), Some("gen1"));
}

#[test]
fn early_candidates_wait_for_their_description_unless_it_holds_them() {
    let mut batch = OutgoingCandidates::new(CandidateOptions::default(), false);
    batch.hold(Some(host(1)));
    batch.hold(Some(host(2)));
    batch.hold(None);
    batch.hold(None);
    assert_eq!(batch.poll_timeout(), None);
    let held = host(1).candidate.replace("candidate:", "a=candidate:");
    batch.handle_description(Time(7), &format!("{SDP}{held}\r\n"));
    let due = drain(&mut batch);
    assert_eq!(due, [(Time(7), Due { candidates: vec![host(2)], end: Some("gen1".into()) })]);
}

#[test]
fn what_waits_for_a_description_is_bounded() {
    let mut batch = OutgoingCandidates::new(options(10), false);
    (0..1000).for_each(|port| batch.hold(Some(of("srflx", port))));
    assert_eq!(batch.early.candidates.len(), MAX_EARLY);
}

#[test]
fn a_new_generation_drops_the_old_and_begins_anew() {
    let mut batch = batch();
    batch.push(Time(0), host(1));
    batch.poll(Time(0)).unwrap();
    batch.push(Time(1), host(2));
    batch.handle_end(Time(2));
    batch.handle_description(Time(3), NEXT);
    assert_eq!(batch.poll_timeout(), None, "what waited is of a dead generation");
    batch.push(Time(4), host(3));
    assert_eq!(batch.poll_timeout(), None, "and so is what comes late");
    let fresh = IceCandidateInit { username_fragment: Some("gen2".into()), ..host(1) };
    batch.push(Time(5), fresh.clone());
    assert_eq!(
        batch.poll(Time(5)).unwrap().candidates,
        [fresh],
        "a kind new in this generation, sent before in the old"
    );
    batch.handle_end(Time(6));
    assert_eq!(drain(&mut batch)[0].1.end.as_deref(), Some("gen2"));
}

#[test]
fn the_fragment_is_read_in_the_line_where_the_event_has_none() {
    let mut batch = batch();
    let bare = |text: &str| IceCandidateInit { username_fragment: None, ..line(text) };
    batch.push(Time(0), bare("udp 1 192.0.2.1 1 typ host ufrag old"));
    assert_eq!(batch.poll_timeout(), None);
    batch.push(Time(0), bare("udp 1 192.0.2.1 1 typ host ufrag gen1"));
    batch.push(Time(0), bare("udp 1 192.0.2.1 2 typ host"));
    assert_eq!(batch.poll(Time(0)).unwrap().candidates.len(), 2);
}

#[test]
fn a_media_section_more_is_the_same_generation() {
    let mut batch = batch();
    batch.push(Time(0), host(1));
    batch.poll(Time(0)).unwrap();
    batch.push(Time(1), host(2));
    batch.handle_end(Time(1));
    batch.handle_description(Time(2), "v=0\r\na=ice-ufrag:gen1\r\nm=video\r\na=ice-ufrag:gen1\r\n");
    batch.push(Time(3), host(1));
    let due = drain(&mut batch);
    assert_eq!(due, [(Time(101), Due { candidates: vec![host(2)], end: Some("gen1".into()) })]);
}

#[test]
fn again_repeats_the_whole_generation_in_one_batch() {
    let mut batch = batch();
    assert_eq!(batch.again(), None);
    batch.push(Time(0), host(1));
    batch.poll(Time(0)).unwrap();
    batch.push(Time(1), of("relay", 2));
    let all = [host(1), of("relay", 2)];
    assert_eq!(batch.again().unwrap(), Due { candidates: all.to_vec(), end: None });
    assert_eq!(batch.poll_timeout(), None, "what waited went along");
    batch.handle_end(Time(2));
    batch.take().unwrap();
    let all = Due { candidates: all.to_vec(), end: Some("gen1".into()) };
    assert_eq!(batch.again().as_ref(), Some(&all));
    assert_eq!(batch.again(), Some(all), "as often as the link is lost");
}

#[test]
fn a_line_that_is_no_candidate_is_not_sent() {
    let mut batch = batch();
    batch.push(Time(0), IceCandidateInit { candidate: "candidate:x".into(), ..host(1) });
    batch.push(Time(0), IceCandidateInit { candidate: String::new(), ..host(1) });
    assert_eq!(batch.poll_timeout(), None);
}

#[path = "outgoing_places_tests.rs"]
mod places;
