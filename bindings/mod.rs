// SPDX-License-Identifier: GPL-2.0

//! The C the crate calls, as bindgen found it in `bindings.h`.

#![allow(
    clippy::all,
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_upper_case_globals,
    non_snake_case,
    unreachable_pub,
    unsafe_op_in_unsafe_fn
)]
#![allow(clippy::undocumented_unsafe_blocks)]

mod generated {
    use kernel::ffi;
    use pin_init::MaybeZeroable;

    include!(concat!(
        env!("RUST_TASKLET_OBJ"),
        "/bindings/bindings_generated.rs"
    ));
}

pub(crate) use generated::*;

/// The kernel's own idea of the structure, from the `kernel` crate it was built with.
type KernelTasklet = kernel::bindings::tasklet_struct;

// Our header was read with our flags, the kernel crate's with the kernel's: they must agree.
macro_rules! assert_same_layout {
    ($($field:ident),*) => {
        kernel::static_assert!(size_of::<tasklet_struct>() == size_of::<KernelTasklet>());
        kernel::static_assert!(align_of::<tasklet_struct>() == align_of::<KernelTasklet>());
        $(kernel::static_assert!(
            core::mem::offset_of!(tasklet_struct, $field)
                == core::mem::offset_of!(KernelTasklet, $field)
        );)*
    };
}

assert_same_layout!(next, state, count, use_callback, __bindgen_anon_1, data);
