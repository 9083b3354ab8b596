// SPDX-License-Identifier: GPL-2.0

//! A kernel as an [`Image`], from the file that a boot loader loads (`vmlinuz`), or from `vmlinux`.

use std::{collections::HashSet, io::Read};

use anyhow::{bail, Context, Result};
use object::{Object, ObjectSection, SectionFlags};

use crate::{
    btf,
    image::{Image, Section},
    kallsyms,
};

/// A kernel to be judged.
pub struct Kernel {
    pub image: Image,
    pub btf: btf::Functions,
    /// What the kernel says of itself: `Linux version …`.
    pub banner: String,
}

const ELF_MAGIC: &[u8] = b"\x7fELF";

/// The ELF file in a vmlinuz: `Documentation/arch/x86/boot.rst` tells where it lies, compressed.
fn unpack(file: &[u8]) -> Result<Vec<u8>> {
    if file.starts_with(ELF_MAGIC) {
        return Ok(file.to_vec());
    }
    if file.get(0x202..0x206) != Some(b"HdrS") {
        bail!("it is no kernel for x86-64, the only architecture that this tool knows");
    }
    let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    if file.len() < 0x250 {
        bail!("it is cut off");
    }
    let setup_sectors = match file[0x1f1] {
        0 => 4,
        n => usize::from(n),
    };
    let start = (setup_sectors + 1) * 512 + u32_at(0x248);
    let payload = file
        .get(start..start + u32_at(0x24c))
        .context("it is cut off")?;
    let mut elf = Vec::new();
    match payload {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            ruzstd::decoding::StreamingDecoder::new(payload)
                .map_err(|e| anyhow::anyhow!("it cannot be unpacked: {e}"))?
                .read_to_end(&mut elf)
        }
        [0x1f, 0x8b, ..] => flate2::read::GzDecoder::new(payload).read_to_end(&mut elf),
        _ => bail!(
            "it is compressed by neither zstd nor gzip; unpack it with the kernel's scripts/extract-vmlinux, \
             and name the result"
        ),
    }
    .context("it cannot be unpacked")?;
    Ok(elf)
}

/// Why this tool cannot judge a kernel with these symbols, if it cannot.
fn objection(symbols: &HashSet<&str>) -> Option<&'static str> {
    if symbols.contains("rt_spin_lock") {
        return Some(
            "it is PREEMPT_RT, where spinlocks sleep rightly; name the same kernel without RT",
        );
    }
    if !symbols.contains("__SCT__might_resched") {
        return Some("it has no PREEMPT_DYNAMIC, by which this tool sees where it may sleep");
    }
    None
}

/// Reads a kernel, or says why it cannot be judged.
pub fn read(file: &[u8]) -> Result<Kernel> {
    let elf = unpack(file)?;
    let object = object::File::parse(&*elf).context("it holds no ELF file")?;
    if object.architecture() != object::Architecture::X86_64 {
        bail!("it is for another architecture than x86-64, the only one that this tool knows");
    }
    let mut image = Image::default();
    for section in object.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else {
            continue;
        };
        let sh_flags = sh_flags as u32;
        let name = section.name().unwrap_or_default();
        if sh_flags & object::elf::SHF_ALLOC == 0 || section.address() == 0 {
            continue;
        }
        image.sections.push(Section {
            name: name.into(),
            address: section.address(),
            data: section.data()?.to_vec(),
            // What runs only while it boots is no handler's business.
            is_code: name == ".text",
            is_writable: sh_flags & object::elf::SHF_WRITE != 0 && name != ".rodata",
        });
    }
    let text = image.section(".text").context("it has no code")?.address;
    let rodata = image.section(".rodata").context("it has no constants")?;
    let symbols = kallsyms::read(&rodata.data, rodata.address, text)?;
    if let Some(objection) = objection(&symbols.iter().map(|s| s.name.as_str()).collect()) {
        bail!("{objection}");
    }
    let btf = image.section(".BTF").context(
        "it has no BTF (CONFIG_DEBUG_INFO_BTF), which tells what takes allocation flags",
    )?;
    let btf = btf::read(&btf.data)?;
    let banner = memchr::memmem::find(&rodata.data, b"Linux version ")
        .map(|at| {
            let rest = &rodata.data[at..];
            let end = memchr::memchr2(0, b' ', &rest[14..]).unwrap_or(0) + 14;
            String::from_utf8_lossy(&rest[..end]).into_owned()
        })
        .unwrap_or_default();

    for symbol in symbols {
        let is_code = image.section_at(symbol.address).is_some_and(|s| s.is_code);
        if is_code
            && !symbol.name.starts_with("__pfx_")
            && matches!(symbol.kind, b't' | b'T' | b'w' | b'W')
        {
            image
                .functions
                .entry(symbol.address)
                .or_default()
                .push(symbol.name);
        }
    }
    Ok(Kernel { image, btf, banner })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_it_cannot_judge() {
        let objection = |names: &[&'static str]| objection(&names.iter().copied().collect());
        assert!(objection(&["schedule"])
            .unwrap()
            .contains("PREEMPT_DYNAMIC"));
        assert!(objection(&["__SCT__might_resched", "rt_spin_lock"])
            .unwrap()
            .contains("PREEMPT_RT"));
        assert_eq!(objection(&["__SCT__might_resched"]), None);
    }

    #[test]
    fn refuses_what_is_no_kernel() {
        let refusal = |file: &[u8]| read(file).err().unwrap().to_string();
        assert!(refusal(b"text").contains("x86-64"));
        assert!(refusal(b"\x7fELF").contains("no ELF file"));
        let mut file = vec![0; 0x250];
        file[0x202..0x206].copy_from_slice(b"HdrS");
        assert!(refusal(&file).contains("cut off"));
        file.resize(0x2000, 0);
        file[0x24c] = 16;
        assert!(refusal(&file).contains("neither zstd nor gzip"));
    }
}
