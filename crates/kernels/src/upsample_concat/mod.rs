//! The feature pyramid's top-down step: a map doubled in size by repetition, beside the finer map of that size.

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

/// `[nearest x2 of x, skip]` over channels.
///
/// # Shapes
/// * `x` `[n, h, w, c]`, `skip` `[n, 2h, 2w, d]`
/// * result `[n, 2h, 2w, c + d]`
///
/// # Panics
/// If the shapes do not fit together.
#[cfg(feature = "burn")]
pub fn upsample_concat(x: Tensor<4>, skip: Tensor<4>) -> Tensor<4> {
    let ([n, h, w, _], [skip_n, skip_h, skip_w, _]) = (x.dims(), skip.dims());
    assert_eq!([skip_n, skip_h, skip_w], [n, 2 * h, 2 * w], "upsample_concat: skip for x of {n}x{h}x{w}");
    Tensor::from_dispatch(Dispatch::upsample_concat(x.into_dispatch(), skip.into_dispatch()))
}
