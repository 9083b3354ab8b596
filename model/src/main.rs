// SPDX-License-Identifier: GPL-2.0

//! The life of a tasklet, checked: `model [SCENARIO...]`.
//!
//! The crate's own source is compiled over the atomics of a model checker, which runs each scenario in all
//! interleavings, with the weak memory of C11: see `docs/model.md`. One line for each scenario, with the counterexample
//! below it if there is one; then a sum.

mod kernel;
mod scenarios;
mod tasklet;
mod wait;
mod world;

use std::{
    env, panic,
    process::{Command, ExitCode},
    sync::Mutex,
    thread,
    time::Instant,
};

use scenarios::{Scenario, ALL};

/// How many preemptions are tried instead of the scenario's own bound: a number, or `all`.
const PREEMPTIONS: &str = "MODEL_PREEMPTIONS";

/// Set if a failure is to be explained by what happened in its execution.
const TRACE: &str = "MODEL_TRACE";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    if let ["--check", name] = args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        check(find(name).unwrap());
        return ExitCode::SUCCESS;
    }
    let mut scenarios: Vec<&Scenario> = ALL.iter().collect();
    if !args.is_empty() {
        scenarios.clear();
        for name in &args {
            let Some(scenario) = find(name) else {
                let names: Vec<_> = ALL.iter().map(|scenario| scenario.name).collect();
                eprintln!(
                    "error: There is no scenario '{name}'. There are:\n       {}",
                    names.join(" ")
                );
                return ExitCode::FAILURE;
            };
            scenarios.push(scenario);
        }
    }
    let passed = check_all(&scenarios);
    let failed = scenarios.len() - passed;
    println!("{passed} passed, {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn find(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}

/// Checks each scenario in a process of its own, as many at once as there are CPUs. Returns how many hold.
fn check_all(scenarios: &[&Scenario]) -> usize {
    // The longest first, which are at the end.
    let to_do = Mutex::new(scenarios.to_vec());
    let passed = Mutex::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| loop {
                let Some(scenario) = to_do.lock().unwrap().pop() else {
                    return;
                };
                let (holds, text) = check_in_process(scenario);
                // Locked while it prints.
                let mut passed = passed.lock().unwrap();
                println!("{text}");
                *passed += holds as usize;
            });
        }
    });
    passed.into_inner().unwrap()
}

/// Checks a scenario in another process: whether it holds, and what is to be said about it.
fn check_in_process(scenario: &Scenario) -> (bool, String) {
    let start = Instant::now();
    let check = |trace| {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["--check", scenario.name])
            .env("RUST_BACKTRACE", "0");
        if trace {
            command.env(TRACE, "1");
        }
        command.output().unwrap()
    };
    let output = check(false);
    let executions = String::from_utf8_lossy(&output.stdout);
    let holds = output.status.success() && executions.trim().parse::<usize>().is_ok();
    let name = scenario.name;
    if holds {
        let scope = match preemptions(scenario) {
            None => "exhausted".into(),
            Some(bound) => format!("at most {bound} preemptions"),
        };
        let seconds = start.elapsed().as_secs_f32();
        let executions = executions.trim();
        return (
            true,
            format!("ok    {name:27} {executions:>7} executions, {scope} ({seconds:.1} s)"),
        );
    }
    // The same again, as it is deterministic, with the story of that execution.
    let story = check(true).stderr;
    let story = String::from_utf8_lossy(&story);
    let lines: Vec<_> = story
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    (false, format!("FAIL  {name}\n    {}", lines.join("\n    ")))
}

/// How many preemptions are tried at most.
fn preemptions(scenario: &Scenario) -> Option<usize> {
    match env::var(PREEMPTIONS).as_deref() {
        Err(_) | Ok("") => scenario.preemptions,
        Ok(bound) => bound.parse().ok(),
    }
}

/// Checks a scenario in this process: prints the number of executions, or panics.
fn check(scenario: &Scenario) {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        hook(info);
        eprintln!(
            "in execution {}, where this had happened:",
            world::executions()
        );
        eprintln!("{}", world::trace());
    }));
    let mut model = loom::model::Builder::new();
    model.preemption_bound = preemptions(scenario);
    let (run, works) = (scenario.run, scenario.works);
    let trace = env::var_os(TRACE).is_some();
    model.check(move || world::execute(run, works, trace));
    println!("{}", world::executions());
}
