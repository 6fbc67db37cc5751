//! What a node notes about its way to Redis: whether the last sweep was done, and whether the doorbell is subscribed.

use super::error::StoreError;
use tokio::sync::watch;

/// What went wrong last, and is not mended yet.
#[derive(Clone, Debug, Default)]
struct State {
    sweep: Option<StoreError>,
    doorbell: Option<StoreError>,
}

/// The notes of one node.
#[derive(Debug, Default)]
pub(super) struct Health {
    state: watch::Sender<State>,
}

impl Health {
    /// Notes how the last sweep ended. It reads a part of everything, each second.
    pub(super) fn note_sweep(&self, failure: Option<StoreError>) {
        self.state.send_modify(|state| state.sweep = failure);
    }

    /// Notes how the last attempt to subscribe to the doorbell ended.
    pub(super) fn note_doorbell(&self, failure: Option<StoreError>) {
        self.state.send_modify(|state| state.doorbell = failure);
    }

    /// Returns what is wrong, if anything is.
    pub(super) fn trouble(&self) -> Option<StoreError> {
        let state = self.state.borrow();
        state.sweep.clone().or_else(|| state.doorbell.clone())
    }

    /// Waits until the subscription to the doorbell fails for a reason that does not pass by itself.
    pub(super) async fn refused(&self) -> StoreError {
        let mut state = self.state.subscribe();
        let is_refused = |state: &State| state.doorbell.as_ref().is_some_and(|error| !error.is_temporary());
        let refused = state.wait_for(is_refused).await.ok().and_then(|state| state.doorbell.clone());
        match refused {
            Some(error) => error,
            // The sender is in this value.
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_mended_is_no_trouble_any_more() {
        let health = Health::default();
        assert_eq!(health.trouble(), None);
        health.note_sweep(Some(StoreError::OutOfMemory));
        health.note_doorbell(Some(StoreError::Denied("SUBSCRIBE".into())));
        assert_eq!(health.trouble(), Some(StoreError::OutOfMemory));
        health.note_sweep(None);
        let denied = StoreError::Denied("SUBSCRIBE".into());
        assert_eq!((health.trouble(), health.refused().await), (Some(denied.clone()), denied));
        health.note_doorbell(None);
        assert_eq!(health.trouble(), None);
    }
}
