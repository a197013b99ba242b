//! The device that tests and benchmarks of CubeCL kernels run on, here and in other crates.

use cubecl::client::Client;
use cubecl::device::Device;

/// Vulkan and nothing else where it is in the build, unless `SWINGPOSE_TEST_DEVICE` is `cuda`: OpenGL, to which wgpu would turn,
/// miscompiles what a kernel needs.
#[must_use]
pub fn client() -> Client {
    #[cfg(feature = "cuda-tests")]
    if !cfg!(feature = "wgpu") || std::env::var("SWINGPOSE_TEST_DEVICE").is_ok_and(|device| device == "cuda") {
        return Device::Cuda(cubecl::device::CudaDevice::default()).client();
    }
    #[cfg(feature = "wgpu")]
    return Device::Wgpu(cubecl::device::WgpuDevice::default().on(cubecl::device::WgpuBackend::Vulkan)).client();
    #[cfg(not(feature = "wgpu"))]
    unreachable!("CUDA is the only device of this build");
}
