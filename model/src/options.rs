// SPDX-License-Identifier: GPL-2.0

//! What `make model` may be told.

use std::{
    env,
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::scenarios::Scenario;

/// How many random schedules a scenario gets that is not exhausted.
const SCHEDULES: u64 = 10_000;

pub(crate) struct Options {
    /// How many preemptions are tried instead of the scenario's own bound; or all.
    preemptions: Option<Option<usize>>,
    /// Only random schedules, from this seed on.
    pub(crate) seed: Option<u64>,
    pub(crate) schedules: u64,
}

impl Options {
    pub(crate) fn from_environment() -> Result<Self, String> {
        let preemptions = match env::var("PREEMPTIONS").as_deref() {
            Ok("all") => Some(None),
            _ => number("PREEMPTIONS", "a number, or 'all'")?.map(Some),
        };
        let seed = number("SEED", "a number")?;
        let schedules = number("SCHEDULES", "a number")?.unwrap_or(SCHEDULES);
        if seed.is_some() && schedules == 0 {
            return Err(
                "With SEED= there are random schedules only, so SCHEDULES= must not be 0.".into(),
            );
        }
        Ok(Self {
            preemptions,
            seed,
            schedules,
        })
    }

    /// How many preemptions are tried at most.
    pub(crate) fn preemptions(&self, scenario: &Scenario) -> Option<usize> {
        self.preemptions.unwrap_or(scenario.preemptions)
    }

    /// The seed of the first random schedule: others in each run, unless one is given.
    pub(crate) fn first_seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            now.as_millis() as u64
        })
    }
}

/// A number of the environment, if it is there and not empty.
fn number<T: FromStr>(name: &str, what: &str) -> Result<Option<T>, String> {
    match env::var(name).as_deref() {
        Err(_) | Ok("") => Ok(None),
        Ok(text) => text
            .parse()
            .map(Some)
            .map_err(|_| format!("{name}= must be {what}, not '{text}'.")),
    }
}
