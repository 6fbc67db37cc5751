//! Hears the node's doorbell: one subscription on a connection of its own, which is opened again when it breaks, and when it is
//! silent although the node has just rung itself.

use super::bell::Bell;
use super::error::StoreError;
use super::guard::{self, Guard};
use super::local::Taken;
use super::mailbox;
use super::node::{Node, draw};
use super::region::Region;
use super::{rooms, sessions};
use futures_util::StreamExt;
use metrics::counter;
use redis::aio::{AsyncPushSender, SendError};
use redis::{PushInfo, PushKind, Value};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

/// Silence after which the node rings itself.
const IDLE: Duration = Duration::from_secs(5);
/// Longest time until the node hears itself.
const ECHO: Duration = Duration::from_secs(2);
/// Pauses between two attempts to subscribe: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// Sessions that are looked at together after a subscription was lost.
const AT_ONCE: usize = 64;

/// Pause between two lines of the log about bells that no node rang.
const SELDOM: Duration = Duration::from_secs(10);

/// Says something now and then, however often there is reason to: who may publish to the channel could fill the log.
#[derive(Debug, Default)]
struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// Whether it may be said `now`: the first time, and when it was not said for a while.
    fn may(&self, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let may = last.is_none_or(|last| now.saturating_duration_since(last) >= SELDOM);
        if may {
            *last = Some(now);
        }
        may
    }
}

/// What one subscription has heard.
struct Hearing {
    node: Weak<Node>,
    runtime: Handle,
    last: Mutex<Instant>,
    /// The last probe that was heard.
    echo: AtomicU64,
    /// Something came: an echo, or the end of the connection.
    news: Notify,
    is_over: std::sync::atomic::AtomicBool,
    seldom: Seldom,
}

impl Hearing {
    fn begin(node: &Arc<Node>) -> Arc<Self> {
        Arc::new(Self {
            node: Arc::downgrade(node),
            runtime: Handle::current(),
            last: Mutex::new(Instant::now()),
            echo: AtomicU64::new(0),
            news: Notify::new(),
            is_over: std::sync::atomic::AtomicBool::new(false),
            seldom: Seldom::default(),
        })
    }

    fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, text: &[u8]) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let bell =
            std::str::from_utf8(text).map_err(|_| StoreError::Malformed("a doorbell")).and_then(Bell::parse);
        let Some(node) = self.node.upgrade() else { return };
        match bell {
            Ok(Bell::Mail { seal, era, seq, mail }) => {
                let is_missing = node.local.take(&seal, &era, seq, Arc::new(mail)) == Taken::Gap;
                if is_missing || node.local.may_confirm(&seal) {
                    let tasks = node.tasks.clone();
                    let beside = async move {
                        if is_missing {
                            mailbox::fetch(&node, node.last_now(), &seal).await;
                        }
                        sessions::commit::confirm(&node, node.last_now(), &seal).await;
                    };
                    tasks.spawn_on(beside, &self.runtime);
                }
            }
            Ok(Bell::Farewell { seal, farewell }) => {
                if let Some(owned) = node.local.lose(&seal, farewell) {
                    rooms::forget(&node, &owned);
                }
            }
            Ok(Bell::Room { room, version }) => {
                let _inside = self.runtime.enter();
                rooms::handle_bell(&node, node.last_now(), room, version);
            }
            Ok(Bell::Probe { nonce }) => {
                self.echo.store(nonce, Ordering::Relaxed);
                self.news.notify_one();
            }
            Err(error) => {
                counter!("signalpost_redis_errors_total", "kind" => error.label()).increment(1);
                if self.seldom.may(Instant::now()) {
                    tracing::warn!(%error, "a doorbell that no node rang");
                }
            }
        }
    }
}

/// Hands what the connection hears to the node, at once and in order.
struct Ear(Arc<Hearing>);

impl AsyncPushSender for Ear {
    fn send(&self, push: PushInfo) -> Result<(), SendError> {
        match push.kind {
            PushKind::Message => {
                if let Some(Value::BulkString(text)) = push.data.get(1) {
                    self.0.hear(text);
                }
            }
            PushKind::Disconnection => {
                self.0.is_over.store(true, Ordering::Relaxed);
                self.0.news.notify_one();
            }
            _ => {}
        }
        Ok(())
    }
}

/// Listens until the task is aborted. `subscribed` tells how many subscriptions there were.
pub(super) async fn listen(node: Arc<Node>, subscribed: watch::Sender<u64>) {
    let mut pause = PAUSES.0;
    loop {
        let hearing = Hearing::begin(&node);
        match node.store.listen(&node.channel, Ear(hearing.clone())).await {
            Ok(connection) => {
                pause = PAUSES.0;
                node.health.note_doorbell(None);
                let before = *subscribed.borrow();
                subscribed.send_replace(before.saturating_add(1));
                tokio::select! {
                    () = watch_over(&node, &hearing) => {}
                    // The next subscription begins to look anew. In another region there may be sessions before the first.
                    () = look_at_all(&node, before > 0 || node.region != Region::OWN) => {}
                }
                counter!("signalpost_redis_subscriptions_lost_total").increment(1);
                drop(connection);
            }
            Err(error) => {
                tracing::warn!(%error, "no subscription to the doorbell");
                node.health.note_doorbell(Some(error));
                sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
}

/// Returns when the subscription is over: its connection broke, or it does not hear the node itself.
async fn watch_over(node: &Node, hearing: &Hearing) {
    let mut nonce: u64 = 0;
    while !guard::is_on(Guard::Probe) && !hearing.is_over.load(Ordering::Relaxed) {
        hearing.news.notified().await;
    }
    loop {
        let silent = hearing.last().elapsed();
        if let Some(rest) = IDLE.checked_sub(silent) {
            if timeout(rest, hearing.news.notified()).await.is_ok() && hearing.is_over.load(Ordering::Relaxed)
            {
                tracing::warn!("the subscription to the doorbell broke");
                return;
            }
            continue;
        }
        nonce = draw().map_or(nonce.wrapping_add(1), |drawn| drawn as u64);
        if let Err(error) = node.store.publish(&node.channel, &Bell::probe(nonce)).await {
            // Redis itself is away: that is no word about the subscription.
            tracing::debug!(%error, "the doorbell could not be tried");
            sleep(PAUSES.1).await;
            if hearing.is_over.load(Ordering::Relaxed) {
                return;
            }
            continue;
        }
        let heard = async {
            while hearing.echo.load(Ordering::Relaxed) != nonce && !hearing.is_over.load(Ordering::Relaxed) {
                hearing.news.notified().await;
            }
        };
        if timeout(ECHO, heard).await.is_err() || hearing.is_over.load(Ordering::Relaxed) {
            tracing::warn!("the doorbell is dead: the node does not hear itself");
            counter!("signalpost_redis_wedged_total").increment(1);
            return;
        }
    }
}

/// Gives a sign of life for every session of the node that lies in this region: the doorbell may have rung unheard. It never
/// returns. A caller that drops it leaves no sign of life half given.
async fn look_at_all(node: &Arc<Node>, is_needed: bool) {
    let owners = if is_needed { node.local.owners(node.region) } else { Vec::new() };
    futures_util::stream::iter(owners)
        .for_each_concurrent(AT_ONCE, async |socket| {
            let Some(owned) = node.local.owned(socket) else { return };
            let looking = node.clone();
            let beat = async move {
                let now = looking.last_now();
                if let Err(error) = sessions::commit::beat(&looking, now, socket, &owned).await {
                    tracing::debug!(%error, "a session could not be looked at");
                }
            };
            if let Err(error) = node.tasks.spawn(beat).await {
                tracing::error!(%error, "a look at a session broke");
            }
        })
        .await;
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_bogus_bells_are_one_line_in_a_while() {
        let (seldom, start) = (Seldom::default(), Instant::now());
        let said = |after: Duration| seldom.may(start + after);
        assert_eq!((0..1_000).filter(|_| said(Duration::ZERO)).count(), 1);
        assert!(!said(SELDOM - Duration::from_millis(1)));
        assert!(said(SELDOM) && !said(SELDOM));
    }
}
