//! The other side's offers of one connection.

use crate::ids::OfferNumber;
use alloc::string::String;

/// What became of the other side's offers.
#[derive(Debug, Default)]
pub struct RemoteOffers {
    /// The number of the last offer that was taken up; 0 before the first.
    pub number: OfferNumber,
    /// The answer to it, until the other side has shown that it knows it.
    pub answer: Option<String>,
    /// The number of the description that was refused last, until another is taken up.
    pub rejected: Option<OfferNumber>,
    /// The last offer was ignored: candidates that do not fit belong to it, and are no error.
    pub is_ignored: bool,
    /// Offers that begin an ICE generation wait, because the present one carries no data yet.
    pub must_wait: bool,
    /// The number of the offer that was ignored last.
    pub ignored_number: OfferNumber,
}
