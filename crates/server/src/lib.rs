//! The reference signaling server of Signalpost.
//!
//! Two parts. The first is sans-IO and always built: [`session::Session`] is one socket,
//! [`registry::Registry`] is who is there, and [`engine`] is the contract between the two, so that a
//! shared store can take the registry's place. They get the time in milliseconds from their caller, draw no random
//! number and answer the same inputs with the same outputs in the same order; the simulation runs them as
//! they are. The second, `net` (cargo feature of the same name, on by default), puts them behind an axum
//! listener.
//!
//! ```
//! use signalpost_server::engine::{Delivery, Full, Outlet};
//! use signalpost_server::registry::Registry;
//! use signalpost_server::session::{Session, SessionOutput};
//! use signalpost_server::{SocketId, Token};
//! use std::collections::VecDeque;
//!
//! /// A queue for the one socket of this example.
//! struct Inbox(VecDeque<Delivery>);
//! impl Outlet for Inbox {
//!     fn deliver(&mut self, _to: SocketId, delivery: Delivery) -> Result<(), Full> {
//!         self.0.push_back(delivery);
//!         Ok(())
//!     }
//! }
//!
//! let socket = SocketId::new(1);
//! let (mut registry, mut inbox) = (Registry::default(), Inbox(VecDeque::new()));
//! let mut session = Session::new(0, socket, None, Token::new([7; 32]));
//! let hello = r#"{"type":"hello","payload":{"versions":[1,2],"key":"0123456789abcdef",
//!     "peer":{"id":"ada","session":7}}}"#;
//! session.handle_frame(10, hello);
//! let mut sent = Vec::new();
//! loop {
//!     if let Some(output) = session.poll_output() {
//!         match output {
//!             SessionOutput::Send { message, .. } => sent.push(message),
//!             SessionOutput::Execute(command) => registry.execute(10, socket, command, &mut inbox),
//!             _ => {}
//!         }
//!     } else if let Some(delivery) = inbox.0.pop_front() {
//!         session.handle_delivery(10, delivery);
//!     } else {
//!         break;
//!     }
//! }
//! assert_eq!(sent.len(), 1); // welcome
//! ```
#![forbid(unsafe_code)]

pub mod audit;
pub mod drain;
pub mod engine;
pub mod memory;
#[cfg(feature = "net")]
pub mod net;
#[cfg(feature = "redis")]
pub mod redis;
pub mod registry;
pub mod session;
mod socket_id;
mod token;

pub use socket_id::SocketId;
pub use token::{Token, TokenHash};
