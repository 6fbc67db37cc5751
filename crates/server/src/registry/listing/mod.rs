//! The indexes from which peers are listed: by room, region and capability.

pub(crate) mod index;
pub(crate) mod labels;

#[cfg(test)]
mod listing_tests;
