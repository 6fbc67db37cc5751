//! The numbers of a session, as its server would keep them.

use signalpost_core::protocol::{Envelope, Position, SequenceNumber};

#[derive(Default)]
pub struct Numbers {
    /// What the client numbered, from 1.
    sent: Vec<Envelope>,
    /// How far the client got the frames of its server.
    told: Position,
    /// The last `hello` was for a session that the server may know.
    asked: bool,
    /// The answer was that it does not: the client, if it took the answer, counts from 1 again.
    may_restart: bool,
}

impl Numbers {
    /// Hands the client a frame; `is_next`: with the number that is due.
    pub fn say(&mut self, envelope: &mut Envelope, is_next: bool) {
        if is_next {
            envelope.seq = self.told.next();
            envelope.ack = Some(Position(self.top()));
        }
        self.told = self.told.max(envelope.seq.map_or(Position::START, Position::after));
    }

    /// What the client says is numbered in a row, or what it said before, and acknowledges nothing that was not said.
    pub fn check(&mut self, envelope: &Envelope, ack: Option<Position>) {
        assert!(envelope.ack.is_none() && ack.unwrap_or_default() <= self.told, "{ack:?} of {:?}", self.told);
        if envelope.kind == "hello" {
            self.asked = envelope.payload.as_ref().is_some_and(|payload| payload.received.is_some());
            self.may_restart = false;
        }
        let Some(SequenceNumber(seq)) = envelope.seq else { return };
        if seq == 1 && std::mem::take(&mut self.may_restart) {
            *self = Self { told: ack.unwrap_or_default(), ..Self::default() };
        }
        assert!((1..=self.top() + 1).contains(&seq), "{seq} after {}", self.top());
        match self.sent.get(seq as usize - 1) {
            Some(before) => assert_eq!(before, envelope, "{seq} is another one"),
            None => self.sent.push(envelope.clone()),
        }
    }

    pub fn welcome(&mut self, resumed: bool) -> String {
        self.may_restart |= self.asked && !resumed;
        let received = if resumed { self.top() } else { 0 };
        format!(
            r#"{{"type":"welcome","payload":{{"version":2,"key":"fedcba9876543210","resumed":{resumed},"received":{received}}}}}"#
        )
    }

    pub fn ack(&self) -> String {
        format!(r#"{{"type":"ack","ack":{}}}"#, self.top())
    }

    fn top(&self) -> u32 {
        u32::try_from(self.sent.len()).expect("few are sent")
    }
}
