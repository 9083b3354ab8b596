// SPDX-License-Identifier: GPL-2.0

//! The life of a tasklet, checked: `model [SCENARIO...]`.
//!
//! The crate's own source is compiled over the atomics of a model checker, which runs each scenario in all
//! interleavings, with the weak memory of C11: see `docs/model.md`. What cannot be exhausted is also run in random
//! schedules, by the program `random` beside this one. One line for each scenario, with the counterexample below it if
//! there is one; then a sum.

#[path = "loom.rs"]
mod checker;
mod kernel;
mod options;
mod scenarios;
mod tasklet;
mod wait;
mod world;

use std::{
    env,
    process::{Command, ExitCode},
    sync::Mutex,
    thread,
    time::Instant,
};

use options::Options;
use scenarios::{Scenario, ALL};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all scenarios hold.
fn run() -> Result<bool, String> {
    let options = Options::from_environment()?;
    let args: Vec<String> = env::args().skip(1).collect();
    if let ["--check", name] = args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        let scenario = find(name)?;
        println!(
            "{}",
            checker::check(scenario, options.preemptions(scenario))
        );
        return Ok(true);
    }
    let scenarios: Vec<&Scenario> = if args.is_empty() {
        ALL.iter().collect()
    } else {
        args.iter()
            .map(|name| find(name))
            .collect::<Result<_, _>>()?
    };
    let passed = check_all(&scenarios, &options);
    let failed = scenarios.len() - passed;
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

fn find(name: &str) -> Result<&'static Scenario, String> {
    scenarios::find(name).ok_or_else(|| {
        let names: Vec<_> = ALL.iter().map(|scenario| scenario.name).collect();
        format!(
            "There is no scenario '{name}'. There are:\n       {}",
            names.join(" ")
        )
    })
}

/// Checks each scenario in processes of its own, as many at once as there are CPUs. Returns how many hold.
fn check_all(scenarios: &[&Scenario], options: &Options) -> usize {
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
                let result = check(scenario, options);
                // Locked while it prints.
                let mut passed = passed.lock().unwrap();
                match result {
                    Ok(text) => {
                        println!("ok    {text}");
                        *passed += 1;
                    }
                    Err(text) => println!("FAIL  {text}"),
                }
            });
        }
    });
    passed.into_inner().unwrap()
}

/// Checks a scenario in every way that it needs. Returns what is to be said about it.
fn check(scenario: &Scenario, options: &Options) -> Result<String, String> {
    let start = Instant::now();
    let name = scenario.name;
    let preemptions = options.preemptions(scenario);
    let mut done = Vec::new();
    if options.seed.is_none() {
        let executions = in_process("model", &["--check", name], name)?;
        let scope = preemptions.map_or("exhausted".into(), |bound| {
            format!("at most {bound} preemptions")
        });
        done.push(format!("{:>7} executions, {scope}", executions.trim()));
    }
    if options.schedules > 0 && (options.seed.is_some() || preemptions.is_some()) {
        let seed = options.first_seed().to_string();
        let schedules = options.schedules.to_string();
        in_process("random", &[name, &seed, &schedules], name)?;
        done.push(format!("{schedules} random schedules"));
    }
    let seconds = start.elapsed().as_secs_f32();
    Ok(format!("{name:27} {} ({seconds:.1} s)", done.join(", ")))
}

/// Runs a program beside this one, or this one, to its end. Returns what it printed; or, if it failed, the name of the
/// scenario and the story of the execution that failed.
fn in_process(program: &str, args: &[&str], name: &str) -> Result<String, String> {
    let program = env::current_exe().unwrap().with_file_name(program);
    let output = |trace: bool| {
        let mut command = Command::new(&program);
        command.args(args).env("RUST_BACKTRACE", "0");
        if trace {
            command.env(world::TRACE, "1");
        }
        command.output().unwrap()
    };
    let first = output(false);
    if first.status.success() {
        return Ok(String::from_utf8_lossy(&first.stdout).into());
    }
    // The same again, as it is deterministic, with the story of that execution.
    let story = output(true).stderr;
    let story = String::from_utf8_lossy(&story);
    let lines: Vec<_> = story
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    Err(format!("{name}\n    {}", lines.join("\n    ")))
}
