//! A dense 2-d convolution with its activation and residual: `act(conv2d(x, w) + b) + residual`.
//! Any kernel size; 1x1 is a matrix product over pixels. Batch normalisation is folded into `w` and `b` beforehand.

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
use crate::ops::{KernelOps, Residual};

/// Sizes of one call.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// `[n, h, w, i]`.
    pub image: [usize; 4],
    /// `[rows, columns]` of the kernel.
    pub kernel: [usize; 2],
    /// `o`.
    pub outputs: usize,
    /// Input pixels from one output pixel to the next, both ways.
    pub stride: usize,
    /// Zeros around the image, on all four sides.
    pub padding: usize,
}

impl Shape {
    /// The sizes of an image `[n, h, w, i]` under a weight `[o, kernel rows, kernel columns, i]`.
    pub fn new(image: [usize; 4], weight: [usize; 4], stride: usize, padding: usize) -> Self {
        let [outputs, kernel_rows, kernel_cols, _] = weight;
        Self { image, kernel: [kernel_rows, kernel_cols], outputs, stride, padding }
    }

    /// `[n, h, w, o]` of the result.
    pub fn output(&self) -> [usize; 4] {
        let [images, height, width, _] = self.image;
        let reach = |pixels: usize, kernel: usize| (pixels + 2 * self.padding - kernel) / self.stride + 1;
        [images, reach(height, self.kernel[0]), reach(width, self.kernel[1]), self.outputs]
    }
}

/// `act(conv2d(x, weight) + bias) + residual`, cross-correlation as deep learning has it.
///
/// # Shapes
/// * `x` `[n, h, w, i]`, `weight` `[o, kernel rows, kernel columns, i]`, `bias` `[o]`
/// * `residual` of the result's shape, or with one image, to be added to every image
/// * result `[n, (h + 2 padding - rows) / stride + 1, (w + 2 padding - columns) / stride + 1, o]`, in the numbers of `weight`: of `x` in
///   half precision and weights in f32 it is as exact as its sums
///
/// # Panics
/// If the shapes do not fit together or the kernel is larger than the padded image.
#[cfg(feature = "burn")]
pub fn conv(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    stride: usize,
    padding: usize,
    act: Activation,
    residual: Option<Tensor<4>>,
) -> Tensor<4> {
    let ([_, height, width, inputs], [outputs, kernel_rows, kernel_cols, weight_inputs]) = (x.dims(), weight.dims());
    assert_eq!(inputs, weight_inputs, "conv: x has {inputs} channels, weight takes {weight_inputs}");
    assert_eq!(bias.dims(), [outputs], "conv: bias of {outputs} outputs");
    assert!(stride > 0, "conv: stride 0");
    assert!(
        kernel_rows <= height + 2 * padding && kernel_cols <= width + 2 * padding,
        "conv: kernel {kernel_rows}x{kernel_cols} on an image of {height}x{width} padded by {padding}"
    );
    if let Some(residual) = &residual {
        let output = Shape::new(x.dims(), weight.dims(), stride, padding).output();
        assert!([1, output[0]].contains(&residual.dims()[0]), "conv: residual {:?} for {output:?}", residual.dims());
        assert_eq!(residual.dims()[1..], output[1..], "conv: residual shape");
    }
    Tensor::from_dispatch(Dispatch::conv(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        stride,
        padding,
        act,
        Residual::from(residual),
    ))
}
