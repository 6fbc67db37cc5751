//! Whether an own offer is wanted.

/// What speaks for an own offer, and what against it.
#[derive(Debug)]
pub struct Wish {
    /// The application called `connect()`, or the other side offered.
    is_active: bool,
    /// The browser needs an offer.
    is_needed: bool,
    /// The browser said that it needs an offer, none was sent, and it will not say so again.
    is_unoffered: bool,
    /// An ICE restart has just been negotiated: no own offer yet.
    is_paused: bool,
}

impl Wish {
    /// The wish of a connection that was just made. It has a data channel; the browser's event comes a task later.
    pub fn new() -> Self {
        Self { is_active: false, is_needed: true, is_unoffered: false, is_paused: false }
    }

    /// Whether an offer is to be made now.
    pub fn is_due(&self) -> bool {
        self.is_needed && self.is_active && !self.is_paused
    }

    /// The connection is wanted. A wish that the browser does not repeat is made again.
    pub fn activate(&mut self) {
        self.is_active = true;
        self.is_needed |= core::mem::take(&mut self.is_unoffered);
    }

    /// The other side began: the connection is wanted.
    pub fn handle_remote_offer(&mut self) {
        self.is_active = true;
    }

    /// An offer is needed.
    pub fn need(&mut self) {
        self.is_needed = true;
    }

    /// What was needed is in the offer that is being made, or the browser asks for it again once it is stable.
    pub fn settle(&mut self) {
        self.is_needed = false;
    }

    /// What was needed was not offered, and the browser does not ask again by itself.
    pub fn handle_unoffered(&mut self) {
        self.is_unoffered = true;
    }

    /// An offer is sent.
    pub fn handle_offered(&mut self) {
        self.is_unoffered = false;
    }

    /// Makes no offer until [`Wish::resume`].
    pub fn pause(&mut self) {
        self.is_paused = true;
    }

    /// Offers may be made again.
    pub fn resume(&mut self) {
        self.is_paused = false;
    }
}
