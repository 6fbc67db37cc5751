//! One presence check.

use super::guests::{Invitations, visit};
use super::ledger::Ledger;
use super::observers::{Notes, Rooms, guest, observe};
use super::sight::{Guest, Observer};
use crate::balancer::{Balancer, Way};
use crate::faults::{Limits, Tally, trouble_clients, trouble_servers};
use crate::options::Options;
use crate::random::Random;
use crate::world::World;
use signalpost_native::{Client, Endpoints, Query, RoomName, Settings};
use std::error::Error;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// How many stay in the room. The socket of the first of them is never touched.
const OBSERVERS: Observer = 4;
/// How long the observers have to see the last guests go beyond the resume window: a lease of 30 s, a sweep of 10 s, and more.
const SETTLING: Duration = Duration::from_secs(80);
/// How often the state of the check is printed.
const REPORT: Duration = Duration::from_secs(10);
/// How long the servers keep a session without a socket, in seconds, unless the options say otherwise.
const WINDOW: u32 = 30;
/// The longest fault. A session outlives it: the client may need two more attempts.
const LONGEST: Duration = Duration::from_secs(8);

/// Lets so many guests come and go, prints what was seen of them, and returns whether all of it was right.
///
/// # Errors
/// When a process does not start, or a client cannot connect.
pub async fn check(options: &Options, guests: Guest) -> Result<bool, Box<dyn Error>> {
    let mut random = Random::new(options.seed);
    let window = options.window.unwrap_or(WINDOW);
    let mut world = World::start(options, &["--resume-window", &window.to_string()]).await?;
    let balancer = world.balancer.clone();
    let rooms = Arc::new(Rooms::new(&format!("presence-{}", options.seed), options.rooms)?);
    let ledger = Ledger::new(OBSERVERS, Guest::try_from(rooms.all().len())?);
    let (notes, tally) = (Notes::start(ledger), Tally::default());
    let ways = (0..OBSERVERS).map(|_| Way::begin(&balancer, &mut random)).collect::<Result<Vec<_>, _>>()?;
    let mut observers = Vec::new();
    for (own, way) in (0..).zip(&ways) {
        let id = format!("observer-{own}");
        let settings = Settings::new(&id, way.endpoints(&balancer, random.fork()))?;
        observers.push(observe(settings, &rooms, own, &notes).await?);
    }
    println!("seed {}: {guests} guests, {} at once, {OBSERVERS} observers", options.seed, options.clients);

    let invitations = Invitations::new(guests);
    let mut visits = JoinSet::new();
    for _ in 0..options.clients {
        let endpoints = guest_endpoints(&balancer, random.fork());
        visits.spawn(visit(invitations.clone(), rooms.clone(), endpoints, notes.clone(), random.fork()));
    }
    let window = Duration::from_secs(window.into());
    let longest = LONGEST.min(window / 4);
    let (stop, stopped) = watch::channel(false);
    let client_random = random.fork();
    let for_clients = async {
        match (options.client_pause(), ways.get(1..)) {
            (Some(pause), Some(ways)) => trouble_clients(ways, client_random, pause, longest, &tally).await,
            _ => pending().await,
        }
    };
    let limits = Limits { kinds: options.happenings(), longest, stopped };
    let for_servers = trouble_servers(&mut world, random, options.server_pause(), limits, &tally, |_| {});
    let visiting = async {
        while let Some(visited) = visits.join_next().await {
            visited??;
        }
        stop.send_replace(true);
        Ok::<_, Box<dyn Error>>(())
    };
    tokio::select! {
        ended = for_clients => ended?,
        both = async { tokio::join!(visiting, for_servers) } => { both.0?; both.1?; }
        () = report(&invitations, &notes) => {}
    }

    for way in &ways {
        way.proxy.heal()?;
    }
    let began = Instant::now();
    let settled = async {
        while notes.note(|ledger, _| ledger.under_way()) > 0 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let is_settled = timeout(window + SETTLING, settled).await.is_ok();
    sleep(Duration::from_secs(1)).await;
    println!("faults:   {tally}");
    println!("astray:   {} guests found no server", invitations.astray());
    println!("settled:  {is_settled} after {:.1} s", began.elapsed().as_secs_f64());
    let listed = listed(observers.first(), rooms.all()).await?;
    let ledger = notes.note(|ledger, _| std::mem::replace(ledger, Ledger::new(0, 0)));
    let verdict = ledger.finish(&listed, options.server_pause().is_none());
    print!("{verdict}");
    world.keep_logs()?;
    for observer in &observers {
        observer.close().await;
    }
    Ok(verdict.is_right())
}

/// Guests come by the balancer, without a proxy.
fn guest_endpoints(balancer: &Arc<Balancer>, mut random: Random) -> impl FnMut() -> Endpoints + use<> {
    let balancer = balancer.clone();
    move || {
        let (balancer, mut random) = (balancer.clone(), random.fork());
        Endpoints::chosen_by(move || balancer.url(&mut random))
    }
}

/// The guests that the lists of the rooms name.
async fn listed(
    observer: Option<&Client>,
    rooms: &[RoomName],
) -> Result<Vec<Guest>, signalpost_native::Error> {
    let mut all = Vec::new();
    let Some(observer) = observer else { return Ok(all) };
    for room in rooms {
        let mut query = Query { room: Some(room.clone()), limit: Some(100), ..Query::default() };
        loop {
            let page = observer.find_peers(query.clone()).await?;
            all.extend(page.peers.iter().filter_map(|peer| guest(&peer.id)));
            query.cursor = page.cursor;
            if query.cursor.is_none() {
                break;
            }
        }
    }
    Ok(all)
}

/// Prints the state of the check every now and then, without end.
async fn report(invitations: &Invitations, notes: &Notes) {
    let began = Instant::now();
    loop {
        sleep(REPORT).await;
        let under_way = notes.note(|ledger, _| ledger.under_way());
        println!(
            "{:>5} s: {} guests came, {under_way} leaves under way",
            began.elapsed().as_secs(),
            invitations.taken()
        );
    }
}
