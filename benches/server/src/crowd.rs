//! Many members of one room: each joins, reads the first page of the list, and acknowledges its frames.

use crate::client::{Claim, Client};
use crate::crowd_thread::CrowdThread;
use crate::failure::Failure;
use crate::frame::Kind;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

/// How many members join at a time. A room tells each member of each newcomer, so all at once would be another row.
const BATCH: usize = 100;
/// After this time without a frame to any member, every member has every notice.
const QUIET: Duration = Duration::from_millis(200);
const LOOK: Duration = Duration::from_millis(10);

/// The crowd of one room.
pub struct Crowd {
    address: SocketAddr,
    room: String,
    members: JoinSet<Failure>,
    arrivals_heard: Arc<AtomicU64>,
    made: usize,
    joined: BTreeSet<String>,
}

impl Crowd {
    pub fn new(address: SocketAddr, room: &str) -> Self {
        Self {
            address,
            room: room.into(),
            members: JoinSet::new(),
            arrivals_heard: Arc::default(),
            made: 0,
            joined: BTreeSet::new(),
        }
    }

    /// The members that joined.
    pub fn joined(&self) -> &BTreeSet<String> {
        &self.joined
    }

    /// Returns how many members are left, and why the first of the others ended, which nobody asked for.
    pub fn left(&mut self) -> (usize, Option<Failure>) {
        let mut first = None;
        while let Some(ended) = self.members.try_join_next() {
            first = first.or(Some(ended.unwrap_or_else(Failure::from)));
        }
        (self.members.len(), first)
    }

    /// Adds `count` members in batches, each batch after all have heard of the batch before; stops when the time is
    /// over.
    pub async fn fill(&mut self, thread: &CrowdThread, count: usize, until: Instant) {
        let mut left = count;
        while left > 0 && Instant::now() < until {
            let batch = left.min(BATCH);
            left -= batch;
            let mut answers = Vec::new();
            for _ in 0..batch {
                let (told, joined) = oneshot::channel();
                let id = format!("member-{:05}", self.made);
                self.made += 1;
                answers.push((id.clone(), joined));
                let (address, room, heard) = (self.address, self.room.clone(), self.arrivals_heard.clone());
                self.members.spawn_on(member(address, id, room, heard, told), &thread.handle);
            }
            for (id, answer) in answers {
                if let Ok(Ok(())) = timeout_at(until, answer).await {
                    self.joined.insert(id);
                }
            }
            self.hear_out(until).await;
        }
    }

    /// Waits until every member has heard of all members that came after it. A server may correctly send fewer
    /// notices: then it is enough that no more notices come.
    async fn hear_out(&self, until: Instant) {
        let joined = u64::try_from(self.joined.len()).unwrap_or(u64::MAX);
        let all = joined.saturating_mul(joined.saturating_sub(1)) / 2;
        let mut last = (0, Instant::now());
        while Instant::now() < until {
            let heard = self.arrivals_heard.load(Ordering::Relaxed);
            if heard >= all || (heard == last.0 && last.1.elapsed() > QUIET) {
                return;
            }
            if heard != last.0 {
                last = (heard, Instant::now());
            }
            sleep(LOOK).await;
        }
    }

    /// Resets every socket as fast as possible; returns the time that it took.
    pub async fn reset(&mut self) -> Duration {
        let begin = Instant::now();
        self.members.shutdown().await;
        begin.elapsed()
    }
}

async fn member(
    address: SocketAddr,
    id: String,
    room: String,
    arrivals_heard: Arc<AtomicU64>,
    joined: oneshot::Sender<()>,
) -> Failure {
    let mut joined = Some(joined);
    let living = async {
        // A member only joins and listens, so any refusal is its end.
        let (mut client, _) = Client::begin(address, Claim::new(id)).await?;
        client.send("join", &format!(r#","id":1,"payload":{{"room":"{room}"}}"#)).await?;
        loop {
            let heard = client.next().await?;
            match heard.kind {
                Kind::Error => return Err(Failure::Refused(heard.payload()?.code.unwrap_or_default())),
                Kind::PeerJoined => {
                    arrivals_heard.fetch_add(1, Ordering::Relaxed);
                }
                Kind::Joined => {
                    if let Some(joined) = joined.take() {
                        // The code that filled the room may have stopped waiting.
                        let _late = joined.send(());
                    }
                }
                _ => {}
            }
        }
    };
    let ended: Result<core::convert::Infallible, Failure> = living.await;
    match ended {
        Err(failure) => failure,
    }
}
