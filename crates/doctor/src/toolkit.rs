//! NVRTC and cuBLASLt: which file will be used, and of what version it is.
//!
//! cudarc opens both by bare names, so what the loader finds is what is used, suitable or not. Only where it finds nothing
//! do the toolkits' folders count: a file of theirs that is opened before by its path is what cudarc then gets by name.

#![expect(unsafe_code, reason = "calls into NVRTC and cuBLASLt")]

use std::ffi::c_int;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::library::{Opened, Refusal, Seen, table};
use crate::missing::Missing;
use crate::piece::Piece;
use crate::places::{ENDINGS, Places, library_files};
use crate::version::Version;

/// A library of the toolkit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Library {
    /// Its file.
    pub path: PathBuf,
    /// Its version; the major number is CUDA's, and NVRTC's minor one too.
    pub version: Version,
}

table! { Nvrtc { version: "nvrtcVersion" = fn(*mut c_int, *mut c_int) -> c_int; } }
table! {
    NvrtcArchitectures {
        count: "nvrtcGetNumSupportedArchs" = fn(*mut c_int) -> c_int;
        list: "nvrtcGetSupportedArchs" = fn(*mut c_int) -> c_int;
    }
}
table! { CublasLt { version: "cublasLtGetVersion" = fn() -> usize; } }

/// How a library is looked for.
pub(crate) struct Search<'a> {
    pub(crate) places: &'a Places,
    /// The newest CUDA that the driver takes.
    pub(crate) driver: Option<Version>,
    /// The first device's compute capability.
    pub(crate) capability: Option<Version>,
    /// What to install where there is none.
    pub(crate) advised: Version,
    /// Where the headers are: a library beside them is of the same CUDA.
    pub(crate) near: Option<&'a Path>,
}

impl Search<'_> {
    pub(crate) fn nvrtc(&self) -> Result<Library, Missing> {
        // What it compiles is for its own version of the driver, or a later one.
        let found = self.find(Piece::Nvrtc, "nvrtc", nvrtc_version, |version, driver| version <= driver)?;
        let known = Opened::open(&found.path, Seen::ByUs).ok().and_then(|opened| architectures(&opened));
        match (self.capability, known) {
            (Some(capability), Some(known)) if !known.contains(&capability.architecture()) => {
                Err(Missing::NotCompiledFor(found.path, found.version, capability))
            }
            _ => Ok(found),
        }
    }

    pub(crate) fn cublaslt(&self) -> Result<Library, Missing> {
        self.find(Piece::CublasLt, "cublasLt", cublaslt_version, |version, driver| version.major <= driver.major)
    }

    fn find(
        &self,
        piece: Piece,
        stem: &str,
        version: fn(&Opened) -> Result<(Version, PathBuf), String>,
        fits: fn(Version, Version) -> bool,
    ) -> Result<Library, Missing> {
        let mut refused = None;
        let judge = |opened: Opened, path: PathBuf| {
            let (found, path) = version(&opened).map_err(|said| Missing::Broken(path, said))?;
            match self.driver {
                Some(driver) if !fits(found, driver) => return Err(Missing::TooNew { piece, path, found, driver }),
                _ => opened.keep(),
            }
            Ok(Library { path, version: found })
        };
        for path in self.places.by_loader(ENDINGS.iter().map(|ending| format!("lib{stem}.so{ending}"))) {
            match Opened::open(&path, Seen::ByUs) {
                Ok(opened) => return judge(opened, path),
                Err(Refusal::Broken(said)) => refused = refused.or(Some(Missing::Broken(path, said))),
                Err(Refusal::Absent(_)) => {}
            }
        }
        for path in self.in_toolkits(stem) {
            let opened = Opened::open(&path, Seen::ByUs).map_err(|refusal| refusal.of_file(&path));
            match opened.and_then(|opened| judge(opened, path)) {
                Ok(found) => return Ok(found),
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        Err(refused.unwrap_or(Missing::Absent(piece, self.advised)))
    }

    /// The toolkits' files, the likeliest first: beside the headers, then of the CUDA that is advised, then any. One that
    /// is refused is closed again, and still the fewer are opened the better.
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

fn nvrtc_version(library: &Opened) -> Result<(Version, PathBuf), String> {
    let (mut major, mut minor) = (0, 0);
    let nvrtc = Nvrtc::of(library)?;
    // SAFETY: both numbers live through the call.
    let status = unsafe { (nvrtc.version)(&raw mut major, &raw mut minor) };
    let found = (Version::of(major, minor), library.file("nvrtcVersion"));
    if status == 0 { Ok(found) } else { Err(format!("nvrtcVersion gives {status}")) }
}

/// What NVRTC compiles for, 90 for 9.0, where it says so.
fn architectures(library: &Opened) -> Option<Vec<c_int>> {
    let nvrtc = NvrtcArchitectures::of(library).ok()?;
    let mut count = 0;
    // SAFETY: the number lives through the call.
    let counted = unsafe { (nvrtc.count)(&raw mut count) };
    let mut list = vec![0; usize::try_from(count).ok()?];
    // SAFETY: the list has the length that NVRTC gave.
    (counted == 0 && unsafe { (nvrtc.list)(list.as_mut_ptr()) } == 0).then_some(list)
}

fn cublaslt_version(library: &Opened) -> Result<(Version, PathBuf), String> {
    let cublaslt = CublasLt::of(library)?;
    // SAFETY: it may be called at any time.
    let number = i32::try_from(unsafe { (cublaslt.version)() }).unwrap_or(0);
    Ok((Version::of(number / 10_000, number / 100 % 100), library.file("cublasLtGetVersion")))
}
