//! The matrix product that [`linear()`](crate::linear::linear()), [`conv()`](crate::conv::conv()) and
//! [`deconv()`](crate::deconv::deconv()) come down to: `act(x weightᵀ + bias) + residual`.

mod cast;
// What takes it is cuBLASLt, and a test.
#[cfg(any(feature = "cuda", all(test, feature = "device")))]
mod finish;
mod kernel;
#[cfg(all(test, feature = "device"))]
mod tests;

use cubecl::prelude::*;

#[cfg(any(feature = "cuda", all(test, feature = "device")))]
pub(crate) use finish::finish;

#[cfg(feature = "cuda")]
pub(crate) use cast::cast;
pub use cast::widened;

use crate::linear::Shape;
use crate::{Activation, DeviceSlice, Element};

/// What is added to sums, `[o]`: in f32, or rounded to the numbers of everything else, as cuBLASLt wants it.
#[derive(Debug, Clone, Copy)]
pub enum Bias<'a, E> {
    /// In f32.
    Exact(&'a DeviceSlice<f32>),
    /// In the activations' numbers.
    Rounded(&'a DeviceSlice<E>),
}

impl<E: Element> Bias<'_, E> {
    fn len(&self) -> usize {
        match self {
            Self::Exact(bias) => bias.len(),
            Self::Rounded(bias) => bias.len(),
        }
    }

    /// In f32.
    pub(crate) fn exact(&self, client: &Client) -> DeviceSlice<f32> {
        match self {
            Self::Exact(bias) => (*bias).clone(),
            Self::Rounded(bias) => widened(client, bias),
        }
    }
}

/// What becomes of a sum before it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Epilogue<'a, E> {
    /// `[n]`, added to the sums.
    pub(crate) bias: Bias<'a, E>,
    /// Applied to that.
    pub(crate) act: Activation,
    /// Added to that: as long as the result, or a divisor of it, which repeats.
    pub(crate) residual: Option<&'a DeviceSlice<E>>,
}

/// `x` `[rows, inputs]` times `weight` `[outputs, inputs]` transposed, as `[rows, outputs]`.
pub(crate) fn product<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    weight: &DeviceSlice<E>,
    epilogue: Epilogue<'_, E>,
    shape: Shape,
) -> DeviceSlice<E> {
    let y = DeviceSlice::empty(client, shape.rows * shape.outputs);
    product_into(client, x, weight, epilogue, shape, &y, 0);
    y
}

/// [`product`] into the rows of `y` from `first_row` on. A residual is counted from the beginning of `y`.
///
/// # Panics
/// If a buffer is too short, or on CUDA a call fails.
pub(crate) fn product_into<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    weight: &DeviceSlice<E>,
    epilogue: Epilogue<'_, E>,
    shape: Shape,
    y: &DeviceSlice<E>,
    first_row: usize,
) {
    let Shape { rows, inputs, outputs } = shape;
    assert!(x.len() >= rows * inputs, "product: {rows}x{inputs} of {} numbers", x.len());
    assert_eq!(weight.len(), outputs * inputs, "product: weight [{outputs}, {inputs}]");
    assert_eq!(epilogue.bias.len(), outputs, "product: bias of {outputs} outputs");
    assert!((first_row + rows) * outputs <= y.len(), "product: rows {first_row} to {}", first_row + rows);
    if let Some(residual) = epilogue.residual {
        let repeats = !residual.is_empty() && y.len().is_multiple_of(residual.len());
        assert!(y.is_empty() || repeats, "product: residual of {} numbers for {}", residual.len(), y.len());
    }
    if rows * outputs == 0 {
        return;
    }
    #[cfg(feature = "cuda")]
    if crate::cuda::launched(crate::cuda::product(client, (x, weight), epilogue, shape, (y, first_row))) {
        return;
    }
    kernel::launch(client, x, weight, epilogue, shape, y, first_row);
}
