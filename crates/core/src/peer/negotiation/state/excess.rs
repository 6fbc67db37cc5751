//! An own change that does not fit into an offer.

/// The details of the failure that the application gets.
pub const TOO_LARGE: &str =
    "the description with this change is too large to be sent: stop transceivers that are not used";

/// Whether there is such a change, and who knows.
#[derive(Debug, Default)]
pub struct Excess {
    /// The application knows.
    is_told: bool,
    /// A negotiation has ended since, so that the browser repeats its wish.
    is_repeated: bool,
}

impl Excess {
    /// Whether the last offer that was made did not fit.
    pub fn is_told(&self) -> bool {
        self.is_told
    }

    /// The application asks for an offer, and waits for what comes of it.
    pub fn handle_asked(&mut self) {
        self.is_repeated = false;
    }

    /// An offer fits.
    pub fn handle_fitting(&mut self) {
        *self = Self::default();
    }

    /// A negotiation has ended.
    pub fn handle_agreed(&mut self) {
        self.is_repeated = self.is_told;
    }

    /// An offer does not fit. Returns whether the application does not know yet.
    pub fn handle_excess(&mut self) -> bool {
        self.is_told = true;
        !core::mem::take(&mut self.is_repeated)
    }
}
