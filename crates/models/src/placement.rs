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
    if x.dtype() == DType::F32 { x } else { in_a_row(x, |row| row.cast(FloatDType::F32)) }
}

/// `change` of `x` as one row. A GPU spreads the rows of a new tensor out in memory, and the next operation would put them together.
fn in_a_row<const D: usize>(x: Tensor<D>, change: impl FnOnce(Tensor<1>) -> Tensor<1>) -> Tensor<D> {
    let shape = x.dims();
    change(x.flatten(0, D - 1)).reshape(shape)
}

/// `x` in single precision, if it is in bfloat16: for what is added to over and over, which 8 bits would wear out.
pub(crate) fn in_f32_for_bf16<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if x.dtype() == DType::BF16 { in_f32(x) } else { x }
}

/// `x` in the numbers of `weight`.
pub(crate) fn in_numbers_of<const D: usize, const W: usize>(x: Tensor<D>, weight: &Tensor<W>) -> Tensor<D> {
    if x.dtype() == weight.dtype() { x } else { in_a_row(x, |row| row.cast(weight.dtype())) }
}
