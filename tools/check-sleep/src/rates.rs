// SPDX-License-Identifier: GPL-2.0

//! How good the method is: on functions of which the kernel's documentation tells whether they sleep, without having
//! been told.

use crate::{
    kernel_doc::{self, Half, Says},
    table::{Level, Table},
};

#[derive(Default)]
pub struct Rates {
    pub sleepers: usize,
    pub found: usize,
    pub others: usize,
    /// Functions that do not sleep, and were reported.
    pub false_alarms: Vec<&'static str>,
    pub missed: Vec<&'static str>,
}

/// `table` must have been made with half of the documentation.
pub fn measure(table: &Table) -> Rates {
    let mut rates = Rates::default();
    for statement in kernel_doc::statements() {
        let Some(verdict) = table.functions.get(statement.name) else {
            continue;
        };
        if kernel_doc::half(statement.name) == Half::Given {
            continue;
        }
        let is_reported = verdict.level >= Level::Likely;
        match statement.says {
            Says::Sleeps => {
                rates.sleepers += 1;
                rates.found += usize::from(is_reported);
                if !is_reported {
                    rates.missed.push(statement.name);
                }
            }
            Says::Any => {
                rates.others += 1;
                if is_reported && verdict.flags.is_none() {
                    rates.false_alarms.push(statement.name);
                }
            }
        }
    }
    rates
}

impl Rates {
    /// At least three of four sleepers were found, and nothing else.
    pub fn are_good(&self) -> bool {
        self.sleepers > 0
            && self.others > 0
            && 4 * self.found >= 3 * self.sleepers
            && self.false_alarms.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_strictly() {
        let rates = |found, false_alarms: &[&'static str]| Rates {
            sleepers: 20,
            found,
            others: 10,
            false_alarms: false_alarms.to_vec(),
            missed: vec![],
        };
        assert!(rates(15, &[]).are_good());
        assert!(!rates(14, &[]).are_good());
        assert!(!rates(20, &["f"]).are_good());
        assert!(!Rates::default().are_good(), "nothing was measured");
    }
}
