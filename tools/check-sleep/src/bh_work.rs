// SPDX-License-Identifier: GPL-2.0

//! Which works of a module run in softirq context: those that it queues on the kernel's queues for bottom halves.
//!
//! The queue is an argument of the call, and the type of the work is in the name of the function that is called, or
//! was inlined there: `<kernel::workqueue::Queue>::enqueue::<Arc<my::Job>, 0>`.

use std::collections::BTreeSet;

use crate::{
    code::{self, Call, Value},
    graph::Graph,
    image::Image,
    lines::Lines,
    names::demangled,
};

const QUEUES: [&str; 2] = ["system_bh_wq", "system_bh_highpri_wq"];
const ENQUEUE: &str = "<kernel::workqueue::Queue>::enqueue::<";

/// Works that are queued there.
#[derive(Debug, Default, PartialEq)]
pub struct Works {
    /// The pointers to them, as types.
    pub pointers: BTreeSet<String>,
    /// Some are queued whose types could not be found: it may be any.
    pub has_unknown: bool,
}

impl Works {
    /// Does the kernel call the function with this full name to run one of them?
    pub fn is_run_by(&self, name: &str) -> bool {
        let Some((pointer, rest)) = name.strip_prefix('<').and_then(|n| n.split_once(WORK_ITEM))
        else {
            return false;
        };
        rest.ends_with(">::run") && (self.has_unknown || self.pointers.contains(pointer))
    }
}

const WORK_ITEM: &str = " as kernel::workqueue::WorkItemPointer<";

/// All of a module.
pub fn find(image: &Image, graph: &Graph, lines: &Lines) -> Works {
    let queues: Vec<u64> = image
        .imports
        .iter()
        .filter(|(_, name)| QUEUES.contains(&name.as_str()))
        .map(|(&address, _)| address)
        .collect();
    let is_queued = |call: &&Call| {
        call.arguments
            .iter()
            .any(|a| matches!(a, Some(Value::At(place)) if queues.contains(place)))
    };
    let mut works = Works::default();
    if queues.is_empty() {
        return works;
    }
    for call in graph
        .functions
        .values()
        .flat_map(|blocks| code::calls(blocks))
        .filter(is_queued)
    {
        let callee = graph
            .callee(image, call)
            .map(|start| image.names_at(start))
            .unwrap_or_default();
        let inlined = lines.frames(call.at);
        let mut names = callee
            .iter()
            .map(|n| demangled(n))
            .chain(inlined.into_iter().map(|f| f.function));
        match names.find_map(|name| pointer(&name).map(str::to_owned)) {
            Some(pointer) => drop(works.pointers.insert(pointer)),
            None => works.has_unknown = true,
        }
    }
    works
}

/// The first argument of a call of `enqueue`, if it is one.
fn pointer(name: &str) -> Option<&str> {
    let arguments = name.strip_prefix(ENQUEUE)?;
    let mut depth = 0;
    for (at, c) in arguments.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            ',' | '>' if depth == 0 => return Some(&arguments[..at]),
            '>' if arguments[..at].ends_with('-') => {}
            '>' | ')' | ']' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_type() {
        let name =
            "<kernel::workqueue::Queue>::enqueue::<kernel::sync::arc::Arc<my::Job<u8, 3>>, 0>";
        assert_eq!(
            pointer(name),
            Some("kernel::sync::arc::Arc<my::Job<u8, 3>>")
        );
        assert_eq!(
            pointer("<kernel::workqueue::Queue>::enqueue::<my::P>"),
            Some("my::P")
        );
        assert_eq!(pointer("<my::Queue>::enqueue::<my::P>"), None);
    }

    #[test]
    fn tells_whose_function_it_is() {
        let run = |of: &str| format!("<{of} as kernel::workqueue::WorkItemPointer<0>>::run");
        let mut works = Works {
            pointers: BTreeSet::from(["Arc<my::Job>".to_string()]),
            has_unknown: false,
        };
        assert!(works.is_run_by(&run("Arc<my::Job>")));
        assert!(!works.is_run_by(&run("Arc<my::Other>")));
        assert!(!works.is_run_by("<my::Job as kernel::workqueue::WorkItem>::run"));
        works.has_unknown = true;
        assert!(works.is_run_by(&run("Arc<my::Other>")));
    }
}
