//! The numbers of a session, as its server would keep them.

use signalpost_core::protocol::Envelope;

#[derive(Default)]
pub struct Numbers {
    /// What the client numbered, from 1.
    sent: Vec<Envelope>,
    /// The highest number that it was told.
    told: u32,
}

impl Numbers {
    /// The client is told a frame; `is_next`: with the number that is due.
    pub fn say(&mut self, envelope: &mut Envelope, is_next: bool) {
        if is_next {
            envelope.seq = Some(self.told.saturating_add(1));
            envelope.ack = Some(self.top());
        }
        self.told = self.told.max(envelope.seq.unwrap_or_default());
    }

    /// What the client says is numbered in a row, or what it said before, and acknowledges nothing that was not said.
    pub fn check(&mut self, envelope: &Envelope, ack: Option<u32>) {
        assert!(envelope.ack.is_none() && ack.unwrap_or_default() <= self.told, "{ack:?} of {}", self.told);
        let Some(seq) = envelope.seq else { return };
        assert!((1..=self.top() + 1).contains(&seq), "{seq} after {}", self.top());
        match self.sent.get(seq as usize - 1) {
            Some(before) => assert_eq!(before, envelope, "{seq} is another one"),
            None => self.sent.push(envelope.clone()),
        }
    }

    pub fn welcome(&self, resumed: bool) -> String {
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
