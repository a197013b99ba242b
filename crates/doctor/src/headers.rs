//! The headers that kernels are compiled with.
//!
//! CubeCL 0.11.3 hands its compiler `include` and `include/cccl` of the folder that `CUDA_PATH` names, else of
//! `/usr/local/cuda`, `/opt/cuda` or `/usr`, whatever is in them, and panics where there is no such folder. So a folder is
//! looked for here in which the headers are, and `CUDA_PATH` is set to it before CubeCL looks.

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

/// Where headers are, inside a toolkit.
const FOLDERS: [&str; 2] = ["include", "include/cccl"];

/// How much of `cuda_runtime_api.h` is read for its version, which stands at its beginning.
const BEGINNING: u64 = 64 * 1024;

/// A folder with all the headers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Headers {
    /// What `CUDA_PATH` has to be.
    pub path: PathBuf,
    /// The version of CUDA that they are of, where they say so.
    pub version: Option<Version>,
}

impl Headers {
    /// Those of the toolkit that is asked for, if it is whole; else of one that has a compiler too, else of any.
    pub(crate) fn find(places: &Places, cuda: Version) -> Result<Self, Missing> {
        let is_asked_for = |root: &&Path| places.cuda_path.as_deref() == Some(*root);
        let whole: Vec<_> = places.toolkits().filter(|root| lack(root).is_empty()).collect();
        let with_compiler = || whole.iter().find(|root| !library_files(root, "nvrtc").is_empty());
        if let Some(root) = whole.iter().find(|root| is_asked_for(root)).or_else(with_compiler).or(whole.first()) {
            return Ok(Self { path: root.to_path_buf(), version: version(root) });
        }
        let partly = places.toolkits().map(|root| (root, lack(root))).filter(|(_, lack)| lack.len() < NEEDED.len());
        Err(match partly.min_by_key(|(_, lack)| lack.len()) {
            Some((root, lack)) => Missing::HeadersIncomplete { path: root.to_owned(), lack, cuda },
            None => Missing::Absent { piece: Piece::Headers, cuda },
        })
    }

    /// An error where they are of another CUDA than the compiler.
    pub(crate) fn check(self, nvrtc: Version) -> Result<Self, Missing> {
        match self.version {
            Some(found) if found.major != nvrtc.major => {
                Err(Missing::HeadersOfAnother { path: self.path, found, nvrtc })
            }
            _ => Ok(self),
        }
    }
}

/// What of the headers is not in the toolkit `root`.
fn lack(root: &Path) -> Vec<&'static str> {
    let is_there = |header: &str| FOLDERS.iter().any(|folder| root.join(folder).join(header).is_file());
    NEEDED.into_iter().filter(|header| !is_there(header)).collect()
}

fn version(root: &Path) -> Option<Version> {
    let mut text = Vec::new();
    File::open(root.join("include/cuda_runtime_api.h")).ok()?.take(BEGINNING).read_to_end(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find_map(|line| line.trim().strip_prefix("#define CUDART_VERSION"))?;
    line.trim().parse().ok().map(Version::of_cuda)
}
