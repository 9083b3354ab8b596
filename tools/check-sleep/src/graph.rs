// SPDX-License-Identifier: GPL-2.0

//! The functions of an image with their blocks, each under the address where it starts.

use std::collections::{BTreeMap, HashMap};

use crate::{
    code::{self, Blocks, Call, Reader, Target, Value},
    image::Image,
};

pub struct Graph {
    pub functions: BTreeMap<u64, Blocks>,
    /// Pieces that compilers moved out of a function's way, and the function.
    pieces: HashMap<u64, u64>,
}

impl Graph {
    pub fn new(image: &Image) -> Self {
        let mut reader = Reader::new(image);
        let mut functions: BTreeMap<u64, Blocks> = image
            .functions
            .keys()
            .map(|&start| (start, reader.read(&[start])))
            .collect();

        let mut pieces = HashMap::new();
        let mut of_function: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (&start, blocks) in &functions {
            for call in code::calls(blocks) {
                let Target::Address(to) = call.target else {
                    continue;
                };
                let Some(piece) = image.function_of(to) else {
                    continue;
                };
                if is_piece_of(image, piece, start) && !pieces.contains_key(&piece) {
                    pieces.insert(piece, start);
                    of_function.entry(start).or_default().push(piece);
                }
            }
        }
        for (start, mut rest) in of_function {
            for piece in &rest {
                functions.remove(piece);
            }
            rest.insert(0, start);
            functions.insert(start, reader.read(&rest));
        }
        Self { functions, pieces }
    }

    /// The function that is called, or jumped into; through a pointer too, if that is a constant.
    pub fn callee(&self, image: &Image, call: &Call) -> Option<u64> {
        let to = match call.target {
            Target::Address(to) | Target::Pointer(Some(Value::Constant(to))) => to,
            _ => return None,
        };
        let start = image.function_of(to)?;
        Some(self.pieces.get(&start).copied().unwrap_or(start))
    }
}

/// GCC calls what it moves out of the way of `f` `f.cold`.
fn is_piece_of(image: &Image, piece: u64, function: u64) -> bool {
    piece != function
        && image.names_at(piece).iter().any(|p| {
            p.split_once(".cold").is_some_and(|(of, _)| {
                image
                    .names_at(function)
                    .iter()
                    .any(|f| f.starts_with(of) || of.starts_with(f.as_str()))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::tests::image;

    #[test]
    fn joins_what_was_moved_away() {
        // first: jne first.cold; ret.   first.cold: call elsewhere; jmp first+2.
        let mut code = vec![0x0f, 0x85, 0x0a, 0, 0, 0, 0xc3];
        code.resize(16, 0xcc);
        code.extend([0xe8, 0xeb, 0x7f, 0, 0, 0xe9, 0xec, 0xff, 0xff, 0xff]);
        let mut image = image(&code, 0x1010);
        image.functions.insert(0x1010, vec!["first.cold".into()]);
        let graph = Graph::new(&image);
        assert_eq!(graph.functions.len(), 1);
        let calls: Vec<_> = code::calls(&graph.functions[&0x1000]).collect();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].target, Target::Address(0x9000));
        assert_eq!(graph.callee(&image, calls[0]), None, "it is elsewhere");
    }

    #[test]
    fn follows_constant_pointers() {
        let image = image(&[0xc3; 16], 0x1008);
        let graph = Graph::new(&image);
        let call = Call {
            at: 0x1008,
            target: Target::Pointer(Some(Value::Constant(0x1000))),
            arguments: [None; 6],
        };
        assert_eq!(graph.callee(&image, &call), Some(0x1000));
    }

    #[test]
    fn others_stay_on_their_own() {
        let mut code = vec![0xe9, 0x0b, 0, 0, 0];
        code.resize(17, 0xc3);
        let image = image(&code, 0x1010);
        let graph = Graph::new(&image);
        assert_eq!(graph.functions.len(), 2);
        let call = code::calls(&graph.functions[&0x1000]).next().unwrap();
        assert_eq!(graph.callee(&image, call), Some(0x1010));
    }
}
