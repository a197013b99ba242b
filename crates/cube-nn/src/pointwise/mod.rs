//! A 1x1 convolution that leaves f32, with f32 weights, whatever it reads: the last layer of a network in half precision, whose
//! answer is to be as exact as its sums.

#[cfg(feature = "cuda")]
mod cuda;

use cubecl::prelude::*;

use crate::product::{Bias, Epilogue, product_into, widened};
use crate::{Activation, DeviceSlice, Element, linear};

/// `x weightᵀ + bias`: `x` `[pixels, i]`, `weight` `[o, i]`, `bias` `[o]`, result `[pixels, o]`.
///
/// # Panics
/// If the buffers do not fit the shape.
#[must_use]
pub fn pointwise<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    weight: &DeviceSlice<f32>,
    bias: &DeviceSlice<f32>,
    shape: linear::Shape,
) -> DeviceSlice<f32> {
    let linear::Shape { rows, inputs, outputs } = shape;
    assert_eq!(x.len(), rows * inputs, "pointwise: x of {shape:?}");
    assert_eq!(weight.len(), outputs * inputs, "pointwise: weight of {shape:?}");
    assert_eq!(bias.len(), outputs, "pointwise: bias of {outputs} outputs");
    let y = DeviceSlice::empty(client, rows * outputs);
    if y.is_empty() {
        return y;
    }
    #[cfg(feature = "cuda")]
    if cuda::launch(client, x, (weight, bias), &y, shape) {
        return y;
    }
    let epilogue = Epilogue { bias: Bias::Exact(bias), act: Activation::None, residual: None };
    product_into(client, &widened(client, x), weight, epilogue, shape, &y, 0);
    y
}
