//! A call of the application that waits for its outcome.

use crate::driver::Request;
use crate::error::Error;
use signalpost_core::protocol::ErrorCode;
use signalpost_core::{CallId, Command, Reply};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::{mpsc, oneshot};

/// A call of the application. It is made at once, so that the order of calls is the order of these, and awaiting it waits for the
/// outcome. Dropping it cancels the call: what was not sent yet will not be.
#[must_use = "a call that is dropped is cancelled"]
#[derive(Debug)]
pub struct Call<R> {
    outcome: Outcome,
    read: fn(Reply) -> R,
}

#[derive(Debug)]
enum Outcome {
    /// The driver will tell.
    Awaited {
        call: CallId,
        requests: mpsc::UnboundedSender<Request>,
        answer: oneshot::Receiver<Result<Reply, Error>>,
    },
    /// The call was not made.
    Failed(Error),
    /// The caller has the outcome.
    Told,
}

impl<R> Call<R> {
    /// Makes a call with this number. `read`: what the application gets of the reply.
    pub(crate) fn make(
        requests: &mpsc::UnboundedSender<Request>,
        call: CallId,
        command: Command,
        read: fn(Reply) -> R,
    ) -> Self {
        let (sender, answer) = oneshot::channel();
        match requests.send(Request::Call { call, command, answer: sender }) {
            Ok(()) => Self { outcome: Outcome::Awaited { call, requests: requests.clone(), answer }, read },
            Err(_) => Self::failed(closed(), read),
        }
    }

    /// A call that is not made.
    pub(crate) fn failed(error: Error, read: fn(Reply) -> R) -> Self {
        Self { outcome: Outcome::Failed(error), read }
    }
}

impl<R> Future for Call<R> {
    type Output = Result<R, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = match &mut self.outcome {
            Outcome::Awaited { answer, .. } => {
                ready!(Pin::new(answer).poll(context)).unwrap_or_else(|_| Err(closed()))
            }
            Outcome::Failed(error) => Err(error.clone()),
            // Nobody polls a future that is ready once more.
            Outcome::Told => return Poll::Pending,
        };
        self.outcome = Outcome::Told;
        Poll::Ready(result.map(self.read))
    }
}

impl<R> Drop for Call<R> {
    fn drop(&mut self) {
        if let Outcome::Awaited { call, requests, .. } = &self.outcome {
            let _ = requests.send(Request::Cancel(*call));
        }
    }
}

fn closed() -> Error {
    Error::new(ErrorCode::Closed, "")
}
