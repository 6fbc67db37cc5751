//! The reasons that end a client of the load, or keep it from starting.

use core::fmt;
use std::io;
use tokio_tungstenite::tungstenite;

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// The server closed the socket, with this code if it gave one.
    Closed(Option<u16>),
    /// The server answered with an `error` of this code.
    Refused(String),
    /// The operation did not end in time.
    Late(&'static str),
    /// The system, HTTP or the server's frames were not as expected.
    Broken(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(Some(code)) => write!(f, "closed {code}"),
            Self::Closed(None) => f.write_str("socket lost"),
            Self::Refused(code) => write!(f, "refused {code}"),
            Self::Late(what) => write!(f, "{what}: too late"),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Self::Closed(None),
            _ => Self::Broken(error.to_string()),
        }
    }
}

impl From<tungstenite::Error> for Failure {
    fn from(error: tungstenite::Error) -> Self {
        use tungstenite::error::ProtocolError;
        match error {
            tungstenite::Error::Io(error) => error.into(),
            tungstenite::Error::ConnectionClosed
            | tungstenite::Error::AlreadyClosed
            | tungstenite::Error::Protocol(
                ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing,
            ) => Self::Closed(None),
            tungstenite::Error::Http(response) => {
                Self::Refused(format!("HTTP {}", response.status().as_u16()))
            }
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(format!("a frame that is not understood: {error}"))
    }
}

impl From<tokio::task::JoinError> for Failure {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Broken(format!("a task of the load: {error}"))
    }
}
