//! What a session remembers for the audit trail.

use crate::audit::SizeClass;

/// Whether the session says what became of its frames, and the size of the frame that it executes: it executes one at a time.
#[derive(Debug, Default)]
pub(super) struct Audit {
    pub(super) is_on: bool,
    pub(super) size: SizeClass,
}

impl Audit {
    /// Notes that the session begins with a frame of so many bytes.
    pub(super) fn handle_frame(&mut self, bytes: usize) {
        self.size = SizeClass::of(bytes);
    }
}
