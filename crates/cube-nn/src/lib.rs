//! The operations RTMDet and ViTPose are written in, on buffers in a GPU's memory: `#[cube]` kernels for any GPU that CubeCL can
//! drive, and cuBLASLt for the matrix products on CUDA.

mod buffer;

pub use buffer::DeviceSlice;
