//! Layer normalisation over the channels of each token (Ba et al. 2016): `(x - mean) / sqrt(var + eps) * weight + bias`.

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

/// Normalises each token to zero mean and unit (biased) variance, then scales and shifts its channels.
///
/// # Shapes
/// * `x` `[n, t, c]`, `weight` and `bias` `[c]`
/// * result `[n, t, c]`
///
/// # Panics
/// If the shapes do not fit together.
#[cfg(feature = "burn")]
pub fn layer_norm(x: Tensor<3>, weight: Tensor<1>, bias: Tensor<1>, eps: f64) -> Tensor<3> {
    let [_, _, channels] = x.dims();
    assert_eq!([weight.dims(), bias.dims()], [[channels]; 2], "layer_norm: weight and bias of {channels} channels");
    Tensor::from_dispatch(Dispatch::layer_norm(x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch(), eps))
}
