// SPDX-License-Identifier: GPL-2.0

//! Code and data at addresses, with names: what a kernel and a module have in common.

use std::collections::{BTreeMap, HashMap};

/// Contents of consecutive addresses.
pub struct Section {
    pub name: String,
    pub address: u64,
    pub data: Vec<u8>,
    pub is_code: bool,
    pub is_writable: bool,
}

impl Section {
    pub fn contains(&self, address: u64) -> bool {
        (self.address..self.address + self.data.len() as u64).contains(&address)
    }
}

/// A program as it lies in memory, all addresses resolved.
#[derive(Default)]
pub struct Image {
    pub sections: Vec<Section>,
    /// All symbols in sections of code; several may name one address.
    pub functions: BTreeMap<u64, Vec<String>>,
    /// What the program takes from elsewhere: made-up addresses, outside of all sections.
    pub imports: HashMap<u64, String>,
}

impl Image {
    pub fn section_at(&self, address: u64) -> Option<&Section> {
        self.sections.iter().find(|s| s.contains(address))
    }

    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|s| s.name == name)
    }

    /// The 64-bit word at `address`.
    pub fn word(&self, address: u64) -> Option<u64> {
        let section = self.section_at(address)?;
        let offset = (address - section.address) as usize;
        let bytes = section.data.get(offset..offset + 8)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }

    /// The same, if nothing can change it while the program runs.
    pub fn constant(&self, address: u64) -> Option<u64> {
        if self.section_at(address)?.is_writable {
            return None;
        }
        self.word(address)
    }

    /// The names of the function or the import that starts at `address`.
    pub fn names_at(&self, address: u64) -> &[String] {
        if let Some(names) = self.functions.get(&address) {
            return names;
        }
        self.imports
            .get(&address)
            .map(std::slice::from_ref)
            .unwrap_or_default()
    }

    /// Where the function that `address` lies in starts.
    pub fn function_of(&self, address: u64) -> Option<u64> {
        let section = self.section_at(address)?;
        let (&start, _) = self.functions.range(..=address).next_back()?;
        section.contains(start).then_some(start)
    }

    /// The code of the function that starts at `start`: up to the next symbol, or the end of the section.
    pub fn code_of(&self, start: u64) -> Option<&[u8]> {
        let section = self.section_at(start)?;
        let end_of_section = section.address + section.data.len() as u64;
        let end = match self.functions.range(start + 1..).next() {
            Some((&next, _)) => next.min(end_of_section),
            None => end_of_section,
        };
        section
            .data
            .get((start - section.address) as usize..(end - section.address) as usize)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Two functions in `.text`, a table in `.rodata`, one import.
    pub fn image(code: &[u8], second: u64) -> Image {
        let mut image = Image::default();
        image.sections.push(Section {
            name: ".text".into(),
            address: 0x1000,
            data: code.to_vec(),
            is_code: true,
            is_writable: false,
        });
        let mut data = vec![0; 16];
        data.extend(0x1000u64.to_le_bytes());
        image.sections.push(Section {
            name: ".rodata".into(),
            address: 0x2000,
            data: data.clone(),
            is_code: false,
            is_writable: false,
        });
        image.sections.push(Section {
            name: ".data".into(),
            address: 0x3000,
            data,
            is_code: false,
            is_writable: true,
        });
        image.functions.insert(0x1000, vec!["first".into()]);
        image.functions.insert(second, vec!["second".into()]);
        image.imports.insert(0x9000, "elsewhere".into());
        image
    }

    #[test]
    fn finds_what_lies_where() {
        let image = image(&[0x90; 32], 0x1010);
        assert_eq!(image.function_of(0x100f), Some(0x1000));
        assert_eq!(image.function_of(0x1010), Some(0x1010));
        assert_eq!(image.function_of(0x2000), None);
        assert_eq!(image.code_of(0x1000).unwrap().len(), 16);
        assert_eq!(image.code_of(0x1010).unwrap().len(), 16);
        assert_eq!(image.names_at(0x9000), ["elsewhere"]);
        assert_eq!(image.constant(0x2010), Some(0x1000));
        assert_eq!(image.word(0x3010), Some(0x1000));
        assert_eq!(image.constant(0x3010), None, "it may change");
        assert_eq!(image.word(0x2011), None, "beyond the end");
    }
}
