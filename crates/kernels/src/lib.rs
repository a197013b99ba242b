//! The fused operations RTMDet, ViTPose and the pose pipeline are written in: what the models call instead of a deep-learning library's layers.
//!
//! Each operation is a folder: `mod.rs` says what it computes and is what callers use, `reference.rs` is the same in
//! plain scalar Rust with f64 sums (what tests believe), `host.rs` is the fast form for processors.
//!
//! | operation | computes |
//! | --- | --- |
//! | [`linear()`] | `act(x wᵀ + b) + residual` |
//! | [`attention()`] | multi-head softmax attention, straight from the fused qkv projection |
//! | [`layer_norm()`] | normalisation over the last axis |
//! | [`conv()`] | `act(conv2d(x, w) + b) + residual` |
//! | [`depthwise_conv()`] | `act(conv2d(x, w) + b)`, one filter a channel |
//! | [`channel_attention()`] | `x * hardsigmoid(fc(mean of x))`, RTMDet's channel gate |
//! | [`spp()`] | `[x, maxpool5, maxpool9, maxpool13]` side by side |
//! | [`upsample_concat()`] | `[nearest x2 of x, skip]` side by side |
//! | [`concat()`] | `[a, b]` side by side |
//! | [`deconv()`] | `act(transposed conv2d, 4x4, stride 2, padding 1)` |
//!
//! Between the networks stand operations on plain slices. They, and the references of those above, are there without the feature
//! `burn`:
//!
//! | operation | computes |
//! | --- | --- |
//! | [`letterbox`] | a frame to the detector's square, as OpenCV resizes it |
//! | [`detect_decode`] | RTMDet's maps to boxes |
//! | [`nms`] | the boxes that are not a better one again |
//! | [`crop_udp`] | a person's box to the pose network's input, as OpenCV warps it |
//! | [`dark_udp`] | heatmaps to keypoints below the heatmap's pixel |
//!
//! Dimension letters, everywhere in this crate: `n` images, `h w` rows and columns of pixels, `c` channels (`i` in, `o` out),
//! `t` tokens, `m` crops, `k` keypoints. Activations are channels-last: `[n, h, w, c]` and `[n, t, c]`.
//! Every operation gives the same bits for an image whatever its batch neighbours and whatever the number of threads.

pub mod activation;
pub mod attention;
pub mod channel_attention;
#[cfg(feature = "burn")]
#[cfg(test)]
mod check;
pub mod concat;
pub mod conv;
pub mod crop_udp;
#[cfg(feature = "cuda")]
pub mod cube;
pub mod dark_udp;
pub mod deconv;
pub mod depthwise_conv;
pub mod detect_decode;
#[cfg(feature = "burn")]
mod host;
pub mod layer_norm;
pub mod letterbox;
pub mod linear;
pub mod nms;
mod normalization;
#[cfg(feature = "burn")]
pub mod ops;
pub mod spp;
pub mod upsample_concat;

pub use crate::activation::Activation;
#[cfg(feature = "burn")]
pub use crate::{
    attention::attention, channel_attention::channel_attention, concat::concat, conv::conv, deconv::deconv,
    depthwise_conv::depthwise_conv, layer_norm::layer_norm, linear::linear, spp::spp, upsample_concat::upsample_concat,
};
