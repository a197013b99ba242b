//! Multi-head self-attention, `softmax(q kᵀ / sqrt(d)) v` per head (Vaswani et al. 2017, equation 1),
//! read straight from the output of the fused qkv projection.

#[cfg(feature = "cuda")]
mod cuda;
mod kernel;

use cubecl::prelude::*;

use crate::launch::vector_width;
use crate::{DeviceSlice, Element};

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
    #[must_use]
    pub const fn channels(&self) -> usize {
        self.heads * self.head_dim
    }
}

/// Attention of every token to every token of its image: `qkv` `[n, t, 3c]`, where a token's channels are
/// `[q of head 0, q of head 1, .., k of head 0, .., v of head 0, ..]`, and the result `[n, t, c]`, heads side by side.
///
/// # Panics
/// If `qkv` does not fit the shape, or a head has more than 256 channels.
#[must_use]
pub fn attention<E: Element>(client: &Client, qkv: &DeviceSlice<E>, shape: Shape) -> DeviceSlice<E> {
    let Shape { images, tokens, heads, head_dim } = shape;
    assert_eq!(qkv.len(), images * tokens * 3 * shape.channels(), "attention: qkv of {shape:?}");
    // Keys and values lie in shared memory, a query in registers.
    assert!(head_dim <= 256, "attention: a head of {head_dim} channels");
    let y = DeviceSlice::empty(client, images * tokens * shape.channels());
    if y.is_empty() {
        return y;
    }
    #[cfg(feature = "cuda")]
    if cuda::launch(client, qkv, &y, shape) {
        return y;
    }
    // Four or one: the kernel knows no other.
    let vector = if vector_width::<E>(client, &[4, head_dim]) == 4 { 4 } else { 1 };
    kernel::attention::launch::<E>(
        client,
        CubeCount::Static((tokens as u32).div_ceil(kernel::QUERIES), heads as u32, images as u32),
        CubeDim::new_1d(kernel::QUERIES),
        vector,
        qkv.vectors(vector),
        y.arg(),
        tokens as u32,
        heads as u32,
        1.0 / (head_dim as f32).sqrt(),
        head_dim as u32,
    );
    y
}
