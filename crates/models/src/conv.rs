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
        Self::load_wide(conv, bn, stride, padding, |channels| channels)
    }

    /// Likewise, for `wide(o)` outputs and `wide(i)` inputs, which are no fewer: those that are too many are zeros, and see zeros.
    pub(crate) fn load_wide(
        conv: &Scope<'_>,
        bn: &Scope<'_>,
        stride: usize,
        padding: usize,
        wide: impl Fn(usize) -> usize,
    ) -> Result<Self, CheckpointError> {
        let [outputs, inputs, rows, cols] = conv.dims("weight")?;
        let (stored, bn) = (conv.values::<4>("weight")?, BatchNorm::load(bn)?);
        let (wide_outputs, wide_inputs) = (wide(outputs), wide(inputs));
        let weight = channels_last([wide_outputs, rows * cols, wide_inputs], |o, tap, i| {
            if o < outputs && i < inputs {
                (f64::from(stored[(o * inputs + i) * rows * cols + tap]) * bn.scale[o]) as f32
            } else {
                0.0
            }
        });
        let mut bias = bn.bias();
        bias.resize(wide_outputs, 0.0);
        Ok(Self {
            weight: conv.parameter(weight, [wide_outputs, rows, cols, wide_inputs]),
            bias: conv.parameter(bias, [wide_outputs]),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Placement;
    use crate::checkpoint::TensorSource;
    use burn::tensor::{Device, TensorData};
    use std::collections::BTreeMap;

    /// Tensors of small numbers that differ.
    struct Numbers(BTreeMap<&'static str, Vec<usize>>);

    impl TensorSource for Numbers {
        fn names(&self) -> Vec<&str> {
            self.0.keys().copied().collect()
        }

        fn shape(&self, name: &str) -> Option<&[usize]> {
            self.0.get(name).map(Vec::as_slice)
        }

        fn values(&self, name: &str, expected: &[usize]) -> Result<TensorData, CheckpointError> {
            let count: usize = expected.iter().product();
            let numbers = (0..count).map(|at| ((at * 7 + name.len()) % 11) as f32 / 10.0 + 0.1).collect::<Vec<_>>();
            Ok(TensorData::new(numbers, expected.to_vec()))
        }
    }

    #[test]
    fn channels_of_zeros_change_nothing() {
        let bn = ["bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"].map(|name| (name, vec![3]));
        let source = Numbers(BTreeMap::from_iter(bn.into_iter().chain([("conv.weight", vec![3, 2, 3, 3])])));
        let (device, place) = (Device::flex(), Placement::from(&Device::flex()));
        let scope = Scope::verified(&source, &[], &place).unwrap();
        let load = |wide: fn(usize) -> usize| Conv::load_wide(&scope.at("conv"), &scope.at("bn"), 1, 1, wide).unwrap();
        let x = Tensor::<4>::from_data(
            TensorData::new((0..40).map(|at| at as f32 / 40.0 - 0.5).collect(), [1, 4, 5, 2]),
            &device,
        );
        let narrow = load(|channels| channels).forward(x.clone(), Activation::Silu, None);
        let padded = Tensor::cat(vec![x, Tensor::zeros([1, 4, 5, 6], &device)], 3);
        let wide = load(|channels| channels.next_multiple_of(8)).forward(padded, Activation::Silu, None);
        assert_eq!(wide.clone().slice([0..1, 0..4, 0..5, 0..3]).into_data(), narrow.into_data());
        let rest = wide.slice([0..1, 0..4, 0..5, 3..8]).into_data();
        assert!(rest.iter::<f32>().all(|number| number == 0.0));
    }
}
