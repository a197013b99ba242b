//! Two maps of one size side by side in the channels.

pub mod host;
pub mod reference;
#[cfg(test)]
mod tests;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::ops::KernelOps;

/// `[a, b]` over channels.
///
/// # Shapes
/// * `a` `[n, h, w, c]`, `b` `[n, h, w, d]`
/// * result `[n, h, w, c + d]`
///
/// # Panics
/// If the sizes differ.
pub fn concat(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    assert_eq!(a.dims()[..3], b.dims()[..3], "concat: two maps of one size");
    Tensor::from_dispatch(Dispatch::concat(a.into_dispatch(), b.into_dispatch()))
}
