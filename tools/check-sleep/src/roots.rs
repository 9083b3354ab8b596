// SPDX-License-Identifier: GPL-2.0

//! Which functions of a module are called in atomic context: the rule, all of it.
//!
//! They are the functions that the kernel calls, instantiated in the module for the types of its author; their
//! names tell. Those of this crate are called `callback` or `work_callback`, whatever their type is called and wherever it
//! moves.

use crate::{
    bh_work::Works,
    image::Image,
    names::{demangled, without_arguments},
};

/// A function that the kernel calls in atomic context.
pub struct Root {
    pub address: u64,
    /// Its full name, without hashes.
    pub name: String,
}

/// Of the kernel's own crate: how the name starts, what it contains, how it ends.
const KERNEL: [(&str, &str, &str); 8] = [
    // Timers expire in hard interrupt context, or in softirq context.
    (
        "<",
        " as kernel::time::hrtimer::RawHrTimerCallback>",
        "::run",
    ),
    // The first halves of interrupt handlers.
    ("kernel::irq::request::handle_irq_callback::<", "", ">"),
    (
        "kernel::irq::request::handle_threaded_irq_callback::<",
        "",
        ">",
    ),
    // The scheduler changes frequencies with its locks held.
    (
        "<kernel::cpufreq::Registration<",
        "",
        ">>::fast_switch_callback",
    ),
    (
        "<kernel::cpufreq::Registration<",
        "",
        ">>::adjust_perf_callback",
    ),
    // Requests are queued in an RCU read-side section, and complete in interrupts.
    (
        "<kernel::block::mq::operations::OperationsVTable<",
        "",
        ">>::queue_rq_callback",
    ),
    (
        "<kernel::block::mq::operations::OperationsVTable<",
        "",
        ">>::commit_rqs_callback",
    ),
    (
        "<kernel::block::mq::operations::OperationsVTable<",
        "",
        ">>::complete_callback",
    ),
];

fn is_of_crate(name: &str) -> bool {
    name.trim_start_matches('<').starts_with("rust_tasklet::")
        // Without a type, it is not the author's: what the crate puts in its place when it is killed.
        && name.contains('<')
        && ["::callback", "::work_callback"]
            .iter()
            .any(|function| without_arguments(name).ends_with(function))
}

fn is_of_kernel(name: &str) -> bool {
    KERNEL.iter().any(|(start, part, end)| {
        name.starts_with(start) && name.contains(part) && name.ends_with(end)
    })
}

/// All of a module, of which `works` run in softirq context.
pub fn find(image: &Image, works: &Works) -> Vec<Root> {
    let mut roots = vec![];
    for (&address, names) in &image.functions {
        for name in names.iter().map(|n| demangled(n)) {
            if is_of_crate(&name) || is_of_kernel(&name) || works.is_run_by(&name) {
                roots.push(Root { address, name });
            }
        }
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_crates_own() {
        assert!(is_of_crate(
            "<rust_tasklet::tasklet::inline::BottomHalf<my::H, rust_tasklet::tasklet::context::TaskletContext>>::callback"
        ));
        assert!(is_of_crate(
            "rust_tasklet::tasklet::embedded::callback::<my::Device, 0>"
        ));
        assert!(is_of_crate(
            "<rust_tasklet::tasklet::inline::BottomHalf<my::H, rust_tasklet::tasklet::context::BhContext>>::work_callback"
        ));
        assert!(!is_of_crate("rust_tasklet::tasklet::raw::last_run"));
        assert!(!is_of_crate(
            "<rust_tasklet::tasklet::inline::BottomHalf<my::H, rust_tasklet::tasklet::context::BhContext>>::schedule"
        ));
        assert!(!is_of_crate("my::callback::<rust_tasklet::Tasklet>"));
    }

    #[test]
    fn finds_the_kernels() {
        assert!(is_of_kernel(
            "<kernel::sync::arc::Arc<my::D> as kernel::time::hrtimer::RawHrTimerCallback>::run"
        ));
        assert!(is_of_kernel(
            "kernel::irq::request::handle_irq_callback::<my::Interrupt>"
        ));
        assert!(!is_of_kernel(
            "kernel::irq::request::thread_fn_callback::<my::Interrupt>"
        ));
        assert!(!is_of_kernel(
            "<my::Job as kernel::workqueue::WorkItemPointer<0>>::run"
        ));
    }
}
