//! The kernels on Vulkan (Mesa's lavapipe where there is no GPU) against the host forms, on frames, maps and boxes made here and on
//! what mmdet and mmpose computed (`tests/fixtures/oracle`).

#![cfg(feature = "device")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its golden, or its device, has failed")]

mod crop_udp;
mod dark_udp;
mod detect_decode;
mod fixture;
mod frames;
mod letterbox;
mod nms;
mod noise;
