//! A5: a member is away while hundreds of peers join its room.

use crate::bench::{BEFORE, Bench, DURING};
use crate::crowd::Crowd;
use crate::failure::Failure;
use crate::others::Others;
use crate::report::Line;
use crate::room_member::{AwayMember, RoomMember};
use crate::server_process::ServerProcess;
use crate::times::ms;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};

const FILLING: Duration = Duration::from_secs(60);
/// After this time without a frame, the member has every notice.
const QUIET: Duration = Duration::from_millis(500);
const HEARING: Duration = Duration::from_secs(10);

pub async fn run(bench: &Bench, count: usize) -> Result<Line, Failure> {
    let mut line = Line::new("A5", format!("{count} peers join the room of a member who is away"));
    let server = ServerProcess::start(&bench.server, &[]).await?;
    let others = Others::start(server.address).await?;
    let entered = AwayMember::new("honest", "r").come_back(server.address).await;
    let (mut member, _) = entered.map_err(|(_, failure)| failure)?;
    hear_out(&mut member).await?;
    line.before(&others.talk(BEFORE, bench.patience).await);
    let away = member.lose();

    bench.lag();
    let begin = Instant::now();
    let mut crowd = Crowd::new(server.address, "r");
    crowd.fill(&bench.crowd, count, begin + FILLING).await;
    let joined = begin.elapsed();
    sleep(DURING.saturating_sub(joined)).await;
    let times = others.settle(begin, bench.patience).await;
    line.during(&times, &bench.lag());
    let present = crowd.joined();
    line.saw(format!("{} joined in {}", present.len(), ms(joined)));
    let back = away.come_back(server.address).await;
    match back {
        Ok((mut member, welcome)) => {
            line.saw(match (welcome.resumed, welcome.reason) {
                (true, _) => "the member is resumed".into(),
                (false, reason) => format!("the member is not resumed: {}", reason.unwrap_or_default()),
            });
            let heard = hear_out(&mut member).await;
            line.saw(match heard {
                Ok(frames) => format!("{frames} frames waited for it"),
                Err(failure) => format!("then: {failure}"),
            });
            let known = member.view.present();
            let right = if known == present { "right" } else { "wrong" };
            line.saw(format!("its list is {right}: {} of {}", known.len(), present.len()));
            if let Some(kind) = member.view.told_to_list.first() {
                line.saw(format!("it was told to list {} times ({kind})", member.view.told_to_list.len()));
            }
        }
        Err((_, failure)) => line.saw(format!("the member does not come back: {failure}")),
    }
    line.saw_all(others.remarks());
    if let (left, Some(why)) = crowd.left() {
        line.saw(format!("only {left} of the newcomers stayed: {why}"));
    }
    drop((crowd, others));
    Ok(line.finish(server).await)
}

/// Reads the frames that are there; returns how many.
async fn hear_out(member: &mut RoomMember) -> Result<usize, Failure> {
    let until = Instant::now() + HEARING;
    let mut frames = 0;
    loop {
        match timeout_at(until, timeout(QUIET, member.next())).await {
            Ok(Ok(heard)) => {
                heard?;
                frames += 1;
            }
            Ok(Err(_)) if member.view.is_settled() => return Ok(frames),
            Ok(Err(_)) => {}
            Err(_) => return Err(Failure::Late("the end of what waited")),
        }
    }
}
