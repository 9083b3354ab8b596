#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Completes the rust-project.json that the kernel makes for the tree of a driver: adds the crate rust_tasklet, and gives
all files the names that they have on the host.

usage: rust-project.py TREE CLONE OBJECTS FROM=TO... <old >new

TREE is the driver's tree, CLONE the clone and OBJECTS the directory that it was built in, on the host. A path that begins
with FROM begins with TO on the host; the first that fits counts. The kernel names the crates of the tree relative to it.
"""

import json
import sys


def main():
    tree, clone, objects = sys.argv[1:4]
    places = [place.split("=", 1) for place in sys.argv[4:]]

    def on_host(value):
        if isinstance(value, dict):
            return {key: on_host(item) for key, item in value.items()}
        if isinstance(value, list):
            return [on_host(item) for item in value]
        if isinstance(value, str):
            for here, there in places:
                if value == here or value.startswith(here + "/"):
                    return there + value[len(here):]
        return value

    project = on_host(json.load(sys.stdin))
    crates = project["crates"]
    drivers = [crate for crate in crates if not crate["root_module"].startswith("/")]
    if not drivers:
        sys.exit("error: The kernel finds no crate in the tree: is its source named in Kbuild?")
    # As drivers have them without it.
    deps = list(drivers[0]["deps"])
    for crate in drivers:
        crate["root_module"] = f"{tree}/{crate['root_module']}"
        crate["deps"].append({"crate": len(crates), "name": "rust_tasklet"})
    crates.append(
        {
            "display_name": "rust_tasklet",
            "root_module": f"{clone}/rust_tasklet.rs",
            "is_workspace_member": False,
            "deps": deps,
            "cfg": drivers[0]["cfg"],
            "edition": drivers[0]["edition"],
            "env": {**drivers[0]["env"], "RUST_TASKLET_OBJ": objects},
            "source": {"include_dirs": [clone, objects], "exclude_dirs": []},
        }
    )
    json.dump(project, sys.stdout, indent=4)


main()
