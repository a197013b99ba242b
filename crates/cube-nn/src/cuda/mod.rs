//! CUDA's own calls on CubeCL's buffers, in the order of CubeCL's work: what cannot be said as a `#[cube]` kernel.
//!
//! `stream` is the way in: CubeCL's stream and the addresses of its buffers. `event` orders that stream and others by events,
//! `reading` copies to the host what is waited for later, `cublaslt` computes matrix products, and `kernel` compiles and launches kernels in CUDA C++, which `cache` keeps;
//! `tensor_map` describes to them what Hopper's copy engine copies.

mod cache;
mod cublaslt;
mod event;
mod kernel;
mod reading;
mod stream;
mod tensor_map;

pub(crate) use cublaslt::product;
pub use event::Event;
pub(crate) use kernel::act_macro;
pub use kernel::{Argument, Geometry, Kernel, Source, capability, multiprocessors};
pub use reading::Reading;
pub use stream::{Buffers, CudaError, Pinned, RawStream, copy_rows, enqueue, free_memory, with_stream};
pub use tensor_map::{ROW, TensorMap, Window};

/// Whether a product was put into the stream.
///
/// # Panics
/// If that failed, as a kernel that fails does where its result is read: operations on tensors have no other way out.
pub(crate) fn launched(tried: Result<bool, CudaError>) -> bool {
    tried.unwrap_or_else(|error| std::panic::panic_any(error.to_string()))
}
