//! The operations on a device, by default Vulkan (Mesa's lavapipe where there is no GPU), against the scalar references.

#![cfg(feature = "device")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its device has failed")]

mod activation;
mod attention;
mod channel_attention;
mod check;
mod concat;
mod conv;
mod deconv;
mod depthwise_conv;
mod layer_norm;
mod linear;
mod noise;
mod pointwise;
mod spp;
mod upsample_concat;
