//! The processor time of the server for one message: it reads one frame and writes one, and the acknowledgements of both.

use super::contender::Contender;
use super::{median, row, spread};
use crate::bench::Bench;
use crate::failure::Failure;
use crate::game::{Played, round};

/// The sizes of a frame as it is sent, in bytes.
const SIZES: [usize; 2] = [300, 3_000];

/// Plays with every contender in turn, `rounds` times, and writes the table.
///
/// # Errors
/// When a round cannot be played.
pub async fn table(
    bench: &Bench,
    contenders: &[Contender],
    processor: &str,
    pairs: usize,
    rounds: usize,
) -> Result<String, Failure> {
    let lines = Contender::lines(contenders);
    let mut columns = Vec::new();
    for size in SIZES {
        let mut figures = vec![Vec::new(); lines.len()];
        for number in 1..=rounds {
            let mut of_round = Vec::new();
            for contender in contenders {
                eprintln!("{size} B, round {number} of {rounds}: {}", contender.name);
                let running = contender.start(&bench.server, processor).await?;
                let mut played = Played::default();
                round(bench, &running.process, pairs, size, contender.is_relay(), &mut played).await?;
                of_round
                    .extend(contender.figures(played.microseconds_each(), played.store_microseconds_each()));
                let _ended = running.process.stop().await;
            }
            for (figures, figure) in figures.iter_mut().zip(of_round) {
                figures.push(figure);
            }
        }
        columns.push(figures);
    }
    Ok(written(&lines, &columns))
}

/// Writes the table; `columns` has the figures of each line for each size.
fn written(lines: &[&str], columns: &[Vec<Vec<f64>>]) -> String {
    let mut head = vec!["µs of processor for a message".to_owned()];
    for size in SIZES {
        head.extend([format!("{size} B"), "times the floor".to_owned()]);
    }
    let mut text = row(&head) + &row(&vec!["---".to_owned(); head.len()]);
    for (at, name) in lines.iter().enumerate() {
        let mut cells = vec![(*name).to_owned()];
        for column in columns {
            let (Some(floor), Some(figures)) = (column.first(), column.get(at)) else { continue };
            // Each round is compared with the floor of the same round: the clock of a machine is not steady.
            let mut ratios: Vec<f64> = figures.iter().zip(floor).map(|(own, floor)| own / floor).collect();
            ratios.sort_by(f64::total_cmp);
            cells.extend([spread(figures, 1), format!("{:.2}", median(&ratios))]);
        }
        text += &row(&cells);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_figures_and_the_ratio_of_each_size() {
        let column = vec![vec![10.0, 20.0, 10.0], vec![15.0, 60.0, 15.0], vec![20.0, 40.0, 30.0]];
        let text = written(&["the floor", "memory engine", "another"], &[column.clone(), column]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[2], "| the floor | 10.0 (10.0–20.0) | 1.00 | 10.0 (10.0–20.0) | 1.00 |");
        assert_eq!(lines[3], "| memory engine | 15.0 (15.0–60.0) | 1.50 | 15.0 (15.0–60.0) | 1.50 |");
        assert!(lines[4].contains("| 30.0 (20.0–40.0) | 2.00 |"), "{}", lines[4]);
    }
}
