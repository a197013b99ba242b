//! CUDA's own calls on CubeCL's buffers, in the order of CubeCL's work: what cannot be said as a `#[cube]` kernel.
//!
//! `stream` is the way in: CubeCL's stream and the addresses of its buffers. `event` orders that stream and others by events, and
//! `cublaslt` computes matrix products.

mod cublaslt;
mod event;
mod stream;

pub(crate) use cublaslt::product;
pub use event::Event;
pub use stream::{CudaError, Pinned, RawStream, copy_rows, with_stream};
