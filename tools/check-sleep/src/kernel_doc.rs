// SPDX-License-Identifier: GPL-2.0

//! What the kernel's documentation says of its functions: that they may sleep, or that any context may call them.
//!
//! Every function belongs to one of two halves. One half is knowledge of the tool, the other is kept from it, to
//! measure how much it finds by itself. The statements are in `data/kernel-doc`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use regex_lite::Regex;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    Sleeps,
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    Given,
    HeldBack,
}

/// A function and what is said of it.
pub struct Statement<'a> {
    pub name: &'a str,
    pub says: Says,
}

/// All that the tool has.
pub fn statements() -> Vec<Statement<'static>> {
    parse(include_str!("../data/kernel-doc"))
}

fn parse(text: &str) -> Vec<Statement<'_>> {
    text.lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .filter_map(|line| {
            let mut words = line.split('\t');
            let name = words.next()?;
            let says = match words.next()? {
                "sleeps" => Says::Sleeps,
                _ => Says::Any,
            };
            Some(Statement { name, says })
        })
        .collect()
}

/// The half that a function belongs to, by its name alone.
pub fn half(name: &str) -> Half {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
    });
    match (hash >> 32) & 1 {
        0 => Half::Given,
        _ => Half::HeldBack,
    }
}

/// Reads sentences of documentation.
struct Reader {
    comment: Regex,
    title: Regex,
    argument: Regex,
    section: Regex,
    sentence_end: Regex,
    sleep: Regex,
    condition: Regex,
    no_sleep: Regex,
    of_others: Regex,
    any: Regex,
    not_any: Regex,
}

const CONTEXTS: &str = "(any|atomic|interrupt|softirq|irq|hardirq|bh)[ -]*(handlers?|contexts?)";

impl Reader {
    fn new() -> Self {
        let regex = |text: &str| Regex::new(text).unwrap();
        Self {
            comment: regex(r"(?s)/\*\*[ \t]*\n(.*?)\*/"),
            title: regex(r"^\s*(\w+)\s*(\([^)]*\))?\s*[-:–]"),
            argument: regex(r"^\s*@\w"),
            section: regex(r"(?i)^\s*(context|returns?|note)\s*:"),
            sentence_end: regex(r"[.!;]\s+"),
            sleep: regex(
                r"(?i)\b(may|might|can|will|could|does)( also| therefore| thus| potentially| possibly)? (sleep|block)\b|\bsleeps\b|^context: *sleep",
            ),
            condition: regex(
                r"(?i)\b(if|unless|when|whenever|whether|depending|depends|not|never|cannot|callers?|callbacks?|handlers?|must be able|otherwise|until|except|without|drivers?|where|variant|which|that (may|might|can) sleep|those|some|unlike|user|thread|task|readers?|writers?|provided|implementation|allowed to|successive|others?|truncation|critical|region|section|calling|functions to|gfp)\b|n't\b|@\w+[,.]? (may|might|can) sleep",
            ),
            no_sleep: regex(r"(?i)\b(does not|doesn't|never|won't|will not) (sleep|block)s?\b"),
            of_others: regex(
                r"(?i)\b(if|unless|when|caller|callback|handler|later|called with|on)\b|@",
            ),
            any: regex(&format!(
                r"(?i)^context: *any\b|\b(can|may|safe to) be (called|used|invoked)\b.*\b{CONTEXTS}\b|safe to call.*\b{CONTEXTS}\b"
            )),
            not_any: regex(
                r"(?i)\b(not|never|only|process|sleep|except|unless|if|must|cannot|callback|caller|care|lock|as long as|provided|takes|expects|held)\b|n't\b",
            ),
        }
    }

    /// What a file says of functions.
    fn file(&self, text: &str, mut say: impl FnMut(&str, Says)) {
        for comment in self.comment.captures_iter(text) {
            let lines: Vec<&str> = comment[1]
                .lines()
                .map(|l| l.trim_start().trim_start_matches('*'))
                .collect();
            let Some(title) = lines.first().and_then(|l| self.title.captures(l)) else {
                continue;
            };
            if let Some(says) = self.says(&lines, title[0].len()) {
                say(&title[1], says);
            }
        }
    }

    fn says(&self, lines: &[&str], title: usize) -> Option<Says> {
        let (mut sleeps, mut any) = (false, false);
        for paragraph in self.paragraphs(lines, title) {
            for sentence in self.sentences(&paragraph) {
                let lower = sentence.to_lowercase();
                if lower.contains("sleep")
                    || lower.contains(" block") && self.sleep.is_match(sentence)
                {
                    if self.sleep.is_match(sentence) && !self.condition.is_match(sentence) {
                        sleeps = true;
                    } else if self.no_sleep.is_match(sentence) && !self.of_others.is_match(sentence)
                    {
                        any = true;
                    } else {
                        return None;
                    }
                } else if self.any.is_match(sentence) && !self.not_any.is_match(sentence) {
                    any = true;
                }
            }
        }
        match (sleeps, any) {
            (true, false) => Some(Says::Sleeps),
            (false, true) => Some(Says::Any),
            _ => None,
        }
    }

    /// The paragraphs of a comment, without those on arguments.
    fn paragraphs(&self, lines: &[&str], title: usize) -> Vec<String> {
        let mut paragraphs = vec![lines[0][title..].trim().to_string()];
        let mut is_argument = false;
        for line in &lines[1..] {
            if self.argument.is_match(line) {
                is_argument = true;
            } else if line.trim().is_empty() || self.section.is_match(line) {
                is_argument = false;
                paragraphs.push(line.trim().to_string());
            } else if let (false, Some(paragraph)) = (is_argument, paragraphs.last_mut()) {
                paragraph.push(' ');
                paragraph.push_str(line.trim());
            }
        }
        paragraphs
    }

    fn sentences<'t>(&'t self, paragraph: &'t str) -> impl Iterator<Item = &'t str> {
        self.sentence_end.split(paragraph.trim()).map(str::trim)
    }
}

/// Reads the source of a kernel: one line for each function of which something is said, in the form of the data.
pub fn read_source(source: &Path) -> Result<Vec<String>> {
    let reader = Reader::new();
    let mut said: BTreeMap<String, Vec<(Says, String)>> = BTreeMap::new();
    let mut directories = vec![source.to_path_buf()];
    while let Some(directory) = directories.pop() {
        let entries = fs::read_dir(&directory)
            .with_context(|| format!("cannot read {}", directory.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path.strip_prefix(source)?.to_string_lossy().into_owned();
            if path.is_dir() {
                let is_wanted = match name.split_once('/') {
                    Some(("arch", rest)) => rest.starts_with("x86"),
                    _ => !["Documentation", "samples", "scripts", "tools"].contains(&name.as_str()),
                };
                if is_wanted && !path.is_symlink() {
                    directories.push(path);
                }
            } else if name.ends_with(".c") || name.ends_with(".h") {
                let Ok(text) = fs::read(&path) else { continue };
                reader.file(&String::from_utf8_lossy(&text), |function, says| {
                    said.entry(function.to_owned())
                        .or_default()
                        .push((says, name.clone()));
                });
            }
        }
    }
    Ok(said
        .into_iter()
        .filter(|(_, all)| all.iter().all(|(says, _)| *says == all[0].0))
        .map(|(function, mut all)| {
            all.sort();
            let says = match all[0].0 {
                Says::Sleeps => "sleeps",
                Says::Any => "any",
            };
            format!("{function}\t{says}\t{}", all[0].1)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: &str) -> Option<Says> {
        let text = format!(
            "/**\n * f() - does something\n * @a: may sleep\n *\n{body} */\nvoid f(int a);\n"
        );
        let mut result = None;
        Reader::new().file(&text, |name, says| {
            assert_eq!(name, "f");
            result = Some(says);
        });
        result
    }

    #[test]
    fn understands_plain_statements() {
        assert_eq!(
            said(" * Context: Process context. May sleep.\n"),
            Some(Says::Sleeps)
        );
        assert_eq!(
            said(" * This function might sleep,\n * and much else.\n"),
            Some(Says::Sleeps)
        );
        assert_eq!(said(" * Context: Any context.\n"), Some(Says::Any));
        assert_eq!(
            said(" * It can be called from interrupt context.\n"),
            Some(Says::Any)
        );
        assert_eq!(said(" * It never sleeps.\n"), Some(Says::Any));
    }

    #[test]
    fn leaves_others_alone() {
        assert_eq!(
            said(" * Nothing of interest.\n"),
            None,
            "and not what is said of an argument"
        );
        assert_eq!(said(" * May sleep if @a is set.\n"), None);
        assert_eq!(said(" * Context: Any context. May sleep.\n"), None);
        assert_eq!(
            said(" * @a can be called from interrupt context only.\n"),
            None
        );
        assert_eq!(said(" * The callback may sleep.\n"), None);
    }

    #[test]
    fn halves_are_halves() {
        let all = statements();
        for says in [Says::Sleeps, Says::Any] {
            let of_kind = || all.iter().filter(|s| s.says == says);
            let given = of_kind().filter(|s| half(s.name) == Half::Given).count();
            let part = given as f64 / of_kind().count() as f64;
            assert!((0.4..0.6).contains(&part), "{part}");
        }
    }
}
