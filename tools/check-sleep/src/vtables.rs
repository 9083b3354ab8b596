// SPDX-License-Identifier: GPL-2.0

//! The methods that a call of a trait object may reach: of the module's own vtables.
//!
//! rustc makes a vtable of the drop glue (or nothing), the size, the alignment, and the methods.

use std::collections::BTreeSet;

use crate::image::{Image, Section};

const WORD: u64 = 8;
const FIRST_METHOD: i64 = 3 * WORD as i64;
const LARGEST: u64 = 1 << 24;

/// The functions at this offset of the vtables.
pub fn methods(image: &Image, offset: i64) -> BTreeSet<u64> {
    let mut methods = BTreeSet::new();
    if offset < FIRST_METHOD || offset as u64 % WORD != 0 {
        return methods;
    }
    for section in image
        .sections
        .iter()
        .filter(|s| !s.is_code && !s.is_writable)
    {
        let starts = (section.address..).step_by(WORD as usize);
        for start in starts.take(section.data.len() / WORD as usize) {
            if is_vtable(image, section, start, offset) {
                methods.extend(image.word(start + offset as u64));
            }
        }
    }
    methods
}

fn is_function(image: &Image, word: Option<u64>) -> bool {
    word.is_some_and(|w| !image.names_at(w).is_empty())
}

/// Is there a vtable at `start` that has a method at `offset`?
fn is_vtable(image: &Image, section: &Section, start: u64, offset: i64) -> bool {
    let word = |n: u64| {
        image
            .word(start + n * WORD)
            .filter(|_| section.contains(start + n * WORD))
    };
    let glue = word(0);
    let is_glue = glue == Some(0)
        || glue.is_some_and(|g| {
            image
                .names_at(g)
                .iter()
                .any(|n| n.contains("drop_in_place"))
        });
    is_glue
        && word(1).is_some_and(|size| size <= LARGEST)
        && word(2).is_some_and(|align| align.is_power_of_two() && align <= 4096)
        && (3..=offset as u64 / WORD).all(|n| is_function(image, word(n)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::tests::image;

    #[test]
    fn finds_methods() {
        let mut image = image(&[0x90; 32], 0x1010);
        let words = [7, 0, 8, 8, 0x1000, 0x1010, 5];
        image.sections[1].data = words.iter().flat_map(|w: &u64| w.to_le_bytes()).collect();
        assert_eq!(methods(&image, 24), BTreeSet::from([0x1000]));
        assert_eq!(methods(&image, 32), BTreeSet::from([0x1010]));
        assert_eq!(methods(&image, 40), BTreeSet::new(), "that is no function");
        assert_eq!(
            methods(&image, 16),
            BTreeSet::new(),
            "that is the alignment"
        );
        image.sections[1].data[24] = 3;
        assert_eq!(methods(&image, 24), BTreeSet::new(), "no alignment");
    }
}
