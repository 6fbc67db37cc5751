//! The scripts of a room, on a real Redis.

use super::difference::{Notice, difference};
use super::plan::Changes;
use super::steps::{Act, Acted, Actor, Effect, RoomSteps};
use crate::engine::{AwayReason, LeaveReason};
use crate::redis::config::{Clock, Config};
use crate::redis::error::StoreError;
use crate::redis::node::Node;
use crate::redis::scripts::all;
use crate::redis::seats::Known;
use crate::redis::store::Store;
use signalpost_lab::{RedisOptions, RedisServer, Reply};
use signalpost_protocol::{PeerId, RoomName, SplitMix64};
use std::collections::{BTreeMap, BTreeSet};

/// A room on a server of its own.
struct World {
    server: RedisServer,
    node: Node,
    other: Node,
    room: RoomName,
    now: u64,
}

async fn node(server: &RedisServer, name: &str) -> Node {
    let mut config = Config::parse(&server.url()).unwrap();
    config.clock = Clock::Told;
    let store = Store::connect(config.clone()).await.unwrap();
    Node::new(store, config, name)
}

impl World {
    async fn new() -> Self {
        let server = RedisServer::start(RedisOptions::default()).await.unwrap();
        let (one, other) = (node(&server, "one").await, node(&server, "other").await);
        Self { node: one, other, server, room: RoomName::parse("r").unwrap(), now: 1_000_000 }
    }

    fn steps(&self) -> RoomSteps<'_> {
        RoomSteps { node: &self.node, now: self.now, is_patient: true }
    }

    async fn act(&self, name: &str, session: u64, turn: u64, act: Act<'_>) -> Acted {
        let peer = id(name);
        self.steps().act(&self.room, Actor { peer: &peer, session, turn }, act).await.unwrap()
    }

    async fn join(&self, name: &str, session: u64, op: u64) -> Acted {
        let info = info(name);
        self.act(name, session, 1, Act::Join { op, info: &info, deadline: None }).await
    }

    async fn changes(&self, since: u64) -> Changes {
        self.steps().changes(&self.room, since).await.unwrap()
    }

    /// The members that somebody who is not among them reads.
    async fn members(&self, from: u64) -> (Vec<PeerId>, Option<u64>) {
        let sender = Actor { peer: &id("nobody"), session: 1, turn: 1 };
        self.steps().members(&self.room, sender, from).await.unwrap()
    }

    async fn present(&self) -> Vec<String> {
        let page = self.steps().page(&self.room, None, 100).await.unwrap();
        page.entries.iter().map(|entry| entry.peer.to_string()).collect()
    }

    /// The members that each node is said to own.
    async fn owners(&self) -> BTreeMap<String, String> {
        let head = self.node.keys.room(&self.room)[0].clone();
        let fields = self.server.command(&["HGETALL", &head]).await.unwrap();
        let pairs = fields.list().chunks(2).map(|pair| (pair[0].text().into(), pair[1].text().into()));
        pairs.filter(|(field, _): &(String, String)| field.starts_with("node:")).collect()
    }
}

fn id(name: &str) -> PeerId {
    PeerId::parse(name).unwrap()
}

fn info(name: &str) -> String {
    format!(r#"{{"id":"{name}","session":1}}"#)
}

const LEFT: Act<'_> = Act::Leave { op: 2 };
const LOST: Act<'_> = Act::Away(AwayReason::Lost);

#[tokio::test]
async fn redis_takes_every_script_under_its_hash_and_each_is_explained() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    for script in all() {
        let loaded = server.command(&["SCRIPT", "LOAD", &script.source]).await.unwrap();
        assert_eq!(loaded.text(), script.sha, "{}", script.name);
        let keys = format!("scripts/{}.lua", script.name);
        let file =
            std::fs::read_to_string(format!("{}/src/redis/{keys}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let head: String = file.lines().take_while(|line| line.starts_with("--")).collect();
        assert!(["KEYS", "ARGV", "Repl"].iter().all(|word| head.contains(word)), "{keys}");
    }
}

#[tokio::test]
async fn what_is_repeated_changes_nothing_and_what_is_late_is_ignored() {
    let world = World::new().await;
    let joined = world.join("ada", 10, 1).await;
    assert_eq!((joined.effect, joined.members, joined.own), (Effect::Changed, 1, joined.version));
    assert_eq!(world.join("ada", 10, 1).await, Acted { effect: Effect::Same, ..joined });
    assert_eq!(world.join("ada", 10, 3).await.effect, Effect::Same, "a member that enters again");
    assert_eq!(world.act("ada", 10, 1, LEFT).await.effect, Effect::Late, "it has entered since");
    assert_eq!(world.present().await, ["ada"]);
    let away = world.act("ada", 10, 4, LOST).await;
    assert_eq!((away.effect, away.version > joined.version), (Effect::Changed, true));
    assert_eq!(world.act("ada", 10, 4, LOST).await.effect, Effect::Same);
    let back =
        |turn| world.act("ada", 10, turn, Act::Back { info: r#"{"id":"ada","session":1}"#, was_away: true });
    assert_eq!(back(3).await.effect, Effect::Late);
    assert!(world.present().await.is_empty());
    assert_eq!(back(5).await.effect, Effect::Changed);
    assert_eq!(world.act("ada", 10, 4, LOST).await.effect, Effect::Late);
    assert_eq!(world.present().await, ["ada"]);
    // A session that has ended does not come back, and the end of a former one touches no later one.
    assert_eq!(world.act("ada", 10, 0, Act::End(LeaveReason::Closed)).await.effect, Effect::Changed);
    assert_eq!(world.join("ada", 10, 9).await.effect, Effect::Late);
    assert_eq!(world.act("ada", 10, 6, LOST).await.effect, Effect::Late);
    assert_eq!(world.join("ada", 11, 1).await.effect, Effect::Changed);
    assert_eq!(world.act("ada", 10, 0, Act::End(LeaveReason::Lost)).await.effect, Effect::Late);
    assert_eq!(world.present().await, ["ada"]);
    // A later session ends the stay of one that nobody has ended yet.
    let again = world.join("ada", 12, 1).await;
    assert_eq!((again.effect, again.members), (Effect::Changed, 1));
    let entry = world.steps().peer(&world.room, &id("ada")).await.unwrap().unwrap();
    assert_eq!((entry.session, entry.stay), (12, again.version));
    assert_eq!(world.steps().peer(&world.room, &id("bob")).await.unwrap(), None);
}

#[tokio::test]
async fn a_join_that_arrives_after_its_deadline_is_refused() {
    let world = World::new().await;
    let info = info("ada");
    let join = |deadline| world.act("ada", 10, 1, Act::Join { op: 1, info: &info, deadline: Some(deadline) });
    assert_eq!(join(world.now - 1).await.effect, Effect::Expired);
    assert!(world.present().await.is_empty());
    assert_eq!(join(world.now).await.effect, Effect::Changed);
}

/// A node sleeps between the wish of a session and its entry; meanwhile another node ends the session.
#[tokio::test]
async fn a_join_that_arrives_after_the_end_of_its_session_makes_no_ghost() {
    let world = World::new().await;
    world.act("ada", 10, 0, Act::End(LeaveReason::Closed)).await;
    assert_eq!(world.join("ada", 10, 7).await.effect, Effect::Late);
    assert!(world.present().await.is_empty());
    assert_eq!(world.join("ada", 11, 1).await.effect, Effect::Changed);
    world.act("ada", 12, 0, Act::End(LeaveReason::Closed)).await;
    assert_eq!(world.join("ada", 12, 7).await.effect, Effect::Late);
    assert!(world.present().await.is_empty());
}

#[tokio::test]
async fn a_node_counts_as_long_as_it_owns_a_member() {
    let world = World::new().await;
    world.join("ada", 1, 1).await;
    world.join("bob", 2, 1).await;
    let one = format!("node:{}", world.node.channel);
    assert_eq!(world.owners().await, BTreeMap::from([(one.clone(), "2".into())]));
    world.act("ada", 1, 2, LOST).await;
    assert_eq!(world.owners().await, BTreeMap::from([(one.clone(), "1".into())]));
    let peer = id("ada");
    let elsewhere = RoomSteps { node: &world.other, now: world.now, is_patient: true };
    let actor = Actor { peer: &peer, session: 1, turn: 3 };
    let text = info("ada");
    elsewhere.act(&world.room, actor, Act::Back { info: &text, was_away: true }).await.unwrap();
    let other = format!("node:{}", world.other.channel);
    let both = [(one, "1".into()), (other.clone(), "1".into())];
    assert_eq!(world.owners().await, BTreeMap::from(both));
    world.act("bob", 2, 0, Act::End(LeaveReason::Lost)).await;
    assert_eq!(world.owners().await, BTreeMap::from([(other, "1".into())]));
}

#[tokio::test]
async fn pages_are_in_order_and_skip_who_is_away() {
    let world = World::new().await;
    for name in ["c", "a", "d", "b", "e"] {
        world.join(name, 1, 1).await;
    }
    world.act("c", 1, 2, LOST).await;
    let page = async |after: Option<&str>, limit| {
        let after = after.map(id);
        let page = world.steps().page(&world.room, after.as_ref(), limit).await.unwrap();
        page.entries.iter().map(|entry| entry.peer.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 2).await, ["a", "b"]);
    assert_eq!(page(Some("b"), 2).await, ["d", "e"]);
    assert_eq!(page(Some("e"), 2).await, Vec::<String>::new());
    let (members, next) = world.members(0).await;
    assert_eq!((members.into_iter().collect::<BTreeSet<_>>().len(), next), (5, None));
    let changes = world.changes(0).await;
    let order: Vec<String> = changes.entries.iter().map(|entry| entry.peer.to_string()).collect();
    assert_eq!(order, ["a", "d", "b", "e", "c"], "by the last change");
    let first = changes.entries.iter().map(|entry| entry.stay).min();
    assert_eq!((changes.members, Some(changes.floor), changes.reach), (5, first, 0));
    let some = world.steps().changes_up_to(&world.room, 0, 2).await.unwrap();
    assert_eq!(some.entries.iter().map(|entry| entry.peer.as_str()).collect::<Vec<_>>(), ["e", "c"]);
    assert_eq!(some.reach, changes.entries[3].version() - 1);
}

#[tokio::test]
async fn a_large_room_is_read_part_by_part() {
    let world = World::new().await;
    for n in 0..2_500 {
        world.join(&format!("p{n}"), 1, 1).await;
    }
    let (mut all, mut part, mut parts) = (BTreeSet::new(), Some(0), 0);
    while let Some(from) = part {
        let (members, next) = world.members(from).await;
        assert!(members.len() < 2_000);
        all.extend(members);
        (part, parts) = (next, parts + 1);
    }
    assert_eq!(all.len(), 2_500);
    assert!(parts > 1);
}

/// A node that stood still would broadcast again what another has broadcast for the session meanwhile, also to who entered since.
#[tokio::test]
async fn who_owned_a_session_before_reads_no_members() {
    let world = World::new().await;
    world.join("ada", 10, 1).await;
    let ada = id("ada");
    let read = async |session, turn| {
        let sender = Actor { peer: &ada, session, turn };
        world.steps().members(&world.room, sender, 0).await.map(|(members, _)| members.len())
    };
    assert_eq!((read(10, 1).await, read(9, 7).await), (Ok(1), Err(StoreError::Stale)));
    world.act("ada", 10, 3, Act::Back { info: &info("ada"), was_away: true }).await;
    assert_eq!((read(10, 1).await, read(10, 2).await), (Err(StoreError::Stale), Err(StoreError::Stale)));
    assert_eq!((read(10, 3).await, read(11, 1).await), (Ok(1), Ok(1)));
}

#[tokio::test]
async fn ended_stays_are_forgotten_when_there_are_many_or_they_are_old() {
    let mut world = World::new().await;
    world.join("stays", 1, 1).await;
    for n in 0..1_040 {
        let name = format!("p{n}");
        world.join(&name, 1, 1).await;
        world.act(&name, 1, 1, LEFT).await;
    }
    let changes = world.changes(0).await;
    assert_eq!(changes.entries.len(), 1_000);
    assert!(changes.floor > 0);
    let kept = world.server.command(&["HLEN", &world.node.keys.room(&world.room)[1]]).await.unwrap();
    assert_eq!(kept, Reply::Number(1_026), "one member, one more than the spare ones");
    world.now += 1_000_000;
    for n in 0..200 {
        let name = format!("q{n}");
        world.join(&name, 1, 1).await;
        world.act(&name, 1, 1, LEFT).await;
    }
    let changes = world.changes(0).await;
    assert_eq!(changes.entries.len(), 201);
    // An empty room is forgotten after a while, and remembered when it is entered again before.
    let lives = async |world: &World| {
        let head = world.node.keys.room(&world.room)[0].clone();
        world.server.command(&["PTTL", &head]).await.unwrap()
    };
    assert!(matches!(lives(&world).await, Reply::Number(1_000_000..)));
    world.act("stays", 1, 1, LEFT).await;
    assert!(matches!(lives(&world).await, Reply::Number(100_000..=180_000)));
    world.join("stays", 1, 3).await;
    assert!(matches!(lives(&world).await, Reply::Number(1_000_000..)));
}

#[tokio::test]
async fn the_room_is_as_a_model_says_and_members_learn_it_in_steps() {
    let world = World::new().await;
    for seed in 0..12 {
        let room = RoomName::parse(&format!("room {seed}")).unwrap();
        story(&world, &room, SplitMix64::new(seed)).await;
    }
}

/// What a member knows: which peers are present, and which away.
type Picture = BTreeMap<PeerId, bool>;

/// A random story of eight peers; members that listen now and then know in the end what is so.
async fn story(world: &World, room: &RoomName, mut random: SplitMix64) {
    let steps = world.steps();
    let mut listeners: Vec<(Known, Picture)> = Vec::new();
    let (mut sessions, mut op) = ([0u64; 8], 0u64);
    for step in 0..300 {
        op += 1;
        let who = usize::try_from(random.next_u64() % 8).unwrap();
        let peer = id(&format!("p{who}"));
        let text = info(peer.as_str());
        let turn = op * 2 + 100;
        let act = match random.next_u64() % 7 {
            0 => Act::Leave { op },
            1 => Act::End(LeaveReason::Closed),
            2 | 3 => Act::Away(AwayReason::Lost),
            4 => Act::Back { info: &text, was_away: true },
            _ => Act::Join { op, info: &text, deadline: None },
        };
        if sessions[who] == 0 || matches!(act, Act::End(_)) {
            sessions[who] += 1;
        }
        let session = sessions[who] - u64::from(matches!(act, Act::End(_)));
        steps.act(room, Actor { peer: &peer, session, turn }, act).await.unwrap();
        if step % 40 == 0 {
            let page = steps.page(room, None, 100).await.unwrap();
            let known = Known { listed: page.version, cursor: page.version };
            listeners.push((known, page.entries.iter().map(|entry| (entry.peer.clone(), false)).collect()));
        }
        for (known, picture) in &mut listeners {
            if random.next_u64().is_multiple_of(10) {
                catch_up(&steps, room, known, picture).await;
            }
        }
    }
    for (known, picture) in &mut listeners {
        catch_up(&steps, room, known, picture).await;
        let present: Vec<PeerId> =
            picture.iter().filter(|(_, away)| !**away).map(|(peer, _)| peer.clone()).collect();
        let page = steps.page(room, None, 100).await.unwrap();
        let listed: Vec<PeerId> = page.entries.iter().map(|entry| entry.peer.clone()).collect();
        assert_eq!(present, listed);
    }
}

async fn catch_up(steps: &RoomSteps<'_>, room: &RoomName, known: &mut Known, picture: &mut Picture) {
    let changes = steps.changes(room, known.cursor).await.unwrap();
    for entry in &changes.entries {
        let Ok(notices) = difference(entry, *known, changes.version, true) else {
            // The entry does not reach back: the member lists the room again.
            let page = steps.page(room, None, 100).await.unwrap();
            *picture = page.entries.iter().map(|entry| (entry.peer.clone(), false)).collect();
            *known = Known { listed: page.version, cursor: page.version };
            return;
        };
        for notice in notices {
            let before = match notice {
                Notice::Joined => picture.insert(entry.peer.clone(), false).is_none(),
                Notice::Back => {
                    picture.insert(entry.peer.clone(), false);
                    true
                }
                Notice::Away(_) => picture.insert(entry.peer.clone(), true) == Some(false),
                Notice::Left(_) => picture.remove(&entry.peer).is_some(),
            };
            assert!(before, "{notice:?} about {}", entry.peer);
        }
    }
    known.cursor = changes.version;
}
