// SPDX-License-Identifier: GPL-2.0

//! Follows the calls of a module's handlers, and finds those that may sleep.

use std::collections::{BTreeSet, HashSet, VecDeque};

use crate::{
    code::{self, Arguments, Call, Target, Value, MAY_BLOCK},
    graph::Graph,
    image::Image,
    module::is_of_crate,
    names::{demangled, Data},
    roots::Root,
    table::{Level, Table},
    vtables,
};

/// A call on the way from a handler: of what, and in which function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub function: u64,
    pub at: u64,
    /// The function was reached through a trait object, as one of those it may be.
    pub by_vtable: bool,
}

/// What was found at the end of a path.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A function of the kernel that sleeps, and why.
    Sleeps {
        callee: String,
        level: Level,
        why: Vec<String>,
    },
    /// One that sleeps if its flags allow it, and they do.
    Flags { callee: String, flags: u64 },
    /// One whose flags are not known.
    UnknownFlags { callee: String },
    /// A function that is neither in the module nor in the kernel.
    UnknownFunction { callee: String },
    /// A pointer to a function.
    Pointer,
}

impl What {
    /// Is it to be reported as an error?
    pub fn is_error(&self) -> bool {
        match self {
            Self::Sleeps { level, .. } => *level >= Level::Likely,
            Self::Flags { .. } => true,
            _ => false,
        }
    }

    /// Could the call not be followed?
    pub fn is_unknown(&self) -> bool {
        matches!(
            self,
            Self::UnknownFlags { .. } | Self::UnknownFunction { .. } | Self::Pointer
        )
    }
}

pub struct Finding {
    pub path: Vec<Step>,
    pub what: What,
}

/// All about one handler.
pub struct Handler {
    pub root: Root,
    pub findings: Vec<Finding>,
}

/// All about one module.
pub struct Walked {
    pub handlers: Vec<Handler>,
    /// The addresses of all calls that were followed, or looked up.
    pub followed: BTreeSet<u64>,
    /// Those that could not be.
    pub unknown: BTreeSet<u64>,
}

/// Allocation flags among the arguments of a function, if they are known.
type Flags = [Option<u64>; 6];

/// The arguments of a call, with those of the caller filled in.
fn known(arguments: &Arguments, callers: &Flags) -> Arguments {
    arguments.map(|value| match value {
        Some(Value::Argument(n)) => callers[usize::from(n)].map(Value::Constant).or(value),
        value => value,
    })
}

/// What the callee has to know of them: what looks like allocation flags.
fn flags_of(arguments: &Arguments) -> Flags {
    arguments.map(|value| match value {
        Some(Value::Constant(v)) if v >> 28 == 0 && v & 0xff0 != 0 => Some(v),
        _ => None,
    })
}

struct Walk<'a> {
    image: &'a Image,
    graph: &'a Graph,
    table: &'a Table,
    data: &'a Data,
    followed: BTreeSet<u64>,
    unknown: BTreeSet<u64>,
}

/// Walks from all `roots` of a module.
pub fn walk(image: &Image, graph: &Graph, roots: Vec<Root>, table: &Table, data: &Data) -> Walked {
    let mut walk = Walk {
        image,
        graph,
        table,
        data,
        followed: BTreeSet::new(),
        unknown: BTreeSet::new(),
    };
    let handlers = roots.into_iter().map(|root| walk.handler(root)).collect();
    Walked {
        handlers,
        followed: walk.followed,
        unknown: walk.unknown,
    }
}

impl Walk<'_> {
    fn handler(&mut self, root: Root) -> Handler {
        let mut findings: Vec<Finding> = vec![];
        let mut seen: HashSet<(u64, Flags)> = HashSet::from([(root.address, [None; 6])]);
        let mut queue = VecDeque::from([(root.address, [None; 6], vec![], false)]);
        while let Some((function, flags, path, by_vtable)) = queue.pop_front() {
            let Some(blocks) = self.graph.functions.get(&function) else {
                continue;
            };
            for call in code::calls(blocks) {
                let mut here = path.clone();
                here.push(Step {
                    function,
                    at: call.at,
                    by_vtable,
                });
                let arguments = known(&call.arguments, &flags);
                let (callees, what) = self.call(call, &arguments);
                let is_dyn = matches!(call.target, Target::Pointer(_));
                for callee in callees {
                    let flags = flags_of(&arguments);
                    if callee != function && seen.insert((callee, flags)) {
                        queue.push_back((callee, flags, here.clone(), is_dyn));
                    }
                }
                let Some(what) = what else { continue };
                if what.is_unknown() {
                    self.unknown.insert(call.at);
                }
                // The shortest path to each is enough.
                let is_new = match &what {
                    What::Pointer => findings
                        .iter()
                        .all(|f| f.path.last().map(|s| s.at) != Some(call.at)),
                    what => findings.iter().all(|f| f.what != *what),
                };
                if is_new {
                    findings.push(Finding { path: here, what });
                }
            }
        }
        Handler { root, findings }
    }

    /// The functions of the module that a call leads to, or what is to be said of it.
    fn call(&mut self, call: &Call, arguments: &Arguments) -> (Vec<u64>, Option<What>) {
        let address = match call.target {
            Target::Trap => return (vec![], None),
            Target::Address(address) => address,
            Target::Pointer(pointer) => match self.pointees(pointer) {
                Some(callees) => {
                    self.followed.insert(call.at);
                    return (callees, None);
                }
                None => return (vec![], Some(What::Pointer)),
            },
        };
        if let Some(start) = self.graph.callee(self.image, call) {
            self.followed.insert(call.at);
            let is_end = self.data.ends.any(
                &self
                    .image
                    .names_at(start)
                    .iter()
                    .map(|n| demangled(n))
                    .collect::<Vec<_>>(),
            );
            return (
                if is_end.is_some() {
                    vec![]
                } else {
                    vec![start]
                },
                None,
            );
        }
        let Some(name) = self.image.imports.get(&address) else {
            return (vec![], Some(What::Pointer));
        };
        let what = self.import(name, arguments);
        if !what.as_ref().is_some_and(What::is_unknown) {
            self.followed.insert(call.at);
        }
        (vec![], what)
    }

    /// The functions that a pointer may lead to, if that is known.
    fn pointees(&self, pointer: Option<Value>) -> Option<Vec<u64>> {
        match pointer? {
            Value::Constant(address) => Some(vec![self.image.function_of(address)?]),
            // What a hypervisor replaces: instructions.
            Value::At(address) if self.is_paravirt(address) => Some(vec![]),
            Value::Behind(offset) => {
                let methods = vtables::methods(self.image, offset);
                (!methods.is_empty()).then(|| methods.into_iter().collect())
            }
            _ => None,
        }
    }

    fn is_paravirt(&self, address: u64) -> bool {
        self.image
            .imports
            .iter()
            .any(|(&start, name)| name == "pv_ops" && (start..start + 0x1000).contains(&address))
    }

    fn import(&self, name: &str, arguments: &Arguments) -> Option<What> {
        let callee = demangled(name);
        // The crate's own waiting functions look at the context first.
        if is_of_crate(name) || self.data.ends.get(&callee).is_some() {
            return None;
        }
        let Some(verdict) = self.table.functions.get(name) else {
            let is_compilers = name.starts_with("__x86_") || name == "__fentry__";
            return (!is_compilers).then_some(What::UnknownFunction { callee });
        };
        if let (Some(flags), true) = (verdict.flags, verdict.level < Level::Always) {
            return match arguments[usize::from(flags)] {
                Some(Value::Constant(flags)) if flags & MAY_BLOCK != 0 => {
                    Some(What::Flags { callee, flags })
                }
                Some(Value::Constant(_)) => None,
                _ => Some(What::UnknownFlags { callee }),
            };
        }
        (verdict.level > Level::No).then(|| What::Sleeps {
            callee,
            level: verdict.level,
            why: verdict.why.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{image::tests::image, names::Documentation, table::Verdict};

    /// Walks from `first`, where 0x9000 is the import `elsewhere`.
    fn walked(code: &[u8], verdict: Option<Verdict>) -> Walked {
        let image = image(code, 0x1010);
        let functions = verdict
            .map(|v| ("elsewhere".to_string(), v))
            .into_iter()
            .collect();
        let table = Table {
            banner: String::new(),
            functions,
        };
        let root = Root {
            address: 0x1000,
            name: "root".into(),
        };
        let data = Data::new(Documentation::All);
        walk(&image, &Graph::new(&image), vec![root], &table, &data)
    }

    fn padded(code: &[u8], second: &[u8]) -> Vec<u8> {
        let mut all = code.to_vec();
        all.resize(16, 0xcc);
        all.extend(second);
        all
    }

    fn verdict(level: Level, flags: Option<u8>) -> Verdict {
        Verdict {
            level,
            flags,
            why: vec!["might_sleep()".into()],
        }
    }

    const RET: u8 = 0xc3;
    const CALL_SECOND: [u8; 5] = [0xe8, 0x0b, 0, 0, 0];
    /// At 0x1010.
    const CALL_ELSEWHERE: [u8; 5] = [0xe8, 0xeb, 0x7f, 0, 0];

    #[test]
    fn finds_a_sleep_behind_a_helper() {
        let code = padded(
            &[&CALL_SECOND[..], &[RET]].concat(),
            &[&CALL_ELSEWHERE[..], &[RET]].concat(),
        );
        let result = walked(&code, Some(verdict(Level::Always, None)));
        let findings = &result.handlers[0].findings;
        assert_eq!(findings.len(), 1);
        assert!(findings[0].what.is_error());
        assert_eq!(
            findings[0].path.iter().map(|s| s.at).collect::<Vec<_>>(),
            [0x1000, 0x1010]
        );
        assert_eq!((result.followed.len(), result.unknown.len()), (2, 0));
        let result = walked(&code, Some(verdict(Level::Possible, None)));
        assert!(!result.handlers[0].findings[0].what.is_error());
        let result = walked(&code, Some(verdict(Level::No, None)));
        assert!(result.handlers[0].findings.is_empty());
    }

    #[test]
    fn counts_what_it_does_not_know() {
        let code = padded(
            &[&CALL_SECOND[..], &[RET]].concat(),
            &[&CALL_ELSEWHERE[..], &[RET]].concat(),
        );
        let result = walked(&code, None);
        assert!(matches!(
            result.handlers[0].findings[0].what,
            What::UnknownFunction { .. }
        ));
        assert_eq!((result.followed.len(), result.unknown.len()), (1, 1));
        // call *%rax
        let result = walked(&padded(&[0xff, 0xd0, RET], &[RET]), None);
        assert_eq!(result.handlers[0].findings[0].what, What::Pointer);
        assert_eq!(result.unknown.len(), 1);
    }

    #[test]
    fn hands_flags_on() {
        // mov $0xcc0,%edi; call second      second: call elsewhere
        let first = |flags: [u8; 4]| {
            let code = [&[0xbf][..], &flags, &[0xe8, 0x06, 0, 0, 0, RET]].concat();
            padded(&code, &[&CALL_ELSEWHERE[..], &[RET]].concat())
        };
        let takes_flags = || Some(verdict(Level::Likely, Some(0)));
        let result = walked(&first([0xc0, 0x0c, 0, 0]), takes_flags());
        assert_eq!(
            result.handlers[0].findings[0].what,
            What::Flags {
                callee: "elsewhere".into(),
                flags: 0xcc0
            }
        );
        let result = walked(&first([0x20, 0x08, 0, 0]), takes_flags());
        assert!(result.handlers[0].findings.is_empty());
        let unset = padded(
            &[&CALL_SECOND[..], &[RET]].concat(),
            &[&CALL_ELSEWHERE[..], &[RET]].concat(),
        );
        let result = walked(&unset, takes_flags());
        assert!(matches!(
            result.handlers[0].findings[0].what,
            What::UnknownFlags { .. }
        ));
    }
}
