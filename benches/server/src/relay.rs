//! The floor of row A8: sockets in pairs, and each frame goes to the partner unread. The relay parses, keeps,
//! numbers, bounds and reports nothing; less work is impossible with the same WebSocket code on one thread.

use crate::failure::Failure;
use futures_util::{SinkExt, StreamExt};
use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// The size of a socket's buffers, the same as in the server.
const READ_BUFFER: usize = 2 * 1024;
const WRITE_BUFFER: usize = 4 * 1024;

type Partners = Arc<Mutex<HashMap<String, UnboundedSender<Message>>>>;

/// Serves until the process is ended. The first frame of a socket is `OWN PARTNER`.
///
/// # Errors
/// When there is no port, or no process reads its address.
pub async fn serve() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on http://{}", listener.local_addr()?)?;
    stdout.flush()?;
    let partners = Partners::default();
    loop {
        let (stream, _) = listener.accept().await?;
        // The relay ignores the end of a client.
        tokio::spawn(pass_on(stream, partners.clone()));
    }
}

async fn pass_on(stream: TcpStream, partners: Partners) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER).write_buffer_size(WRITE_BUFFER);
    let mut socket = accept_async_with_config(stream, Some(config)).await?;
    let Some(first) = socket.next().await else { return Ok(()) };
    let first = first?.into_text()?;
    let Some((own, partner)) = first.split_once(' ') else { return Ok(()) };
    let (sender, mut incoming): (_, UnboundedReceiver<Message>) = unbounded_channel();
    let look_up = |name: &str| partners.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
    partners.lock().unwrap_or_else(PoisonError::into_inner).insert(own.to_owned(), sender);
    // The relay says this when it can write to the socket.
    socket.send(Message::Text("ready".into())).await?;
    let mut to_partner = None;
    loop {
        tokio::select! {
            frame = socket.next() => {
                let Some(frame) = frame else { return Ok(()) };
                let frame = frame?;
                to_partner = to_partner.or_else(|| look_up(partner));
                if let Some(to_partner) = &to_partner {
                    // The partner may be gone.
                    let _gone = to_partner.send(frame);
                }
            }
            frame = incoming.recv() => {
                let Some(frame) = frame else { return Ok(()) };
                socket.feed(frame).await?;
                while let Ok(frame) = incoming.try_recv() {
                    socket.feed(frame).await?;
                }
                socket.flush().await?;
            }
        }
    }
}
