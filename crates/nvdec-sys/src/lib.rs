//! The C interface of NVIDIA's video decoder (NVDEC), and the few CUDA driver calls that go with it.
//!
//! [`cuda`], [`cuviddec`] and [`nvcuvid`] hold the types of `cuda.h`, `cuviddec.h` and `nvcuvid.h` (Video Codec SDK 12.1)
//! and a table of functions each; [`library`] finds the two shared libraries and fills the tables. Nothing is linked: a
//! program with this in it starts on any machine. Every C enum is an integer here, as a newer driver may write values that
//! these headers do not know. Handles are raw pointers, the same as any other binding's.

pub mod cuda;
pub mod cuviddec;
pub mod library;
pub mod nvcuvid;

pub use cuda::{CuResult, Cuda};
pub use library::{Libraries, LoadError};
pub use nvcuvid::Cuvid;
