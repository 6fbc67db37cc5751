//! What the client puts on the socket in use.

use super::Link;
use super::phase::Phase;
use crate::context::Context;
use crate::ids::FrameId;
use crate::output::Output;
use crate::stream::Stream;
use alloc::sync::Arc;
use signalpost_protocol::{ClientMessage, Envelope};

impl Link {
    /// Sends a message; returns the id that an answer refers to. A message that must not be lost waits for a link if there is
    /// none, and is sent until the server has it.
    pub fn send(&mut self, message: ClientMessage, stream: &mut Stream, context: &mut Context) -> FrameId {
        let id = stream.next_id();
        if message.kind().is_numbered() {
            stream.push(id, message);
            self.flush(stream, context);
        } else {
            self.send_unnumbered(id, message, stream, context);
        }
        id
    }

    /// Says `hello` on a socket that has just opened, and behind it at once what the server may not have.
    pub(super) fn say_hello(&mut self, id: FrameId, stream: &mut Stream, context: &mut Context) {
        let hello = stream.hello();
        self.send_unnumbered(id, hello, stream, context);
        if let Phase::Registering { socket, .. } = self.phase {
            for envelope in stream.unacknowledged() {
                context.out.push_back(Output::Send { socket, envelope: envelope.clone(), ack: None });
            }
        }
        self.flush(stream, context);
    }

    /// Sends what is worth nothing on another socket; without an open one it is dropped.
    fn send_unnumbered(
        &mut self,
        id: FrameId,
        message: ClientMessage,
        stream: &mut Stream,
        context: &mut Context,
    ) {
        if self.phase.open_socket().is_none() {
            return;
        }
        let expects_answer = !matches!(
            message,
            ClientMessage::HeartbeatAck | ClientMessage::Ack | ClientMessage::Bye | ClientMessage::Leaving
        );
        // An older server refuses `leaving`, and the client knows the refusal by the id.
        let has_id = matches!(message, ClientMessage::Hello(_) | ClientMessage::Leaving);
        let envelope = message.into_envelope(has_id.then_some(id.0));
        self.put(Arc::new(envelope), expects_answer, stream, context);
    }

    /// Puts on the socket what waits and may be sent.
    pub fn flush(&mut self, stream: &mut Stream, context: &mut Context) {
        while self.phase.open_socket().is_some()
            && let Some(envelope) = stream.next_frame(self.is_registered())
        {
            self.put(envelope, true, stream, context);
        }
    }

    fn put(
        &mut self,
        envelope: Arc<Envelope>,
        expects_answer: bool,
        stream: &mut Stream,
        context: &mut Context,
    ) {
        let ack = stream.ack(self.is_registered());
        let Some((socket, monitor)) = self.phase.open_socket() else { return };
        if expects_answer {
            monitor.handle_sent(context.now.0);
        }
        context.out.push_back(Output::Send { socket, envelope, ack });
    }

    /// Acknowledges what was received, if that is due.
    pub fn handle_ack_timeout(&mut self, stream: &mut Stream, context: &mut Context) {
        if stream.poll_timeout().is_some_and(|at| context.now >= at) {
            self.send(ClientMessage::Ack, stream, context);
        }
    }
}
