//! The device the tests run on, and the numbers they draw.

use cubecl::client::Client;
use cubecl::device::Device;

/// Vulkan and nothing else where it is in the build, unless `SWINGPOSE_TEST_DEVICE` is `cuda`: OpenGL, to which wgpu would turn,
/// miscompiles what a kernel needs.
pub(crate) fn client() -> Client {
    #[cfg(feature = "cuda-tests")]
    if !cfg!(feature = "wgpu") || std::env::var("SWINGPOSE_TEST_DEVICE").is_ok_and(|device| device == "cuda") {
        return Device::Cuda(cubecl::device::CudaDevice::default()).client();
    }
    #[cfg(feature = "wgpu")]
    return Device::Wgpu(cubecl::device::WgpuDevice::default().on(cubecl::device::WgpuBackend::Vulkan)).client();
    #[cfg(not(feature = "wgpu"))]
    unreachable!("CUDA is the only device of this build");
}

/// Numbers below 2^32, the same in every run.
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) const fn new(seed: u64) -> Self {
        // Seeds next to each other must not begin alike.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) const fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    /// In -1..1.
    pub(crate) const fn unit(&mut self) -> f32 {
        (self.next() >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
}
