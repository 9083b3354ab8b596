// SPDX-License-Identifier: GPL-2.0

//! Linux before 7.3: what it lacks. Nothing else in the crate knows which version it is built for.
//!
//! Kbuild sets `since_linux_7_3`.

/// Resource deadlock would occur: a handler wants to wait for itself.
///
/// The one of [`kernel::error::code`], which has it since Linux 7.3.
#[cfg(not(since_linux_7_3))]
pub const EDEADLK: kernel::error::Error = {
    use core::num::NonZeroI32;
    use kernel::error::Error;

    // No function that makes one of a number is `const` and public.
    let errno = NonZeroI32::new(-(kernel::bindings::EDEADLK as i32)).unwrap();
    // SAFETY: In these versions an `Error` is a struct of just this, and it is a valid error number.
    unsafe { core::mem::transmute::<NonZeroI32, Error>(errno) }
};

#[cfg(since_linux_7_3)]
pub use kernel::error::code::EDEADLK;
