//! One request over HTTP.

use crate::failure::Failure;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(5);

/// What a server answers over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status, such as 200.
    pub status: u16,
    /// The lines before the body.
    pub head: String,
    /// The body; what is no UTF-8 is replaced.
    pub body: String,
}

/// Asks for `path` with GET.
///
/// # Errors
/// When there is no answer within 5 s.
pub async fn get(address: SocketAddr, path: &str) -> Result<HttpAnswer, Failure> {
    let asking = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer =
        timeout(ANSWER, asking).await.map_err(|_| Failure::new(format!("no answer to {path}")))??;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| Failure::new(format!("no HTTP: {head:?}")))?;
    Ok(HttpAnswer { status, head: head.into(), body: body.into() })
}
