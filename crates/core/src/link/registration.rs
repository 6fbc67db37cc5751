//! What the server says of the link and of the stream on it.

use super::backoff::GOOD_LINK_MS;
use super::phase::{Phase, REPLACED};
use super::{Change, Link};
use crate::context::Context;
use crate::failure::Failure;
use crate::ids::FrameId;
use crate::output::{ClientState, Event, Reply};
use crate::stream::{AckBeyondSent, Stream};
use signalpost_protocol::message::Welcome;
use signalpost_protocol::{CloseCode, ErrorCode, Position, Sequence, SequenceNumber};

/// The longest that a server may keep its clients away, in milliseconds.
const MAX_AWAY_MS: u32 = 60_000;

impl From<AckBeyondSent> for Failure {
    fn from(AckBeyondSent: AckBeyondSent) -> Self {
        Self::new(ErrorCode::InvalidMessage, "ack is beyond what was sent")
    }
}

impl Link {
    /// The server accepted `hello`.
    pub fn handle_welcome(
        &mut self,
        welcome: Option<Welcome>,
        stream: &mut Stream,
        context: &mut Context,
    ) -> Option<Change> {
        let Phase::Registering { socket, monitor, .. } = self.phase else { return None };
        let good_at = Some(context.now.after_ms(GOOD_LINK_MS));
        self.phase = Phase::Registered { socket, monitor, good_at };
        if let Some(key) = welcome.as_ref().and_then(|welcome| stream.take_key(welcome)) {
            context.event(Event::Key { key });
        }
        let welcomed = match stream.handle_welcome(context.now, welcome) {
            Ok(welcomed) => welcomed,
            Err(beyond) => {
                return self.lose(beyond.into(), CloseCode::SequenceGap.as_u16(), stream, context);
            }
        };
        self.was_registered = true;
        self.set_state(ClientState::Connected, "", context);
        self.calls.settle_all(&Ok(Reply::Done), context);
        // A page that is slow to go comes back meanwhile, and is left from this socket.
        self.say_leaving(stream, context);
        if welcomed.is_return {
            context.event(Event::Resumed { resumed: welcomed.resumed, reason: welcomed.reason });
        }
        Some(Change::Registered { anew: welcomed.anew })
    }

    /// The server refused a frame. If it is `hello`, there is no link.
    pub fn handle_refusal(
        &mut self,
        reference: Option<u32>,
        failure: &Failure,
        stream: &mut Stream,
        context: &mut Context,
    ) -> Option<Change> {
        let Phase::Registering { hello, .. } = self.phase else { return None };
        if reference.map(FrameId) != Some(hello) {
            return None;
        }
        let may_pass =
            matches!(ErrorCode::parse(&failure.code), Some(ErrorCode::PeerIdTaken | ErrorCode::ServerFull));
        if may_pass && self.was_registered {
            // The client's own former socket may still hold the id: it runs out of life within seconds. A full server
            // has room again when the sessions of others end.
            return self.lose(failure.clone(), REPLACED, stream, context);
        }
        Some(self.give_up(failure.clone(), stream, context))
    }

    /// A frame with these numbers arrived. Returns whether it is the next one, and is to be read.
    pub fn handle_numbers(
        &mut self,
        seq: Option<SequenceNumber>,
        ack: Option<Position>,
        stream: &mut Stream,
        context: &mut Context,
    ) -> (bool, Option<Change>) {
        if !self.is_registered() || !stream.has_session() {
            return (seq.is_none(), None);
        }
        if let Some(Err(beyond)) = ack.map(|ack| stream.handle_ack(ack)) {
            context.report(None, beyond.into());
        }
        match seq.map(|seq| stream.handle_numbered(context.now, seq)) {
            None | Some(Sequence::Next) => (true, None),
            Some(Sequence::Duplicate) => (false, None),
            Some(Sequence::Gap) => {
                let code = CloseCode::SequenceGap.as_u16();
                (false, self.lose(ErrorCode::SequenceGap.into(), code, stream, context))
            }
        }
    }

    /// The server closes the link soon, and says in how many milliseconds the client may come back.
    pub fn handle_reconnect(&mut self, after_ms: u32) {
        self.away_ms = Some(after_ms.min(MAX_AWAY_MS));
    }
}
