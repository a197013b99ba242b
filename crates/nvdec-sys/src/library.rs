//! Finding the driver's two shared libraries, and the tables of their functions.
//!
//! The loader's own search path comes first, then the folders where containers and WSL put the driver. Neither library is
//! ever closed: the driver keeps threads of its own.

use std::error::Error as _;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use thiserror::Error;

use crate::cuda::Cuda;
use crate::nvcuvid::Cuvid;

/// Where containers and WSL put drivers that the loader does not look for.
pub const FOLDERS: [&str; 6] = [
    "/usr/local/nvidia/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib/wsl/lib",
    "/run/nvidia/driver/usr/lib/x86_64-linux-gnu",
];

/// Why the decoder's libraries cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There is no NVIDIA driver.
    #[error(
        "no NVIDIA driver: libcuda.so.1 cannot be loaded ({reason}). Install the driver; in a container, run with `--gpus all`"
    )]
    NoDriver {
        /// What the loader says.
        reason: String,
    },
    /// The driver is there without its video part.
    #[error(
        "the NVIDIA driver is without its video decoder: libnvcuvid.so.1 cannot be loaded ({reason}). In a container, set \
         NVIDIA_DRIVER_CAPABILITIES to `compute,video,utility` or `all`; on Debian or Ubuntu, install libnvcuvid1 or \
         libnvidia-decode"
    )]
    NoVideoDecoder {
        /// What the loader says.
        reason: String,
    },
    /// A library is older than these bindings.
    #[error("{library} lacks {}: the NVIDIA driver is too old, update it", symbols.join(", "))]
    MissingSymbols {
        /// The library.
        library: &'static str,
        /// The functions that it lacks.
        symbols: Vec<&'static str>,
    },
}

/// Both tables, of libraries that stay loaded until the process ends.
#[derive(Debug)]
pub struct Libraries {
    /// The CUDA driver.
    pub cuda: Cuda,
    /// The video decoder.
    pub cuvid: Cuvid,
}

impl Libraries {
    /// Loads the machine's driver.
    ///
    /// # Errors
    /// Which library is missing or too old, and what to do about it.
    pub fn load() -> Result<Self, LoadError> {
        let candidates = |name: &str| {
            let elsewhere = FOLDERS.iter().map(|folder| Path::new(folder).join(name)).filter(|path| path.exists());
            std::iter::once(PathBuf::from(name)).chain(elsewhere).collect()
        };
        Self::load_among(candidates)
    }

    /// Loads the libraries that lie in `folder`, and no others.
    ///
    /// # Errors
    /// As [`Libraries::load`].
    pub fn load_from(folder: &Path) -> Result<Self, LoadError> {
        Self::load_among(|name| vec![folder.join(name)])
    }

    fn load_among(candidates: impl Fn(&str) -> Vec<PathBuf>) -> Result<Self, LoadError> {
        let cuda = open(&candidates("libcuda.so.1")).map_err(|reason| LoadError::NoDriver { reason })?;
        let cuvid = open(&candidates("libnvcuvid.so.1")).map_err(|reason| LoadError::NoVideoDecoder { reason })?;
        Ok(Self { cuda: Cuda::of(&cuda)?, cuvid: Cuvid::of(&cuvid)? })
    }
}

/// Opens the first of `paths` that can be; its symbols become visible to what is loaded later, as libnvcuvid needs
/// libcuda's.
fn open(paths: &[PathBuf]) -> Result<ManuallyDrop<Library>, String> {
    let mut reasons = Vec::new();
    for path in paths {
        #[expect(unsafe_code, reason = "loading a library runs its initialisers")]
        // SAFETY: these are the driver's libraries, or stand-ins named by the caller, whose initialisers ask nothing of
        // the program that loads them.
        let opened = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) };
        match opened {
            Ok(library) => return Ok(ManuallyDrop::new(library)),
            Err(error) => reasons.push(loader_says(&error)),
        }
    }
    Err(reasons.join("; "))
}

/// The loader's own words, which libloading keeps as the error's source.
fn loader_says(error: &libloading::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// A struct of C functions that all return a `CUresult`, filled from a library that is never closed.
macro_rules! table {
    ($(#[$doc:meta])* $table:ident in $library:literal { $($name:ident: $symbol:literal = fn($($argument:ty),*);)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $table {
            $(pub $name: unsafe extern "C" fn($($argument),*) -> $crate::cuda::CuResult,)*
        }

        impl $table {
            pub(crate) fn of(
                library: &std::mem::ManuallyDrop<libloading::os::unix::Library>,
            ) -> Result<Self, $crate::library::LoadError> {
                let mut missing = Vec::new();
                $(
                    #[expect(unsafe_code, reason = "a symbol has no type of its own")]
                    // SAFETY: the header declares the function with this signature, and the library is never closed, so
                    // that the copied pointer stays valid.
                    let $name = unsafe {
                        library.get::<unsafe extern "C" fn($($argument),*) -> $crate::cuda::CuResult>($symbol)
                    };
                    let $name = $name.map(|symbol| *symbol);
                    if $name.is_err() {
                        missing.push($symbol);
                    }
                )*
                match ($($name,)*) {
                    ($(Ok($name),)*) => Ok(Self { $($name,)* }),
                    _ => Err($crate::library::LoadError::MissingSymbols { library: $library, symbols: missing }),
                }
            }
        }
    };
}
pub(crate) use table;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_driver_says_what_to_install() {
        let error = Libraries::load_from(Path::new("/no/such/folder")).expect_err("an empty folder has no driver");
        assert!(matches!(error, LoadError::NoDriver { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains("/no/such/folder/libcuda.so.1: cannot open"), "{message}");
        assert!(message.contains("--gpus all"), "{message}");
    }

    #[test]
    fn what_a_library_lacks_is_named() {
        let error = LoadError::MissingSymbols { library: "libcuda", symbols: vec!["cuInit", "cuEventQuery"] };
        assert_eq!(error.to_string(), "libcuda lacks cuInit, cuEventQuery: the NVIDIA driver is too old, update it");
    }
}
