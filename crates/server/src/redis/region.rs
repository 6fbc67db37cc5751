//! One region of a mesh.

/// Names a region within one node: 0 is the node's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Region(pub(super) u16);

impl Region {
    /// The region of the node itself.
    pub(super) const OWN: Self = Self(0);
}
