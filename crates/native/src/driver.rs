//! Drives the core: takes one input at a time, carries out every output, and only then tells the application.

use crate::clock::Clock;
use crate::error::Error;
use crate::events::Event;
use crate::sockets::Sockets;
use signalpost_core::protocol::Envelope;
use signalpost_core::{CallId, Client as Core, ClientState, Command, ConnectionEvent, Input, Output, Reply};
use std::collections::{HashMap, VecDeque};
use std::future::pending;
use tokio::sync::{mpsc, oneshot, watch};

/// The events that are handed to the application ahead of its taking them.
const AHEAD: usize = 16;
/// What a peer's offer finds instead of an `RTCPeerConnection`.
const NO_WEBRTC: &str = "a native client has no WebRTC";

/// What a handle asks of the driver.
pub enum Request {
    /// A call whose caller waits at `answer`.
    Call {
        /// The number that the command carries.
        call: CallId,
        /// The command for the core.
        command: Command,
        /// Where the caller waits.
        answer: oneshot::Sender<Result<Reply, Error>>,
    },
    /// The caller does not wait any more.
    Cancel(CallId),
    /// The client ends for good.
    Close,
    /// The client ends without a word to the server.
    Abandon,
}

/// The ends of a driver that its handle and the application's events hold.
pub struct Ends {
    /// To the driver. Each entry is of a call that its caller holds.
    pub requests: mpsc::UnboundedSender<Request>,
    /// What happened.
    pub events: mpsc::Receiver<Event>,
    /// The state of the client.
    pub state: watch::Receiver<ClientState>,
    /// Ends when the client is closed and its sockets are.
    pub closed: watch::Receiver<bool>,
}

/// What happened to the driver.
enum Happening {
    /// The core has to hear it.
    Input(Input),
    /// The core has nothing to hear.
    Told,
    /// The client ends at once.
    Abandoned,
}

/// One client: the core, its sockets, and what the application waits for.
pub struct Driver {
    core: Core,
    clock: Clock,
    sockets: Sockets,
    calls: HashMap<CallId, oneshot::Sender<Result<Reply, Error>>>,
    /// What the application has not taken yet.
    news: VecDeque<Event>,
    /// How many of them wait until no socket is read any more.
    most_news: usize,
    requests: mpsc::UnboundedReceiver<Request>,
    events: mpsc::Sender<Event>,
    state: watch::Sender<ClientState>,
    closed: watch::Sender<bool>,
}

impl Driver {
    /// A driver that does nothing yet. `most_news`: see [`crate::Settings::most_events`].
    pub fn new(core: Core, sockets: Sockets, most_news: usize) -> (Self, Ends) {
        let (sender, requests) = mpsc::unbounded_channel();
        let (events, receiver) = mpsc::channel(AHEAD);
        let (state, state_seen) = watch::channel(core.state());
        let (closed, closed_seen) = watch::channel(false);
        let driver = Self {
            core,
            clock: Clock::start(),
            sockets,
            calls: HashMap::new(),
            news: VecDeque::new(),
            most_news,
            requests,
            events,
            state,
            closed,
        };
        (driver, Ends { requests: sender, events: receiver, state: state_seen, closed: closed_seen })
    }

    /// Runs until the client is closed, or no handle is left.
    pub async fn run(mut self) {
        while self.core.state() != ClientState::Closed {
            match self.next_input().await {
                Happening::Input(input) => self.handle_input(input),
                Happening::Told => {}
                // What this owns ends with it: the sockets, the calls, the events.
                Happening::Abandoned => return,
            }
        }
        // What is asked from now on is refused at once, however long the application takes with the last events.
        self.requests.close();
        while self.requests.try_recv().is_ok() {}
        self.sockets.end().await;
        self.closed.send_replace(true);
        for event in self.news {
            if self.events.send(event).await.is_err() {
                return;
            }
        }
    }

    /// Waits for what happens next.
    async fn next_input(&mut self) -> Happening {
        let due = self.core.poll_timeout().and_then(|(at_ms, _)| self.clock.at(at_ms));
        let timer = async {
            match due {
                Some(at) => tokio::time::sleep_until(at).await,
                None => pending().await,
            }
        };
        tokio::select! {
            request = self.requests.recv() => take_request(&mut self.calls, request),
            (socket, event) = self.sockets.next(), if self.news.len() < self.most_news => {
                Happening::Input(Input::Socket { socket, event })
            }
            () = timer => Happening::Input(Input::Timeout),
            permit = self.events.reserve(), if !self.news.is_empty() => {
                match permit {
                    Ok(permit) => if let Some(event) = self.news.pop_front() { permit.send(event) },
                    // The application does not want to hear anything.
                    Err(_) => self.news.clear(),
                }
                Happening::Told
            }
        }
    }

    fn handle_input(&mut self, input: Input) {
        let mut inbox = VecDeque::from([input]);
        while let Some(input) = inbox.pop_front() {
            self.core.handle_input(self.clock.now_ms(), input);
            while let Some(output) = self.core.poll_output() {
                inbox.extend(self.execute(output));
            }
        }
    }

    /// Carries an output out. Returns its outcome, where that is known at once.
    fn execute(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::OpenSocket { socket } => self.sockets.open(socket),
            Output::Send { socket, envelope, ack } => {
                self.sockets.send(socket, &Envelope { ack, ..Envelope::clone(&envelope) });
            }
            Output::CloseSocket { socket, code } => self.sockets.close(socket, code),
            Output::CreateConnection { connection, .. } | Output::ReplaceConnection { connection, .. } => {
                let event = ConnectionEvent::Unavailable { message: NO_WEBRTC.into() };
                return Some(Input::Connection { connection, event });
            }
            // Without servers the core gathers nothing. It closes the connection that could not be made, so nothing is to be done on it
            // before.
            Output::Gather { .. }
            | Output::Operate { .. }
            | Output::RestartIce { .. }
            | Output::AwaitPair { .. }
            | Output::Probe { .. }
            | Output::Ping { .. }
            | Output::CloseConnection { .. }
            | Output::Note { .. } => {}
            Output::Settle { call, result } => {
                if let Some(answer) = self.calls.remove(&call) {
                    // A caller that does not wait any more hears nothing.
                    let _ = answer.send(result.map_err(|failure| Error::from(&failure)));
                }
            }
            Output::Event(event) => {
                if let signalpost_core::Event::State { state, .. } = &event {
                    self.state.send_replace(*state);
                }
                self.news.extend(Event::of_core(event));
            }
        }
        None
    }
}

/// What a request is to the driver.
fn take_request(
    calls: &mut HashMap<CallId, oneshot::Sender<Result<Reply, Error>>>,
    request: Option<Request>,
) -> Happening {
    Happening::Input(Input::Command(match request {
        Some(Request::Call { call, command, answer }) => {
            calls.insert(call, answer);
            command
        }
        // A call that is settled has nothing to cancel.
        Some(Request::Cancel(call)) if calls.remove(&call).is_none() => return Happening::Told,
        Some(Request::Cancel(call)) => Command::Cancel { call },
        Some(Request::Abandon) => return Happening::Abandoned,
        Some(Request::Close) | None => Command::Close,
    }))
}
