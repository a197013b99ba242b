//! What a machine can lack for the GPU path. Each message says what is wrong, with what, and what to do about it.

use std::path::PathBuf;
use std::sync::Arc;

use nvdec::NvdecError;
use thiserror::Error;

use crate::piece::{Advice, Piece};
use crate::version::Version;

/// What keeps labels from being made on a GPU.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum Missing {
    /// There is no NVIDIA driver.
    #[error(
        "no NVIDIA driver ({said}): install one (`cuda-drivers` of NVIDIA's package repository, `nvidia-driver-580-server` \
         of Ubuntu's), or in a container run with `--gpus all`"
    )]
    NoDriver {
        /// What the loader says.
        said: String,
    },
    /// What is there in the driver's place is the toolkit's stub, for linking only.
    #[error(
        "{} is a stub for linking, and not a driver: take the folder out of LD_LIBRARY_PATH, and install a driver where \
         there is none",
        path.display()
    )]
    Stub {
        /// The library.
        path: PathBuf,
    },
    /// The driver refuses.
    #[error("the NVIDIA driver does not work: {call} failed with CUDA error {code} ({name}): {remedy}")]
    Driver {
        /// The C function.
        call: &'static str,
        /// The `CUresult`.
        code: i32,
        /// Its name.
        name: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The driver works, and sees no GPU.
    #[error(
        "the NVIDIA driver sees no GPU: {}in a container, run with `--gpus all`; else see whether `nvidia-smi -L` lists \
         one",
        visible.as_ref().map(|visible| format!("CUDA_VISIBLE_DEVICES is \"{visible}\", unset it; ")).unwrap_or_default()
    )]
    NoDevice {
        /// `CUDA_VISIBLE_DEVICES`.
        visible: Option<String>,
    },
    /// Something takes too long to answer.
    #[error("{what} did not answer within {seconds} s: {remedy}")]
    Silent {
        /// What was asked.
        what: &'static str,
        /// For how long.
        seconds: u64,
        /// What to do.
        remedy: &'static str,
    },
    /// A library is there, and cannot be used.
    #[error("{} cannot be used: {said}; remove it or install it anew", path.display())]
    Broken {
        /// The library.
        path: PathBuf,
        /// What the loader says, or what it lacks.
        said: String,
    },
    /// A part of the toolkit is nowhere.
    #[error("{piece} not found: install {}", Advice { piece: *piece, cuda: *cuda })]
    Absent {
        /// The part.
        piece: Piece,
        /// The version to install.
        cuda: Version,
    },
    /// A library is newer than the driver.
    #[error(
        "{piece} {found} ({}) is newer than the driver, which takes CUDA {driver}{}: update the driver, or install {}",
        path.display(),
        if *piece == Piece::Nvrtc { " and refuses what it compiles (CUDA_ERROR_UNSUPPORTED_PTX_VERSION)" } else { "" },
        Advice { piece: *piece, cuda: *driver }
    )]
    TooNew {
        /// The part.
        piece: Piece,
        /// Its file.
        path: PathBuf,
        /// Its version.
        found: Version,
        /// The driver's.
        driver: Version,
    },
    /// The compiler knows none of the devices.
    #[error(
        "NVRTC {found} ({}) compiles for no GPU of compute capability {capability}: install {}",
        path.display(),
        Advice { piece: Piece::Nvrtc, cuda: *driver }
    )]
    NotCompiledFor {
        /// The compiler's file.
        path: PathBuf,
        /// Its version.
        found: Version,
        /// The first device's.
        capability: Version,
        /// The newest version that the driver takes.
        driver: Version,
    },
    /// A folder of headers is not whole.
    #[error(
        "the CUDA headers in {} lack {}: install {}",
        path.display(),
        lack.join(", "),
        Advice { piece: Piece::Headers, cuda: *cuda }
    )]
    HeadersIncomplete {
        /// The folder that `CUDA_PATH` would name.
        path: PathBuf,
        /// The files that are not in it.
        lack: Vec<&'static str>,
        /// The version to install.
        cuda: Version,
    },
    /// The headers are not those of the compiler.
    #[error(
        "the CUDA headers in {} are of CUDA {found}, and NVRTC is {nvrtc}: set CUDA_PATH to a toolkit of CUDA {}, or \
         install {}",
        path.display(),
        nvrtc.major,
        Advice { piece: Piece::Headers, cuda: *nvrtc }
    )]
    HeadersOfAnother {
        /// The folder that `CUDA_PATH` would name.
        path: PathBuf,
        /// Their version.
        found: Version,
        /// The compiler's.
        nvrtc: Version,
    },
}

/// Why a device's video decoder cannot be used: labels are made on it all the same, of frames that the CPU decodes.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum Lack {
    /// The driver is without it, or it does not work.
    #[error(transparent)]
    Nvdec(#[from] Arc<NvdecError>),
    /// The device has no engine.
    #[error("the device decodes no video: frames are decoded on the CPU")]
    NoEngine,
}

impl Missing {
    /// Whether there is something that does not work, rather than nothing.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        !matches!(self, Self::NoDriver { .. } | Self::NoDevice { .. } | Self::Absent { .. })
    }
}

impl Lack {
    /// Whether there is something that does not work, rather than nothing.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        !matches!(self, Self::NoEngine) && !matches!(self, Self::Nvdec(error) if matches!(**error, NvdecError::Load(_)))
    }
}
