#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes a page of docs/generated/ of its template and of what was measured.

report.py RESULTS MODULES TEMPLATE KERNEL: RESULTS has the logs of the VMs, MODULES the modules. Writes the page, and
latency.svg if there is a link to it, to RESULTS. Fails if something was not measured, or if the template explains something else than what there is.
"""

import re
import subprocess
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "rust_tasklet", "font.family": "sans-serif"})
import matplotlib.pyplot as plt  # noqa: E402

COUNTS = [1, 16, 256, 4096]
CPUS = [1, 2, 4, 8]
C, RUST, BH_C, BH_RUST, BH_WORK = MODULES = [
    "tasklet_c", "tasklet_rust", "workqueue_c", "workqueue_rust", "bh_work_rust"]
PRIORITIES = ["normal", "hi"]
# How the plots show the modules.
LINES = [("C", "#7f7f7f"), ("this crate", "#c55a11"), ("BH work, C", "#9dc3e6"), ("BH work, Rust", "#2e75b6"),
         ("BhWork", "#548235")]


def fail(*lines):
    sys.exit("error: " + "\n       ".join(lines))


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, **{"check": True, **options}).stdout


def table(head, rows):
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in [head, *rows]]
    return "\n".join([lines[0], "|---" + "|---:" * (len(head) - 1) + "|", *lines[1:]])


class Results:
    """The lines that the VMs printed, by what they start with."""

    def __init__(self, directory):
        self.values = {}
        for log in sorted(directory.glob("*.log")):
            name, text = log.stem, log.read_text(errors="replace")
            refused = re.findall(r"meter: (cannot measure: .*)", text)
            if name.startswith("time"):
                if not any("TSC" in r for r in refused) or not any("cpus=" in r for r in refused):
                    fail(f"{name}: the instrument took on what it cannot measure, see {name}.log")
            elif refused:
                fail(f"{name}: {refused[0]}")
            if lost := re.search(r"meter: (\S+ \d+ handlers ran, not \d+)", text):
                fail(f"{name}: {lost.group(1)}")
            for line in re.findall(r"bench\|(.*)", text):
                words = line.strip().split("|")
                keys = {"operation": 3, "many": 4, "latency": 5, "size": 2}[words[0]]
                key = tuple([name.split("-")[0], *words[:keys]])
                self.values[key] = [int(word) for word in words[keys:]]

    def get(self, *key):
        try:
            return self.values[tuple(map(str, key))]
        except KeyError:
            fail("not measured: " + " ".join(map(str, key)) + ". The logs of the VMs say why.")

    def has(self, *key):
        return tuple(map(str, key)) in self.values

    def operation(self, module, what):
        """Instructions of one operation, and by how much repetitions differ."""
        count, least, median, most = self.get("operations", "operation", module, what)
        empty = self.get("operations", "operation", module, "nothing")[2]
        return (median - empty) / count, (most - least) / count

    def many(self, mode, module, cpus, count):
        ops, least, _most, empty = self.get(mode, "many", module, cpus, count)
        return (least - empty) / ops


# What is measured with both, or with tasklets only: its name, and how the table calls it.
OPERATIONS = [
    ("pending", "`schedule()`, already pending"),
    ("run", "`schedule()` to the end of the handler"),
    ("run_hi", "`hi_schedule()` to the end of the handler"),
    ("disable", "`disable()` and enable"),
    ("disable_nosync", "`disable_nosync()` and enable"),
    ("kill", "`kill()` of an idle tasklet"),
    ("lock", "`SpinLockBh::lock()` and unlock"),
    ("lock_with", "`SpinLockBh::lock_with()` and unlock"),
]
OWNERS = [
    ("inline", "`Tasklet` on the stack"),
    ("inline_run", "the same, run once"),
    ("box", "`TaskletBox`"),
    ("box_run", "the same, run once"),
    ("embedded_arc", "embedded in an `Arc`, with its handle"),
    ("embedded_arc_run", "the same, run once"),
    ("embedded_box", "embedded in a `KBox`, with its handle"),
    ("embedded_box_run", "the same, run once"),
    ("static", "`static_tasklet!`: revive and kill"),
    ("static_run", "the same, run once"),
]


def versus(results, what, works):
    (c, c_spread), (rust, rust_spread) = (results.operation(m, what) for m in (C, RUST))
    row = [f"{c:.2f}", f"{rust:.2f}", f"{rust - c:+.2f}", f"{rust / c:.2f}", f"{max(c_spread, rust_spread):.2f}"]
    for module in (BH_C, BH_RUST, BH_WORK) if works else ():
        if results.has("operations", "operation", module, what):
            row.append("{:.2f}".format(results.operation(module, what)[0]))
        else:
            row.append("")
    return row


def operations(results):
    head = ["instructions", "C", "crate", "more", "ratio", "spread", "BH work, C", "BH work, Rust", "`BhWork`"]
    return table(head, [[text, *versus(results, what, True)] for what, text in OPERATIONS])


def owners(results):
    head = ["instructions", "C", "crate", "more", "ratio", "spread"]
    return table(head, [[text, *versus(results, what, False)] for what, text in OWNERS])


def scaling(results):
    rows = []
    for cpus in CPUS:
        for count in COUNTS:
            cost = [results.many("scaling", m, cpus, count) for m in MODULES]
            rows.append([cpus, count, *(f"{x:.1f}" for x in cost[:2]), f"{cost[1] / cost[0]:.2f}",
                         *(f"{x:.1f}" for x in cost[2:])])
    return table(["CPUs", "on each", "C", "crate", "ratio", "BH work, C", "BH work, Rust", "`BhWork`"], rows)


def targets(results):
    def delta(what):
        return results.operation(RUST, what)[0] - results.operation(C, what)[0]

    def ratio(what):
        return results.operation(RUST, what)[0] / results.operation(C, what)[0]

    run_ratio = ratio("run")
    disable = results.operation(RUST, "disable")[0]
    owner = max(ratio(what) for what, _text in OWNERS if what.endswith("_run"))
    size = results.get("operations", "size", "Tasklet<()>")[0]
    work = {what: [results.operation(m, what)[0] for m in (BH_C, BH_WORK)] for what in ("run", "pending", "disable")}
    work_run, work_disable = (work[what][1] / work[what][0] for what in ("run", "disable"))
    work_pending = work["pending"][1] - work["pending"][0]
    work_size = results.get("operations", "size", "BhWork<()>")[0]

    def cost(module, cpus, count):
        return results.many("scaling", module, cpus, count)

    over_c = max(cost(RUST, cpus, count) / cost(C, cpus, count) for cpus in CPUS for count in COUNTS)
    over_one_cpu = max(cost(RUST, cpus, count) / cost(RUST, 1, count) for cpus in CPUS for count in COUNTS)
    over_one = max(cost(RUST, cpus, count) / cost(RUST, cpus, 1) for cpus in CPUS for count in COUNTS)
    rows = [
        ("`schedule()` to the end of the handler", "at most 1.00 of C", f"{run_ratio:.2f}", round(run_ratio, 2) <= 1),
        ("`schedule()`, already pending", "at most C + 2", f"C {delta('pending'):+.2f}", round(delta("pending"), 2) <= 2),
        ("`disable()` and enable", "at most 60 instructions", f"{disable:.2f}", disable <= 60),
        ("`kill()` of an idle tasklet", "at most 2.50 of C", f"{ratio('kill'):.2f}", round(ratio("kill"), 2) <= 2.5),
        ("an owner's life in which it ran once", "at most 2.00 of C", f"{owner:.2f}", round(owner, 2) <= 2),
        ("`Tasklet<()>`", "at most 72 bytes", f"{size}", size <= 72),
        ("each of 1 to 4096 tasklets on 1 to 8 CPUs", "at most 1.02 of C", f"{over_c:.2f}", round(over_c, 2) <= 1.02),
        ("each of 4096 tasklets, to one", "at most 1.02", f"{over_one:.2f}", round(over_one, 2) <= 1.02),
        ("on 8 CPUs, to one", "at most 1.02", f"{over_one_cpu:.2f}", round(over_one_cpu, 2) <= 1.02),
        ("`BhWork`: `schedule()` to the end of the handler", "at most 1.03 of BH work in C", f"{work_run:.2f}",
         round(work_run, 2) <= 1.03),
        ("`BhWork`: `schedule()`, already pending", "at most C + 10", f"C {work_pending:+.2f}", work_pending <= 10),
        ("`BhWork`: `disable()` and enable", "at most 0.25 of C", f"{work_disable:.2f}", work_disable <= 0.25),
        ("`BhWork<()>`", "at most 80 bytes", f"{work_size}", work_size <= 80),
    ]
    return table(["", "target", "measured", ""], [(*row[:3], "met" if row[3] else "**missed**") for row in rows])


def throughput(results):
    rows = []
    for cpus in CPUS:
        for count in COUNTS:
            cost = [results.many("time", m, cpus, count) for m in MODULES]
            rows.append([cpus, count, f"{cost[0] * cpus:.0f}", *(f"{cost[0] / x:.2f}" for x in cost[1:])])
    return table(["CPUs", "on each", "C, ns each", "crate", "BH work, C", "BH work, Rust", "`BhWork`"], rows)


def latency(results):
    """The percentiles 50, 90 and 99 in microseconds, by priority, CPUs, how many at once, and module."""
    return {
        (priority, cpus, count, module): [
            nanoseconds / 1000
            for nanoseconds in results.get("time", "latency", module, priority, cpus, count)[1:4]
        ]
        for priority in PRIORITIES for cpus in CPUS for count in COUNTS for module in MODULES
    }


def draw_latency(latencies, path):
    """A plot for each priority and number of CPUs: the latency by how many are scheduled at once."""
    figure, plots = plt.subplots(len(PRIORITIES), len(CPUS), figsize=(10, 6), sharex=True, sharey=True, layout="constrained")
    for row, priority in zip(plots, PRIORITIES):
        for plot, cpus in zip(row, CPUS):
            for module, (name, colour) in zip(MODULES, LINES):
                p50, _p90, p99 = zip(*(latencies[priority, cpus, count, module] for count in COUNTS))
                plot.plot(range(len(COUNTS)), p50, "o-", color=colour, ms=4, label=name)
                plot.plot(range(len(COUNTS)), p99, ":", color=colour, lw=1)
            plot.set_yscale("log")
            plot.minorticks_off()
            plot.set_xticks(range(len(COUNTS)), COUNTS)
            plot.grid(color="#e5e5e5")
            plot.set_title(f"{priority}, {cpus} CPU{'s' * (cpus > 1)}", fontsize=10)
    figure.supxlabel("scheduled at once on each CPU", fontsize=10)
    figure.supylabel("from the interrupt to the handler [us]", fontsize=10)
    figure.legend(*plots[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(MODULES), frameon=False)
    # The same numbers give the same file.
    figure.savefig(path, metadata={"Date": None})


def sizes(results):
    def size(what):
        return results.get("operations", "size", what)[0]

    raw = size("tasklet_struct")
    added = size("Tasklet<()>") - raw
    rows = [
        ["`Tasklet<H>`, also in a static", raw, added, 0],
        ["`TaskletBox<H>`", raw, added, size("TaskletBox")],
        ["`EmbeddedTasklet` with its `TaskletHandle`", raw, added, size("TaskletHandle")],
    ]
    if size("Tasklet<u64>") != raw + added + 8 or size("static") != raw + added + 8:
        fail("a Tasklet<H> is not the sum of its parts")
    return table(["bytes", "`tasklet_struct`", "added", "the owner itself"], rows)


def fields(modules, explained):
    """The fields of the crate's structure, as the debug information has them, each with its explanation."""
    rows, known = [], dict(explained)
    # It complains of what it does not know elsewhere in the file.
    layout = run("pahole", "-F", "dwarf", "-C", "RawTasklet", str(modules / "rust_tasklet_crate.o"), check=False,
                 stderr=subprocess.DEVNULL)
    for name, offset, size in re.findall(r"\s(\w+)(?: __attribute__\S+)?; /\*\s+(\d+)\s+(\d+) \*/", layout):
        if int(size) > 0:
            rows.append([f"`{name}`", offset, size, known.pop(name, None) or fail(f"unexplained field: {name}")])
    if known:
        fail("explained, but not there: " + " ".join(known))
    holes = re.findall(r"XXX (\d+) bytes? hole|padding: (\d+)", layout)
    padding = sum(int(a or b) for a, b in holes)
    if padding:
        rows.append(["(padding)", "", padding, "the compiler's, for alignment"])
    return table(["field", "offset", "bytes", "what for"], rows)


def driver_size(modules):
    rows = []
    for name, text in (("driver_c", "C"), ("driver_rust", "this crate")):
        sections = re.findall(r"^(\S+)\s+(\d+)\s+\d+$", run("size", "-A", str(modules / f"bench/{name}.ko")), re.M)

        def total(*prefixes, sections=sections):
            return sum(int(size) for section, size in sections if section.startswith(prefixes))

        rows.append([text, total(".text", ".init.text", ".exit.text"), total(".data", ".bss", ".rodata")])
    rows.append(["ratio", *(f"{b / a:.2f}" for a, b in zip(rows[0][1:], rows[1][1:]))])
    return table(["bytes", "code", "data"], rows)


def disassemble(module, pattern):
    """The instructions of a function, by their offsets: mnemonics and operands, names in place of addresses."""
    lines, start = {}, None
    for line in run("objdump", "-dr", "--no-show-raw-insn", "-C", str(module)).splitlines():
        if label := re.match(r"([0-9a-f]+) <(.*)>:$", line):
            start = int(label[1], 16) if re.search(pattern, label[2]) else None
        elif start is None:
            continue
        elif reloc := re.search(r"R_X86_64_\S+\s+(.*?)(-0x\w+)?$", line):
            lines[offset] = re.sub(r"\S+$", reloc[1].split("::")[-1], lines[offset])
        elif code := re.match(r"\s*([0-9a-f]+):\s+(\S.*?)\s*$", line):
            offset = int(code[1], 16) - start
            lines[offset] = re.sub(r"\s+", " ", re.sub(r"[0-9a-f]+ <.*(\+0x\w+)>$", r"\1", code[2]))
    while lines and "nop" in lines[max(lines)]:
        del lines[max(lines)]
    return lines or fail(f"no function {pattern} in {module.name}")


def listing(module, pattern, explained):
    lines = disassemble(module, pattern)
    if list(lines.values()) != [line for line, _ in explained]:
        fail(f"{module.name}: these are not the instructions that bench/performance.md.in explains. They are now:",
             *lines.values())
    width = max(map(len, lines.values()))
    code = (f"+{offset:#04x}  {line:<{width}}  ; {text}" for offset, (line, text) in zip(lines, explained))
    return "\n".join(["```", *code, "```"])


def versions(kernel, modules):
    gcc, qemu = "gcc", "qemu-system-x86_64"
    if kernel.endswith("arm64"):
        gcc, qemu = "aarch64-linux-gnu-gcc", "qemu-system-aarch64"
    sources = re.search(r"metadata=(\w+)", (modules / ".rust_tasklet_crate.o.cmd").read_text())[1]
    rows = [
        ["kernel", f"{kernel}, Debian's own"],
        ["compilers", run("rustc", "--version").strip() + "; " + run(gcc, "--version").splitlines()[0]],
        ["QEMU", run(qemu, "--version").splitlines()[0]],
        ["crate", f"sources with the hash {sources} (`Kbuild` says of what)"],
    ]
    return table(["", ""], rows).replace("---:", "---")


def main():
    directory, modules, template, kernel = sys.argv[1:]
    directory, modules = Path(directory), Path(modules)
    results = Results(directory)
    tables = {
        "versions": lambda _: versions(kernel, modules),
        "targets": lambda _: targets(results),
        "operations": lambda _: operations(results),
        "owners": lambda _: owners(results),
        "scaling": lambda _: scaling(results),
        "throughput": lambda _: throughput(results),
        "sizes": lambda _: sizes(results),
        "fields": lambda explained: fields(modules, explained),
        "driver": lambda _: driver_size(modules),
        "schedule-c": lambda explained: listing(modules / "bench/tasklet_c.ko", r"^op_schedule$", explained),
        "schedule-rust": lambda explained: listing(
            modules / "bench/tasklet_rust.ko", r"Counting.* as tasklet_rust::meter::BottomHalf>::schedule$", explained),
    }

    def expand(match):
        explained = [tuple(part.strip() for part in line.split("|", 1)) for line in match[2].strip().splitlines()]
        return tables[match[1]](explained) + "\n"

    page = re.sub(r"^@@([\w-]+)\n((?:.* \| .*\n)*)", expand, Path(template).read_text(), flags=re.M)
    if "(latency.svg)" in page:
        draw_latency(latency(results), directory / "latency.svg")
    (directory / Path(template).stem).write_text(page)


if __name__ == "__main__":
    main()
