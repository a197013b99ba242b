//! Two maps of one size side by side in the channels.

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
use crate::ops::KernelOps;

/// `[a, b]` over channels.
///
/// # Shapes
/// * `a` `[n, h, w, c]`, `b` `[n, h, w, d]`
/// * result `[n, h, w, c + d]`
///
/// # Panics
/// If the sizes differ.
#[cfg(feature = "burn")]
pub fn concat(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    assert_eq!(a.dims()[..3], b.dims()[..3], "concat: two maps of one size");
    Tensor::from_dispatch(Dispatch::concat(a.into_dispatch(), b.into_dispatch()))
}
