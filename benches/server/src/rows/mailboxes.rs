//! A6: many senders fill the mailboxes of peers that are away; then a friend writes to each.

use crate::bench::{BEFORE, Bench};
use crate::client::{Claim, Client};
use crate::failure::Failure;
use crate::frame::Kind;
use crate::others::Others;
use crate::report::{Line, megabytes};
use crate::server_process::ServerProcess;
use crate::times::ms;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, timeout};

const FILLERS: usize = 18;
/// Messages that a filler sends before it waits for their answers.
const AT_A_TIME: usize = 8;
/// The most messages for one mailbox: more do not fit.
const MOST_EACH: usize = 512;
/// With a text of this length, a mailbox with the bounds of docs/protocol.md is full by frames and by bytes at about
/// the same time.
const TEXT_BYTES: usize = 900;
const FILLING: Duration = Duration::from_secs(60);

type Answers = BTreeMap<String, usize>;

pub async fn run(bench: &Bench, targets: usize) -> Result<Line, Failure> {
    let mut line = Line::new("A6", format!("{FILLERS} clients fill the mailboxes of {targets} away peers"));
    let server = ServerProcess::start(&bench.server, &[]).await?;
    let others = Others::start(server.address).await?;
    line.before(&others.talk(BEFORE, bench.patience).await);
    for number in 0..targets {
        Client::begin(server.address, Claim::new(target(number))).await?;
    }
    let resident = server.resident().unwrap_or_default();

    bench.lag();
    let begin = Instant::now();
    let mut answers = Answers::new();
    // One after the other: the first filler takes the room that is for all senders, the others take the reserve for
    // senders with little there.
    let all = async {
        for number in 0..FILLERS {
            let filler = bench.crowd.handle.spawn(fill(server.address, number, targets)).await;
            match filler.unwrap_or_else(|error| Err(error.into())) {
                Ok(told) => {
                    told.into_iter().for_each(|(what, times)| *answers.entry(what).or_default() += times)
                }
                Err(failure) => *answers.entry(failure.to_string()).or_default() += 1,
            }
        }
    };
    let is_whole = timeout(FILLING, all).await.is_ok();
    let filled = begin.elapsed();
    let times = others.settle(begin, bench.patience).await;
    line.during(&times, &bench.lag());
    let grown = server.resident().unwrap_or_default().saturating_sub(resident);
    let end = if is_whole { "" } else { " (and not ended)" };
    line.saw(format!("fillers in {}{end}: {answers:?}", ms(filled)));
    let each = grown.checked_div(u64::try_from(targets).unwrap_or_default()).unwrap_or_default();
    line.saw(format!("{} kB for each away session", each / 1000));
    line.saw(format!("memory grew by {}", megabytes(grown)));
    match timeout(bench.patience, befriend(server.address, targets)).await {
        Ok(Ok(told)) => line.saw(format!("the friend's messages: {told:?}")),
        Ok(Err(failure)) => line.saw(format!("the friend: {failure}")),
        Err(_) => line.saw("the friend had no answers in time"),
    }
    line.saw_all(others.remarks());
    drop(others);
    Ok(line.finish(server).await)
}

fn target(number: usize) -> String {
    format!("away-{number}")
}

fn message(to: usize, data: &str) -> String {
    format!(r#","id":1,"to":"{}","payload":{{"data":"{data}"}}"#, target(to))
}

/// Sends to one target after the other until the server says that there is no room.
async fn fill(address: SocketAddr, number: usize, targets: usize) -> Result<Answers, Failure> {
    let (mut client, _) = Client::begin(address, Claim::new(format!("filler-{number}"))).await?;
    let long = "x".repeat(TEXT_BYTES);
    let mut answers = Answers::new();
    for to in 0..targets {
        // If a long message does not fit any more, a short one may.
        for data in [&*long, "x"] {
            let mut sent = 0;
            let mut has_room = true;
            while has_room && sent < MOST_EACH {
                for _ in 0..AT_A_TIME {
                    client.feed("message", &message(to, data)).await?;
                }
                client.flush().await?;
                sent += AT_A_TIME;
                has_room = hear(&mut client, AT_A_TIME, &mut answers).await?;
            }
        }
    }
    Ok(answers)
}

async fn befriend(address: SocketAddr, targets: usize) -> Result<Answers, Failure> {
    let (mut client, _) = Client::begin(address, Claim::new("friend")).await?;
    let mut answers = Answers::new();
    for to in 0..targets {
        client.send("message", &message(to, "hello")).await?;
        hear(&mut client, 1, &mut answers).await?;
    }
    Ok(answers)
}

/// Reads this many answers; returns whether all were `sent`.
async fn hear(client: &mut Client, count: usize, answers: &mut Answers) -> Result<bool, Failure> {
    let (mut left, mut all_sent) = (count, true);
    while left > 0 {
        let heard = client.next().await?;
        let answer = match heard.kind {
            Kind::Sent => "sent".into(),
            Kind::Error => heard.payload()?.code.unwrap_or_default(),
            _ => continue,
        };
        all_sent &= heard.kind == Kind::Sent;
        *answers.entry(answer).or_default() += 1;
        left -= 1;
    }
    Ok(all_sent)
}
