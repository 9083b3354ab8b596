// SPDX-License-Identifier: GPL-2.0

//! The lines of source that an instruction comes from, with the functions that were inlined there.

use std::path::{Path, PathBuf};

use anyhow::Result;
use gimli::{Dwarf, EndianRcSlice, LittleEndian, SectionId};

use crate::{module::Module, names::demangled};

type Slice = EndianRcSlice<LittleEndian>;

/// A function, and the line that is executed in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Its full name.
    pub function: String,
    pub file: PathBuf,
    pub line: u32,
}

impl Frame {
    /// Is it in the kernel's crates, or Rust's?
    pub fn is_foreign(&self) -> bool {
        let file = self.file.to_string_lossy();
        [
            "/rust/kernel/",
            "/rust/pin-init/",
            "/rust/helpers/",
            "library/core/",
            "library/alloc/",
        ]
        .iter()
        .any(|part| file.contains(part))
    }
}

/// Compilers move a jump to another function among what they inlined before it. But arithmetic calls nothing, so
/// then all that is inlined there is not where the jump comes from.
fn without_stale(mut frames: Vec<Frame>) -> Vec<Frame> {
    let is_arithmetic = |f: &Frame| {
        let file = f.file.to_string_lossy();
        ["library/core/src/num/", "library/core/src/intrinsics/"]
            .iter()
            .any(|part| file.contains(part))
    };
    if frames.last().is_some_and(is_arithmetic) {
        let own = frames.iter().rposition(|f| !f.is_foreign()).unwrap_or(0);
        frames.truncate(own + 1);
    }
    frames
}

pub struct Lines {
    context: addr2line::Context<Slice>,
}

impl Lines {
    pub fn new(module: &Module) -> Result<Self> {
        let load = |id: SectionId| -> Result<Slice, gimli::Error> {
            let data = module
                .debug
                .get(id.name())
                .map(Vec::as_slice)
                .unwrap_or_default();
            Ok(EndianRcSlice::new(data.into(), LittleEndian))
        };
        Ok(Self {
            context: addr2line::Context::from_dwarf(Dwarf::load(load)?)?,
        })
    }

    /// The frames at an instruction, the outermost first. None if the module has no information for debuggers.
    pub fn frames(&self, address: u64) -> Vec<Frame> {
        let mut frames = vec![];
        let Ok(mut found) = self.context.find_frames(address).skip_all_loads() else {
            return frames;
        };
        while let Ok(Some(frame)) = found.next() {
            let Some(location) = frame.location else {
                continue;
            };
            let function = frame
                .function
                .and_then(|f| f.raw_name().ok().map(|n| demangled(&n)))
                .unwrap_or_default();
            frames.push(Frame {
                function,
                file: Path::new(location.file.unwrap_or_default()).into(),
                line: location.line.unwrap_or(0),
            });
        }
        frames.reverse();
        without_stale(frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::tests::image;
    use std::collections::HashMap;

    #[test]
    fn does_without_information() {
        let module = Module {
            image: image(&[0xc3], 0x1010),
            debug: HashMap::new(),
            release: String::new(),
            uses_crate: false,
        };
        assert_eq!(Lines::new(&module).unwrap().frames(0x1000), []);
    }

    fn frame(file: &str) -> Frame {
        Frame {
            function: String::new(),
            file: file.into(),
            line: 1,
        }
    }

    #[test]
    fn leaves_stale_frames_out() {
        let files = [
            "/my.rs",
            "/rust/kernel/time.rs",
            "/library/core/src/num/int_macros.rs",
        ];
        let frames: Vec<Frame> = files.iter().map(|f| frame(f)).collect();
        assert_eq!(without_stale(frames.clone()), frames[..1]);
        assert_eq!(without_stale(frames[..2].to_vec()), frames[..2]);
    }

    #[test]
    fn knows_whose_code_it_is() {
        let is_foreign = |file: &str| {
            Frame {
                function: String::new(),
                file: file.into(),
                line: 1,
            }
            .is_foreign()
        };
        assert!(is_foreign("/usr/src/linux/rust/kernel/sync/lock.rs"));
        assert!(is_foreign(
            "/usr/src/rustc-1.85.1/library/core/src/mem/mod.rs"
        ));
        assert!(!is_foreign("/home/me/driver/my.rs"));
    }
}
