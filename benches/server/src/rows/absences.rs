//! A1: all members of a large room lose their sockets at once.

use crate::bench::{BEFORE, Bench, DURING};
use crate::crowd::Crowd;
use crate::failure::Failure;
use crate::observer::{Fate, Observer};
use crate::others::Others;
use crate::report::Line;
use crate::server_process::ServerProcess;
use crate::times::ms;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The longest time for filling the room: the server tells every member of each newcomer.
const FILLING: Duration = Duration::from_secs(240);

pub async fn run(bench: &Bench, count: usize) -> Result<Line, Failure> {
    let mut line = Line::new("A1", format!("{count} members of a room reset at once"));
    let server = ServerProcess::start(&bench.server, &[]).await?;
    let mut observer = Observer::enter(server.address, "observer", "crowd").await?;
    let others = Others::start(server.address).await?;
    let mut crowd = Crowd::new(server.address, "crowd");
    let begin = Instant::now();
    crowd.fill(&bench.crowd, count, begin + FILLING).await;
    let filled = begin.elapsed();
    let (members, why) = crowd.left();
    let _in_time = timeout(Duration::from_secs(10), observer.until_present(members)).await;
    let at_start = observer.fate();
    line.saw(format!("room filled in {}", ms(filled)));
    if members < count {
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        line.saw(format!("only {members} members got in and stayed{why}"));
    }
    if at_start.present != Some(members) {
        line.saw(format!("the observer takes {:?} for present", at_start.present));
    }
    line.before(&others.talk(BEFORE, bench.patience).await);

    bench.lag();
    let begin = Instant::now();
    let patience = bench.patience;
    let told = async {
        let told = timeout(patience, observer.until_present(0)).await;
        told.is_ok().then(|| begin.elapsed())
    };
    let (reset, told, ()) = tokio::join!(crowd.reset(), told, tokio::time::sleep(DURING));
    let times = others.settle(begin, bench.patience.saturating_sub(begin.elapsed()).max(DURING)).await;
    line.during(&times, &bench.lag());
    line.saw(format!("reset in {}", ms(reset)));
    line.saw(match told {
        Some(time) => format!("all absences told after {}", ms(time)),
        None => format!("absences not all told within {} s", bench.patience.as_secs()),
    });
    tell_fate(&mut line, &at_start, &observer.fate());
    line.saw_all(others.remarks());
    drop((observer, others));
    Ok(line.finish(server).await)
}

fn tell_fate(line: &mut Line, before: &Fate, after: &Fate) {
    for (failure, times) in &after.ended {
        line.saw(format!("the observer: {failure}, {times} times"));
    }
    for (reason, times) in &after.begun_anew {
        line.saw(format!("the observer: resumed false, {reason}, {times} times"));
    }
    line.saw(format!("{} frames told to the observer", after.heard.saturating_sub(before.heard)));
    if after.told_to_list > before.told_to_list {
        line.saw(format!("it was told to list {} times", after.told_to_list - before.told_to_list));
    }
}
