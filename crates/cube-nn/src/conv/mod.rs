//! A dense 2-d convolution with its activation and residual: `act(conv2d(x, w) + b) + residual`.
//! Any kernel size; 1x1 is a matrix product over pixels. Batch normalisation is folded into `w` and `b` beforehand.

#[cfg(feature = "cuda")]
pub(crate) mod cuda;

use cubecl::prelude::*;

use crate::product::{Epilogue, product, product_into};
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
    const fn is_pointwise(&self) -> bool {
        matches!((self.kernel, self.stride, self.padding), ([1, 1], 1, 0))
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
    assert_eq!(x.len(), shape.image.iter().product::<usize>(), "conv: x of {shape:?}");
    let epilogue = Epilogue { bias, act, residual };
    #[cfg(feature = "cuda")]
    if let Some(y) = on_tensor_cores(client, x, weight, epilogue, shape) {
        return y;
    }
    if shape.is_pointwise() {
        let rows = images * down * across;
        return product(client, x, weight, epilogue, linear::Shape { rows, inputs: shape.image[3], outputs });
    }
    let window = Window {
        image: shape.image,
        kernel: shape.kernel,
        stride: shape.stride,
        padding: [shape.padding; 2],
        places: [down, across],
    };
    let y = DeviceSlice::empty(client, images * down * across * outputs);
    let patches = window.room(client);
    for group in window.groups::<E>() {
        unfold(client, x, window, group.clone(), &patches);
        let rows = group.len() * window.patches();
        let product_shape = linear::Shape { rows, inputs: window.patch_len(), outputs };
        product_into(client, &patches, weight, epilogue, product_shape, &y, group.start * window.patches());
    }
    y
}

/// [`conv`] in one kernel, where there is one for the device, the type and the shape.
#[cfg(feature = "cuda")]
fn on_tensor_cores<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    weight: &DeviceSlice<E>,
    epilogue: Epilogue<'_, E>,
    shape: Shape,
) -> Option<DeviceSlice<E>> {
    let len = shape.output().iter().product();
    assert_eq!(
        weight.len(),
        shape.outputs * shape.kernel[0] * shape.kernel[1] * shape.image[3],
        "conv: weight of {shape:?}"
    );
    assert_eq!(epilogue.bias.len(), shape.outputs, "conv: bias of {} outputs", shape.outputs);
    if len == 0 {
        return None;
    }
    let y = DeviceSlice::empty(client, len);
    crate::cuda::launched(cuda::conv(client, (x, weight), epilogue, &y, shape)).then_some(y)
}
