// SPDX-License-Identifier: GPL-2.0

//! Whether the names that the tool was given are needed. A kernel changes, and a list that nobody checks becomes a
//! list of lies.

use anyhow::Result;

use crate::{
    graph::Graph,
    names::{Data, Documentation},
    sleep::Analysis,
    table::Level,
    vmlinux::{self, Kernel},
};

/// Names without which this kernel would be judged the same, each with its list. Where its code cannot show that, the
/// kernel must at least have them.
pub fn useless(vmlinuz: &[u8]) -> Result<Vec<(&'static str, &'static str)>> {
    let kernel = vmlinux::read(vmlinuz)?;
    let graph = Graph::new(&kernel.image);
    let data = Data::new(Documentation::None);
    let mut useless = vec![];
    let has = |name: &&str| kernel.image.functions.values().flatten().any(|n| n == name);
    for (list, names) in [("sites", &data.sites), ("ends", &data.ends)] {
        // Paths of Rust are there under their mangled names.
        let missing = names.exact().filter(|n| !n.contains("::") && !has(n));
        useless.extend(missing.map(|n| (list, n)));
    }
    for name in data.never.exact() {
        let mut rest = data.clone();
        rest.never = rest.never.without(name);
        if !is_needed(level(&kernel, &graph, &rest, name)) {
            useless.push(("never", name));
        }
    }
    useless.sort();
    Ok(useless)
}

/// Would it be reported without?
fn is_needed(level: Option<Level>) -> bool {
    level.is_some_and(|level| level > Level::No)
}

/// What the tool would say of the function `name`, if this kernel has it.
fn level(kernel: &Kernel, graph: &Graph, data: &Data, name: &str) -> Option<Level> {
    let analysis = Analysis::new(&kernel.image, graph, &kernel.btf, data);
    let function = analysis
        .functions
        .iter()
        .find(|f| f.names.iter().any(|n| n == name))?;
    Some(Level::of(function))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_needed_if_the_code_tells_another_tale() {
        assert!(is_needed(Some(Level::Possible)));
        assert!(!is_needed(Some(Level::No)));
        assert!(!is_needed(None), "this kernel does not have it");
    }
}
