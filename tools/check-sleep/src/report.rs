// SPDX-License-Identifier: GPL-2.0

//! What was found, in words: as a compiler prints it, as JSON, or as GitHub shows it beside the code.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{
    image::Image,
    lines::{Frame, Lines},
    names::{demangled, without_arguments},
    walk::{Finding, Handler, Step, Walked, What},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
    Note,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    fn of(what: &What) -> Self {
        match what {
            what if what.is_error() => Self::Error,
            what if what.is_unknown() => Self::Note,
            _ => Self::Warning,
        }
    }
}

/// A line of a path.
#[derive(Debug, PartialEq, Serialize)]
pub struct Place {
    pub file: Option<String>,
    pub line: Option<u32>,
    pub function: String,
}

/// One finding.
#[derive(Debug, Serialize)]
pub struct Report {
    pub severity: Severity,
    /// The handler's line from which the path goes out, or the module.
    pub file: String,
    pub line: Option<u32>,
    pub message: String,
    pub path: Vec<Place>,
    /// The kernel's function at its end, and why it sleeps.
    pub reason: String,
}

/// How many of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    pub modules: usize,
    pub handlers: usize,
    pub calls_followed: usize,
    pub calls_unknown: usize,
    pub errors: usize,
    pub warnings: usize,
}

impl Counts {
    pub fn add(&mut self, walked: &Walked, reports: &[Report]) {
        let count = |severity| reports.iter().filter(|r| r.severity == severity).count();
        self.modules += 1;
        self.handlers += walked.handlers.len();
        self.calls_followed += walked.followed.len();
        self.calls_unknown += walked.unknown.len();
        self.errors += count(Severity::Error);
        self.warnings += count(Severity::Warning);
    }
}

/// Makes the reports of one module.
pub struct Reporter<'a> {
    pub module: &'a Path,
    pub image: &'a Image,
    pub lines: &'a Lines,
    /// Left out at the start of the names of files.
    pub strip: &'a Path,
}

impl Reporter<'_> {
    pub fn reports(&self, walked: &Walked) -> Vec<Report> {
        let all = walked
            .handlers
            .iter()
            .flat_map(|h| h.findings.iter().map(move |f| (h, f)));
        all.map(|(handler, finding)| self.report(handler, finding))
            .collect()
    }

    fn report(&self, handler: &Handler, finding: &Finding) -> Report {
        let steps: Vec<Vec<Frame>> = finding
            .path
            .iter()
            .map(|s| self.lines.frames(s.at))
            .collect();
        // What the crate or the kernel does until it calls the handler is nothing to the author.
        let plumbing = steps
            .first()
            .and_then(|f| f.first())
            .and_then(|f| f.file.parent().map(PathBuf::from))
            .filter(|directory| !directory.as_os_str().is_empty());
        let is_plumbing = |f: &Frame| plumbing.as_ref().is_some_and(|p| f.file.starts_with(p));
        let is_own = |f: &Frame| !f.is_foreign() && !is_plumbing(f);
        let first = steps.iter().flatten().find(|f| is_own(f));
        let skipped = steps.iter().flatten().take_while(|f| !is_own(f)).count();

        let mut path = vec![];
        for (step, frames) in finding.path.iter().zip(&steps) {
            path.extend(self.places(step, frames));
        }
        path.dedup();
        if first.is_some() {
            path.drain(..skipped);
        }
        let name = first.map_or_else(|| short(&handler.root.name), |f| short(&f.function));
        Report {
            severity: Severity::of(&finding.what),
            file: first.map_or_else(|| self.file(self.module), |f| self.file(&f.file)),
            line: first.map(|f| f.line),
            message: message(&name, &finding.what),
            path,
            reason: reason(&finding.what),
        }
    }

    fn places(&self, step: &Step, frames: &[Frame]) -> Vec<Place> {
        let mut places: Vec<Place> = frames
            .iter()
            .map(|f| Place {
                file: Some(self.file(&f.file)),
                line: Some(f.line),
                function: short(&f.function),
            })
            .collect();
        if places.is_empty() {
            let names = self.image.names_at(step.function);
            let function = names
                .first()
                .map(|n| short(&demangled(n)))
                .unwrap_or_default();
            places.push(Place {
                file: None,
                line: None,
                function,
            });
        }
        if step.by_vtable {
            places[0].function.insert_str(0, "dyn: ");
        }
        places
    }

    /// A file as its author knows it.
    fn file(&self, file: &Path) -> String {
        if let Ok(own) = file.strip_prefix(self.strip) {
            return own.to_string_lossy().into_owned();
        }
        let text = file.to_string_lossy();
        for part in ["/rust/kernel/", "/rust/pin-init/", "/rust/helpers/"] {
            if let Some(at) = text.find(part) {
                return text[at + 1..].into();
            }
        }
        match text.find("library/") {
            Some(at)
                if text[at..].starts_with("library/core/")
                    || text[at..].starts_with("library/alloc/") =>
            {
                text[at..].into()
            }
            _ => text.into(),
        }
    }
}

fn message(handler: &str, what: &What) -> String {
    match what {
        What::Pointer => {
            format!("handler {handler} calls through a pointer, which was not followed")
        }
        What::UnknownFunction { callee } => {
            format!("handler {handler} calls {callee}, which is in no kernel or module that was looked at")
        }
        What::UnknownFlags { callee } => {
            format!("handler {handler} may sleep if its allocation flags allow it, which are not known: {}", short(callee))
        }
        what if what.is_error() => format!("handler {handler} may sleep"),
        _ => format!("handler {handler} could sleep, on few paths"),
    }
}

fn reason(what: &What) -> String {
    match what {
        What::Sleeps { callee, why, .. } => format!("{}: {}", short(callee), why.join(" -> ")),
        What::Flags { callee, flags } => format!(
            "{}: flags {flags:#x}{} allow it to block",
            short(callee),
            flags_name(*flags)
        ),
        What::UnknownFlags { callee } => {
            format!("{}: its flags are not a constant here", short(callee))
        }
        What::UnknownFunction { callee } => format!("{callee}: not known"),
        What::Pointer => "a pointer".into(),
    }
}

/// The usual name of allocation flags, in parentheses.
fn flags_name(flags: u64) -> &'static str {
    const ZERO: u64 = 0x100;
    match (flags & !ZERO, flags & ZERO != 0) {
        (0xcc0, false) => " (GFP_KERNEL)",
        (0xcc0, true) => " (GFP_KERNEL | __GFP_ZERO)",
        (0xc40, _) => " (GFP_NOFS)",
        (0xc00, _) => " (GFP_NOIO)",
        _ => "",
    }
}

/// A path of Rust without its modules, and a function without its arguments: `<a::B as c::d::E>::f::<u8>` is
/// `<B as E>::f`.
pub fn short(name: &str) -> String {
    let mut out = String::new();
    let mut rest = without_arguments(name);
    while let Some(c) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if !is_word(c) {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let next = after.strip_prefix("::");
        let is_module =
            c.is_lowercase() && next.is_some_and(|n| n.starts_with(is_word)) || word == "_";
        match next {
            Some(next) if is_module => rest = next,
            _ => {
                out.push_str(word);
                rest = after;
            }
        }
    }
    out
}

/// A finding as a compiler prints it.
pub fn text(report: &Report) -> String {
    let mut text = match report.line {
        Some(line) => format!("{}:{line}: ", report.file),
        None => format!("{}: ", report.file),
    };
    text += &format!("{}: {}\n", report.severity.word(), report.message);
    for place in &report.path {
        text += &match (&place.file, place.line) {
            (Some(file), Some(line)) => format!("    {file}:{line}: {}\n", place.function),
            _ => format!("    {}\n", place.function),
        };
    }
    text + &format!("    {}\n", report.reason)
}

/// The same as a command for GitHub's runner.
pub fn github(report: &Report) -> String {
    let escape = |text: &str| {
        text.replace('%', "%25")
            .replace('\r', "%0D")
            .replace('\n', "%0A")
    };
    let property = |text: &str| escape(text).replace(':', "%3A").replace(',', "%2C");
    let command = match report.severity {
        Severity::Note => "notice",
        severity => severity.word(),
    };
    let line = report.line.map_or(String::new(), |l| format!(",line={l}"));
    let text = text(report);
    let details = text.split_once('\n').map_or("", |(_, d)| d).trim_end();
    format!(
        "::{command} file={}{line},title={}::{}",
        property(&report.file),
        property(&report.message),
        escape(details)
    )
}

/// What was looked at.
pub fn summary(counts: &Counts) -> String {
    let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    format!(
        "{}: {}, {} followed, {} not followed; {}, {}",
        plural(counts.modules, "module"),
        plural(counts.handlers, "handler"),
        plural(counts.calls_followed, "call"),
        counts.calls_unknown,
        plural(counts.errors, "error"),
        plural(counts.warnings, "warning"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Level;

    #[test]
    fn shortens_names() {
        assert_eq!(
            short("<my::Rx as rust_tasklet::tasklet::handler::TaskletHandler>::run"),
            "<Rx as TaskletHandler>::run"
        );
        assert_eq!(
            short("<my::M as kernel::module::Module>::init::{closure#0}"),
            "<M as Module>::init::{closure#0}"
        );
        assert_eq!(
            short("core::ptr::drop_in_place::<kernel::sync::Arc<my::Link>>"),
            "drop_in_place"
        );
        assert_eq!(
            short("<kernel::sync::lock::Lock<u32, my::B>>::lock"),
            "<Lock<u32, B>>::lock"
        );
        assert_eq!(short("mutex_lock"), "mutex_lock");
    }

    fn report() -> Report {
        let what = What::Sleeps {
            callee: "mutex_lock".into(),
            level: Level::Always,
            why: vec!["might_sleep()".into()],
        };
        Report {
            severity: Severity::of(&what),
            file: "my.rs".into(),
            line: Some(42),
            message: message("<Rx as TaskletHandler>::run", &what),
            path: vec![Place {
                file: Some("my.rs".into()),
                line: Some(42),
                function: "<Rx as TaskletHandler>::run".into(),
            }],
            reason: reason(&what),
        }
    }

    #[test]
    fn prints_as_a_compiler_does() {
        assert_eq!(
            text(&report()),
            "my.rs:42: error: handler <Rx as TaskletHandler>::run may sleep\n\
             \x20   my.rs:42: <Rx as TaskletHandler>::run\n\
             \x20   mutex_lock: might_sleep()\n"
        );
    }

    #[test]
    fn prints_for_github() {
        assert_eq!(
            github(&report()),
            "::error file=my.rs,line=42,title=handler <Rx as TaskletHandler>%3A%3Arun may sleep::\
             \x20   my.rs:42: <Rx as TaskletHandler>::run%0A    mutex_lock: might_sleep()"
        );
    }

    #[test]
    fn says_why() {
        let flags = What::Flags {
            callee: "krealloc".into(),
            flags: 0xcc0,
        };
        assert_eq!(
            reason(&flags),
            "krealloc: flags 0xcc0 (GFP_KERNEL) allow it to block"
        );
        assert_eq!(Severity::of(&flags), Severity::Error);
        assert_eq!(Severity::of(&What::Pointer), Severity::Note);
        let possible = What::Sleeps {
            callee: "f".into(),
            level: Level::Possible,
            why: vec![],
        };
        assert_eq!(Severity::of(&possible), Severity::Warning);
    }

    #[test]
    fn sums_up() {
        let counts = Counts {
            modules: 1,
            handlers: 2,
            calls_followed: 30,
            calls_unknown: 1,
            errors: 1,
            warnings: 0,
        };
        assert_eq!(
            summary(&counts),
            "1 module: 2 handlers, 30 calls followed, 1 not followed; 1 error, 0 warnings"
        );
    }
}
