//! What the operation script cannot see: time, paths, agreement. The script itself runs in `tests/operations.rs`.

use super::*;

struct Pair {
    now: Milliseconds,
    network: Network,
    a: ModelPeerConnection,
    b: ModelPeerConnection,
    events: [Vec<Event>; 2],
    /// Whether candidates reach the other side.
    trickles: bool,
}

impl Pair {
    fn new(flavor: Flavor) -> Self {
        let [a, b] = [1, 2].map(|seed| ModelPeerConnection::new(seed, flavor));
        Self { now: 0, network: Network::new(5), a, b, events: Default::default(), trickles: true }
    }

    fn pass(&mut self, time: Milliseconds) {
        for _ in 0..time {
            self.now += 1;
            self.network.observe(self.now, &mut self.a, &mut self.b);
            while let Some(output) = self.a.poll_output() {
                Self::deliver(self.now, self.trickles, &output.event, &mut self.b);
                self.events[0].push(output.event);
            }
            while let Some(output) = self.b.poll_output() {
                Self::deliver(self.now, self.trickles, &output.event, &mut self.a);
                self.events[1].push(output.event);
            }
        }
    }

    fn deliver(now: Milliseconds, trickles: bool, event: &Event, to: &mut ModelPeerConnection) {
        if let (true, Event::IceCandidate(Some(init))) = (trickles, event) {
            to.add_ice_candidate(now, 99, init.clone());
        }
    }

    fn negotiate(&mut self) {
        self.a.set_local_description(self.now, 1, None);
        self.pass(10);
        self.b.set_remote_description(self.now, 1, self.a.local_description().unwrap());
        self.b.set_local_description(self.now, 2, None);
        self.pass(30);
        self.a.set_remote_description(self.now, 2, self.b.local_description().unwrap());
        self.pass(10);
    }

    fn connected(flavor: Flavor) -> Self {
        let mut pair = Self::new(flavor);
        pair.a.create_data_channel(0, "x", Some(0)).unwrap();
        pair.b.create_data_channel(0, "x", Some(0)).unwrap();
        pair.negotiate();
        pair.pass(500);
        assert_eq!(pair.a.connection_state(), ConnectionState::Connected);
        assert_eq!(pair.b.connection_state(), ConnectionState::Connected);
        pair
    }
}

#[test]
fn a_negotiated_pair_agrees_and_its_channels_open() {
    let pair = Pair::connected(Flavor::SPECIFICATION);
    assert_eq!(agreement(&pair.a, &pair.b), Ok(()));
    assert!(pair.events.iter().all(|events| events.contains(&Event::ChannelOpen(0))));
}

#[test]
fn a_channel_made_on_one_side_is_announced_to_the_other() {
    let mut pair = Pair::new(Flavor::CHROMIUM);
    pair.a.create_data_channel(0, "chat", None).unwrap();
    pair.negotiate();
    pair.pass(500);
    assert!(pair.events[1].contains(&Event::DataChannel(0)));
    assert_eq!(pair.b.channels()[0].label, "chat");
    assert!(pair.events.iter().all(|events| events.contains(&Event::ChannelOpen(0))));
}

#[test]
fn a_track_that_was_not_negotiated_is_a_disagreement() {
    let mut pair = Pair::connected(Flavor::SPECIFICATION);
    pair.a.add_track(pair.now, MediaKind::Video).unwrap();
    assert_eq!(agreement(&pair.a, &pair.b), Err(Disagreement::NotQuiet));
    pair.negotiate();
    assert_eq!(agreement(&pair.a, &pair.b), Ok(()));
}

#[test]
fn an_offer_that_the_other_never_saw_is_a_disagreement() {
    let mut pair = Pair::connected(Flavor::SPECIFICATION);
    let mut other = Pair::new(Flavor::SPECIFICATION);
    other.b = ModelPeerConnection::new(3, Flavor::SPECIFICATION);
    other.a.create_data_channel(0, "x", Some(0)).unwrap();
    other.negotiate();
    assert_eq!(agreement(&other.a, &other.b), Ok(()));
    assert_eq!(agreement(&pair.a, &other.b), Err(Disagreement::Descriptions));
    pair.a.set_local_description(pair.now, 7, None);
    pair.pass(10);
    assert_eq!(agreement(&pair.a, &pair.b), Err(Disagreement::NotStable(SignalingState::HaveLocalOffer)));
}

#[test]
fn without_a_candidate_of_the_other_the_state_stays_new() {
    let mut pair = Pair::new(Flavor::CHROMIUM);
    pair.trickles = false;
    pair.a.create_data_channel(0, "x", Some(0)).unwrap();
    pair.a.set_local_description(0, 1, None);
    // Taken before any candidate was gathered.
    let bare =
        |text: String| text.split_inclusive("\r\n").filter(|it| !it.starts_with("a=candidate")).collect();
    pair.pass(10);
    let offer = pair.a.local_description().unwrap();
    pair.b.set_remote_description(pair.now, 1, Description { sdp: bare(offer.sdp), ..offer });
    pair.pass(60_000);
    assert_eq!(pair.b.connection_state(), ConnectionState::New);
}

#[test]
fn generations_that_never_match_fail_in_their_time() {
    let mut pair = Pair::new(Flavor::SPECIFICATION);
    let mut stranger = Pair::new(Flavor::SPECIFICATION);
    stranger.b = ModelPeerConnection::new(3, Flavor::SPECIFICATION);
    pair.a.create_data_channel(0, "x", Some(0)).unwrap();
    pair.a.set_local_description(0, 1, None);
    pair.pass(10);
    let offer = pair.a.local_description().unwrap();
    stranger.b.set_remote_description(0, 1, offer.clone());
    stranger.b.set_local_description(0, 2, None);
    stranger.pass(100);
    pair.b.set_remote_description(pair.now, 1, offer);
    pair.b.set_local_description(pair.now, 2, None);
    pair.a.set_remote_description(pair.now, 2, stranger.b.local_description().unwrap());
    pair.pass(20);
    assert_eq!(pair.a.connection_state(), ConnectionState::Connecting);
    pair.pass(14_900);
    assert_eq!(pair.a.connection_state(), ConnectionState::Connecting);
    pair.pass(200);
    assert_eq!(pair.a.connection_state(), ConnectionState::Failed);
}

#[test]
fn a_silent_path_disconnects_and_heals_or_fails() {
    for (flavor, last) in [(Flavor::CHROMIUM, ChannelState::Open), (Flavor::FIREFOX, ChannelState::Closed)] {
        let mut pair = Pair::connected(flavor);
        pair.network.cut = true;
        pair.pass(6_000);
        assert_eq!(pair.a.connection_state(), ConnectionState::Disconnected);
        pair.network.cut = false;
        pair.pass(10);
        assert_eq!(pair.a.connection_state(), ConnectionState::Connected);
        pair.network.cut = true;
        pair.pass(20_000);
        assert_eq!(pair.a.connection_state(), ConnectionState::Failed);
        assert_eq!(pair.a.channels()[0].state, last);
        pair.network.cut = false;
        pair.a.restart_ice(pair.now);
        pair.negotiate();
        pair.pass(500);
        assert_eq!(pair.a.connection_state(), ConnectionState::Connected);
        assert_eq!(pair.a.channels()[0].state, last);
    }
}

#[test]
fn a_close_ends_what_runs_without_settling_it() {
    let mut pair = Pair::connected(Flavor::SPECIFICATION);
    pair.events = Default::default();
    pair.a.set_local_description(pair.now, 50, None);
    pair.a.close(pair.now);
    pair.pass(1000);
    assert_eq!(pair.events[0], []);
    assert_eq!(pair.a.poll_timeout(), None);
    assert_eq!(pair.b.channels()[0].state, ChannelState::Closed);
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let [one, other] = [1, 2].map(|_| Pair::connected(Flavor::CHROMIUM).events);
    assert_eq!(one, other);
}
