// SPDX-License-Identifier: GPL-2.0

//! Examples that fail, which `generate` adds to those of the crate: `kunit.sh` expects it of them.

/// An assertion that does not hold:
///
/// ```
/// assert_eq!(1 + 1, 3);
/// ```
pub struct Assertion;

/// An error that is returned:
///
/// ```
/// Err(EINVAL)?;
/// # Ok::<(), Error>(())
/// ```
pub struct Returned;
