//! What happens to the sockets of single clients.

use super::Tally;
use crate::balancer::Way;
use crate::random::Random;
use signalpost_lab::{Failure, Fault, Which};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Of a hundred faults, so many freeze a socket; the others cut it.
const FREEZES: usize = 30;
/// Of a hundred freezes, so many are long.
const LONG: usize = 5;
/// How long a freeze lasts, in milliseconds: a short one, and a long one.
const SHORT_MS: (u32, u32) = (50, 6_000);
const LONG_MS: (u32, u32) = (15_000, 60_000);
/// Of a hundred cuts, so many are of a tenth of all clients at once.
const STORMS: usize = 3;
/// Of a hundred other cuts, so many make the client go to another server.
const MOVES: usize = 30;

/// Cuts and freezes the sockets of clients until it is dropped, with `pause` between two faults on average. A freeze is at most as
/// long as `longest`.
///
/// # Errors
/// When a proxy has ended.
pub async fn trouble_clients(
    ways: &[Way],
    mut random: Random,
    pause: Duration,
    longest: Duration,
    tally: &Tally,
) -> Result<(), Failure> {
    let mut freezes: JoinSet<Result<(), Failure>> = JoinSet::new();
    loop {
        sleep(random.pause(pause)).await;
        while let Some(Ok(ended)) = freezes.try_join_next() {
            ended?;
        }
        let Some(way) = random.choose(ways).cloned() else { return Ok(()) };
        let proxy = way.proxy.clone();
        if random.percent(FREEZES) {
            let is_long = random.percent(LONG);
            let (least, most) = if is_long { LONG_MS } else { SHORT_MS };
            let time = random.time(least, most).min(longest);
            let directions = [
                (Fault::Freeze, "socket frozen"),
                (Fault::FreezeToClient, "socket frozen towards its client"),
                (Fault::FreezeToServer, "socket frozen towards its server"),
            ];
            let Some((fault, name)) = random.choose(&directions).copied() else { continue };
            tally.count(if is_long { "socket frozen for long" } else { name });
            proxy.set(fault)?;
            freezes.spawn(async move {
                sleep(time).await;
                proxy.heal()
            });
        } else if random.percent(STORMS) {
            tally.count("tenth of the sockets cut at once");
            for way in ways.iter().filter(|_| random.percent(10)) {
                way.proxy.cut(Which::Every)?;
            }
        } else if random.percent(MOVES) {
            tally.count("socket moved to another server");
            way.move_away()?;
        } else {
            tally.count("socket cut");
            proxy.cut(Which::Every)?;
        }
    }
}
