//! The rows of the table, one file each.

mod absences;
mod away_member;
mod mailboxes;
mod newcomers;
mod ping_flood;
mod ping_pong;
mod room_storm;
mod stalled_readers;

use crate::bench::Bench;
use crate::failure::Failure;
use crate::report::Line;

/// The names of all rows.
pub const NAMES: [&str; 8] = ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8"];

/// Runs one row; `size` replaces the row's own size.
///
/// # Errors
/// When the row cannot run at all. A server that misbehaves is no error: a row exists to show that.
pub async fn run(bench: &Bench, name: &str, size: Option<usize>) -> Result<Vec<Line>, Failure> {
    match name {
        "A1" => {
            let sizes = size.map_or_else(|| vec![2_000, 4_000], |size| vec![size]);
            let mut lines = Vec::new();
            for size in sizes {
                lines.push(absences::run(bench, size).await?);
            }
            Ok(lines)
        }
        "A2" => Ok(vec![ping_flood::run(bench, false).await?, ping_flood::run(bench, true).await?]),
        "A3" => Ok(vec![room_storm::run(bench, size.unwrap_or(16)).await?]),
        "A4" => Ok(vec![newcomers::run(bench, size.unwrap_or(10_050)).await?]),
        "A5" => Ok(vec![away_member::run(bench, size.unwrap_or(600)).await?]),
        "A6" => Ok(vec![mailboxes::run(bench, size.unwrap_or(200)).await?]),
        "A7" => Ok(vec![stalled_readers::run(bench, size.unwrap_or(2_000)).await?]),
        "A8" => ping_pong::run(bench, size.unwrap_or(200)).await,
        _ => Err(Failure::Broken(format!("there is no row {name}"))),
    }
}
