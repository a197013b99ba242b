//! Multi-head self-attention, `softmax(q kᵀ / sqrt(d)) v` per head (Vaswani et al. 2017, equation 1),
//! read straight from the output of the fused qkv projection.

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

/// Sizes of one call.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// `n`.
    pub images: usize,
    /// `t`.
    pub tokens: usize,
    /// Heads, side by side in the channels.
    pub heads: usize,
    /// Channels of one head.
    pub head_dim: usize,
}

impl Shape {
    /// `c`, the channels of the result.
    pub fn channels(&self) -> usize {
        self.heads * self.head_dim
    }
}

/// Attention of every token to every token of its image.
///
/// # Shapes
/// * `qkv` `[n, t, 3c]`: a token's channels are `[q of head 0, q of head 1, .., k of head 0, .., v of head 0, ..]`
/// * result `[n, t, c]`, heads side by side
///
/// # Panics
/// If `3 * heads` does not divide the channels.
#[cfg(feature = "burn")]
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    let [_, _, channels] = qkv.dims();
    assert!(
        heads > 0 && channels % (3 * heads) == 0,
        "attention: {channels} channels are not q, k and v of {heads} heads"
    );
    Tensor::from_dispatch(Dispatch::attention(qkv.into_dispatch(), heads))
}
