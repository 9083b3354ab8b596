// SPDX-License-Identifier: GPL-2.0

//! Finds handlers of a kernel module in Rust that can sleep, before they run. What it promises and how it decides:
//! `docs/check-sleep.md`.

mod bh_work;
mod btf;
mod code;
mod curated;
mod graph;
mod image;
mod kallsyms;
mod kernel_doc;
mod lines;
mod module;
mod names;
mod rates;
mod report;
mod roots;
mod sleep;
mod table;
mod vmlinux;
mod vtables;
mod walk;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{bail, Context, Result};
use clap::{Parser, Subcommand, ValueEnum};

use names::{Data, Documentation};
use report::{Counts, Report, Severity};
use table::{Level, Table};

#[derive(Parser)]
#[command(about = "Finds handlers of a kernel module in Rust that can sleep")]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Check modules. Exit status 0: no report; 1: a handler may sleep; 2: it could not be judged
    Check {
        /// The kernel that the modules are for: its vmlinuz, or vmlinux
        #[arg(long)]
        vmlinuz: PathBuf,
        /// Directory to keep what was learned of the kernel in
        #[arg(long)]
        cache: Option<PathBuf>,
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Show also what happens on few paths only, and where a call was not followed
        #[arg(short)]
        verbose: bool,
        /// Directory to leave out at the start of the names of files; default: the current one
        #[arg(long)]
        strip_prefix: Option<PathBuf>,
        #[arg(required = true)]
        modules: Vec<PathBuf>,
    },
    /// Measure the method on a half of the kernel's documentation that it was not given
    Rates {
        #[arg(long)]
        vmlinuz: PathBuf,
    },
    /// Show that every name the tool was given is needed: without it, the kernel's code would be misjudged
    Curated {
        #[arg(long)]
        vmlinuz: PathBuf,
    },
    /// Say of functions whether they sleep
    Explain {
        #[arg(long)]
        vmlinuz: PathBuf,
        #[arg(long)]
        cache: Option<PathBuf>,
        #[arg(required = true)]
        functions: Vec<String>,
    },
    /// Make data/kernel-doc anew, from the source of a kernel
    KernelDoc { source: PathBuf },
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    Text,
    Json,
    Github,
}

fn table(vmlinuz: &Path, cache: Option<&Path>) -> Result<Table> {
    Table::cached(vmlinuz, cache)
        .with_context(|| format!("cannot judge the kernel {}", vmlinuz.display()))
}

/// What there is to report of one module; adds to `counts`.
fn check(
    file: &Path,
    table: &Table,
    data: &Data,
    strip: &Path,
    counts: &mut Counts,
) -> Result<Vec<Report>> {
    let module = module::read(&fs::read(file)?)?;
    if module.release != table.release() {
        bail!(
            "it was built for {}, and the kernel is {}",
            module.release,
            table.release()
        );
    }
    let graph = graph::Graph::new(&module.image);
    let lines = lines::Lines::new(&module)?;
    let works = bh_work::find(&module.image, &graph, &lines);
    let roots = roots::find(&module.image, &works);
    if roots.is_empty() && module.uses_crate {
        bail!("it uses rust_tasklet, but no handler was found in it: it cannot be said to be well");
    }
    let walked = walk::walk(&module.image, &graph, roots, table, data);
    let reporter = report::Reporter {
        module: file,
        image: &module.image,
        lines: &lines,
        strip,
    };
    let reports = reporter.reports(&walked);
    counts.add(&walked, &reports);
    Ok(reports)
}

#[derive(serde::Serialize)]
struct Json {
    kernel: String,
    counts: Counts,
    reports: Vec<Report>,
}

fn run(command: Command) -> Result<ExitCode> {
    match command.what {
        What::Check {
            vmlinuz,
            cache,
            format,
            verbose,
            strip_prefix,
            modules,
        } => {
            let table = table(&vmlinuz, cache.as_deref())?;
            let data = Data::new(Documentation::All);
            let strip = match strip_prefix {
                Some(directory) => directory,
                None => std::env::current_dir()?,
            };
            let mut counts = Counts::default();
            let mut reports = vec![];
            for file in &modules {
                let of_module = check(file, &table, &data, &strip, &mut counts)
                    .with_context(|| format!("cannot judge the module {}", file.display()))?;
                reports.extend(of_module);
            }
            if !verbose {
                reports.retain(|r| r.severity != Severity::Warning);
            }
            match format {
                Format::Text => {
                    for report in &reports {
                        println!("{}", report::text(report));
                    }
                    println!("{}", report::summary(&counts));
                }
                Format::Github => {
                    for report in &reports {
                        println!("{}", report::github(report));
                    }
                    println!("{}", report::summary(&counts));
                }
                Format::Json => {
                    let json = Json {
                        kernel: table.banner.clone(),
                        counts,
                        reports,
                    };
                    println!("{}", serde_json::to_string_pretty(&json)?);
                }
            }
            Ok(ExitCode::from(u8::from(counts.errors > 0)))
        }
        What::Rates { vmlinuz } => {
            let table = Table::new(&fs::read(&vmlinuz)?, Documentation::Half)
                .with_context(|| format!("cannot judge the kernel {}", vmlinuz.display()))?;
            let rates = rates::measure(&table);
            println!("{}", table.banner);
            println!(
                "of {} functions that may sleep, {} were found",
                rates.sleepers, rates.found
            );
            println!(
                "of {} that any context may call, {} were reported",
                rates.others,
                rates.false_alarms.len()
            );
            for name in &rates.missed {
                println!("missed: {name}");
            }
            for name in &rates.false_alarms {
                println!("false alarm: {name}");
            }
            Ok(ExitCode::from(u8::from(!rates.are_good())))
        }
        What::Curated { vmlinuz } => {
            let useless = curated::useless(&fs::read(&vmlinuz)?)
                .with_context(|| format!("cannot judge the kernel {}", vmlinuz.display()))?;
            for (list, name) in &useless {
                println!("data/{list}: {name} is not needed");
            }
            Ok(ExitCode::from(u8::from(!useless.is_empty())))
        }
        What::Explain {
            vmlinuz,
            cache,
            functions,
        } => {
            let table = table(&vmlinuz, cache.as_deref())?;
            for name in functions {
                let verdict = table
                    .functions
                    .get(&name)
                    .with_context(|| format!("this kernel has no {name}()"))?;
                let how = match verdict.level {
                    Level::Always => "sleeps",
                    Level::Likely => "sleeps on many paths",
                    Level::Possible => "sleeps on few paths",
                    Level::No => "is not known to sleep",
                };
                let flags = verdict.flags.map_or(String::new(), |n| {
                    format!(", by the flags in argument {}", n + 1)
                });
                println!(
                    "{name} {how}{flags}{}{}",
                    if verdict.why.is_empty() { "" } else { ": " },
                    verdict.why.join(" -> ")
                );
            }
            Ok(ExitCode::SUCCESS)
        }
        What::KernelDoc { source } => {
            println!("# What the kernel's documentation says of its functions. Made by `check-sleep kernel-doc SOURCE`.");
            for line in kernel_doc::read_source(&source)? {
                println!("{line}");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn main() -> ExitCode {
    run(Command::parse()).unwrap_or_else(|e| {
        eprintln!("error: {e:#}");
        ExitCode::from(2)
    })
}
