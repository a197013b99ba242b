//! Where the repository's files lie.

use std::path::{Path, PathBuf};

/// The repository's root: where the tests were built, or on another machine what `SWINGPOSE_ROOT` names.
#[must_use]
pub fn root() -> PathBuf {
    let here = || Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::var_os("SWINGPOSE_ROOT").map_or_else(here, PathBuf::from)
}
