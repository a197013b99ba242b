//! A dense 2-d convolution with its activation and residual: `act(conv2d(x, w) + b) + residual`.
//! Any kernel size; 1x1 is a matrix product over pixels. Batch normalisation is folded into `w` and `b` beforehand.

#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(feature = "cuda")]
mod shallow;
#[cfg(feature = "cuda")]
mod streamed;

use cubecl::prelude::*;

use crate::product::{Bias, Epilogue, product_into};
use crate::unfold::{Window, unfold};
use crate::{Activation, DeviceSlice, Element, linear};

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
    /// `[n, h, w, o]` of the result.
    #[must_use]
    pub const fn output(&self) -> [usize; 4] {
        let [images, height, width, _] = self.image;
        let [rows, cols] = self.kernel;
        let down = (height + 2 * self.padding - rows) / self.stride + 1;
        let across = (width + 2 * self.padding - cols) / self.stride + 1;
        [images, down, across, self.outputs]
    }

    /// Whether an output pixel is one of the input's, and nothing around it.
    #[must_use]
    pub const fn is_pointwise(&self) -> bool {
        matches!((self.kernel, self.stride, self.padding), ([1, 1], 1, 0))
    }

    /// The matrix product that a pointwise convolution is.
    #[must_use]
    pub const fn over_pixels(&self) -> linear::Shape {
        let [images, height, width, inputs] = self.image;
        linear::Shape { rows: images * height * width, inputs, outputs: self.outputs }
    }
}

/// `act(conv2d(x, weight) + bias) + residual`, cross-correlation as deep learning has it: `x` `[n, h, w, i]`, `weight` `[o, kernel
/// rows, kernel columns, i]`, `bias` `[o]`, a residual as long as the result or a divisor of it (one image), which repeats.
///
/// # Panics
/// If the buffers do not fit the shape, the kernel is larger than the padded image, or the stride is 0.
#[must_use]
pub fn conv<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    weight: &DeviceSlice<E>,
    bias: &DeviceSlice<f32>,
    act: Activation,
    residual: Option<&DeviceSlice<E>>,
    shape: Shape,
) -> DeviceSlice<E> {
    let [images, down, across, outputs] = shape.output();
    let (pixels, inputs) = (images * down * across, shape.image[3]);
    assert_eq!(x.len(), shape.image.iter().product::<usize>(), "conv: x of {shape:?}");
    assert_eq!(weight.len(), outputs * shape.kernel[0] * shape.kernel[1] * inputs, "conv: weight of {shape:?}");
    assert_eq!(bias.len(), outputs, "conv: bias of {outputs} outputs");
    let epilogue = Epilogue { bias: Bias::Exact(bias), act, residual };
    let y = DeviceSlice::empty(client, pixels * outputs);
    if y.is_empty() {
        return y;
    }
    #[cfg(feature = "cuda")]
    if cuda::conv(client, (x, weight), epilogue, &y, shape) {
        return y;
    }
    if shape.is_pointwise() {
        product_into(client, x, weight, epilogue, shape.over_pixels(), &y, 0);
        return y;
    }
    let window = Window {
        image: shape.image,
        kernel: shape.kernel,
        stride: shape.stride,
        padding: [shape.padding; 2],
        places: [down, across],
    };
    let patches = window.room(client);
    for group in window.groups::<E>() {
        unfold(client, x, window, group.clone(), &patches);
        let rows = group.len() * window.patches();
        let product_shape = linear::Shape { rows, inputs: window.patch_len(), outputs };
        product_into(client, &patches, weight, epilogue, product_shape, &y, group.start * window.patches());
    }
    y
}
