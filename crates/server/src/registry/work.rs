//! Counts the work of commands.

/// Counts the entries that commands touch: members, mailbox entries, list entries.
#[derive(Debug, Default)]
pub(super) struct Work(u64);

impl Work {
    pub(super) fn touch(&mut self, entries: usize) {
        self.0 = self.0.saturating_add(u64::try_from(entries).unwrap_or(u64::MAX));
    }

    pub(super) fn touched(&self) -> u64 {
        self.0
    }
}
