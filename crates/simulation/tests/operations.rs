//! The operation script that also runs in Chromium and Firefox (`tests/operations/run.mjs`), on the model: each flavor
//! must do what its browser did, so that the model is not wishful.

// The script is our own file: what it holds is known.
#![allow(clippy::expect_used, clippy::panic)]

mod operation_runner;

use operation_runner::{Runner, fields};
use serde_json::{Map, Value};
use signalpost_simulation::model_peer_connection::Flavor;

const SCRIPT: &str = include_str!("../../../tests/operations/script.json");

/// What a step expects of this flavor: the specification, and over it what the browser does differently.
fn expectation(step: &Value, flavor: &str) -> Map<String, Value> {
    let mut expected = fields(&step["expect"]);
    expected.extend(fields(&step[flavor]).into_iter().filter(|(name, _)| name != "why"));
    if !expected.is_empty() {
        expected.entry("result").or_insert_with(|| "ok".into());
    }
    expected
}

fn run(name: &str, flavor: Flavor) {
    let script: Value = serde_json::from_str(SCRIPT).expect("script.json is JSON");
    let mut disagreements = Vec::new();
    let cases = script["cases"].as_array().expect("cases");
    assert!(cases.len() >= 25);
    for (number, case) in cases.iter().enumerate() {
        for seed in 0..8 {
            let mut runner = Runner::new(seed * 1000 + number as u64, flavor);
            let given = case["given"].as_str().map(|given| script["given"][given].as_array().expect("given"));
            let steps = given.into_iter().flatten().chain(case["steps"].as_array().expect("steps"));
            for (place, step) in steps.enumerate() {
                let observed = runner.step(step);
                for (field, expected) in expectation(step, name) {
                    let seen = observed.get(&field).cloned().unwrap_or(Value::Null);
                    if seen != expected {
                        let what = format!("{} {} {}", step["on"], step["do"], step["description"]);
                        disagreements.push(format!(
                            "{}, seed {seed}, step {place} ({what}): {field}\n  expected {expected}\n  observed {seen}",
                            case["name"]
                        ));
                    }
                }
            }
        }
    }
    let first: Vec<_> = disagreements.iter().take(40).cloned().collect();
    assert!(disagreements.is_empty(), "{} disagreements:\n{}", disagreements.len(), first.join("\n"));
}

#[test]
fn the_model_agrees_with_the_specification() {
    run("specification", Flavor::SPECIFICATION);
}

#[test]
fn the_model_agrees_with_chromium() {
    run("chromium", Flavor::CHROMIUM);
}

#[test]
fn the_model_agrees_with_firefox() {
    run("firefox", Flavor::FIREFOX);
}
