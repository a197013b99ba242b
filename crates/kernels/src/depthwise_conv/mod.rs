//! A depthwise 2-d convolution, one filter a channel, stride 1, same size: `act(conv2d(x, w) + b)`.
//! RTMDet's 5x5 large-kernel convolution. Batch normalisation is folded into `w` and `b` beforehand.

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
    /// `[n, h, w, c]` before and after.
    pub image: [usize; 4],
    /// `[rows, columns]` of the kernel, both odd.
    pub kernel: [usize; 2],
}

/// `act(depthwise conv2d(x, weight) + bias)` with zeros around the image so that its size stays.
///
/// # Shapes
/// * `x` `[n, h, w, c]`, `weight` `[kernel rows, kernel columns, c]` (both odd), `bias` `[c]`
/// * result `[n, h, w, c]`
///
/// # Panics
/// If the shapes do not fit together.
#[cfg(feature = "burn")]
pub fn depthwise_conv(x: Tensor<4>, weight: Tensor<3>, bias: Tensor<1>, act: Activation) -> Tensor<4> {
    let ([.., channels], [rows, cols, filters]) = (x.dims(), weight.dims());
    assert_eq!([filters, bias.dims()[0]], [channels; 2], "depthwise_conv: weight and bias of {channels} channels");
    assert!(rows % 2 == 1 && cols % 2 == 1, "depthwise_conv: a {rows}x{cols} kernel has no middle");
    Tensor::from_dispatch(Dispatch::depthwise_conv(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        act,
    ))
}
