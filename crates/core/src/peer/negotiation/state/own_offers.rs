//! The own offers of one connection.

use crate::ids::OfferNumber;
use alloc::string::String;

/// The own offer.
#[derive(Debug)]
pub enum OwnOffer {
    /// None is out.
    None,
    /// It was sent and has no answer that is applied.
    Out {
        /// Its text.
        sdp: String,
    },
    /// It was sent and held, and its answer waits until it is set.
    Answered {
        /// Its text.
        sdp: String,
        /// The text of the answer.
        answer: String,
    },
    /// The other side cannot use it: none is made again by itself.
    Refused,
}

impl OwnOffer {
    /// The text of the offer that is out.
    pub fn sdp(&self) -> Option<&String> {
        match self {
            Self::Out { sdp } | Self::Answered { sdp, .. } => Some(sdp),
            Self::None | Self::Refused => None,
        }
    }

    /// Whether an offer is out.
    pub fn is_out(&self) -> bool {
        self.sdp().is_some()
    }

    /// Forgets the offer that is out. Returns whether one was.
    pub fn forget(&mut self) -> bool {
        let was_out = self.is_out();
        if was_out {
            *self = Self::None;
        }
        was_out
    }

    /// Offers may be made again.
    pub fn forgive(&mut self) {
        if matches!(self, Self::Refused) {
            *self = Self::None;
        }
    }

    /// The answer has come, and waits until the offer is set. Returns the text of the offer, if one is out.
    pub fn hold_answer(&mut self, answer: String) -> Option<String> {
        let sdp = self.sdp()?.clone();
        *self = Self::Answered { sdp: sdp.clone(), answer };
        Some(sdp)
    }

    /// Takes the answer that waits.
    pub fn take_answer(&mut self) -> Option<String> {
        match core::mem::replace(self, Self::None) {
            Self::Answered { sdp, answer } => {
                *self = Self::Out { sdp };
                Some(answer)
            }
            other => {
                *self = other;
                None
            }
        }
    }
}

/// The own offers of one connection.
#[derive(Debug)]
pub struct OwnOffers {
    /// The last offer.
    pub current: OwnOffer,
    /// The number of the last offer that was sent; 0 before the first.
    pub number: OfferNumber,
    /// The number of the offer whose answer was applied last.
    pub answered: Option<OfferNumber>,
    /// Offers in a row that could not be set when their answers came.
    pub unset_in_a_row: u8,
    /// The next offer is set at once: it was made before, and looked at.
    pub sets_next: bool,
}

impl OwnOffers {
    /// No offer was made.
    pub fn new() -> Self {
        Self {
            current: OwnOffer::None,
            number: OfferNumber(0),
            answered: None,
            unset_in_a_row: 0,
            sets_next: false,
        }
    }
}
