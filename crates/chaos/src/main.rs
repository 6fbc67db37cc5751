//! The chaos suite: real servers, native clients as their load, faults drawn from a seed, and a check of what every client heard.
//!
//! `npm run chaos -- --seed N --minutes M`. It ends with 1 where the contract was broken. The load and the faults are drawn from the
//! seed; how processes and sockets take turns is not, so a run with the same seed is alike and not the same.

mod actor;
mod balancer;
mod faults;
mod figures;
mod happening;
mod history;
mod options;
mod presence;
mod random;
mod recorder;
mod run;
mod store;
mod world;

use clap::Parser;
use options::Options;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let running = async {
        let run = async {
            match options.presence {
                _ if options.figures => figures::measure(&options).await.map(|()| true),
                Some(guests) => presence::check(&options, guests).await,
                None => run::run(&options).await,
            }
        };
        tokio::select! {
            ended = run => ended,
            // What is dropped here ends its processes.
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        }
    };
    match running.await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error}");
            ExitCode::FAILURE
        }
    }
}
