// SPDX-License-Identifier: GPL-2.0

//! Which functions of a kernel sleep, and how surely: from where it may sleep, back along the calls.
//!
//! "Some path sleeps" would be useless: it is true of most functions, because of paths that nobody takes in atomic
//! context. So there are two measures. A function sleeps *always* if every path through it does. Otherwise it does
//! with the *chance* that a walk meets a sleep which takes each branch of the code with the same probability.

use std::collections::{HashMap, VecDeque};

use crate::{
    btf,
    code::{Arguments, Block, Call, Target, Value, MAY_BLOCK},
    graph::Graph,
    image::Image,
    names::{demangled, Data},
};

/// What a call means to the caller.
#[derive(Clone, Copy, PartialEq)]
enum Site {
    /// Whatever the function does.
    Plain,
    /// It takes allocation flags, and these are constants that allow to sleep.
    MayBlock,
    /// They are constants that do not, or the caller's own.
    MayNotBlock,
}

/// A call, reduced to what matters here.
#[derive(Clone, Copy)]
struct Edge {
    to: Option<usize>,
    site: Site,
    ends: bool,
}

#[derive(Default)]
struct Node {
    calls: Vec<Edge>,
    tail: Option<Edge>,
    next: Vec<usize>,
    returns: bool,
}

/// What is known of a function from the outset.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Given {
    Nothing,
    Sleeps,
    Never,
    Ends,
}

pub struct Function {
    pub names: Vec<String>,
    given: Given,
    /// Which argument holds allocation flags.
    pub flags: Option<u8>,
    blocks: Vec<Node>,
    pub always: bool,
    pub chance: f64,
    /// The callee through which it sleeps, on the shortest way to where it does; or why it is known to.
    pub why: Option<Why>,
}

#[derive(Clone, Copy, Debug)]
pub enum Why {
    Callee(usize),
    Reason(&'static str),
}

pub struct Analysis {
    pub functions: Vec<Function>,
    callers: Vec<Vec<usize>>,
}

/// Below this, a chance is not followed further.
const POSSIBLE: f64 = 0.02;
const RARELY: f64 = 0.25;
const ROUNDS: usize = 12;
const PRECISION: f64 = 1e-4;

impl Analysis {
    pub fn new(image: &Image, graph: &Graph, btf: &btf::Functions, data: &Data) -> Self {
        let index: HashMap<u64, usize> = graph
            .functions
            .keys()
            .enumerate()
            .map(|(i, &a)| (a, i))
            .collect();
        let mut functions: Vec<Function> = graph
            .functions
            .keys()
            .map(|&address| {
                let names = image.names_at(address).to_vec();
                let known = names.iter().map(|n| demangled(n)).collect::<Vec<_>>();
                let given = if data.never.any(&names).is_some() {
                    (Given::Never, None)
                } else if data.ends.any(&known).is_some() {
                    (Given::Ends, None)
                } else if let Some(why) = data.sites.any(&names).or_else(|| data.sleeps.any(&names))
                {
                    (Given::Sleeps, Some(Why::Reason(why)))
                } else {
                    (Given::Nothing, None)
                };
                let flags = names.iter().find_map(|n| btf.get(n).copied().flatten());
                Function {
                    flags: flags.filter(|_| data.flags.any(&names).is_none()),
                    given: given.0,
                    why: given.1,
                    always: given.0 == Given::Sleeps,
                    chance: if given.0 == Given::Sleeps { 1.0 } else { 0.0 },
                    names,
                    blocks: vec![],
                }
            })
            .collect();

        let callee = |call: &Call| {
            graph
                .callee(image, call)
                .and_then(|a| index.get(&a).copied())
        };
        infer_flags(graph, &mut functions, btf, callee);

        let mut callers = vec![vec![]; functions.len()];
        let mut reduced = Vec::with_capacity(functions.len());
        for (f, blocks) in graph.functions.values().enumerate() {
            let edge = |call: &Call| {
                let to = callee(call);
                Edge {
                    to,
                    site: to.map_or(Site::Plain, |to| site(functions[to].flags, &call.arguments)),
                    ends: call.target == Target::Trap
                        || to.is_some_and(|to| functions[to].given == Given::Ends),
                }
            };
            let nodes: Vec<Node> = blocks
                .iter()
                .map(|b: &Block| Node {
                    calls: b.calls.iter().map(edge).collect(),
                    tail: b.tail.as_ref().map(edge),
                    next: b.next.clone(),
                    returns: b.returns,
                })
                .collect();
            for to in nodes
                .iter()
                .flat_map(|n| n.calls.iter().chain(&n.tail))
                .filter_map(|e| e.to)
            {
                if callers
                    .get(to)
                    .is_some_and(|c: &Vec<usize>| c.last() != Some(&f))
                {
                    callers[to].push(f);
                }
            }
            reduced.push(nodes);
        }
        for (function, blocks) in functions.iter_mut().zip(reduced) {
            function.blocks = blocks;
        }
        let mut analysis = Self { functions, callers };
        analysis.find_always();
        analysis.find_chances();
        analysis.find_reasons();
        analysis
    }

    /// Functions to start with: those that call what sleeps, or allocate in a way that may.
    fn near_a_sleep(&self) -> VecDeque<usize> {
        let mut near = vec![false; self.functions.len()];
        for (i, f) in self.functions.iter().enumerate() {
            if f.given == Given::Sleeps {
                for &caller in &self.callers[i] {
                    near[caller] = true;
                }
            }
            near[i] |= f
                .blocks
                .iter()
                .flat_map(|b| b.calls.iter().chain(&b.tail))
                .any(|e| e.site == Site::MayBlock);
        }
        (0..near.len()).filter(|&i| near[i]).collect()
    }

    /// The least set: every path from the entry to a return passes a call of a member.
    fn find_always(&mut self) {
        let mut work = self.near_a_sleep();
        while let Some(f) = work.pop_front() {
            let function = &self.functions[f];
            if function.always || function.given != Given::Nothing || !self.sleeps_always(function)
            {
                continue;
            }
            self.functions[f].always = true;
            work.extend(&self.callers[f]);
        }
    }

    fn sleeps_always(&self, function: &Function) -> bool {
        let is_sleep = |e: &Edge| {
            e.site == Site::MayBlock
                || e.to
                    .is_some_and(|to| self.functions[to].always && e.site == Site::Plain)
        };
        let blocks = &function.blocks;
        let mut sleeps = vec![true; blocks.len()];
        let mut is_decided = vec![false; blocks.len()];
        let mut any = false;
        for (b, block) in blocks.iter().enumerate() {
            for call in &block.calls {
                let sleep = is_sleep(call);
                if call.ends || sleep {
                    is_decided[b] = true;
                    any |= sleep;
                    break;
                }
            }
        }
        let mut changed = true;
        while changed {
            changed = false;
            for b in (0..blocks.len()).rev().filter(|&b| !is_decided[b]) {
                let block = &blocks[b];
                let mut all = !block.returns;
                if let Some(tail) = &block.tail {
                    let sleep = is_sleep(tail);
                    all &= tail.ends || sleep;
                    any |= sleep;
                }
                all &= block.next.iter().all(|&n| sleeps[n]);
                if sleeps[b] && !all {
                    sleeps[b] = false;
                    changed = true;
                }
            }
        }
        any && sleeps.first() == Some(&true)
    }

    fn find_chances(&mut self) {
        let mut work = self.near_a_sleep();
        let mut is_queued = vec![false; self.functions.len()];
        for &f in &work {
            is_queued[f] = true;
        }
        let mut rounds = vec![0; self.functions.len()];
        while let Some(f) = work.pop_front() {
            is_queued[f] = false;
            if self.functions[f].given != Given::Nothing || rounds[f] >= ROUNDS {
                continue;
            }
            let (old, new) = (
                self.functions[f].chance,
                self.chance(&self.functions[f].blocks),
            );
            if new <= old + PRECISION {
                continue;
            }
            self.functions[f].chance = new;
            if old == 0.0 || new > old + 0.01 {
                rounds[f] += 1;
                for &caller in &self.callers[f] {
                    if !is_queued[caller] {
                        is_queued[caller] = true;
                        work.push_back(caller);
                    }
                }
            }
        }
    }

    fn chance_of(&self, edge: &Edge) -> f64 {
        match (edge.site, edge.to) {
            (Site::MayBlock, _) => 1.0,
            (Site::Plain, Some(to)) if !edge.ends => self.functions[to].chance,
            _ => 0.0,
        }
    }

    fn chance(&self, blocks: &[Node]) -> f64 {
        // Of each block: the chance to get past its calls, and whether a call ends the path.
        let past: Vec<(f64, bool)> = blocks
            .iter()
            .map(|b| {
                let mut past = 1.0;
                for call in &b.calls {
                    if call.ends {
                        return (past, true);
                    }
                    past *= 1.0 - self.chance_of(call);
                }
                (past, false)
            })
            .collect();
        // Paths that end in a panic are not taken.
        let mut returns = vec![false; blocks.len()];
        let mut changed = true;
        while changed {
            changed = false;
            for b in (0..blocks.len()).rev().filter(|&b| !past[b].1) {
                let block = &blocks[b];
                if !returns[b]
                    && (block.returns
                        || block.tail.is_some_and(|t| !t.ends)
                        || block.next.iter().any(|&n| returns[n]))
                {
                    returns[b] = true;
                    changed = true;
                }
            }
        }
        // Those that return at once, without a call, mostly do because something is wrong.
        let mut gives_up: Vec<bool> = blocks
            .iter()
            .map(|b| b.returns && b.calls.is_empty() && b.tail.is_none())
            .collect();
        for b in (0..blocks.len()).rev() {
            let block = &blocks[b];
            gives_up[b] |= block.calls.is_empty()
                && block.tail.is_none()
                && !block.next.is_empty()
                && block.next.iter().all(|&n| gives_up[n]);
        }
        let mut chance = vec![0.0; blocks.len()];
        for _ in 0..ROUNDS {
            let mut change: f64 = 0.0;
            for b in (0..blocks.len()).rev() {
                let block = &blocks[b];
                let new = if past[b].1 {
                    1.0 - past[b].0
                } else {
                    let tail = block.tail.map(|t| self.chance_of(&t));
                    let (mut sum, mut ways) = match tail {
                        Some(tail) => (tail, 1.0),
                        None => (0.0, 0.0),
                    };
                    for &n in block.next.iter().filter(|&&n| returns[n]) {
                        let weight = if gives_up[n] { RARELY } else { 1.0 };
                        sum += weight * chance[n];
                        ways += weight;
                    }
                    1.0 - past[b].0 * (1.0 - if ways == 0.0 { 0.0 } else { sum / ways })
                };
                change = change.max(new - chance[b]);
                chance[b] = new;
            }
            if change < PRECISION {
                break;
            }
        }
        chance.first().copied().unwrap_or(0.0)
    }

    /// The shortest chain of calls from each function to where it sleeps; along those that always do, if it does.
    fn find_reasons(&mut self) {
        let mut queue: VecDeque<usize> = (0..self.functions.len())
            .filter(|&i| self.functions[i].why.is_some())
            .collect();
        for f in 0..self.functions.len() {
            let function = &self.functions[f];
            let mut edges = function
                .blocks
                .iter()
                .flat_map(|b| b.calls.iter().chain(&b.tail));
            let allocates = edges.find(|e| e.site == Site::MayBlock).and_then(|e| e.to);
            if function.why.is_some() || function.chance < POSSIBLE {
                continue;
            }
            if let Some(to) = allocates {
                self.functions[f].why = Some(Why::Callee(to));
                self.functions[to]
                    .why
                    .get_or_insert(Why::Reason("its flags allow it to block"));
                queue.push_back(f);
            }
        }
        while let Some(to) = queue.pop_front() {
            for &caller in &self.callers[to] {
                let function = &mut self.functions[caller];
                if function.why.is_none() && (function.always || function.chance >= POSSIBLE) {
                    function.why = Some(Why::Callee(to));
                    queue.push_back(caller);
                }
            }
        }
    }
}

/// What a call of a function that takes allocation flags, if it does, means with these arguments.
fn site(flags: Option<u8>, arguments: &Arguments) -> Site {
    let Some(flags) = flags else {
        return Site::Plain;
    };
    match arguments[usize::from(flags)] {
        Some(Value::Constant(v)) if v & MAY_BLOCK != 0 => Site::MayBlock,
        _ => Site::MayNotBlock,
    }
}

/// Compilers make copies of functions (`f.constprop.0`) with other arguments, of which there is no type information;
/// and hand their flags on.
fn infer_flags(
    graph: &Graph,
    functions: &mut [Function],
    btf: &btf::Functions,
    callee: impl Fn(&Call) -> Option<usize>,
) {
    let candidates: Vec<bool> = functions
        .iter()
        .map(|f| f.flags.is_none() && !f.names.iter().any(|n| btf.contains_key(n)))
        .collect();
    let mut changed = true;
    while changed {
        changed = false;
        for (f, blocks) in graph.functions.values().enumerate() {
            if !candidates[f] || functions[f].flags.is_some() {
                continue;
            }
            let own = crate::code::calls(blocks).find_map(|call| {
                let flags = functions[callee(call)?].flags?;
                match call.arguments[usize::from(flags)] {
                    Some(Value::Argument(own)) => Some(own),
                    _ => None,
                }
            });
            if own.is_some() {
                functions[f].flags = own;
                changed = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{image::tests::image, names::Documentation};

    /// What is found of a function with this code, at 0x1000, that may call `schedule`, at 0x1100.
    fn analysed(code: &[u8], btf: &btf::Functions) -> Function {
        let mut all = code.to_vec();
        all.resize(0x100, 0xcc);
        all.push(0xc3);
        all.resize(0x200, 0xcc);
        all.push(0xc3);
        let mut image = image(&all, 0x1100);
        image.functions.insert(0x1100, vec!["schedule".into()]);
        image.functions.insert(0x1200, vec!["allocate".into()]);
        let data = Data::new(Documentation::None);
        let analysis = Analysis::new(&image, &Graph::new(&image), btf, &data);
        analysis.functions.into_iter().next().unwrap()
    }

    fn judged(code: &[u8]) -> (bool, f64) {
        let function = analysed(code, &btf::Functions::new());
        (function.always, function.chance)
    }

    const RET: u8 = 0xc3;

    #[test]
    fn every_path() {
        // call schedule; ret
        assert_eq!(judged(&[0xe8, 0xfb, 0, 0, 0, RET]), (true, 1.0));
        // jmp schedule
        assert_eq!(judged(&[0xe9, 0xfb, 0, 0, 0]), (true, 1.0));
        assert_eq!(judged(&[RET]), (false, 0.0));
    }

    #[test]
    fn a_path_that_ends_in_a_bug_does_not_count() {
        // je 1f; call schedule; ret; 1: ud2
        assert_eq!(
            judged(&[0x74, 0x06, 0xe8, 0xf9, 0, 0, 0, RET, 0x0f, 0x0b]),
            (true, 1.0)
        );
        // je 1f; ret; 1: call schedule; ud2
        let (always, chance) = judged(&[0x74, 0x01, RET, 0xe8, 0xf8, 0, 0, 0, 0x0f, 0x0b]);
        assert_eq!((always, chance), (false, 0.0));
    }

    #[test]
    fn giving_up_at_once_is_rare() {
        // je 1f; call schedule; 1: ret
        let (always, chance) = judged(&[0x74, 0x05, 0xe8, 0xf9, 0, 0, 0, RET]);
        assert!(!always && chance > 0.5, "{chance}");
    }

    #[test]
    fn flags_decide() {
        let btf = btf::Functions::from([
            ("allocate".to_string(), Some(1)),
            ("first".to_string(), None),
        ]);
        // mov $0xcc0,%esi; call allocate; ret
        let allocates =
            |flags: u8| analysed(&[0xbe, flags, 0x0c, 0, 0, 0xe8, 0xf6, 1, 0, 0, RET], &btf);
        assert!(allocates(0xc0).always);
        // mov $0x820,%esi
        let atomic = analysed(&[0xbe, 0x20, 0x08, 0, 0, 0xe8, 0xf6, 1, 0, 0, RET], &btf);
        assert!(!atomic.always && atomic.chance == 0.0);
        // jmp allocate, with its own flags: a copy that BTF does not know
        let btf = btf::Functions::from([("allocate".to_string(), Some(1))]);
        assert_eq!(analysed(&[0xe9, 0xfb, 1, 0, 0], &btf).flags, Some(1));
    }

    #[test]
    fn says_why() {
        let function = analysed(&[0xe8, 0xfb, 0, 0, 0, RET], &btf::Functions::new());
        assert!(matches!(function.why, Some(Why::Callee(1))));
    }
}
