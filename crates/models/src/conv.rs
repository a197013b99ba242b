//! A 2-d convolution with its bias, whether the bias is its own or what is left of a batch normalisation.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use swingpose_kernels::{Activation, conv};

use crate::checkpoint::CheckpointError;
use crate::scope::{BatchNorm, Scope};

/// A convolution in the kernels' layout.
#[derive(Module, Debug)]
pub struct Conv {
    /// `[o, rows, columns, i]`.
    weight: Param<Tensor<4>>,
    /// `[o]`.
    bias: Param<Tensor<1>>,
    stride: usize,
    padding: usize,
}

impl Conv {
    /// torch's `Conv2d`: `weight` `[o, i, rows, columns]` and `bias` `[o]`.
    pub(crate) fn load(scope: &Scope<'_>, stride: usize, padding: usize) -> Result<Self, CheckpointError> {
        let [outputs, inputs, rows, cols] = scope.dims("weight")?;
        let stored = scope.values::<4>("weight")?;
        let weight =
            channels_last([outputs, rows * cols, inputs], |o, tap, i| stored[(o * inputs + i) * rows * cols + tap]);
        Ok(Self {
            weight: scope.parameter(weight, [outputs, rows, cols, inputs]),
            bias: scope.stored("bias")?,
            stride,
            padding,
        })
    }

    /// torch's `Conv2d` without a bias, stored at `conv`, followed by the `BatchNorm2d` stored at `bn`.
    pub(crate) fn load_folded(
        conv: &Scope<'_>,
        bn: &Scope<'_>,
        stride: usize,
        padding: usize,
    ) -> Result<Self, CheckpointError> {
        let [outputs, inputs, rows, cols] = conv.dims("weight")?;
        let (stored, bn) = (conv.values::<4>("weight")?, BatchNorm::load(bn)?);
        let weight = channels_last([outputs, rows * cols, inputs], |o, tap, i| {
            (f64::from(stored[(o * inputs + i) * rows * cols + tap]) * bn.scale[o]) as f32
        });
        Ok(Self {
            weight: conv.parameter(weight, [outputs, rows, cols, inputs]),
            bias: conv.parameter(bn.bias(), [outputs]),
            stride,
            padding,
        })
    }

    /// `act(conv2d(x) + bias) + residual`.
    ///
    /// # Shapes
    /// * `x` `[n, h, w, i]`
    /// * `residual` of the result's shape, or of one image, to be added to every image
    /// * result `[n, (h + 2 padding - rows) / stride + 1, (w + 2 padding - columns) / stride + 1, o]`
    pub fn forward(&self, x: Tensor<4>, act: Activation, residual: Option<Tensor<4>>) -> Tensor<4> {
        conv(x, self.weight.val(), self.bias.val(), self.stride, self.padding, act, residual)
    }
}

/// A weight `[outputs, taps, inputs]` in row-major order, whose elements `value` gives.
pub(crate) fn channels_last(
    [outputs, taps, inputs]: [usize; 3],
    value: impl Fn(usize, usize, usize) -> f32,
) -> Vec<f32> {
    let mut weight = Vec::with_capacity(outputs * taps * inputs);
    for o in 0..outputs {
        for tap in 0..taps {
            weight.extend((0..inputs).map(|i| value(o, tap, i)));
        }
    }
    weight
}
