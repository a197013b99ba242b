//! Crops in one launch: each block places the lines of its tile.

#![expect(unsafe_code, reason = "launches a kernel that trusts its sizes")]

use cubecl::prelude::*;
use swingpose_cube_nn::cuda::{Argument, Buffers, Kernel, Source, capability};

use super::{CropBatch, CropBoxes, CropShape};
use crate::frame::cuda::{defines, tiles};
use crate::{DeviceSlice, Element, FrameBatch};

static SOURCE: Source =
    Source { name: "crop_udp.cu", text: concat!(include_str!("../frame/frame.cuh"), include_str!("crop_udp.cu")) };

/// Puts it into the stream if the kernel takes the sizes; `false`, and nothing done, otherwise.
pub(super) fn launch<F: Element>(
    client: &Client,
    frames: &FrameBatch,
    boxes: &CropBoxes,
    owners: &DeviceSlice<u32>,
    crops: &CropBatch<F>,
    shape: CropShape,
) -> bool {
    let (width, height) = shape.size;
    let Some(geometry) = tiles(width, height, owners.len()) else { return false };
    let aligned = crops.pixels.is_aligned(16) && crops.parts.is_aligned(16) && boxes.corners.is_aligned(16);
    if !aligned || capability(client).is_none() {
        return false;
    }
    let (corners, live) = (boxes.corners.handle(), boxes.live.handle());
    let read = [frames.words.handle(), frames.fields.handle(), owners.handle(), corners, live];
    let buffers = Buffers { read: &read, written: &[crops.pixels.handle(), crops.parts.handle()] };
    let numbers = [Argument::U32(width as u32), Argument::U32(height as u32), Argument::F32(shape.padding)];
    // SAFETY: the frames lie in their buffer (`FrameLayout::check`); `crop_udp` has checked the boxes and their owners; the grid
    // covers the crops, which the kernel knows the sides of.
    unsafe {
        Kernel::new::<F>(&SOURCE, "crop_udp", &defines::<F>()).launch(client, geometry, buffers, numbers);
    }
    true
}
