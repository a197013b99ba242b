//! People's boxes to the pose network's input: UDP's warp, cut out of the planes with OpenCV's integers, normalised: ViTPose's input.
//! The same as `swingpose_kernels::crop_udp` over `swingpose-video`'s BGR.
//!
//! In: frames and a fixed number of boxes, on the device, with a mask. Out: [`CropBatch`], which has a crop for every box; a
//! masked one, and one of a box without inside or number, is black. `plan` places the crops in f64, once a row and once a
//! column; `crop` cuts them in integers.

#[cfg(feature = "cuda")]
mod cuda;
mod kernel;
mod launch;

use crate::DeviceSlice;

pub use launch::crop_udp;

/// Boxes that crops are cut of. They may come from `nms` without the host having seen them.
#[derive(Debug, Clone)]
pub struct CropBoxes {
    /// `[m, 4]`, x1, y1, x2, y2 in frame pixels.
    pub corners: DeviceSlice<f32>,
    /// `[m]`, 1 where there is a box and 0 elsewhere.
    pub live: DeviceSlice<u32>,
}

/// What every crop of a batch has in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CropShape {
    /// Width and height of the network's input, 2 or more each.
    pub size: (usize, usize),
    /// How much larger than its box a crop is (mmpose: 1.25).
    pub padding: f32,
}

/// Normalised crops, on the device.
#[derive(Debug, Clone)]
pub struct CropBatch<F> {
    /// `[m, height, width, 3]`, RGB.
    pub pixels: DeviceSlice<F>,
    /// `[m, 4]`: the centre, then width and height of the part of the frame a crop shows, in frame pixels. What
    /// [`dark_udp`](crate::dark_udp) takes keypoints back with.
    pub parts: DeviceSlice<f32>,
}
