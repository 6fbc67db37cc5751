//! What happens to whole servers and to the store that they share.

use super::Tally;
use super::deck::Deck;
use crate::history::Outage;
use crate::random::Random;
use crate::store::Store;
use crate::world::World;
use signalpost_lab::{Data, Failure, Fault, Which};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    /// A server's process stands still.
    FreezeServer,
    /// The same for as long as it may.
    FreezeServerLong,
    /// A server is killed and starts again.
    KillServer,
    /// All servers are stopped and started again, one after another.
    RollServers,
    /// Redis is killed and starts again with its data.
    KillRedis,
    /// Nothing passes between Redis and the servers.
    FreezeRedis,
    /// Every connection to Redis is reset.
    CutRedis,
    /// Everything between Redis and the servers is late.
    DelayRedis,
    /// The subscriptions of the servers are reset.
    CutSubscriptions,
    /// The subscriptions of the servers stay, and nothing comes.
    FreezeSubscriptions,
    /// Redis is killed and starts again without its data.
    WipeRedis,
    /// A replica takes the place of Redis without the newest data.
    LoseTail,
}

impl Happening {
    /// What can happen to one server that keeps everything in its memory.
    const IN_MEMORY: &'static [Self] = &[Self::FreezeServer];
    /// What can happen to servers with Redis.
    const ON_REDIS: &'static [Self] = &[
        Self::FreezeServer,
        Self::FreezeServerLong,
        Self::KillServer,
        Self::KillServer,
        Self::RollServers,
        Self::KillRedis,
        Self::FreezeRedis,
        Self::CutRedis,
        Self::DelayRedis,
        Self::CutSubscriptions,
        Self::FreezeSubscriptions,
    ];
    /// What can happen besides where data may be lost.
    const LOSSES: &'static [Self] = &[Self::WipeRedis, Self::LoseTail, Self::LoseTail];

    const fn name(self) -> &'static str {
        match self {
            Self::FreezeServer => "server frozen",
            Self::FreezeServerLong => "server frozen for long",
            Self::KillServer => "server killed",
            Self::RollServers => "all servers restarted in turn",
            Self::KillRedis => "Redis killed",
            Self::FreezeRedis => "Redis frozen",
            Self::CutRedis => "Redis cut off",
            Self::DelayRedis => "Redis slow",
            Self::CutSubscriptions => "subscriptions cut",
            Self::FreezeSubscriptions => "subscriptions frozen",
            Self::WipeRedis => "Redis killed without its data",
            Self::LoseTail => "replica promoted without the newest data",
        }
    }

    /// The data that is lost by it.
    const fn outage(self) -> Option<Outage> {
        match self {
            Self::WipeRedis => Some(Outage::Wiped),
            Self::LoseTail => Some(Outage::LostTail),
            _ => None,
        }
    }
}

/// The limits of what happens.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The longest that one thing lasts.
    pub longest: Duration,
    /// Nothing begins any more when this is true.
    pub stopped: watch::Receiver<bool>,
}

/// Lets things happen to the servers and their store, with `pause` between two of them on average; without a pause nothing
/// happens. Everything that can happen has happened before one of it happens once more. `lost` is told which data
/// Redis is about to lose, and `None` when it runs again. Returns when it is stopped and everything runs again.
///
/// # Errors
/// When something does not start again.
pub async fn trouble_servers(
    world: &mut World,
    mut random: Random,
    pause: Option<Duration>,
    Limits { longest, mut stopped }: Limits,
    tally: &Tally,
    lost: impl Fn(Option<Outage>),
) -> Result<(), Failure> {
    let losses = if world.losses { Happening::LOSSES } else { &[] };
    let all = if world.redis.is_some() { Happening::ON_REDIS } else { Happening::IN_MEMORY };
    let mut deck = Deck::new([all, losses].concat());
    loop {
        let wait = pause.map_or(Duration::MAX, |pause| random.pause(pause));
        tokio::select! {
            // Who could stop it is gone.
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
            () = sleep(wait) => {}
        }
        let Some(happening) = deck.draw(&mut random) else { return Ok(()) };
        tally.count(happening.name());
        let outage = happening.outage();
        if outage.is_some() {
            lost(outage);
        }
        let node = random.below(world.nodes());
        let mut time = |least, most| random.time(least, most).min(longest);
        match happening {
            Happening::FreezeServer => {
                let time = time(200, 60_000);
                world.freeze(node, time).await?;
            }
            Happening::FreezeServerLong => world.freeze(node, longest).await?,
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
            Happening::CutSubscriptions => cut(world.redis.as_ref(), Which::Subscribers)?,
        }
        if outage.is_some() {
            lost(None);
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
    if let Some(redis) = &world.redis {
        redis.proxy.set_for(which, fault)?;
        sleep(time).await;
        redis.proxy.heal()?;
    }
    Ok(())
}
