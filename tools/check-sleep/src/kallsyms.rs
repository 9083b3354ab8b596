// SPDX-License-Identifier: GPL-2.0

//! The symbols of a kernel, from the table it carries for itself (`kernel/kallsyms.c`). A vmlinuz has no other.
//!
//! The table lies in `.rodata` in this order: number of symbols, compressed names, markers (where every 256th
//! name starts), 256 tokens (what a byte of a name stands for), index of the tokens, addresses.

use anyhow::{bail, Context, Result};

/// A symbol: where, of which type as `nm` has it, and its name.
pub struct Symbol {
    pub address: u64,
    pub kind: u8,
    pub name: String,
}

/// The digits stand for themselves, one token each.
const DIGITS: &[u8] = b"0\x001\x002\x003\x004\x005\x006\x007\x008\x009\x00";
const TOKENS: usize = 256;
const NAMES_PER_MARKER: usize = 256;

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(data.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

/// The tokens: where the first starts, where each is, where their index ends.
struct Tokens<'a> {
    start: usize,
    text: Vec<&'a [u8]>,
    end_of_index: usize,
}

impl<'a> Tokens<'a> {
    fn find(data: &'a [u8]) -> Option<Self> {
        let mut from = 0;
        while let Some(found) = memchr::memmem::find(&data[from..], DIGITS) {
            if let Some(tokens) = Self::around(data, from + found) {
                return Some(tokens);
            }
            from += found + 1;
        }
        None
    }

    /// The table in which the token of `0` is at `zero`.
    fn around(data: &'a [u8], zero: usize) -> Option<Self> {
        let mut at = zero;
        for _ in usize::from(b'0')..TOKENS {
            at += memchr::memchr(0, &data[at..])? + 1;
        }
        let index = at.next_multiple_of(4);
        let offsets = (0..TOKENS)
            .map(|i| u16_at(data, index + 2 * i).map(usize::from))
            .collect::<Option<Vec<_>>>()?;
        if offsets[0] != 0 || offsets.windows(2).any(|w| w[0] >= w[1]) {
            return None;
        }
        let start = zero.checked_sub(offsets[usize::from(b'0')])?;
        let text = offsets
            .iter()
            .map(|o| {
                let rest = &data[start + o..];
                Some(&rest[..memchr::memchr(0, rest)?])
            })
            .collect::<Option<_>>()?;
        Some(Self {
            start,
            text,
            end_of_index: index + 2 * TOKENS,
        })
    }
}

/// The length of the name at `at`, and where its bytes start.
fn name_length(data: &[u8], at: usize) -> Option<(usize, usize)> {
    let first = usize::from(*data.get(at)?);
    if first & 0x80 == 0 {
        return Some((first, at + 1));
    }
    Some((
        (first & 0x7f) | (usize::from(*data.get(at + 1)?) << 7),
        at + 2,
    ))
}

/// Where the markers start: they ascend from 0, up to the tokens.
fn find_markers(data: &[u8], tokens: usize) -> Option<(usize, usize)> {
    let mut end = tokens & !3;
    // Padding.
    while u32_at(data, end.checked_sub(4)?)? == 0 {
        end -= 4;
    }
    let mut start = end - 4;
    while u32_at(data, start)? != 0 {
        let before = u32_at(data, start.checked_sub(4)?)?;
        if before >= u32_at(data, start)? {
            return None;
        }
        start -= 4;
    }
    Some((start, (end - start) / 4))
}

/// Where the names start, and how many there are. The number stands before them.
fn find_names(data: &[u8], markers: usize, n_markers: usize) -> Option<(usize, usize)> {
    let last = u32_at(data, markers + 4 * (n_markers - 1))? as usize;
    let second = u32_at(data, markers + 4)? as usize;
    let latest = markers.checked_sub(last)?;
    let earliest = latest.saturating_sub(NAMES_PER_MARKER * 130) & !3;
    for number_at in (earliest..latest).step_by(4) {
        let number = u32_at(data, number_at)? as usize;
        if number == 0 || number.div_ceil(NAMES_PER_MARKER) != n_markers {
            continue;
        }
        for start in [number_at + 4, number_at + 8] {
            let mut at = start;
            for _ in 0..NAMES_PER_MARKER {
                let (length, bytes) = name_length(data, at)?;
                at = bytes + length;
            }
            if at - start == second {
                return Some((start, number));
            }
        }
    }
    None
}

/// All symbols in the `.rodata` at `rodata`, of a kernel whose `.text` starts at `text`.
pub fn read(data: &[u8], rodata: u64, text: u64) -> Result<Vec<Symbol>> {
    let tokens = Tokens::find(data).context("it has no kallsyms (CONFIG_KALLSYMS)")?;
    let (markers, n_markers) =
        find_markers(data, tokens.start).context("its kallsyms have no markers")?;
    let (mut at, number) =
        find_names(data, markers, n_markers).context("its kallsyms have no names")?;
    let offsets = tokens.end_of_index.next_multiple_of(4);
    let mut symbols = Vec::with_capacity(number);
    let (mut text_by_place, mut text_by_base) = (None, None);
    for i in 0..number {
        let (length, bytes) = name_length(data, at).context("its kallsyms are cut off")?;
        at = bytes + length;
        let name: Vec<u8> = data[bytes..at]
            .iter()
            .flat_map(|&b| tokens.text[usize::from(b)])
            .copied()
            .collect();
        let offset = u32_at(data, offsets + 4 * i).context("its kallsyms have no addresses")?;
        // Since 7.0 relative to where it stands, before to _text.
        let by_place = (rodata + (offsets + 4 * i) as u64).wrapping_add(offset as i32 as u64);
        let by_base = text.wrapping_add(u64::from(offset));
        let (&kind, name) = name.split_first().context("its kallsyms have no names")?;
        if name == b"_text" {
            (text_by_place, text_by_base) = (Some(by_place), Some(by_base));
        }
        symbols.push((
            by_place,
            by_base,
            kind,
            String::from_utf8_lossy(name).into_owned(),
        ));
    }
    let is_by_place = match (text_by_place, text_by_base) {
        (Some(a), _) if a.abs_diff(text) < 0x10_0000 => true,
        (_, Some(b)) if b.abs_diff(text) < 0x10_0000 => false,
        _ => bail!("the addresses in its kallsyms are of a kind that this tool does not know"),
    };
    Ok(symbols
        .into_iter()
        .map(|(by_place, by_base, kind, name)| Symbol {
            address: if is_by_place { by_place } else { by_base },
            kind,
            name,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of `n` symbols `_text`, `f1`, `f2`, ..., 16 bytes apart, as the kernel's build makes it.
    fn table(n: usize, rodata: u64, text: u64, by_place: bool) -> Vec<u8> {
        let mut data = vec![0xffu8; 64];
        data.extend((n as u32).to_le_bytes());
        let names_start = data.len();
        let mut markers = Vec::new();
        for i in 0..n {
            if i % NAMES_PER_MARKER == 0 {
                markers.push((data.len() - names_start) as u32);
            }
            let name = if i == 0 {
                "T_text".into()
            } else {
                format!("tf{i}")
            };
            data.push(name.len() as u8);
            data.extend(name.bytes());
        }
        data.resize(data.len().next_multiple_of(4), 0);
        for m in markers {
            data.extend(m.to_le_bytes());
        }
        let mut index = Vec::new();
        let tokens = data.len();
        for b in 0..TOKENS {
            index.push((data.len() - tokens) as u16);
            match b as u8 {
                b if b.is_ascii_alphanumeric() || b == b'_' => data.extend([b, 0]),
                _ => data.extend([b'?', 0]),
            }
        }
        data.resize(data.len().next_multiple_of(4), 0);
        for i in index {
            data.extend(i.to_le_bytes());
        }
        for i in 0..n {
            let address = text + 16 * i as u64;
            let here = rodata + data.len() as u64;
            let base = if by_place { here } else { text };
            data.extend((address.wrapping_sub(base) as u32).to_le_bytes());
        }
        data
    }

    #[test]
    fn reads_both_kinds_of_addresses() {
        let (rodata, text) = (0xffff_ffff_8200_0000, 0xffff_ffff_8100_0000);
        for by_place in [true, false] {
            let symbols = read(&table(600, rodata, text, by_place), rodata, text).unwrap();
            assert_eq!(symbols.len(), 600);
            assert_eq!(symbols[0].name, "_text");
            assert_eq!(symbols[0].address, text);
            assert_eq!(symbols[599].name, "f599");
            assert_eq!(symbols[599].kind, b't');
            assert_eq!(symbols[599].address, text + 16 * 599);
        }
    }

    #[test]
    fn says_that_there_are_none() {
        let e = read(&[1; 4096], 0, 0).err().unwrap();
        assert!(e.to_string().contains("CONFIG_KALLSYMS"));
    }
}
