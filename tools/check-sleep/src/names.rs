// SPDX-License-Identifier: GPL-2.0

//! The names that the tool was given, with reasons: the files in `data/`, whose README tells what they are.

use std::collections::HashMap;

use crate::kernel_doc::{self, Half, Says};

/// Names of functions, and what was said of each.
#[derive(Clone, Default)]
pub struct Names {
    exact: HashMap<&'static str, &'static str>,
    prefixes: Vec<(&'static str, &'static str)>,
}

impl Names {
    fn parse(text: &'static str) -> Self {
        let mut names = Self::default();
        for line in text.lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, reason) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            match name.strip_suffix('*') {
                Some(prefix) => names.prefixes.push((prefix, reason.trim())),
                None => drop(names.exact.insert(name, reason.trim())),
            }
        }
        names
    }

    /// What was there first remains.
    fn add(&mut self, name: &'static str, reason: &'static str) {
        self.exact.entry(name).or_insert(reason);
    }

    /// The reason why `name` is in the list, if it is.
    pub fn get(&self, name: &str) -> Option<&'static str> {
        self.exact.get(name).copied().or_else(|| {
            self.prefixes
                .iter()
                .find(|(p, _)| name.starts_with(p))
                .map(|(_, r)| *r)
        })
    }

    /// The same without one name.
    pub fn without(&self, name: &str) -> Self {
        let mut rest = self.clone();
        rest.exact.remove(name);
        rest
    }

    /// All that are names of functions, not patterns.
    pub fn exact(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.exact.keys().copied()
    }

    /// The reason why one of `names` is in the list.
    pub fn any<'a>(&self, names: impl IntoIterator<Item = &'a String>) -> Option<&'static str> {
        names.into_iter().find_map(|n| self.get(n))
    }
}

/// How much of the kernel's documentation the tool may know.
#[derive(Clone, Copy, PartialEq)]
pub enum Documentation {
    All,
    Half,
    None,
}

/// All lists.
#[derive(Clone)]
pub struct Data {
    pub sites: Names,
    /// Of which the kernel's documentation says that they sleep.
    pub sleeps: Names,
    pub never: Names,
    pub ends: Names,
    pub flags: Names,
}

impl Data {
    pub fn new(documentation: Documentation) -> Self {
        let mut data = Self {
            sites: Names::parse(include_str!("../data/sites")),
            sleeps: Names::default(),
            never: Names::parse(include_str!("../data/never")),
            ends: Names::parse(include_str!("../data/ends")),
            flags: Names::parse(include_str!("../data/flags")),
        };
        for statement in kernel_doc::statements() {
            let is_known = match documentation {
                Documentation::All => true,
                Documentation::Half => kernel_doc::half(statement.name) == Half::Given,
                Documentation::None => false,
            };
            if is_known {
                match statement.says {
                    Says::Sleeps => data
                        .sleeps
                        .add(statement.name, "its documentation says that it may sleep"),
                    Says::Any => data.never.add(
                        statement.name,
                        "its documentation says that any context may call it",
                    ),
                }
            }
        }
        data
    }
}

/// A mangled name as a programmer knows it, without the hashes of crates; names in C are as they are.
pub fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// A name without the generic arguments at its end: `f::<T>` is `f`.
pub fn without_arguments(name: &str) -> &str {
    if !name.ends_with('>') {
        return name;
    }
    let mut depth = 0;
    for (at, c) in name.char_indices().rev() {
        match c {
            '>' if !name[..at].ends_with('-') => depth += 1,
            '<' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return name[..at].strip_suffix("::").unwrap_or(name);
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_reasons() {
        let names = Names::parse("# Comment\n\na\twhy not\nb*  all of them\n");
        assert_eq!(names.get("a"), Some("why not"));
        assert_eq!(names.get("ab"), None);
        assert_eq!(names.get("bc"), Some("all of them"));
        assert_eq!(names.get("#"), None);
        assert_eq!(
            names.any(&["x".to_string(), "a".to_string()]),
            Some("why not")
        );
    }

    #[test]
    fn every_name_has_a_reason() {
        for text in [
            include_str!("../data/sites"),
            include_str!("../data/never"),
            include_str!("../data/ends"),
            include_str!("../data/flags"),
        ] {
            for line in text
                .lines()
                .filter(|l| !l.is_empty() && !l.starts_with('#'))
            {
                assert!(
                    line.split_once('\t').is_some_and(|(_, r)| !r.is_empty()),
                    "{line}"
                );
            }
        }
    }

    #[test]
    fn knows_panics() {
        let ends = Data::new(Documentation::All).ends;
        let is_end = |name: &str| ends.get(&demangled(name)).is_some();
        assert!(is_end("_RNvNtCsaBcD1_4core9panicking5panic"));
        assert!(is_end("_RNvNtCsaBcD1_4core6option13unwrap_failed"));
        assert!(is_end("panic"));
        assert!(!is_end("_RNvNtCsaBcD1_4core3fmt5write"));
        assert!(!is_end("panicking"));
    }

    #[test]
    fn cuts_arguments() {
        assert_eq!(without_arguments("a::f::<b::T<u8>, 0>"), "a::f");
        assert_eq!(without_arguments("<a::T<b::H>>::f"), "<a::T<b::H>>::f");
        assert_eq!(without_arguments("a::f::<fn(u8) -> u8>"), "a::f");
    }
}
