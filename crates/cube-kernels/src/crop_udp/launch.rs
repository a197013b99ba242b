//! Two launches a batch: a cube a box to place the crops, then a cube for 16 x 16 pixels of a crop. In CUDA C++ it is one.

use cubecl::prelude::*;

use super::{CropBatch, CropBoxes, CropShape, kernel};
use crate::launch::{cubes, tiles};
use crate::{DeviceSlice, Element, FrameBatch};

/// Cuts a crop for each of `boxes`, box `i` out of frame `owners[i]`, in `F` (f32, or f16 where the device has it).
///
/// # Panics
/// If the boxes, their mask and `owners` are not equally many, an owner is no frame, or a crop's side is below 2.
#[must_use]
pub fn crop_udp<F: Element>(
    client: &Client,
    frames: &FrameBatch,
    boxes: &CropBoxes,
    owners: &[u32],
    shape: CropShape,
) -> CropBatch<F> {
    let (m, (width, height)) = (owners.len(), shape.size);
    assert!(boxes.corners.len() == 4 * m && boxes.live.len() == m, "crop_udp: {m} owners");
    assert!(owners.iter().all(|&owner| (owner as usize) < frames.len()), "crop_udp: {} frames", frames.len());
    assert!(width > 1 && height > 1, "crop_udp: crops of {width}x{height}");
    let pixels = DeviceSlice::empty(client, m * width * height * 3);
    let parts = DeviceSlice::empty(client, 4 * m);
    let crops = CropBatch { pixels, parts };
    if m == 0 {
        return crops;
    }
    let owners = DeviceSlice::new(client, owners);
    #[cfg(feature = "cuda")]
    if super::cuda::launch(client, frames, boxes, &owners, &crops, shape) {
        return crops;
    }
    plan_and_crop(client, frames, boxes, &owners, &crops, shape);
    crops
}

fn plan_and_crop<F: Element>(
    client: &Client,
    frames: &FrameBatch,
    boxes: &CropBoxes,
    owners: &DeviceSlice<u32>,
    crops: &CropBatch<F>,
    shape: CropShape,
) {
    let (m, (width, height)) = (owners.len(), shape.size);
    let positions = DeviceSlice::<i32>::empty(client, m * (width + height));
    let (count, dim) = cubes(m, 1);
    kernel::plan::launch(
        client,
        count,
        dim,
        boxes.corners.arg(),
        boxes.live.arg(),
        crops.parts.arg(),
        positions.arg(),
        width as u32,
        height as u32,
        shape.padding,
    );
    let (count, dim) = tiles(width, height, m);
    kernel::crop::launch::<F>(
        client,
        count,
        dim,
        frames.words.arg(),
        frames.fields.arg(),
        owners.arg(),
        positions.arg(),
        crops.pixels.arg(),
        width as u32,
        height as u32,
    );
}
