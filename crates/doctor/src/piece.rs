//! The parts of CUDA's toolkit, and the packages that they come in.

use std::fmt;

use crate::version::Version;

/// A part of CUDA's toolkit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The compiler of kernels, `libnvrtc.so`.
    Nvrtc,
    /// Matrix products, `libcublasLt.so`.
    CublasLt,
    /// What kernels include.
    Headers,
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nvrtc => "NVRTC",
            Self::CublasLt => "cuBLASLt",
            Self::Headers => "CUDA headers",
        })
    }
}

/// What to install for a part of the toolkit in a version.
pub(crate) struct Advice(pub(crate) Piece, pub(crate) Version);

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Version { major, minor } = self.1;
        let (packages, wheels): (&[_], &[_]) = match self.0 {
            Piece::Nvrtc => (&["cuda-nvrtc"], &["cuda-nvrtc"]),
            Piece::CublasLt => (&["libcublas"], &["cublas"]),
            Piece::Headers => {
                (&["cuda-cudart-dev", "cuda-cccl", "cuda-crt"], &["cuda-runtime", "cuda-cccl", "cuda-crt"])
            }
        };
        let packages: Vec<_> = packages.iter().map(|name| format!("{name}-{major}-{minor}")).collect();
        write!(f, "{} of NVIDIA's package repository (Debian, Ubuntu)", packages.join(" "))?;
        // CUDA 12's wheels spread the headers over several folders, of which a compiler is given one.
        if major < 13 && self.0 == Piece::Headers {
            return Ok(());
        }
        let suffix = if major < 13 { format!("-cu{major}") } else { String::new() };
        let wheels: Vec<_> = wheels.iter().map(|name| format!("'nvidia-{name}{suffix}=={major}.{minor}.*'")).collect();
        write!(f, ", or `pip install {}`", wheels.join(" "))
    }
}
