//! Every metric, in one place. Labels come from fixed lists only, so that nobody can grow the list.

use crate::engine::Usage;
use metrics::{Gauge, counter, describe_counter, describe_gauge, gauge};
use signalpost_protocol::ErrorCode;

/// Tells the exporter what the metrics mean.
pub(super) fn describe() {
    describe_gauge!("signalpost_connections", "Signaling sockets that are open.");
    describe_gauge!("signalpost_peers", "Peers that are registered, connected or away.");
    describe_gauge!("signalpost_peers_away", "Peers that are away and may resume.");
    describe_gauge!("signalpost_degraded", "1 while the server cannot reach or use its store.");
    describe_gauge!("signalpost_mailbox_bytes", "Bytes that wait in all mailboxes.");
    describe_gauge!("signalpost_room_bytes", "Bytes that record what members of rooms know of each other.");
    let hold = "The longest time that one command kept the others waiting, since the start.";
    describe_gauge!("signalpost_engine_longest_hold_seconds", hold);
    describe_gauge!(
        "signalpost_http_connections",
        "Connections that were answered over HTTP and are open, by listener."
    );
    describe_counter!("signalpost_messages_total", "Messages accepted from clients, by type.");
    describe_counter!("signalpost_refusals_total", "Frames refused, by error code.");
    describe_counter!("signalpost_closes_total", "Signaling sockets that ended, by close code.");
    describe_counter!("signalpost_rejected_connections_total", "Connections over a limit, by kind.");
    #[cfg(feature = "redis")]
    {
        let all = "Peers in Redis, of all servers together: every server reports the same.";
        describe_gauge!("signalpost_store_peers", all);
        describe_gauge!("signalpost_store_peers_away", "Those of them that are away and may resume.");
        describe_counter!("signalpost_redis_errors_total", "Steps on Redis that failed, by kind.");
        describe_counter!(
            "signalpost_redis_given_up_total",
            "Commands given up because Redis was away, by kind."
        );
        describe_counter!(
            "signalpost_redis_subscriptions_lost_total",
            "Times that the doorbell had to be subscribed anew."
        );
        describe_counter!(
            "signalpost_redis_unreadable_total",
            "What was left out because Redis holds what cannot be read, by kind of error."
        );
        describe_counter!("signalpost_redis_wedged_total", "Subscriptions that were open and silent.");
    }
    describe_counter!("signalpost_audit_records_total", "Records that the audit trail took.");
    describe_counter!(
        "signalpost_audit_dropped_total",
        "Records that the audit trail lost before their time, by reason."
    );
}

pub(super) fn accepted(kind: &'static str) {
    counter!("signalpost_messages_total", "type" => kind).increment(1);
}

pub(super) fn refused(code: ErrorCode) {
    counter!("signalpost_refusals_total", "code" => code.as_str()).increment(1);
}

/// `code` is one that this server chose, or a word for an end that has none.
pub(super) fn closed(code: String) {
    counter!("signalpost_closes_total", "code" => code).increment(1);
}

pub(super) fn rejected(kind: &'static str) {
    counter!("signalpost_rejected_connections_total", "kind" => kind).increment(1);
}

pub(super) fn audit_recorded(count: usize) {
    counter!("signalpost_audit_records_total").increment(count as u64);
}

/// `reason`: `queue` where the queue was full, `store` where the store failed, `memory` where newer records took the place.
pub(super) fn audit_dropped(reason: &'static str, count: usize) {
    if count > 0 {
        counter!("signalpost_audit_dropped_total", "reason" => reason).increment(count as u64);
    }
}

/// `degraded` says that the engine cannot do its work.
pub(super) fn usage(usage: Usage, degraded: bool) {
    gauge!("signalpost_degraded").set(f64::from(u8::from(degraded)));
    // What every server of a store reports has a name of its own: nobody shall add it up.
    if usage.is_shared {
        gauge!("signalpost_store_peers").set(usage.peers as f64);
        gauge!("signalpost_store_peers_away").set(usage.away as f64);
        return;
    }
    gauge!("signalpost_peers").set(usage.peers as f64);
    gauge!("signalpost_peers_away").set(usage.away as f64);
    gauge!("signalpost_mailbox_bytes").set(usage.mailbox_bytes as f64);
    gauge!("signalpost_room_bytes").set(usage.room_bytes as f64);
    gauge!("signalpost_engine_longest_hold_seconds").set(usage.longest_hold.as_secs_f64());
}

/// Counts one open socket for as long as it lives.
#[derive(Debug)]
pub(super) struct OpenSocket(());

impl OpenSocket {
    pub(super) fn count() -> Self {
        gauge!("signalpost_connections").increment(1.0);
        Self(())
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        gauge!("signalpost_connections").decrement(1.0);
    }
}

/// Counts one connection that is answered over HTTP for as long as it lives.
#[derive(Debug)]
pub(super) struct HttpConnection(Gauge);

impl HttpConnection {
    pub(super) fn count(listener: &'static str) -> Self {
        let open = gauge!("signalpost_http_connections", "listener" => listener);
        open.increment(1.0);
        Self(open)
    }
}

impl Drop for HttpConnection {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
