//! The operations RTMDet and ViTPose are written in, on buffers in a GPU's memory: `#[cube]` kernels for any GPU that CubeCL can
//! drive, and cuBLASLt for the matrix products on CUDA.
//!
//! They give what the operations of the same names in `swingpose-kernels` give, whose `reference.rs` their tests are held against.
//!
//! | operation | computes |
//! | --- | --- |
//! | [`linear()`](linear::linear()) | `act(x wᵀ + b) + residual` |
//! | [`attention()`](attention::attention()) | multi-head softmax attention, straight from the fused qkv projection |
//! | [`layer_norm()`](layer_norm::layer_norm()) | normalisation over the last axis |
//! | [`conv()`](conv::conv()) | `act(conv2d(x, w) + b) + residual` |
//! | [`pointwise()`](pointwise::pointwise()) | `x wᵀ + b` in f32 of `x` in anything, with `w` in f32 |
//! | [`depthwise_conv()`](depthwise_conv::depthwise_conv()) | `act(conv2d(x, w) + b)`, one filter a channel |
//! | [`channel_attention()`](channel_attention::channel_attention()) | `x * hardsigmoid(fc(mean of x))`, RTMDet's channel gate |
//! | [`spp()`](spp::spp()) | `[x, maxpool5, maxpool9, maxpool13]` side by side |
//! | [`upsample_concat()`](upsample_concat::upsample_concat()) | `[nearest x2 of x, skip]` side by side |
//! | [`concat()`](concat::concat()) | `[a, b]` side by side |
//! | [`deconv()`](deconv::deconv()) | `act(transposed conv2d, 4x4, stride 2, padding 1)` |
//!
//! Dimension letters, everywhere in this crate: `n` images, `h w` rows and columns of pixels, `c` channels (`i` in, `o` out),
//! `t` tokens. Activations are channels-last: `[n, h, w, c]` and `[n, t, c]`. Activations and weights are [`Element`]s; biases, and
//! all sums, are f32 (a linear layer also takes a [`Bias`] that is rounded already). Every operation gives the same bits for an image whatever its batch neighbours.

mod activation;
pub mod attention;
mod buffer;
pub mod channel_attention;
pub mod concat;
pub mod conv;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod deconv;
pub mod depthwise_conv;
#[cfg(feature = "device")]
pub mod device;
mod element;
mod elementary;
mod launch;
pub mod layer_norm;
pub mod linear;
pub mod pointwise;
mod product;
mod rows;
pub mod spp;
mod unfold;
pub mod upsample_concat;

pub use activation::Activation;
pub use buffer::DeviceSlice;
pub use element::{Element, Numbers};
pub use product::{Bias, widened};
