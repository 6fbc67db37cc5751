//! One room: where its peers stand and what each member knows of them (`presence`, on the bits of `marks`), which rooms are large
//! and wait for their turn (`turns`), and how often a peer may enter one (`allowance`).

pub(crate) mod allowance;
pub(crate) mod marks;
pub(crate) mod presence;
pub(crate) mod turns;

#[cfg(test)]
mod crowd_tests;
#[cfg(test)]
pub(crate) mod crowd_world_tests;
