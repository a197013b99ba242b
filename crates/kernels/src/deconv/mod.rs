//! The heatmap head's upsampling layer: a transposed 4x4 convolution of stride 2 and padding 1, which doubles the image.
//! Batch normalisation is folded into `w` and `b` beforehand.

#[cfg(feature = "burn")]
pub mod host;
pub mod reference;
#[cfg(all(test, feature = "burn"))]
mod tests;

#[cfg(feature = "burn")]
use burn::backend::Dispatch;
#[cfg(feature = "burn")]
use burn::tensor::Tensor;

#[cfg(feature = "burn")]
use crate::Activation;
#[cfg(feature = "burn")]
use crate::ops::KernelOps;

/// Sizes of one call.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// `[n, h, w, i]`.
    pub image: [usize; 4],
    /// `o`.
    pub outputs: usize,
}

impl Shape {
    /// `[n, 2h, 2w, o]` of the result.
    pub fn output(&self) -> [usize; 4] {
        let [images, height, width, _] = self.image;
        [images, 2 * height, 2 * width, self.outputs]
    }
}

/// `act(conv_transpose2d(x, weight, stride 2, padding 1) + bias)`.
///
/// # Shapes
/// * `x` `[n, h, w, i]`, `bias` `[o]`
/// * `weight` `[o, 4, 4, i]`: torch's `[i, o, 4, 4]` permuted by `(1, 2, 3, 0)`, so that it is laid out as [`conv()`](crate::conv())'s
/// * result `[n, 2h, 2w, o]`
///
/// # Panics
/// If the shapes do not fit together.
#[cfg(feature = "burn")]
pub fn deconv(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, act: Activation) -> Tensor<4> {
    let ([.., inputs], [outputs]) = (x.dims(), bias.dims());
    assert_eq!(
        weight.dims(),
        [outputs, 4, 4, inputs],
        "deconv: weight [o, 4, 4, i] of {inputs} inputs and {outputs} outputs"
    );
    Tensor::from_dispatch(Dispatch::deconv(x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch(), act))
}
