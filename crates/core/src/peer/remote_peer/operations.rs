//! The asynchronous methods of the connection that were called.

use crate::ids::OperationId;

/// Numbers the operations, and knows the one that the negotiation waits for.
#[derive(Default)]
pub struct Operations {
    newest: OperationId,
    negotiating: Option<OperationId>,
}

impl Operations {
    /// The id of the next operation.
    pub fn next_id(&mut self) -> OperationId {
        self.newest = OperationId(self.newest.0.wrapping_add(1));
        self.newest
    }

    /// The negotiation waits for the newest operation. Any other adds a candidate.
    pub fn await_newest(&mut self) {
        self.negotiating = Some(self.newest);
    }

    /// An operation has ended. Returns whether the negotiation waited for it.
    pub fn handle_done(&mut self, operation: OperationId) -> bool {
        self.negotiating.take_if(|negotiating| *negotiating == operation).is_some()
    }
}
