// SPDX-License-Identifier: GPL-2.0

//! The table of a kernel: for each of its functions, whether it sleeps. Made once, then read from the cache.

use std::{
    collections::HashMap,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{
    graph::Graph,
    names::{Data, Documentation},
    sleep::{Analysis, Function, Why},
    vmlinux,
};

/// How surely a function sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    No,
    /// On few paths.
    Possible,
    /// On many paths.
    Likely,
    /// On every path, or it was said to.
    Always,
}

impl Level {
    pub fn of(function: &Function) -> Self {
        match function.chance {
            _ if function.always => Self::Always,
            chance if chance >= LIKELY => Self::Likely,
            chance if chance >= POSSIBLE => Self::Possible,
            _ => Self::No,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verdict {
    pub level: Level,
    /// The number of the argument that holds allocation flags, which then decide.
    pub flags: Option<u8>,
    /// The functions it calls until it sleeps, and why that is known.
    pub why: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub struct Table {
    /// `Linux version …`
    pub banner: String,
    pub functions: HashMap<String, Verdict>,
}

const LIKELY: f64 = 0.2;
const POSSIBLE: f64 = 0.02;
const LONGEST_WHY: usize = 8;

impl Table {
    /// Makes the table of a kernel.
    pub fn new(vmlinuz: &[u8], documentation: Documentation) -> Result<Self> {
        let kernel = vmlinux::read(vmlinuz)?;
        let graph = Graph::new(&kernel.image);
        let data = Data::new(documentation);
        let analysis = Analysis::new(&kernel.image, &graph, &kernel.btf, &data);
        let mut functions = HashMap::new();
        for function in &analysis.functions {
            let level = Level::of(function);
            let why = if level == Level::No {
                vec![]
            } else {
                chain(&analysis, function.why)
            };
            for name in &function.names {
                functions.insert(
                    name.clone(),
                    Verdict {
                        level,
                        flags: function.flags,
                        why: why.clone(),
                    },
                );
            }
        }
        Ok(Self {
            banner: kernel.banner,
            functions,
        })
    }

    /// The table of the kernel at `vmlinuz`, from the cache if it is there.
    pub fn cached(vmlinuz: &Path, cache: Option<&Path>) -> Result<Self> {
        let file = fs::read(vmlinuz)?;
        let Some(cache) = cache else {
            return Self::new(&file, Documentation::All);
        };
        let place = place(cache, &file);
        if let Some(table) = fs::read(&place)
            .ok()
            .and_then(|t| serde_json::from_slice(&t).ok())
        {
            return Ok(table);
        }
        let table = Self::new(&file, Documentation::All)?;
        table
            .save(&place)
            .with_context(|| format!("cannot write {}", place.display()))?;
        Ok(table)
    }

    /// Under another name until it is complete.
    fn save(&self, place: &Path) -> Result<()> {
        if let Some(directory) = place.parent() {
            fs::create_dir_all(directory)?;
        }
        let partial = place.with_extension(format!("partial.{}", std::process::id()));
        fs::write(&partial, serde_json::to_vec(self)?)?;
        fs::rename(&partial, place)?;
        Ok(())
    }

    /// `7.3.4-x`, of the kernel.
    pub fn release(&self) -> &str {
        self.banner.rsplit(' ').next().unwrap_or_default()
    }
}

/// The place of a kernel's table: it depends on the kernel, on this program and on what it was given.
fn place(cache: &Path, vmlinuz: &[u8]) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    vmlinuz.hash(&mut hasher);
    env!("CHECK_SLEEP_SOURCES").hash(&mut hasher);
    cache.join(format!("table-{:016x}.json", hasher.finish()))
}

/// The chain of calls that ends where it sleeps.
fn chain(analysis: &Analysis, mut why: Option<Why>) -> Vec<String> {
    let mut chain = vec![];
    loop {
        match why {
            Some(Why::Callee(to)) if chain.len() < LONGEST_WHY => {
                let function = &analysis.functions[to];
                if function.names[0] != "__SCT__might_resched" {
                    chain.push(function.names[0].clone());
                }
                why = function.why;
            }
            Some(Why::Callee(_)) => {
                chain.push("…".into());
                return chain;
            }
            Some(Why::Reason(reason)) => {
                chain.push(reason.into());
                return chain;
            }
            None => return chain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_was_written() {
        let directory = std::env::temp_dir().join(format!("check-sleep-{}", std::process::id()));
        let verdict = Verdict {
            level: Level::Likely,
            flags: Some(3),
            why: vec!["a".into()],
        };
        let table = Table {
            banner: "Linux version 7.3.4-x".into(),
            functions: HashMap::from([("f".into(), verdict)]),
        };
        let place = place(&directory, b"kernel");
        table.save(&place).unwrap();
        let again: Table = serde_json::from_slice(&fs::read(&place).unwrap()).unwrap();
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(again.release(), "7.3.4-x");
        assert_eq!(again.functions["f"].level, Level::Likely);
        assert_eq!(again.functions["f"].flags, Some(3));
    }

    #[test]
    fn each_kernel_has_its_own() {
        assert_ne!(place(Path::new("/c"), b"a"), place(Path::new("/c"), b"b"));
    }
}
