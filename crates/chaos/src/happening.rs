//! What can happen to servers and to the store that they share.

use crate::history::Outage;
use clap::ValueEnum;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Happening {
    /// A server's process stands still.
    FreezeServer,
    /// The same for as long as it may.
    FreezeServerLong,
    /// The same while the subscriptions carry nothing: its sessions go on at other servers, and it does not hear of it.
    DeafenServer,
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
    /// The same for the subscriptions that are open, for ever; new ones hear again.
    WedgeSubscriptions,
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
        Self::DeafenServer,
        Self::KillServer,
        Self::KillServer,
        Self::RollServers,
        Self::KillRedis,
        Self::FreezeRedis,
        Self::CutRedis,
        Self::DelayRedis,
        Self::CutSubscriptions,
        Self::FreezeSubscriptions,
        Self::WedgeSubscriptions,
    ];
    /// What can happen besides where data may be lost.
    const LOSSES: &'static [Self] = &[Self::WipeRedis, Self::LoseTail, Self::LoseTail];

    /// What can happen in a run, with Redis or without, that may lose data like this.
    pub fn all(has_redis: bool, losses: &[Outage]) -> Vec<Self> {
        let all = if has_redis { Self::ON_REDIS } else { Self::IN_MEMORY };
        let is_wanted = |loss: &&Self| loss.outage().is_some_and(|outage| losses.contains(&outage));
        all.iter().chain(Self::LOSSES.iter().filter(is_wanted)).copied().collect()
    }

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FreezeServer => "server frozen",
            Self::FreezeServerLong => "server frozen for long",
            Self::DeafenServer => "server frozen and deaf",
            Self::KillServer => "server killed",
            Self::RollServers => "all servers restarted in turn",
            Self::KillRedis => "Redis killed",
            Self::FreezeRedis => "Redis frozen",
            Self::CutRedis => "Redis cut off",
            Self::DelayRedis => "Redis slow",
            Self::CutSubscriptions => "subscriptions cut",
            Self::FreezeSubscriptions => "subscriptions frozen",
            Self::WedgeSubscriptions => "subscriptions wedged",
            Self::WipeRedis => "Redis killed without its data",
            Self::LoseTail => "replica promoted without the newest data",
        }
    }

    /// The data that is lost by it.
    pub const fn outage(self) -> Option<Outage> {
        match self {
            Self::WipeRedis => Some(Outage::Wiped),
            Self::LoseTail => Some(Outage::LostTail),
            _ => None,
        }
    }
}
