//! What waits anywhere is bounded, whatever happens.

use super::World;
use signalpost_protocol::limits;
use signalpost_server::engine::limits as engine_limits;

/// Most messages of the application in an outbox (docs/protocol.md).
const OWN: usize = 256;
/// Most messages of all kinds.
const ALL: usize = 512;
/// Most bytes of all kinds, beside which one more message is taken.
const OUTBOX_BYTES: usize = 2 * 1024 * 1024;
/// Most bytes of all kinds in a mailbox: relays, answers, and notices with the largest descriptions of peers.
const MAILBOX_BYTES: usize =
    engine_limits::MAX_RELAY_BYTES + engine_limits::MAX_ANSWER_BYTES + engine_limits::MAX_NOTICES * 4 * 1024;
/// How many replies a socket gets beside its mail: the `welcome`, the answer to a frame, the end.
const REPLIES: usize = 4;

impl World {
    /// Looks at every outbox, every mailbox and the inbox of every socket.
    pub(super) fn check_bounds(&mut self) {
        let mut over = None;
        for page in &self.pages {
            let (own, all, bytes) = page.client.outbox();
            if own > OWN || all > ALL || bytes > OUTBOX_BYTES + limits::DESCRIPTION_FRAME_BYTES {
                over = Some(format!("{own} of {all} messages, {bytes} B, are in the outbox of {}", page.id));
            }
        }
        for (id, _, (entries, bytes)) in self.server.registry.mailboxes() {
            if entries > engine_limits::MAX_ENTRIES || bytes > MAILBOX_BYTES {
                over = Some(format!("{entries} entries, {bytes} B, are in the mailbox of {id}"));
            }
        }
        if let Some(most) =
            self.server.queues.longest().filter(|most| *most > engine_limits::MAX_ENTRIES + REPLIES)
        {
            over = Some(format!("{most} deliveries are in the inbox of a socket"));
        }
        if let Some(what) = over {
            self.violate(what);
        }
    }
}
