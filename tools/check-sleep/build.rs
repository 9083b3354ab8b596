// SPDX-License-Identifier: GPL-2.0

//! A table that another version of this program made is worth nothing: hashes the sources and the data.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

fn main() {
    let mut hasher = DefaultHasher::new();
    for directory in ["src", "data"] {
        println!("cargo::rerun-if-changed={directory}");
        let mut files: Vec<_> = fs::read_dir(Path::new(directory))
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            fs::read(file).unwrap().hash(&mut hasher);
        }
    }
    println!(
        "cargo::rustc-env=CHECK_SLEEP_SOURCES={:016x}",
        hasher.finish()
    );
}
