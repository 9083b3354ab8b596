// SPDX-License-Identifier: GPL-2.0

//! Which functions of a kernel take allocation flags (`gfp_t`), from its type information: `.BTF`.

use std::collections::HashMap;

use anyhow::{bail, Context, Result};

const MAGIC: u16 = 0xeb9f;
const TYPEDEF: u32 = 8;
const VOLATILE: u32 = 9;
const CONST: u32 = 10;
const RESTRICT: u32 = 11;
const FUNC: u32 = 12;
const FUNC_PROTO: u32 = 13;
const TYPE_TAG: u32 = 18;

/// What is known of the functions that BTF describes: the number of the argument that holds allocation flags, if
/// one does.
pub type Functions = HashMap<String, Option<u8>>;

struct Type {
    name: u32,
    kind: u32,
    /// The type that it refers to, or its size.
    refers_to: u32,
    /// Of a prototype: the types of its arguments.
    arguments: Vec<u32>,
}

/// Bytes that follow a type of this kind with `n` members.
fn length_of_rest(kind: u32, n: usize) -> Result<usize> {
    Ok(match kind {
        1 | 14 | 17 => 4,
        3 => 12,
        4 | 5 | 15 | 19 => 12 * n,
        6 | FUNC_PROTO => 8 * n,
        2 | 7..=FUNC | 16 | TYPE_TAG => 0,
        _ => bail!("its BTF has a kind of type that this tool does not know: {kind}"),
    })
}

fn u32_at(data: &[u8], at: usize) -> Result<u32> {
    let bytes = data.get(at..at + 4).context("its BTF is cut off")?;
    Ok(u32::from_le_bytes(bytes.try_into()?))
}

fn string(strings: &[u8], at: u32) -> &str {
    let rest = strings.get(at as usize..).unwrap_or_default();
    let end = memchr::memchr(0, rest).unwrap_or(0);
    std::str::from_utf8(&rest[..end]).unwrap_or_default()
}

/// Reads the contents of a section `.BTF`.
pub fn read(data: &[u8]) -> Result<Functions> {
    if data.get(..2) != Some(&MAGIC.to_le_bytes()) {
        bail!("its section .BTF holds something else");
    }
    let header = u32_at(data, 4)? as usize;
    let part = |at: usize| -> Result<&[u8]> {
        let start = header + u32_at(data, at)? as usize;
        let end = start + u32_at(data, at + 4)? as usize;
        data.get(start..end).context("its BTF is cut off")
    };
    let (bytes, strings) = (part(8)?, part(16)?);

    // Number 0 is `void`.
    let mut types = vec![Type {
        name: 0,
        kind: 0,
        refers_to: 0,
        arguments: vec![],
    }];
    let mut at = 0;
    while at < bytes.len() {
        let info = u32_at(bytes, at + 4)?;
        let (kind, n) = ((info >> 24) & 31, (info & 0xffff) as usize);
        let mut t = Type {
            name: u32_at(bytes, at)?,
            kind,
            refers_to: u32_at(bytes, at + 8)?,
            arguments: vec![],
        };
        at += 12;
        if kind == FUNC_PROTO {
            t.arguments = (0..n)
                .map(|i| u32_at(bytes, at + 8 * i + 4))
                .collect::<Result<_>>()?;
        }
        at += length_of_rest(kind, n)?;
        types.push(t);
    }

    let is_gfp = |mut number: u32| -> bool {
        while let Some(t) = types.get(number as usize) {
            match t.kind {
                TYPEDEF => return string(strings, t.name) == "gfp_t",
                VOLATILE | CONST | RESTRICT | TYPE_TAG => number = t.refers_to,
                _ => break,
            }
        }
        false
    };
    let mut functions = Functions::new();
    for t in types.iter().filter(|t| t.kind == FUNC) {
        let Some(prototype) = types.get(t.refers_to as usize) else {
            continue;
        };
        let flags = prototype.arguments.iter().position(|&a| is_gfp(a));
        functions.insert(
            string(strings, t.name).to_owned(),
            // The seventh is not in a register.
            flags.filter(|&i| i < 6).map(|i| i as u8),
        );
    }
    Ok(functions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_flags() {
        let strings = b"\0gfp_t\0alloc\0free\0size\0";
        let mut types: Vec<u8> = vec![];
        let mut add = |words: &[u32]| types.extend(words.iter().flat_map(|w| w.to_le_bytes()));
        add(&[18, 1 << 24, 4, 32]); // 1: int
        add(&[1, TYPEDEF << 24, 1]); // 2: gfp_t
        add(&[0, CONST << 24, 2]); // 3: const gfp_t
        add(&[0, (FUNC_PROTO << 24) | 2, 0, 18, 1, 18, 3]); // 4: (int, const gfp_t)
        add(&[0, (FUNC_PROTO << 24) | 1, 0, 18, 1]); // 5: (int)
        add(&[7, FUNC << 24, 4]);
        add(&[13, FUNC << 24, 5]);
        let mut data = vec![0x9f, 0xeb, 1, 0];
        for word in [24, 0, types.len(), types.len(), strings.len()] {
            data.extend((word as u32).to_le_bytes());
        }
        data.extend(&types);
        data.extend(strings);
        let functions = read(&data).unwrap();
        assert_eq!(functions["alloc"], Some(1));
        assert_eq!(functions["free"], None);
        assert_eq!(functions.len(), 2);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert!(read(b"something").is_err());
        assert!(length_of_rest(25, 0).is_err());
    }
}
