// SPDX-License-Identifier: GPL-2.0

//! A module (`.ko`) as an [`Image`]: its sections laid out one after the other, and what it refers to filled in.

use std::collections::HashMap;

use anyhow::{bail, Context, Result};
use object::{
    elf, read::elf::ElfFile64, Object, ObjectSection, ObjectSymbol, RelocationFlags,
    RelocationTarget, SectionFlags, SectionIndex, SymbolSection,
};

use crate::image::{Image, Section};

pub struct Module {
    pub image: Image,
    /// Sections with information for debuggers, by name.
    pub debug: HashMap<String, Vec<u8>>,
    /// The release of the kernel it was built for.
    pub release: String,
    /// Does it use the crate rust_tasklet?
    pub uses_crate: bool,
}

/// Low enough for addresses of 31 bits, which modules expect.
const FIRST_ADDRESS: u64 = 0x10_0000;
const FIRST_IMPORT: u64 = 0x6000_0000;
/// Imports may be data, with something behind.
const IMPORT_SIZE: u64 = 0x1000;

/// Reads a module, or says why it cannot be judged.
pub fn read(file: &[u8]) -> Result<Module> {
    let elf = ElfFile64::<object::Endianness>::parse(file).context("it is no ELF file")?;
    if elf.architecture() != object::Architecture::X86_64 {
        bail!("it is for another architecture than x86-64, the only one that this tool knows");
    }
    let modinfo = elf
        .section_by_name(".modinfo")
        .context("it is no kernel module")?
        .data()?;
    if elf.kind() != object::ObjectKind::Relocatable {
        bail!("it is no kernel module");
    }

    let mut image = Image::default();
    let mut addresses: HashMap<SectionIndex, u64> = HashMap::new();
    let mut next = FIRST_ADDRESS;
    for section in elf.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else {
            continue;
        };
        let sh_flags = sh_flags as u32;
        if sh_flags & elf::SHF_ALLOC == 0 {
            continue;
        }
        let name = section.name()?;
        let address = next.next_multiple_of(section.align().max(16));
        next = address + section.size();
        addresses.insert(section.index(), address);
        let mut data = section.data()?.to_vec();
        // What is zero at the start is not in the file.
        data.resize(section.size() as usize, 0);
        image.sections.push(Section {
            name: name.into(),
            address,
            data,
            is_code: sh_flags & elf::SHF_EXECINSTR != 0,
            is_writable: sh_flags & elf::SHF_WRITE != 0 && !name.starts_with(".data.rel.ro"),
        });
    }

    let mut symbols = HashMap::new();
    let mut uses_crate = depends_on_crate(modinfo);
    for symbol in elf.symbols() {
        let name = symbol.name().unwrap_or_default();
        let address = match symbol.section() {
            SymbolSection::Section(index) => {
                let address = addresses.get(&index).copied().unwrap_or(0) + symbol.address();
                let is_code = image.section_at(address).is_some_and(|s| s.is_code);
                let is_name =
                    !name.is_empty() && !name.starts_with("__pfx_") && !name.starts_with(".L");
                if is_code && is_name && symbol.kind() != object::SymbolKind::Section {
                    check_format(name)?;
                    image
                        .functions
                        .entry(address)
                        .or_default()
                        .push(name.into());
                }
                address
            }
            SymbolSection::Undefined if !name.is_empty() => {
                check_format(name)?;
                let address = FIRST_IMPORT + symbol.index().0 as u64 * IMPORT_SIZE;
                image.imports.insert(address, name.into());
                uses_crate |= is_of_crate(name);
                address
            }
            _ => symbol.address(),
        };
        symbols.insert(symbol.index(), address);
    }

    let mut debug = HashMap::new();
    for section in elf.sections() {
        let name = section.name()?;
        let is_debug = name.starts_with(".debug_");
        if !is_debug && !addresses.contains_key(&section.index()) {
            continue;
        }
        let base = addresses.get(&section.index()).copied().unwrap_or(0);
        let mut data = match image
            .sections
            .iter_mut()
            .find(|s| !is_debug && s.address == base && s.name == name)
        {
            Some(section) => std::mem::take(&mut section.data),
            None => section.data()?.to_vec(),
        };
        for (offset, relocation) in section.relocations() {
            let RelocationTarget::Symbol(symbol) = relocation.target() else {
                continue;
            };
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                continue;
            };
            let target = symbols.get(&symbol).copied().unwrap_or(0);
            let value = target.wrapping_add(relocation.addend() as u64);
            let at = offset as usize;
            let (value, size) = match r_type {
                elf::R_X86_64_NONE => continue,
                elf::R_X86_64_64 => (value, 8),
                elf::R_X86_64_32 | elf::R_X86_64_32S => (value, 4),
                elf::R_X86_64_PC32 | elf::R_X86_64_PLT32 => (value.wrapping_sub(base + offset), 4),
                elf::R_X86_64_PC64 => (value.wrapping_sub(base + offset), 8),
                other => bail!("its section {name} has relocations of a kind that this tool does not know: {other}"),
            };
            data.get_mut(at..at + size)
                .context("it is damaged")?
                .copy_from_slice(&value.to_le_bytes()[..size]);
        }
        if is_debug {
            debug.insert(name.to_owned(), data);
        } else if let Some(section) = image
            .sections
            .iter_mut()
            .find(|s| s.address == base && s.name == name)
        {
            section.data = data;
        }
    }

    let release = field(modinfo, "vermagic=").unwrap_or_default();
    let release = release.split(' ').next().unwrap_or_default().to_owned();
    Ok(Module {
        image,
        debug,
        release,
        uses_crate,
    })
}

fn field<'a>(modinfo: &'a [u8], key: &str) -> Option<&'a str> {
    modinfo
        .split(|&b| b == 0)
        .filter_map(|entry| std::str::from_utf8(entry).ok())
        .find_map(|entry| entry.strip_prefix(key))
}

fn depends_on_crate(modinfo: &[u8]) -> bool {
    field(modinfo, "depends=").is_some_and(|list| list.split(',').any(|m| m == "rust_tasklet"))
}

/// Is this a symbol of the crate rust_tasklet, or of its helpers in C?
pub fn is_of_crate(name: &str) -> bool {
    let demangled = crate::names::demangled(name);
    let path = demangled.trim_start_matches(['<', '&']);
    path.starts_with("rust_tasklet::") || name.starts_with("rust_tasklet_")
}

/// Handlers are found by their names, so these must be of a kind that can be read.
fn check_format(name: &str) -> Result<()> {
    let is_legacy = name.starts_with("_ZN") && name.ends_with('E');
    let is_unreadable =
        name.starts_with("_R") && name.len() > 2 && rustc_demangle::try_demangle(name).is_err();
    if is_legacy || is_unreadable {
        bail!("its symbols are of a format that this tool does not know: {name}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_module_says_of_itself() {
        let modinfo = b"license=GPL\0vermagic=7.3.4-x SMP preempt\0depends=usbcore,rust_tasklet\0";
        assert_eq!(field(modinfo, "vermagic="), Some("7.3.4-x SMP preempt"));
        assert!(depends_on_crate(modinfo));
        assert!(!depends_on_crate(b"depends=rust_tasklet_other\0"));
    }

    #[test]
    fn knows_the_crate() {
        assert!(is_of_crate(
            "_RNvMNtCsb5MLIFMWygY_12rust_tasklet3rawNtB2_3Raw4kill"
        ));
        assert!(is_of_crate("rust_tasklet_may_wait"));
        assert!(!is_of_crate(
            "_RNvMNtCsb5MLIFMWygY_6kernel5errorNtB2_5Error10from_errno"
        ));
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        assert!(check_format("_ZN4core3fmt5write17h0123456789abcdefE").is_err());
        assert!(check_format("_Rsomething").is_err());
        assert!(check_format("_RNvMNtCsb5MLIFMWygY_6kernel5errorNtB2_5Error10from_errno").is_ok());
        assert!(check_format("mutex_lock").is_ok());
        assert!(read(b"text")
            .err()
            .unwrap()
            .to_string()
            .contains("no ELF file"));
    }
}
