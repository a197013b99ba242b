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
    /// There is no NVIDIA driver, in the loader's words.
    #[error(
        "no NVIDIA driver ({0}): install one (`cuda-drivers` of NVIDIA's package repository, `nvidia-driver-580-server` of \
         Ubuntu's), or in a container run with `--gpus all`"
    )]
    NoDriver(String),
    /// In the driver's place is this file of a toolkit.
    #[error(
        "{path} is a stub for linking, and not a driver: take its folder out of LD_LIBRARY_PATH, and install a driver",
        path = .0.display()
    )]
    Stub(PathBuf),
    /// The driver's function fails with this code, of this name.
    #[error("the NVIDIA driver does not work: {0} failed with CUDA error {1} ({2}): {remedy}", remedy = remedy(*.1))]
    Call(&'static str, i32, String),
    /// The driver works, and sees no GPU while `CUDA_VISIBLE_DEVICES` is this.
    #[error(
        "the NVIDIA driver sees no GPU: {hidden}in a container, run with `--gpus all`; else see whether `nvidia-smi -L` lists one",
        hidden = .0.as_ref().map(|visible| format!("CUDA_VISIBLE_DEVICES is \"{visible}\", unset it; ")).unwrap_or_default()
    )]
    NoDevice(Option<String>),
    /// This takes too long to answer.
    #[error("{0} did not answer in time: see whether `nvidia-smi` and the disks answer, or start the machine anew")]
    Silent(&'static str),
    /// A library cannot be used, in the loader's words.
    #[error("{path} cannot be used: {1}; remove it or install it anew", path = .0.display())]
    Broken(PathBuf, String),
    /// A part of the toolkit is nowhere; this version of it is to be installed.
    #[error("{0} not found: install {advice}", advice = Advice(*.0, *.1))]
    Absent(Piece, Version),
    /// A library is newer than the driver.
    #[error(
        "{piece} {found} ({}) is newer than the driver, which takes CUDA {driver}{}: update the driver, or install {}",
        path.display(),
        if *piece == Piece::Nvrtc { " and refuses what it compiles (CUDA_ERROR_UNSUPPORTED_PTX_VERSION)" } else { "" },
        Advice(*piece, *driver)
    )]
    #[expect(missing_docs, reason = "the message says all")]
    TooNew { piece: Piece, path: PathBuf, found: Version, driver: Version },
    /// NVRTC of this version does not know the GPU's compute capability.
    #[error("NVRTC {1} ({path}) does not compile for compute capability {2}: install another version", path = .0.display())]
    NotCompiledFor(PathBuf, Version, Version),
    /// The headers in a folder are without these; this version of them is to be installed.
    #[error(
        "the CUDA headers in {path} lack {lack}: install {advice}",
        path = .0.display(), lack = .1.join(", "), advice = Advice(Piece::Headers, *.2)
    )]
    HeadersIncomplete(PathBuf, Vec<&'static str>, Version),
    /// The headers in a folder are of the first version, the compiler of the second.
    #[error(
        "the CUDA headers in {path} are of CUDA {1}, and NVRTC is {2}: set CUDA_PATH to a toolkit of CUDA {major}, or \
         install {advice}",
        path = .0.display(), major = .2.major, advice = Advice(Piece::Headers, *.2)
    )]
    HeadersOfAnother(PathBuf, Version, Version),
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
    /// `missing` where there is nothing, `broken` where there is something that does not work.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self {
            Self::NoDriver(_) | Self::NoDevice(_) | Self::Absent(..) => "missing",
            _ => "broken",
        }
    }
}

impl Lack {
    /// As [`Missing::state`].
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self {
            Self::Nvdec(error) if !matches!(**error, NvdecError::Load(_)) => "broken",
            _ => "missing",
        }
    }
}

/// What to do about a `CUresult`.
const fn remedy(code: i32) -> &'static str {
    match code {
        // CUDA_ERROR_SYSTEM_NOT_READY
        802 => "start `nvidia-fabricmanager`",
        // CUDA_ERROR_SYSTEM_DRIVER_MISMATCH
        803 => "libcuda and the kernel's module are of different releases: restart after the update of the driver",
        // CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE
        804 => "cuda-compat does not support this GPU: take it out of LD_LIBRARY_PATH, or update the driver",
        _ => "see what `nvidia-smi` and the kernel's log (`dmesg | grep NVRM`) say",
    }
}
