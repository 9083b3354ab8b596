// SPDX-License-Identifier: GPL-2.0

//! `EXPORT_SYMBOL_GPL()` for Rust functions.
//!
//! Generic and inline code of this crate is compiled into the driver that uses it. What it calls
//! out of line lives here in `rust_tasklet.ko` and must be exported to be found. Kbuild offers that
//! only to the kernel's own crates, so the record that modpost reads is written by hand; C header:
//! [`include/linux/export.h`](srctree/include/linux/export.h).

macro_rules! export_symbol_gpl {
    ($($function:path),* $(,)?) => {
        $(
            #[cfg(CONFIG_64BIT)]
            export_symbol_gpl!(@record $function, ".balign 8", ".quad");
            #[cfg(not(CONFIG_64BIT))]
            export_symbol_gpl!(@record $function, ".balign 4", ".long");
        )*
    };
    (@record $function:path, $align:literal, $word:literal) => {
        ::core::arch::global_asm!(
            ".pushsection .export_symbol, \"a\"",
            "__export_symbol_{function}:",
            ".asciz \"GPL\"",
            ".asciz \"\"",
            $align,
            concat!($word, " {function}"),
            ".popsection",
            function = sym $function,
        );
    };
}
pub(crate) use export_symbol_gpl;
