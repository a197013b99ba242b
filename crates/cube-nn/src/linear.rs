//! A fully connected layer over tokens, with its activation and residual: `act(x wᵀ + b) + residual`.
//! The four matrix products of a transformer block are this operation.

use cubecl::prelude::*;

use crate::product::{Bias, Epilogue, product};
use crate::{Activation, DeviceSlice, Element};

/// The product's sizes: `rows` tokens of `inputs` numbers become `rows` tokens of `outputs` numbers.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Tokens of all images together.
    pub rows: usize,
    /// Numbers a token has before.
    pub inputs: usize,
    /// Numbers a token has after.
    pub outputs: usize,
}

/// `act(x weightᵀ + bias) + residual`: `x` `[rows, inputs]`, `weight` `[outputs, inputs]`, `bias` `[outputs]`, and a residual as
/// long as the result `[rows, outputs]`, or a divisor of it (one image), which repeats.
///
/// # Panics
/// If the buffers do not fit the shape.
#[must_use]
pub fn linear<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    weight: &DeviceSlice<E>,
    bias: Bias<'_, E>,
    act: Activation,
    residual: Option<&DeviceSlice<E>>,
    shape: Shape,
) -> DeviceSlice<E> {
    assert_eq!(x.len(), shape.rows * shape.inputs, "linear: x of {shape:?}");
    product(client, x, weight, Epilogue { bias, act, residual }, shape)
}
