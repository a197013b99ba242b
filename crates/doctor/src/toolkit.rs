//! NVRTC and cuBLASLt: which file will be used, and of what version it is.
//!
//! cudarc opens both by bare names, so what the loader finds is what is used, suitable or not. Only where it finds nothing
//! do the toolkits' folders count: a file of theirs that is opened before by its path is what cudarc then gets by name.

#![expect(unsafe_code, reason = "calls into NVRTC and cuBLASLt")]

use std::ffi::c_int;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::library::{Opened, Refusal, Seen, is_fine, table};
use crate::missing::Missing;
use crate::piece::Piece;
use crate::places::{ENDINGS, Places, library_files};
use crate::version::Version;

/// The compiler of kernels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Nvrtc {
    /// Its file.
    pub path: PathBuf,
    /// The CUDA that it is of.
    pub version: Version,
    /// The compute capabilities that it compiles for, 90 for 9.0; empty where it does not say.
    pub architectures: Vec<u32>,
}

/// The matrix products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CublasLt {
    /// Its file.
    pub path: PathBuf,
    /// Its version; the major one is CUDA's.
    pub version: Version,
}

table! {
    /// Of `libnvrtc.so`.
    NvrtcCalls {
        version: "nvrtcVersion" = fn(*mut c_int, *mut c_int) -> c_int;
    }
}

table! {
    /// Of `libnvrtc.so`, from 11.2 on.
    NvrtcArchitectures {
        count: "nvrtcGetNumSupportedArchs" = fn(*mut c_int) -> c_int;
        list: "nvrtcGetSupportedArchs" = fn(*mut c_int) -> c_int;
    }
}

table! {
    /// Of `libcublasLt.so`.
    CublasLtCalls {
        version: "cublasLtGetVersion" = fn() -> usize;
    }
}

/// A library that is looked for.
pub(crate) struct Search<'a> {
    pub(crate) places: &'a Places,
    /// The newest CUDA that the driver takes.
    pub(crate) driver: Option<Version>,
    /// What to install where there is none.
    pub(crate) advised: Version,
    /// Where the headers are: a library beside them is of the same CUDA.
    pub(crate) near: Option<&'a Path>,
}

impl Nvrtc {
    pub(crate) fn find(search: &Search<'_>) -> Result<Self, Missing> {
        // What it compiles is for its own version of the driver, or a later one.
        let fits = |version, driver| version <= driver;
        let (library, version) = search.find(Piece::Nvrtc, "nvrtc", nvrtc_version, fits)?;
        let found = Self { path: library.file("nvrtcVersion"), version, architectures: architectures(&library) };
        library.keep();
        Ok(found)
    }

    /// Whether it compiles for `capability`.
    pub(crate) fn knows(&self, capability: Version) -> bool {
        self.architectures.is_empty() || self.architectures.contains(&capability.architecture())
    }
}

impl CublasLt {
    pub(crate) fn find(search: &Search<'_>) -> Result<Self, Missing> {
        let fits = |version: Version, driver: Version| version.major <= driver.major;
        let (library, version) = search.find(Piece::CublasLt, "cublasLt", cublaslt_version, fits)?;
        let found = Self { path: library.file("cublasLtGetVersion"), version };
        library.keep();
        Ok(found)
    }
}

impl Search<'_> {
    fn find(
        &self,
        piece: Piece,
        stem: &str,
        version: fn(&Opened) -> Result<Version, String>,
        fits: fn(Version, Version) -> bool,
    ) -> Result<(Opened, Version), Missing> {
        let mut refused = None;
        let judge = |library: Opened, path: PathBuf| {
            let version = version(&library).map_err(|said| Missing::Broken { path: path.clone(), said })?;
            match self.driver {
                Some(driver) if !fits(version, driver) => Err(Missing::TooNew { piece, path, found: version, driver }),
                _ => Ok((library, version)),
            }
        };
        for path in self.places.by_loader(ENDINGS.iter().map(|ending| format!("lib{stem}.so{ending}"))) {
            match Opened::open(&path, Seen::ByUs) {
                Ok(library) => return judge(library, path),
                Err(Refusal::Broken(said)) => refused = refused.or(Some(Missing::Broken { path, said })),
                Err(Refusal::Absent(_)) => {}
            }
        }
        for path in self.in_toolkits(stem) {
            let broken = |refusal| match refusal {
                Refusal::Broken(said) | Refusal::Absent(said) => Missing::Broken { path: path.clone(), said },
            };
            match Opened::open(&path, Seen::ByUs).map_err(broken).and_then(|library| judge(library, path.clone())) {
                Ok(found) => return Ok(found),
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        Err(refused.unwrap_or(Missing::Absent { piece, cuda: self.advised }))
    }

    /// The toolkits' files, the likeliest first: beside the headers, then of the CUDA that is advised, then any. One that
    /// is opened and refused is closed again, and still the fewer are opened the better.
    fn in_toolkits(&self, stem: &str) -> Vec<PathBuf> {
        let mut files: Vec<_> = self.places.toolkits().flat_map(|root| library_files(root, stem)).collect();
        files.sort_by_key(|file| {
            let is_near = self.near.is_some_and(|near| file.starts_with(near));
            (!is_near, major_of(file) != Some(self.advised.major))
        });
        files
    }
}

/// The 12 of `libnvrtc.so.12.4.127`, which a link leads to.
fn major_of(file: &Path) -> Option<u32> {
    let file = fs::canonicalize(file).ok()?;
    let (_, version) = file.file_name()?.to_str()?.split_once(".so.")?;
    version.split('.').next()?.parse().ok()
}

fn nvrtc_version(library: &Opened) -> Result<Version, String> {
    let calls = NvrtcCalls::of(library)?;
    let (mut major, mut minor) = (0, 0);
    // SAFETY: both numbers live through the call.
    let status = unsafe { (calls.version)(&raw mut major, &raw mut minor) };
    if is_fine(status) { Ok(Version::of_parts(major, minor)) } else { Err(format!("nvrtcVersion gives {status}")) }
}

fn architectures(library: &Opened) -> Vec<u32> {
    let Ok(calls) = NvrtcArchitectures::of(library) else { return Vec::new() };
    let mut count = 0;
    // SAFETY: the number lives through the call.
    let counted = is_fine(unsafe { (calls.count)(&raw mut count) });
    let mut list = vec![0; usize::try_from(count).unwrap_or(0)];
    // SAFETY: the list has the length that NVRTC gave.
    let listed = counted && is_fine(unsafe { (calls.list)(list.as_mut_ptr()) });
    if listed { list.into_iter().filter_map(|number| u32::try_from(number).ok()).collect() } else { Vec::new() }
}

fn cublaslt_version(library: &Opened) -> Result<Version, String> {
    let calls = CublasLtCalls::of(library)?;
    // SAFETY: it may be called at any time.
    let number = unsafe { (calls.version)() };
    let part = |number: usize| u32::try_from(number).unwrap_or(0);
    Ok(Version::new(part(number / 10_000), part(number / 100 % 100)))
}
