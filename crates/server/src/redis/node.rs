//! One node: what all steps share.
//!
//! A mesh has a Redis for each region, and a node works on all of them. A [`Node`] is the node as it works on one: all steps
//! with it are steps there. What concerns another region is done with the [`Node`] that [`Node::at`] returns.

use super::call::Call;
use super::config::{Clock, Config};
use super::error::StoreError;
use super::health::Health;
use super::keys::Keys;
use super::leftovers::Settling;
use super::local::Local;
use super::notes::Notes;
use super::region::Region;
use super::renewals::Renewals;
use super::reply::Reply;
use super::scripts::Script;
use super::seats::Here;
use super::store::Store;
use super::whereabouts::Whereabouts;
use metrics::{counter, gauge};
use signalpost_protocol::{PeerId, RoomName};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::TaskTracker;

/// Time that the keys of a session live longer than its lease and its window, in milliseconds.
const SLACK_MS: u64 = 30_000;
/// Pauses between two tries of a step: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));
/// Longest time for what a session of another region wants of this one.
const ASK: Duration = Duration::from_secs(1);
/// Longest time for several such steps: a list, or a part of one.
const WAIT: Duration = Duration::from_millis(1_500);

/// A node in all regions of its mesh.
pub(super) struct Mesh {
    own: Arc<Node>,
    others: Vec<Arc<Node>>,
}

impl Mesh {
    /// Takes the node as it works on its own region and on the others.
    pub(super) fn new(own: Node, others: Vec<Node>) -> Arc<Self> {
        Arc::new_cyclic(|mesh| {
            let others = (1..).zip(others).map(|(at, node)| {
                let region = Region(at);
                let (local, last_now) = (Arc::clone(&own.local), Arc::clone(&own.last_now));
                let (whereabouts, tasks) = (Arc::clone(&own.whereabouts), own.tasks.clone());
                Arc::new(Node { region, mesh: mesh.clone(), local, last_now, whereabouts, tasks, ..node })
            });
            let others = others.collect();
            Self { own: Arc::new(Node { mesh: mesh.clone(), ..own }), others }
        })
    }

    /// Returns the node as it works on its own region.
    pub(super) const fn own(&self) -> &Arc<Node> {
        &self.own
    }

    /// Returns the node as it works on the regions of others.
    pub(super) fn others(&self) -> &[Arc<Node>] {
        &self.others
    }

    /// Returns the node as it works on each region, its own first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Node>> {
        std::iter::once(&self.own).chain(&self.others)
    }
}

/// What the steps of one node in one region share.
pub(super) struct Node {
    pub(super) region: Region,
    mesh: Weak<Mesh>,
    pub(super) store: Store,
    pub(super) keys: Keys,
    /// The same in all regions.
    pub(super) local: Arc<Local>,
    /// The same in all regions.
    pub(super) whereabouts: Arc<Whereabouts>,
    pub(super) notes: Notes,
    pub(super) rooms: Here,
    pub(super) config: Config,
    /// The channel of the node's doorbell.
    pub(super) channel: String,
    pub(super) renewals: Renewals,
    /// What runs beside the commands, in all regions.
    pub(super) tasks: TaskTracker,
    pub(super) settling: Settling,
    pub(super) health: Health,
    /// The time of the last command, for what no command asks for.
    last_now: Arc<AtomicU64>,
}

impl Node {
    /// Makes the node with this name of the region with this store.
    pub(super) fn new(store: Store, config: Config, name: &str) -> Self {
        let keys = Keys::new(&config.prefix);
        let channel = keys.doorbells() + name;
        Self {
            region: Region::OWN,
            mesh: Weak::new(),
            store,
            keys,
            local: Arc::default(),
            whereabouts: Arc::default(),
            notes: Notes::default(),
            rooms: Here::default(),
            config,
            channel,
            renewals: Renewals::default(),
            tasks: TaskTracker::new(),
            settling: Settling::default(),
            last_now: Arc::default(),
            health: Health::default(),
        }
    }

    /// Returns the node as it works on a region of the mesh.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when the engine is gone.
    pub(super) fn at(&self, region: Region) -> Result<Arc<Self>, StoreError> {
        let mesh = self.mesh.upgrade();
        let found = mesh.and_then(|mesh| mesh.all().find(|node| node.region == region).cloned());
        found.ok_or_else(|| StoreError::Unreachable("the engine is gone".into()))
    }

    /// Returns the node as it works on every region, its own first.
    pub(super) fn everywhere(&self) -> Vec<Arc<Self>> {
        self.mesh.upgrade().map_or_else(Vec::new, |mesh| mesh.all().cloned().collect())
    }

    /// Returns the node as it works on every other region.
    pub(super) fn elsewhere(&self) -> Vec<Arc<Self>> {
        let mut all = self.everywhere();
        all.retain(|node| node.region != self.region);
        all
    }

    /// Whether the mesh has one region only.
    pub(super) fn is_alone(&self) -> bool {
        self.mesh.upgrade().is_none_or(|mesh| mesh.others.is_empty())
    }

    /// Returns the region with this name; `None` if it is none of the mesh.
    pub(super) fn region_of(&self, name: &str) -> Option<Region> {
        self.everywhere().iter().find(|node| node.config.region == name).map(|node| node.region)
    }

    /// Returns the name of the field that a session of this region has for its seat in the part of a room that lies in `part`:
    /// `room:NAME` where it is a member, `at:REGION:NAME` where it only watches.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when the engine is gone.
    pub(super) fn seat_field(&self, part: Region, room: &RoomName) -> Result<String, StoreError> {
        if part == self.region {
            return Ok(format!("room:{room}"));
        }
        Ok(format!("at:{}:{room}", self.at(part)?.config.region))
    }

    /// Reads the name of such a field; `None` for another field, and for a region that is none of the mesh.
    pub(super) fn read_seat_field(&self, field: &str) -> Option<(Region, RoomName)> {
        if let Some(room) = field.strip_prefix("room:") {
            return Some((self.region, RoomName::parse(room).ok()?));
        }
        let (region, room) = field.strip_prefix("at:")?.split_once(':')?;
        Some((self.region_of(region)?, RoomName::parse(room).ok()?))
    }

    /// Begins a call with the time.
    pub(super) fn call(&self, script: &'static Script, now: u64) -> Call {
        let told = self.is_time_told().then_some(now);
        Call::new(script).optional(told)
    }

    /// Notes the time that a caller passes.
    pub(super) fn note_now(&self, now: u64) {
        self.last_now.fetch_max(now, Ordering::Relaxed);
    }

    /// Returns the latest time that a caller has passed.
    pub(super) fn last_now(&self) -> u64 {
        self.last_now.load(Ordering::Relaxed)
    }

    /// Whether the callers' clock counts.
    pub(super) fn is_time_told(&self) -> bool {
        self.config.clock == Clock::Told
    }

    /// How long keys live without a sign of life, in milliseconds.
    pub(super) fn life_ms(&self) -> u64 {
        crate::engine::limits::LEASE_MS.saturating_add(self.config.window_ms).saturating_add(SLACK_MS)
    }

    /// Runs a script, and again while Redis is away, as long as the configured patience lasts. Every script may be repeated.
    ///
    /// # Errors
    /// The last error.
    pub(super) async fn run(&self, call: Call) -> Result<Reply, StoreError> {
        let end = Instant::now().checked_add(self.config.patience);
        let mut pause = PAUSES.0;
        loop {
            match self.store.run(&call).await {
                Err(error) if error.is_temporary() && end.is_some_and(|end| Instant::now() + pause < end) => {
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
                other => return other,
            }
        }
    }

    /// Runs a script once, for a short time, and not at all while Redis is away: for sessions of other regions, which go on
    /// without this one.
    ///
    /// # Errors
    /// Redis did not do it in time.
    pub(super) async fn ask(&self, call: Call) -> Result<Reply, StoreError> {
        let asked = match self.store.try_now() {
            Err(trouble) => Err(trouble),
            Ok(()) => self.store.run_within(ASK, &call).await,
        };
        asked.inspect_err(|_| self.note_missed())
    }

    /// Runs a script for a session of a region: with patience for one of this region, as [`Node::ask`] for any other.
    ///
    /// # Errors
    /// The last error.
    pub(super) async fn run_for(&self, region: Region, call: Call) -> Result<Reply, StoreError> {
        if region == self.region { self.run(call).await } else { self.ask(call).await }
    }

    /// Waits for something of this region that another can do without, but not long, and not at all while Redis is away. `None`: it
    /// was not done, which is counted.
    pub(super) async fn in_time<T>(&self, step: impl Future<Output = Result<T, StoreError>>) -> Option<T> {
        if self.store.trouble().is_some() {
            return None;
        }
        if let Ok(Ok(done)) = timeout(WAIT, step).await {
            return Some(done);
        }
        self.note_missed();
        None
    }

    fn note_missed(&self) {
        let region = self.config.region.clone();
        counter!("signalpost_redis_regions_missed_total", "region" => region).increment(1);
    }

    /// Measures how far Redis is.
    ///
    /// # Errors
    /// Redis did not answer in time.
    pub(super) async fn measure(&self) -> Result<(), StoreError> {
        let took = self.store.ping(ASK).await?;
        self.notes.distance.note(took);
        let region = self.config.region.clone();
        gauge!("signalpost_redis_round_trip_seconds", "region" => region)
            .set(self.notes.distance.median().as_secs_f64());
        Ok(())
    }

    /// Runs a script once, for what somebody repeats later.
    ///
    /// # Errors
    /// The step is not done, or nobody knows whether it is.
    pub(super) async fn run_once(&self, call: &Call) -> Result<Reply, StoreError> {
        self.store.run(call).await
    }

    /// Draws a seal for a session.
    ///
    /// # Errors
    /// The operating system gives no random numbers.
    pub(super) fn draw_seal(&self) -> Result<String, StoreError> {
        draw().map(|number| format!("{number:032x}"))
    }

    /// Notes that the mailbox of a session could not take an answer.
    pub(super) fn overflow(&self, id: PeerId, number: u64) {
        self.notes.overflowed.lock().unwrap_or_else(PoisonError::into_inner).insert((id, number));
    }

    /// Takes a session whose mailbox could not take an answer.
    pub(super) fn next_overflowed(&self) -> Option<(PeerId, u64)> {
        self.notes.overflowed.lock().unwrap_or_else(PoisonError::into_inner).pop_first()
    }
}

/// Draws a random number.
///
/// # Errors
/// The operating system gives none.
pub(super) fn draw() -> Result<u128, StoreError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|_| StoreError::Config("the operating system gives no random numbers".into()))?;
    Ok(u128::from_le_bytes(bytes))
}
