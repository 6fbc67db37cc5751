//! The protocol of Redis (RESP 2), as much of it as the laboratory says.

use crate::failure::Failure;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// How long one command may take.
const COMMAND: Duration = Duration::from_secs(5);

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A status or a string; what is no UTF-8 is replaced.
    Text(String),
    /// An integer.
    Number(i64),
    /// Nothing.
    Null,
    /// Several replies.
    List(Vec<Self>),
    /// An error, as the server words it.
    Error(String),
}

impl Reply {
    /// Returns the text, or an empty one for any other reply.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    /// Returns the replies of a list, or none for any other reply.
    pub fn list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            _ => &[],
        }
    }

    /// Returns the value after `name` in a list of names and values.
    pub fn field(&self, name: &str) -> Option<&Self> {
        let list = self.list();
        list.iter().step_by(2).position(|held| held.text() == name).and_then(|at| list.get(2 * at + 1))
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection to a server.
pub struct Connection {
    stream: BufReader<Box<dyn Stream>>,
}

impl Connection {
    /// Connects by TCP.
    pub async fn open(address: std::net::SocketAddr) -> Result<Self, Failure> {
        let stream = within(TcpStream::connect(address)).await?;
        Ok(Self { stream: BufReader::new(Box::new(stream)) })
    }

    /// Connects by a socket in the file system.
    pub async fn open_local(path: &Path) -> Result<Self, Failure> {
        let stream = within(UnixStream::connect(path)).await?;
        Ok(Self { stream: BufReader::new(Box::new(stream)) })
    }

    /// Sends a command and returns its reply.
    ///
    /// # Errors
    /// When the connection fails or no reply comes within 5 s. A reply that is an error is returned.
    pub async fn ask(&mut self, words: &[&str]) -> Result<Reply, Failure> {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        let asking = async {
            self.stream.write_all(command.as_bytes()).await?;
            self.stream.flush().await?;
            self.reply().await
        };
        timeout(COMMAND, asking).await.unwrap_or_else(|_| Err(late()))
    }

    /// Reads a reply, as long as that takes.
    pub fn reply(&mut self) -> Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send + '_>> {
        Box::pin(async move {
            let mut line = String::new();
            self.stream.read_line(&mut line).await?;
            let broken = || Failure::new(format!("no reply of Redis: {line:?}"));
            let line = line.strip_suffix("\r\n").ok_or_else(broken)?;
            let mut characters = line.chars();
            let kind = characters.next();
            let rest = characters.as_str();
            let number = || rest.parse::<i64>().map_err(|_| broken());
            match kind {
                Some('+') => Ok(Reply::Text(rest.into())),
                Some('-') => Ok(Reply::Error(rest.into())),
                Some(':') => Ok(Reply::Number(number()?)),
                Some('$') => match usize::try_from(number()?) {
                    Err(_) => Ok(Reply::Null),
                    Ok(length) => {
                        let mut bytes = vec![0; length + 2];
                        self.stream.read_exact(&mut bytes).await?;
                        bytes.truncate(length);
                        Ok(Reply::Text(String::from_utf8_lossy(&bytes).into_owned()))
                    }
                },
                Some('*') => match usize::try_from(number()?) {
                    Err(_) => Ok(Reply::Null),
                    Ok(length) => {
                        let mut list = Vec::new();
                        for _ in 0..length {
                            list.push(self.reply().await?);
                        }
                        Ok(Reply::List(list))
                    }
                },
                _ => Err(broken()),
            }
        })
    }
}

async fn within<T>(connecting: impl Future<Output = std::io::Result<T>>) -> Result<T, Failure> {
    Ok(timeout(COMMAND, connecting).await.map_err(|_| late())??)
}

fn late() -> Failure {
    Failure::new(format!("Redis did not answer within {COMMAND:?}"))
}
