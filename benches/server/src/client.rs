//! A light client of version 2: numbers, acknowledgements and signs of life, and nothing else.

use crate::failure::Failure;
use crate::frame::{Heard, Kind};
use crate::numbers::{Numbers, Take};
use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// The longest time for a handshake, and for the answer to a `hello`.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a client may keep an acknowledgement back.
const ACK_AFTER: Duration = Duration::from_millis(100);
/// The size of a socket's buffers: four thousand sockets must be cheap.
const BUFFER: usize = 4 * 1024;

pub type Socket = WebSocketStream<TcpStream>;

/// Opens a socket. Dropping the socket resets it and does not close it, so the server sees a lost link, and no port
/// stays occupied on this side.
///
/// # Errors
/// The error of the system or of the server's HTTP.
pub async fn open(address: SocketAddr) -> Result<Socket, Failure> {
    let opening = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        stream.set_zero_linger()?;
        let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(BUFFER);
        let url = format!("ws://{address}/signal");
        let (socket, _) = client_async_with_config(url, stream, Some(config)).await?;
        Ok(socket)
    };
    timeout(PATIENCE, opening).await.unwrap_or(Err(Failure::Late("the handshake")))
}

/// The state that a client keeps between its sockets.
#[derive(Clone, Debug)]
pub struct Claim {
    pub id: String,
    key: String,
    received: Option<u32>,
    attempt: u32,
}

impl Claim {
    /// Makes the claim of a client that was never welcomed. Ids of the load need no escape in JSON.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self { key: format!("the first key of {id}"), id, received: None, attempt: 0 }
    }

    fn hello(&self) -> String {
        let Self { id, key, attempt, .. } = self;
        let received = self.received.map(|received| format!(r#","received":{received}"#)).unwrap_or_default();
        format!(
            r#"{{"type":"hello","id":0,"payload":{{"versions":[1,2],"key":"{key}","attempt":{attempt}{received},"peer":{{"id":"{id}","session":1}}}}}}"#
        )
    }
}

/// The server's decision about the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    pub resumed: bool,
    pub reason: Option<String>,
}

/// A client with a socket and a session.
pub struct Client {
    socket: Socket,
    claim: Claim,
    numbers: Numbers,
    /// When an acknowledgement is due at the latest.
    ack_at: Option<Instant>,
    ack_now: bool,
}

impl Client {
    /// Opens a socket and claims the session, or begins one. The caller keeps `claim` for another try.
    ///
    /// # Errors
    /// When there is no socket, or the server refuses the `hello`.
    pub async fn begin(address: SocketAddr, mut claim: Claim) -> Result<(Self, Welcome), Failure> {
        let mut socket = open(address).await?;
        claim.attempt = claim.attempt.saturating_add(1);
        socket.send(Message::Text(claim.hello().into())).await?;
        let mut client = Self { socket, claim, numbers: Numbers::default(), ack_at: None, ack_now: false };
        let welcome =
            timeout(PATIENCE, client.welcome()).await.unwrap_or(Err(Failure::Late("the welcome")))?;
        // This acknowledgement proves the new key.
        client.acknowledge().await?;
        Ok((client, welcome))
    }

    async fn welcome(&mut self) -> Result<Welcome, Failure> {
        loop {
            let heard = self.read().await?;
            let payload = heard.payload()?;
            match heard.kind {
                Kind::Welcome => {
                    let resumed = payload.resumed == Some(true);
                    if let Some(key) = payload.key {
                        self.claim.key = key;
                    }
                    if resumed {
                        let received = self.claim.received.unwrap_or_default();
                        self.numbers = Numbers::resumed(received, payload.received.unwrap_or_default());
                    }
                    return Ok(Welcome { resumed, reason: payload.reason });
                }
                Kind::Error => return Err(Failure::Refused(payload.code.unwrap_or_default())),
                _ => {}
            }
        }
    }

    /// Resets the socket; returns the claim for the next one.
    pub fn leave(self) -> Claim {
        let Self { claim, numbers, .. } = self;
        Claim { received: Some(numbers.received()), ..claim }
    }

    /// Returns the socket alone, for actions that no client does.
    pub fn into_socket(self) -> Socket {
        self.socket
    }

    /// Sends a numbered frame; `rest` is the JSON after the numbers: `,"to":"ada"`.
    ///
    /// # Errors
    /// When the socket is gone.
    pub async fn send(&mut self, kind: &str, rest: &str) -> Result<(), Failure> {
        self.feed(kind, rest).await?;
        self.flush().await
    }

    /// Adds a numbered frame to those that [`Client::flush`] sends together.
    ///
    /// # Errors
    /// When the socket is gone.
    pub async fn feed(&mut self, kind: &str, rest: &str) -> Result<(), Failure> {
        let (seq, ack) = self.numbers.next();
        (self.ack_at, self.ack_now) = (None, false);
        let text = format!(r#"{{"type":"{kind}","seq":{seq},"ack":{ack}{rest}}}"#);
        Ok(self.socket.feed(Message::Text(text.into())).await?)
    }

    /// Sends the frames that were added.
    ///
    /// # Errors
    /// When the socket is gone.
    pub async fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.socket.flush().await?)
    }

    async fn acknowledge(&mut self) -> Result<(), Failure> {
        (self.ack_at, self.ack_now) = (None, false);
        let text = format!(r#"{{"type":"ack","ack":{}}}"#, self.numbers.ack());
        Ok(self.socket.send(Message::Text(text.into())).await?)
    }

    async fn read(&mut self) -> Result<Heard, Failure> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Heard::read(text),
                Some(Ok(Message::Close(frame))) => {
                    return Err(Failure::Closed(frame.map(|frame| frame.code.into())));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err(Failure::Closed(None)),
            }
        }
    }

    /// Returns the next frame that is neither an acknowledgement nor a sign of life, and answers these meanwhile. The
    /// caller may drop the future before it is done: no frame is lost.
    ///
    /// # Errors
    /// When the socket is gone.
    pub async fn next(&mut self) -> Result<Heard, Failure> {
        loop {
            // The acknowledgement goes before the next read: frames that come without a pause would delay it for ever.
            if self.ack_now {
                self.acknowledge().await?;
            }
            let heard = match self.ack_at {
                None => self.read().await?,
                Some(at) => match timeout_at(at, self.read()).await {
                    Ok(heard) => heard?,
                    Err(_) => {
                        self.acknowledge().await?;
                        continue;
                    }
                },
            };
            if let Some(seq) = heard.seq {
                match self.numbers.take(seq) {
                    Take::Again => continue,
                    Take::Gap => return Err(Failure::Broken("the server left a number out".into())),
                    Take::Next { ack_now: true } => self.ack_now = true,
                    Take::Next { ack_now: false } => {
                        self.ack_at.get_or_insert_with(|| Instant::now() + ACK_AFTER);
                    }
                }
            }
            match heard.kind {
                Kind::Ack => {}
                Kind::Heartbeat => {
                    self.socket.send(Message::Text(r#"{"type":"heartbeat-ack"}"#.into())).await?;
                }
                _ => return Ok(heard),
            }
        }
    }
}
