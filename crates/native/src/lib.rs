//! A Signalpost client for programs that are no browsers: a bot, a gateway, a load test, a server that takes part in a room.
//!
//! It does signaling and no WebRTC: it registers, enters rooms, finds peers, and exchanges messages with them. It runs the
//! same core as the browser's client, so its session survives lost sockets in the same way: each message arrives once and in
//! order as long as both sessions live, and where a session is lost, [`Event::SessionLost`] says why. A program that brings a
//! WebRTC library of its own carries its offers, answers and candidates with [`Client::signal`].
//!
//! ```no_run
//! use signalpost_native::{Client, Event, RoomName, Settings};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = Settings::new("greeter", "ws://127.0.0.1:8787/signal")?;
//! let (client, mut events) = Client::connect(settings).await?;
//! let hall = RoomName::parse("hall")?;
//! client.join(&hall).await?;
//! while let Some(event) = events.next().await {
//!     if let Event::PeerJoined { peer, .. } = event {
//!         client.broadcast(&hall, &format!("welcome, {}", peer.id)).await?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What happens where
//! [`Client`] is a handle; one task of the tokio runtime, the driver, owns the core, and one more each socket. The driver
//! gives the core one input at a time, carries out every output, and only then tells the application. A program that does not
//! take its [`Events`] stops its client from reading: the server sees the client silent and keeps its mail, until its session
//! ends.
//!
//! A peer that asks this client for a WebRTC connection is refused at once: its call rejects with `connection-gone`, and the
//! application here hears of it as [`Event::Error`] with `connection-unavailable`.
#![forbid(unsafe_code)]

mod call;
mod client;
mod clock;
mod driver;
mod endpoints;
mod error;
mod events;
mod settings;
mod socket;
mod sockets;

pub use call::Call;
pub use client::{Client, Page};
pub use endpoints::Endpoints;
pub use error::Error;
pub use events::{Event, Events};
pub use settings::{Key, Settings};
pub use signalpost_core::protocol::{
    AwayReason, ErrorCode, IceCandidateInit, InvalidId, Label, LeaveReason, LossReason, Open, OwnSignal,
    PeerId, PeerInfo, Query, RoomName,
};
pub use signalpost_core::{ClientState, ReconnectOptions};
