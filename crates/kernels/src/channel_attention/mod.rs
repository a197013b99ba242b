//! RTMDet's channel gate: `x * hardsigmoid(fc(mean of x over the image))` (mmdet `ChannelAttention`).

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

/// Scales each channel by a gate between 0 and 1 computed from all channels' means over the image;
/// `hardsigmoid(g) = clamp(g / 6 + 0.5, 0, 1)`.
///
/// # Shapes
/// * `x` `[n, h, w, c]`, `weight` `[c, c]` (`[o, i]` as torch stores the 1x1 convolution), `bias` `[c]`
/// * result `[n, h, w, c]`
///
/// # Panics
/// If the shapes do not fit together.
#[cfg(feature = "burn")]
pub fn channel_attention(x: Tensor<4>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<4> {
    let [.., channels] = x.dims();
    assert_eq!(weight.dims(), [channels; 2], "channel_attention: weight of {channels} channels");
    assert_eq!(bias.dims(), [channels], "channel_attention: bias of {channels} channels");
    Tensor::from_dispatch(Dispatch::channel_attention(x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()))
}
