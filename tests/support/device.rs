//! The device that networks are tested on.

use burn::tensor::Device;

/// The CPU, or where `SWINGPOSE_TEST_DEVICE` is `cuda` the first GPU, in a program that was built for one.
pub fn device() -> Device {
    match std::env::var("SWINGPOSE_TEST_DEVICE").as_deref() {
        #[cfg(feature = "cuda")]
        Ok("cuda") => Device::cuda(0),
        Ok("cpu") | Err(_) => Device::flex(),
        Ok(other) => panic!("SWINGPOSE_TEST_DEVICE is {other}: use cpu, or cuda in a build for it"),
    }
}
