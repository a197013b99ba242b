//! The headers that kernels are compiled with.
//!
//! CubeCL 0.11.3 hands NVRTC `include` and `include/cccl` of the folder that `CUDA_PATH` names, else of `/usr/local/cuda`,
//! `/opt/cuda` or `/usr`, whatever is in them, and panics where there is no such folder. So `CUDA_PATH` is set to a folder
//! in which the headers are, before CubeCL looks.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::missing::Missing;
use crate::piece::Piece;
use crate::places::{Places, library_files};
use crate::version::Version;

/// What CubeCL's kernels include, and of what these include the parts that come in other packages.
const NEEDED: [&str; 8] = [
    "cuda_fp16.h",
    "cuda_bf16.h",
    "cuda_fp8.h",
    "mma.h",
    "crt/mma.h",
    "cooperative_groups.h",
    "nv/target",
    "cuda/barrier",
];

/// A folder with all the headers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Headers {
    /// What `CUDA_PATH` has to be.
    pub path: PathBuf,
    /// The CUDA that they are of, where they say so.
    pub version: Option<Version>,
}

impl Headers {
    /// Those of the toolkit that is asked for, if it is whole; else of one that has NVRTC too, else of any.
    pub(crate) fn find(places: &Places, cuda: Version) -> Result<Self, Missing> {
        let whole: Vec<_> = places.toolkits().filter(|root| lack(root).is_empty()).collect();
        let asked_for = whole.iter().find(|root| places.cuda_path.as_deref() == Some(**root));
        let with_nvrtc = || whole.iter().find(|root| !library_files(root, "nvrtc").is_empty());
        if let Some(root) = asked_for.or_else(with_nvrtc).or(whole.first()) {
            return Ok(Self { path: root.to_path_buf(), version: version(root) });
        }
        let partly = places.toolkits().map(|root| (root, lack(root))).filter(|(_, lack)| lack.len() < NEEDED.len());
        Err(match partly.min_by_key(|(_, lack)| lack.len()) {
            Some((root, lack)) => Missing::HeadersIncomplete(root.to_owned(), lack, cuda),
            None => Missing::Absent(Piece::Headers, cuda),
        })
    }

    /// An error where they are of another CUDA than NVRTC.
    pub(crate) fn check(self, nvrtc: Version) -> Result<Self, Missing> {
        match self.version {
            Some(found) if found.major != nvrtc.major => Err(Missing::HeadersOfAnother(self.path, found, nvrtc)),
            _ => Ok(self),
        }
    }
}

/// What of the headers is not in the toolkit `root`.
fn lack(root: &Path) -> Vec<&'static str> {
    let is_there =
        |header: &str| ["include", "include/cccl"].iter().any(|folder| root.join(folder).join(header).is_file());
    NEEDED.into_iter().filter(|header| !is_there(header)).collect()
}

/// The version, which stands at the beginning of a long file.
fn version(root: &Path) -> Option<Version> {
    let mut text = Vec::new();
    File::open(root.join("include/cuda_runtime_api.h")).ok()?.take(1 << 16).read_to_end(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text);
    let number = text.lines().find_map(|line| line.trim().strip_prefix("#define CUDART_VERSION"))?;
    number.trim().parse().ok().map(Version::of_cuda)
}
