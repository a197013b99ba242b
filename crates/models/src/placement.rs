//! Where a network is computed, and in which numbers.

use burn::tensor::{DType, Device, FloatDType, Tensor};

/// A device, and the numbers that a network's matrices and activations are held in there. Sums are f32, as are the layers that
/// give the network's answer: a distance of 300 pixels in bf16 would be a multiple of two.
#[derive(Clone, Debug)]
pub struct Placement {
    /// The device.
    pub device: Device,
    /// F32, or on a GPU F16 or BF16.
    pub numbers: FloatDType,
}

impl From<&Device> for Placement {
    /// In single precision.
    fn from(device: &Device) -> Self {
        Self { device: device.clone(), numbers: FloatDType::F32 }
    }
}

/// `x` in single precision.
pub(crate) fn in_f32<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if x.dtype() == DType::F32 { x } else { x.cast(FloatDType::F32) }
}
