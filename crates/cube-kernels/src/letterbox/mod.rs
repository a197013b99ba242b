//! Frames to the detector's square: planes to BGR, turned upright, resized with OpenCV's integers, placed top left, the rest
//! grey, normalised: RTMDet's input. The same as `swingpose_kernels::letterbox` over `swingpose-video`'s BGR.

#[cfg(feature = "cuda")]
mod cuda;
mod kernel;
mod launch;

pub use launch::letterbox;
