//! The agenda of the sweepers: when which session is to be looked at. The session itself decides what is due.

use super::error::StoreError;
use super::keys::{self, SHARDS, shard};
use super::node::Node;
use super::reply::Reply;
use super::scripts;
use crate::engine::limits::LEASE_MS;
use signalpost_protocol::PeerId;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// How long a session stays connected after a sign of life.
const LEASE: Duration = Duration::from_millis(LEASE_MS);
/// Most peers of one shard that one sweep looks at.
const BATCH: usize = 100;
/// When a sweep looks again at what it could not look at, in milliseconds: because Redis was away, or because of what stands there.
const AWAY_MS: u64 = 5_000;
const UNREADABLE_MS: u64 = 60_000;

/// What is written about a session.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    /// It is about to begin: its lease begins now, whatever there is about the session before.
    Ahead,
    /// It is connected: its lease begins now.
    Lease,
    /// It is connected until this time of the store.
    Until(u64),
    /// It is away until this time of the store.
    WindowUntil(u64),
    /// It is away for so many milliseconds from now.
    Window(u64),
    /// It has ended at this time of the store.
    End(u64),
}

/// Writes one session's time into the agenda.
///
/// # Errors
/// Redis did not do it in time.
pub(super) async fn plan(node: &Node, now: u64, id: &PeerId, plan: Plan) -> Result<(), StoreError> {
    let (what, value) = match plan {
        Plan::Ahead => ("ahead", LEASE_MS),
        Plan::Lease => ("lease", LEASE_MS),
        Plan::Until(time) => ("until", time),
        Plan::WindowUntil(time) => ("window-until", time),
        Plan::Window(window) => ("window", window),
        Plan::End(time) => ("end", time),
    };
    let call = node.call(&scripts::PLAN, now).keys(node.keys.agenda(shard(id)));
    node.run(call.arg(what).arg(id.as_str()).arg(value)).await?;
    Ok(())
}

/// Notes a sign of life. The agenda hears of it with the next sweep; where the time is told, at once.
pub(super) async fn renew(node: &Node, now: u64, id: &PeerId) -> Result<(), StoreError> {
    if node.is_time_told() {
        let call = node.call(&scripts::PLAN, now).keys(node.keys.agenda(shard(id)));
        node.run(call.arg("renew").arg(id.as_str()).arg(LEASE_MS)).await?;
    } else {
        node.renewals.note(id);
    }
    Ok(())
}

/// Writes the signs of life since the last call into the agenda: one call for each shard.
///
/// # Errors
/// Redis did not do it in time. The next call writes what this one has not.
pub(super) async fn write_renewals(node: &Node, now: u64) -> Result<(), StoreError> {
    let mut shards: HashMap<u8, Vec<(PeerId, Instant)>> = HashMap::new();
    for (id, at) in node.renewals.take() {
        // A session that has given no other sign of life for so long is none that is connected.
        if at.elapsed() < LEASE {
            shards.entry(shard(&id)).or_default().push((id, at));
        }
    }
    let written = shards.into_iter().map(|(shard, renewals)| async move {
        let call = node.call(&scripts::PLAN, now).keys(node.keys.agenda(shard));
        let call = renewals.iter().fold(call, |call, (id, at)| {
            call.arg("renew").arg(id.as_str()).arg(LEASE.saturating_sub(at.elapsed()).as_millis())
        });
        let written = node.run_once(&call).await;
        if written.is_err() {
            renewals.into_iter().for_each(|(id, at)| node.renewals.put_back(id, at));
        }
        written
    });
    // A shard that does not answer does not keep the others out.
    let written = futures_util::future::join_all(written).await;
    written.into_iter().find_map(Result::err).map_or(Ok(()), Err)
}

/// An entry of the agenda that a sweep could not look at.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    shard: u8,
    /// The id of a peer, or what stands in the place of one.
    id: String,
    after: u64,
}

impl Failed {
    /// Takes a peer that could not be looked at.
    pub(super) fn new(id: &PeerId, why: &StoreError) -> Self {
        let after = if why.is_about_data() { UNREADABLE_MS } else { AWAY_MS };
        Self { shard: shard(id), id: id.as_str().into(), after }
    }
}

/// Puts off what a sweep could not look at: otherwise it would come first in every sweep, and keep what is behind it out. One call for
/// each shard.
pub(super) async fn put_off(node: &Node, now: u64, failed: Vec<Failed>) {
    let mut shards: HashMap<u8, Vec<Failed>> = HashMap::new();
    for entry in failed {
        shards.entry(entry.shard).or_default().push(entry);
    }
    let put_off = shards.into_iter().map(|(shard, failed)| async move {
        let call = node.call(&scripts::PLAN, now).keys(node.keys.agenda(shard));
        let call = failed.iter().fold(call, |call, it| call.arg("later").arg(&it.id).arg(it.after));
        node.run_once(&call).await
    });
    for done in futures_util::future::join_all(put_off).await {
        if let Err(error) = done {
            tracing::warn!(%error, "what a sweep could not look at was not put off");
        }
    }
}

/// What the agenda says.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// Sessions that are to be looked at, a bounded number.
    pub(super) peers: Vec<PeerId>,
    /// Entries that are no peers of their shard.
    pub(super) strange: Vec<Failed>,
    /// How many sessions there are, connected or away.
    pub(super) sessions: u64,
    /// How many are away.
    pub(super) away: u64,
    /// Why a shard is not among them, if one is not.
    pub(super) failed: Option<StoreError>,
}

/// Reads the agenda. A shard that does not answer, or not as the script does, keeps no other out.
pub(super) async fn due(node: &Node, now: u64) -> Due {
    let calls = (0..SHARDS)
        .map(|shard| node.call(&scripts::AGENDA, now).keys(node.keys.agenda(shard)).arg(BATCH))
        .map(|call| node.store.run_owned(call));
    let mut due = Due::default();
    for (shard, reply) in (0..SHARDS).zip(futures_util::future::join_all(calls).await) {
        if let Err(error) = reply.and_then(|reply| due.take(shard, reply)) {
            due.failed = Some(error);
        }
    }
    due
}

impl Due {
    /// Takes in what one shard says.
    fn take(&mut self, shard: u8, reply: Reply) -> Result<(), StoreError> {
        let mut fields = reply.into_fields("agenda")?;
        let _time: u64 = fields.number()?;
        let (leases, windows): (u64, u64) = (fields.number()?, fields.number()?);
        self.sessions = self.sessions.saturating_add(leases).saturating_add(windows);
        self.away = self.away.saturating_add(windows);
        let mut peers = fields.list()?;
        while !peers.is_empty() {
            let id = peers.text()?;
            match PeerId::parse(&id) {
                Ok(peer) if keys::shard(&peer) == shard => self.peers.push(peer),
                _ => {
                    tracing::warn!(shard, "the agenda holds what is no peer of this shard");
                    self.strange.push(Failed { shard, id, after: UNREADABLE_MS });
                }
            }
        }
        Ok(())
    }
}
