//! Greets everybody who enters a room, until Ctrl-C ends it: `cargo run -p signalpost-native --example greeter --
//! ws://127.0.0.1:8787/signal hall`. The demo page of `npm start` is such a room.

use signalpost_native::{Client, Event, RoomName, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "ws://127.0.0.1:8787/signal".into());
    let room = RoomName::parse(&arguments.next().unwrap_or_else(|| "hall".into()))?;
    let id = format!("greeter-{}", std::process::id());
    let (client, mut events) = Client::connect(Settings::new(&id, url)?).await?;
    client.join(&room).await?;
    println!("{id} is in {room}");
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            _ = tokio::signal::ctrl_c() => None,
        };
        match event {
            Some(Event::PeerJoined { peer, .. }) => {
                println!("{} is here", peer.id);
                client.broadcast(&room, &format!("welcome, {}", peer.id)).await?;
            }
            Some(Event::PeerLeft { peer, reason, .. }) => println!("{peer} left: {reason}"),
            Some(Event::Message { from, data, .. }) => println!("{from}: {data}"),
            Some(Event::SessionLost { reason }) => println!("the session was lost: {reason:?}"),
            Some(Event::State { state, reason }) => println!("{} {reason}", state.as_str()),
            Some(_) => {}
            None => break,
        }
    }
    client.close().await;
    Ok(())
}
