//! What stands between the networks, as CubeCL kernels: from decoded planes on a GPU to keypoints, with no host in between.
//!
//! Each operation is a folder: `mod.rs` says what it computes, `kernel.rs` is the `#[cube]` form, `launch.rs` lays out its buffers.
//! They give what the host forms of `swingpose-kernels` give, whose `reference.rs` their tests are held against.
//!
//! | operation | from | to |
//! | --- | --- | --- |
//! | [`letterbox`] | a batch of NV12 or P016 frames | the detector's input |
//! | [`detect_decode`] | the detector's maps | boxes in frame pixels, best first |
//! | [`nms`] | boxes | those that are not a better one again |
//! | [`crop_udp`] | frames and boxes | the pose network's input |
//! | [`dark_udp`] | heatmaps | keypoints in frame pixels |
//!
//! A launch takes a whole batch. What it leaves has a capacity known beforehand and a mask beside it, both on the device, and
//! an image's part does not depend on its neighbours. Kernels read bytes out of `u32` words, since WGSL has no smaller type in
//! memory; where the host form rounds in f64, so do they, which asks for a device that has it.
//! Each has a form in CUDA C++ beside it, which gives the same numbers and runs on CUDA for the sizes that it takes.

pub mod crop_udp;
pub mod dark_udp;
pub mod detect_decode;
mod float;
mod frame;
mod launch;
pub mod letterbox;
pub mod nms;
mod reduce;

pub use frame::{FrameBatch, FrameLayout, Matrix, Range, Rotation, SampleFormat};
pub use swingpose_cube_nn::{DeviceSlice, Element};
