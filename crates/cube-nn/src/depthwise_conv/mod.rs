//! A depthwise 2-d convolution, one filter a channel, stride 1, same size: `act(conv2d(x, w) + b)`.
//! RTMDet's 5x5 large-kernel convolution. Batch normalisation is folded into `w` and `b` beforehand.

#[cfg(feature = "cuda")]
mod cuda;
mod kernel;

use cubecl::prelude::*;

use crate::launch::{lines, vector_width};
use crate::{Activation, DeviceSlice, Element};

/// Sizes of one call.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// `[n, h, w, c]` before and after.
    pub image: [usize; 4],
    /// `[rows, columns]` of the kernel, both odd.
    pub kernel: [usize; 2],
}

/// `act(depthwise conv2d(x, weight) + bias)` with zeros around the image so that its size stays: `x` and the result
/// `[n, h, w, c]`, `weight` `[kernel rows, kernel columns, c]`, `bias` `[c]`.
///
/// # Panics
/// If the buffers do not fit the shape, or the kernel has no middle.
#[must_use]
pub fn depthwise_conv<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    weight: &DeviceSlice<E>,
    bias: &DeviceSlice<f32>,
    act: Activation,
    shape: Shape,
) -> DeviceSlice<E> {
    let ([images, height, width, channels], [rows, cols]) = (shape.image, shape.kernel);
    assert_eq!(x.len(), images * height * width * channels, "depthwise_conv: x of {shape:?}");
    assert_eq!(weight.len(), rows * cols * channels, "depthwise_conv: weight of {shape:?}");
    assert_eq!(bias.len(), channels, "depthwise_conv: bias of {channels} channels");
    assert!(rows % 2 == 1 && cols % 2 == 1, "depthwise_conv: a {rows}x{cols} kernel has no middle");
    let y = DeviceSlice::empty(client, x.len());
    if y.is_empty() {
        return y;
    }
    #[cfg(feature = "cuda")]
    if cuda::launch(client, (x, weight, bias), &y, act, shape) {
        return y;
    }
    let vector = vector_width::<E>(client, &[channels]);
    let (cubes, dim) = lines(y.len() / vector);
    kernel::depthwise_conv::launch::<E>(
        client,
        cubes,
        dim,
        vector,
        x.vectors(vector),
        weight.vectors(vector),
        bias.vectors(vector),
        y.vectors(vector),
        (y.len() / vector) as u32,
        height as u32,
        width as u32,
        (channels / vector) as u32,
        rows as u32,
        cols as u32,
        act,
    );
    y
}
