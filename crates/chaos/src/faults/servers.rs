//! What happens to whole servers and to the store that they share.

use super::Tally;
use super::deck::Deck;
use crate::happening::Happening;
use crate::history::Outage;
use crate::random::Random;
use crate::store::Store;
use crate::world::World;
use signalpost_lab::{Data, Failure, Fault, Which};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// How long a server that was frozen and is deaf acts before it hears again.
const AWAKE: Duration = Duration::from_secs(1);

/// What the run has to know of what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Redis is about to lose this data.
    Loses(Outage),
    /// Redis runs again, and has lost the data.
    HasLost,
    /// Not every server found within 8 s that its subscription was wedged.
    WedgeUnfound,
}

/// The limits of what happens.
#[derive(Clone, Debug)]
pub struct Limits {
    /// What can happen.
    pub kinds: Vec<Happening>,
    /// The longest that one thing lasts.
    pub longest: Duration,
    /// Nothing begins any more when this is true.
    pub stopped: watch::Receiver<bool>,
}

/// Lets things happen to the servers and their store, with `pause` between two of them on average; without a pause nothing
/// happens. Everything that can happen has happened before one of it happens once more. `told` hears of what
/// counts for the verdict. Returns when it is stopped and everything runs again.
///
/// # Errors
/// When something does not start again.
pub async fn trouble_servers(
    world: &mut World,
    mut random: Random,
    pause: Option<Duration>,
    Limits { kinds, longest, mut stopped }: Limits,
    tally: &Tally,
    told: impl Fn(Word),
) -> Result<(), Failure> {
    let mut deck = Deck::new(kinds);
    loop {
        let wait = pause.map_or(Duration::MAX, |pause| random.pause(pause));
        tokio::select! {
            // Who could stop it is gone.
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
            () = sleep(wait) => {}
        }
        let Some(happening) = deck.draw(&mut random) else { return Ok(()) };
        tally.count(happening.name());
        if let Some(outage) = happening.outage() {
            told(Word::Loses(outage));
        }
        let node = random.below(world.nodes());
        let mut time = |least, most| random.time(least, most).min(longest);
        match happening {
            Happening::FreezeServer => {
                let time = time(200, 60_000);
                world.freeze(node, time).await?;
            }
            Happening::FreezeServerLong => world.freeze(node, longest).await?,
            Happening::DeafenServer => {
                let time = time(8_000, 20_000);
                set(world, Fault::Freeze, Which::Subscribers)?;
                world.freeze(node, time).await?;
                sleep(time.min(AWAKE)).await;
                heal(world)?;
            }
            Happening::KillServer => {
                let time = time(1, 5_000);
                world.kill(node, time).await?;
            }
            Happening::RollServers => world.roll().await?,
            Happening::KillRedis => {
                let time = time(1, 4_000);
                kill(world, Data::Kept, time).await?;
            }
            Happening::WipeRedis => {
                let time = time(1, 4_000);
                kill(world, Data::Lost, time).await?;
            }
            Happening::LoseTail => {
                let (tail, time) = (time(20, 3_000), time(1, 4_000));
                if let Some(redis) = &mut world.redis {
                    redis.lose_tail(tail, time).await?;
                }
            }
            Happening::FreezeRedis => pass(world, Fault::Freeze, Which::Every, time(200, 6_000)).await?,
            Happening::DelayRedis => {
                let delay = time(5, 200);
                pass(world, Fault::Delay(delay), Which::Every, time(1_000, 10_000)).await?;
            }
            Happening::FreezeSubscriptions => {
                pass(world, Fault::Freeze, Which::Subscribers, time(1_000, 20_000)).await?;
            }
            Happening::CutRedis => cut(world.redis.as_ref(), Which::Every)?,
            Happening::WedgeSubscriptions => {
                let nodes = world.nodes();
                let found = match &world.redis {
                    Some(redis) => redis.wedge_subscriptions(nodes).await?,
                    None => None,
                };
                match found {
                    Some(after) => println!("wedged subscriptions found after {:.2} s", after.as_secs_f64()),
                    None => told(Word::WedgeUnfound),
                }
            }
            Happening::CutSubscriptions => cut(world.redis.as_ref(), Which::Subscribers)?,
        }
        if happening.outage().is_some() {
            told(Word::HasLost);
        }
    }
}

async fn kill(world: &mut World, data: Data, time: Duration) -> Result<(), Failure> {
    match &mut world.redis {
        Some(redis) => redis.kill(data, time).await,
        None => Ok(()),
    }
}

fn cut(redis: Option<&Store>, which: Which) -> Result<(), Failure> {
    redis.map_or(Ok(()), |redis| redis.proxy.cut(which))
}

/// Lets the proxy before Redis make a fault for some time.
async fn pass(world: &World, fault: Fault, which: Which, time: Duration) -> Result<(), Failure> {
    set(world, fault, which)?;
    sleep(time).await;
    heal(world)
}

fn set(world: &World, fault: Fault, which: Which) -> Result<(), Failure> {
    world.redis.as_ref().map_or(Ok(()), |redis| redis.proxy.set_for(which, fault))
}

fn heal(world: &World) -> Result<(), Failure> {
    world.redis.as_ref().map_or(Ok(()), |redis| redis.proxy.heal())
}
