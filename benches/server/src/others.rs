//! The eight others, which the load does not concern: four pairs in which each client asks its partner a question every
//! 100 ms. A row measures how long they wait for the answer.

use crate::client::{Claim, Client};
use crate::failure::Failure;
use crate::frame::Kind;
use crate::times::Times;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at, sleep};

pub const COUNT: usize = 8;
const EVERY: Duration = Duration::from_millis(100);

/// The questions of all of them. A question counts from the time at which it was due, so that a client that cannot ask
/// does not hide the delay. A question without an answer counts with the time that has passed.
#[derive(Default)]
struct Journal {
    answered: Vec<(Instant, Duration)>,
    waiting: BTreeMap<(usize, u64), Instant>,
    ended: Vec<Failure>,
}

/// Eight clients that talk until this value is dropped.
pub struct Others {
    journal: Arc<Mutex<Journal>>,
    _talkers: JoinSet<()>,
}

impl Others {
    /// # Errors
    /// When not all of them can connect.
    pub async fn start(address: SocketAddr) -> Result<Self, Failure> {
        // Eight new clients of the same server need other ids than the eight before.
        static COMPANIES: AtomicUsize = AtomicUsize::new(0);
        let company = COMPANIES.fetch_add(1, Ordering::Relaxed);
        let mut clients = Vec::new();
        for number in 0..COUNT {
            clients.push(Client::begin(address, Claim::new(name(company, number))).await?.0);
        }
        let journal = Arc::new(Mutex::new(Journal::default()));
        let mut talkers = JoinSet::new();
        let begin = Instant::now() + EVERY;
        for (number, client) in clients.into_iter().enumerate() {
            let at = begin + EVERY.mul_f64(number as f64 / COUNT as f64);
            let talker = Talker {
                partner: name(company, number ^ 1),
                number,
                client,
                journal: journal.clone(),
                asked: 0,
            };
            talkers.spawn(talker.talk(at));
        }
        Ok(Self { journal, _talkers: talkers })
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    /// Lets them talk for a while; returns the times of the questions of this while.
    pub async fn talk(&self, time: Duration, patience: Duration) -> Times {
        let begin = Instant::now();
        sleep(time).await;
        self.settle(begin, patience).await
    }

    /// Waits, for a limited time, until every question since `begin` and up to now has an answer; returns their times.
    pub async fn settle(&self, begin: Instant, patience: Duration) -> Times {
        let end = Instant::now();
        let is_of = |asked: &Instant| (begin..end).contains(asked);
        while end.elapsed() < patience && self.journal().waiting.values().any(is_of) {
            sleep(Duration::from_millis(5)).await;
        }
        let journal = self.journal();
        let answered = journal.answered.iter().filter(|(asked, _)| is_of(asked)).map(|(_, time)| *time);
        let waiting = journal.waiting.values().filter(|asked| is_of(asked)).map(Instant::elapsed);
        Times::new(answered.chain(waiting).collect())
    }

    /// Returns the notes about them beside their times: the clients that lost the socket, and the questions without
    /// an answer.
    pub fn remarks(&self) -> Vec<String> {
        let journal = self.journal();
        let late = journal.waiting.values().filter(|asked| asked.elapsed() > Duration::from_secs(1)).count();
        let mut remarks = Vec::new();
        if let Some(first) = journal.ended.first() {
            remarks.push(format!("{} of {COUNT} others lost the socket ({first})", journal.ended.len()));
        }
        if late > 0 {
            remarks.push(format!("{late} of the others' questions never answered"));
        }
        remarks
    }
}

fn lock(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name(company: usize, number: usize) -> String {
    format!("other-{company}-{number}")
}

struct Talker {
    partner: String,
    number: usize,
    client: Client,
    journal: Arc<Mutex<Journal>>,
    asked: u64,
}

impl Talker {
    async fn talk(mut self, begin: Instant) {
        if let Err(failure) = self.ask_and_answer(begin).await {
            lock(&self.journal).ended.push(failure);
        }
    }

    async fn ask_and_answer(&mut self, begin: Instant) -> Result<(), Failure> {
        // A late question goes as soon as possible, and counts from the time at which it was due.
        let mut ticks = interval_at(begin, EVERY);
        loop {
            tokio::select! {
                due = ticks.tick() => {
                    self.asked += 1;
                    lock(&self.journal).waiting.insert((self.number, self.asked), due);
                    self.say('?', self.asked).await?;
                }
                heard = self.client.next() => {
                    let heard = heard?;
                    if heard.kind == Kind::Message {
                        self.handle(&heard.payload()?.data.unwrap_or_default()).await?;
                    }
                }
            }
        }
    }

    async fn handle(&mut self, data: &str) -> Result<(), Failure> {
        let number = data.get(1..).and_then(|number| number.parse().ok()).unwrap_or_default();
        if data.starts_with('?') {
            return self.say('!', number).await;
        }
        let mut journal = lock(&self.journal);
        if let Some(asked) = journal.waiting.remove(&(self.number, number)) {
            journal.answered.push((asked, asked.elapsed()));
        }
        Ok(())
    }

    async fn say(&mut self, mark: char, number: u64) -> Result<(), Failure> {
        let rest = format!(r#","to":"{}","payload":{{"data":"{mark}{number}"}}"#, self.partner);
        self.client.send("message", &rest).await
    }
}
