//! What the core wants of paths.

/// What was asked for the paths of connections.
#[derive(Default)]
pub struct Paths {
    /// The connections to nobody.
    pub gatherings: Vec<u32>,
    pub probes: Vec<(u32, u16)>,
    pub pings: Vec<(u32, &'static str)>,
    /// How many generations were waited for.
    pub awaited: usize,
    /// Connections in whose place others are.
    pub replaced: Vec<u32>,
}
