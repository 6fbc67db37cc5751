//! Honest members that run by themselves during a row, and a record of what happens to them.

use crate::failure::Failure;
use crate::room_member::{AwayMember, RoomMember};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The time before a client that lost its socket comes back.
const BACK_AFTER: Duration = Duration::from_millis(200);

/// The record of a member.
#[derive(Clone, Debug, Default)]
pub struct Fate {
    /// How many others are in the room to its knowledge; `None` while it reads a list.
    pub present: Option<usize>,
    /// The number of frames that it received.
    pub heard: u64,
    /// How its sockets ended, and how often.
    pub ended: BTreeMap<Failure, usize>,
    /// The welcomes to a new session in place of the one before, by reason.
    pub begun_anew: BTreeMap<String, usize>,
    /// How often the server made it list the room again.
    pub told_to_list: usize,
}

/// A member that runs on the thread that started it, until this value is dropped.
pub struct Observer {
    fate: watch::Receiver<Fate>,
    _task: JoinSet<()>,
}

impl Observer {
    /// Enters the room; returns when it has read the list.
    ///
    /// # Errors
    /// When it cannot enter.
    pub async fn enter(address: SocketAddr, id: &str, room: &str) -> Result<Self, Failure> {
        let entered = AwayMember::new(id, room).come_back(address).await;
        let (mut member, _) = entered.map_err(|(_, failure)| failure)?;
        while !member.view.is_settled() {
            member.next().await?;
        }
        let (told, fate) =
            watch::channel(Fate { present: Some(member.view.present().len()), ..Fate::default() });
        let mut task = JoinSet::new();
        task.spawn(live(address, member, told));
        Ok(Self { fate, _task: task })
    }

    pub fn fate(&self) -> Fate {
        self.fate.borrow().clone()
    }

    /// Waits until it knows this many members as present.
    pub async fn until_present(&mut self, count: usize) {
        // The task ends only when this value is dropped.
        let _seen = self.fate.wait_for(|fate| fate.present == Some(count)).await;
    }
}

async fn live(address: SocketAddr, mut member: RoomMember, told: watch::Sender<Fate>) {
    loop {
        let failure = loop {
            match member.next().await {
                Ok(_) => told.send_modify(|fate| {
                    fate.heard += 1;
                    fate.present = member.view.is_settled().then(|| member.view.present().len());
                    fate.told_to_list = member.view.told_to_list.len();
                }),
                Err(failure) => break failure,
            }
        };
        told.send_modify(|fate| {
            *fate.ended.entry(failure).or_default() += 1;
            fate.present = None;
        });
        member = return_to(address, member.lose(), &told).await;
    }
}

async fn return_to(address: SocketAddr, mut away: AwayMember, told: &watch::Sender<Fate>) -> RoomMember {
    loop {
        sleep(BACK_AFTER).await;
        match away.come_back(address).await {
            Ok((member, welcome)) => {
                if !welcome.resumed {
                    let reason = welcome.reason.unwrap_or_else(|| "new".into());
                    told.send_modify(|fate| *fate.begun_anew.entry(reason).or_default() += 1);
                }
                return member;
            }
            Err((still_away, failure)) => {
                told.send_modify(|fate| *fate.ended.entry(failure).or_default() += 1);
                away = still_away;
            }
        }
    }
}
